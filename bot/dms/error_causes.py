"""What a known error is: its kind of cause, how it is recognised, and what helps.

Sources of the remedies: "Diagnose issues", "Known limitations" and "Configure your source" of each guide,
and the REST reference of `MigrationJobVerificationError.ErrorCode`. What no page says is marked so
(`documented=False`): it is the bot's own advice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache

from bot.dms.engines import Family

DIAGNOSE = "diagnose-issues"
LIMITS = "known-limitations"
SOURCE = "configure-source-database"
NETWORK = "debugging-connectivity"


class Cause(StrEnum):
    """A kind of cause: errors of one kind have one remedy."""

    NOT_EMPTY = "the destination holds data already"
    PGLOGICAL = "pglogical is missing on the source"
    PGLOGICAL_NODE = "pglogical is set up on the source already"
    WAL_LEVEL = "wal_level is not logical"
    SLOTS = "too few replication slots"
    SLOT_ACTIVE = "the replication slot is in use"
    WORKERS = "too few WAL senders or workers"
    LOG_LOST = "the source's log is gone"
    BINLOG_LOST = "the source's binary log is gone"
    BINLOG_SETTINGS = "binary logging is not as DMS needs it"
    FUNCTION_CREATORS = "log_bin_trust_function_creators is off"
    DDL = "a table was changed during the migration"
    SCHEMA_DRIFT = "source and destination tables differ"
    REFERENCES = "objects refer to databases that are not migrated"
    SYNTAX = "a name is a reserved word"
    DUMP_CLIENT = "the dump client does not fit the source"
    DEFINER = "a DEFINER is not known"
    ROW_SIZE = "rows are too large"
    EXTENSION = "an extension is not available"
    VERSION = "the versions do not fit"
    LOCALE = "encoding or locale is not supported"
    NO_PRIMARY_KEY = "tables have no primary key"
    LARGE_OBJECTS = "large objects are not migrated"
    ENGINE = "tables use another storage engine than InnoDB"
    PROFILE_TYPES = "the connection profiles do not go together"
    SOURCE_SIZE = "the source is too large"
    PASSWORD = "user or password is wrong"  # noqa: S105 - no password
    SOURCE_PRIVILEGES = "the migration user lacks privileges on the source"
    DESTINATION_PRIVILEGES = "something is not permitted on the destination"
    LOCK_PRIVILEGES = "the dump may not take a global lock"
    ROLE_MISSING = "a role is missing on the destination"
    CERTIFICATE = "certificates do not fit"
    HOST_BLOCKED = "the source blocks the host"
    TOO_MANY_CONNECTIONS = "the database takes no more connections"
    CONNECTION_LOST = "the connection broke"
    UNREACHABLE = "the database cannot be reached"
    TUNNEL = "the SSH tunnel cannot be built"
    STATEMENT_TIMEOUT = "a statement took too long"
    DISK_FULL = "a disk is full"
    QUOTA = "a quota is used up"
    DUPLICATE = "a key is there twice"
    IN_USE = "somebody uses the destination database"
    DESTINATION_GONE = "the destination is gone"
    INSTANCE_GONE = "an instance or a cluster does not exist"
    CLEANUP = "the source was not cleaned up"
    INITIAL_COPY = "the first copy of a database failed"
    READ_REPLICA = "the source is a read replica"
    PACKET = "a row is larger than max_allowed_packet"
    NOT_REPLICATING = "nothing is replicated after the dump"
    RUNNING = "a running job cannot be restarted"
    SOURCE_IN_USE = "the source is set up for another migration"
    LOG_CHAIN = "the chain of log backups is broken"
    RECOVERY_MODEL = "the recovery model is not FULL"
    ENCRYPTED_BACKUP = "a backup is encrypted"
    BACKUP_FILE = "a backup file cannot be read"
    SQLSERVER_CDC = "change data capture does not run on the source"
    ORACLE_LOGGING = "archiving or supplemental logging is off"
    UNDO = "the source's undo data is gone"
    AUTH_PLUGIN = "the user's authentication plugin does not fit"
    LOCKS = "the database allows too few locks"
    MEMORY = "a database is out of memory"
    BUCKET = "files in Cloud Storage cannot be read"
    IAM = "a permission in Google Cloud is missing"
    API_DISABLED = "an API is not enabled"
    IP_RANGE = "an allocated IP range is used up"
    KEY_DISABLED = "an encryption key is disabled"
    BILLING = "billing is not enabled"
    PROJECT = "the project cannot be used"
    POLICY = "a policy of the organization forbids it"
    TLS_SETTING = "one side wants TLS and the other does not"
    ROLE_MEMBER = "a user may not act for the role that owns objects"
    LEFT_OVER = "something of this name was left by an earlier migration"
    DATABASE_MISSING = "a database does not exist"
    READ_ONLY = "a database accepts no writes"
    LOCK_CONFLICT = "another session holds a lock"
    LOGMINER = "LogMiner cannot read the redo logs"
    CLIENT_PROTOCOL = "the source lets only newer clients in"
    LOG_DAMAGED = "a binary log or a relay log is damaged"
    SOURCE_REWOUND = "the source lost changes that were already copied"
    GTID = "GTIDs of source and destination do not go together"
    GTID_STATEMENT = "a statement cannot be replicated with GTIDs"
    USER_STATEMENT = "a user is there already, or is missing"
    KEY_LENGTH = "an index key is too long"
    SQL_MODE = "the SQL mode refuses a value"
    FOREIGN_KEY = "a foreign key cannot be made"
    TRANSACTION_SIZE = "a transaction is too large"
    CORRUPT = "stored data is damaged"
    WRAPAROUND = "the database is out of transaction IDs"
    TABLESPACE = "a tablespace is missing"
    SETTING = "a setting is not known on the destination"
    TEMPORARY_FILES = "temporary files are too large"
    EDITION = "the edition of SQL Server lacks a feature"
    LOGIN_MODE = "the server takes no SQL Server logins"
    DUMP_FILE = "the dump file cannot be used"
    PSC = "Private Service Connect does not let the connection through"
    PEERING = "private services access is not set up"
    SCOPES = "the access token lacks a scope"
    STOPPED_INSTANCE = "an instance is not running"
    BUSY = "another operation is running"
    NAME_TAKEN = "the name of an instance is taken"
    CAPACITY = "a zone has no room"
    TEMPORARY = "the service has a passing fault"
    PUBLICATION_MISSING = "a publication is missing"
    DATABASE_FILE = "a file of a database cannot be used"
    DATABASE_CLOSED = "a database takes no connections"
    RESTORING = "a database is still being restored"
    SNAPSHOT = "the source does not allow snapshot isolation"
    TLS_VERSION = "the TLS versions do not fit"
    TIME_ZONE = "a time zone is not known"
    VALUE_SIZE = "a value is too large"
    ROW_SECURITY = "row-level security hides rows"
    ACCOUNT_LIMIT = "the migration user's account has a limit"
    KEYSTORE = "the keystore of the source is closed"
    GENERATED_COLUMN = "a column takes no values"
    NAME_CASE = "table names differ in case"
    IDENTITY_COLUMN = "an identity column takes no values"
    CONTAINER = "an operation needs the root container"
    CONTAINED = "contained databases are not allowed"
    FILESTREAM = "the database uses FILESTREAM"
    CHECK = "a row breaks a check constraint"
    LOCAL_INFILE = "local_infile is off"
    TABLE_OPTION = "an option of a table is refused"
    SYSTEM_TABLES = "system tables are older than their server"


PGLOGICAL_CAUSES = frozenset({Cause.PGLOGICAL, Cause.PGLOGICAL_NODE})
"""Not of quick-start migrations, which use native logical replication ("Known limitations", PostgreSQL)."""


@dataclass(frozen=True, slots=True)
class KnownError:
    """A kind of cause, how it is known, and what helps."""

    cause: Cause
    text: str
    """One or two sentences: the cause, and what helps."""
    signs: str
    """A regular expression for the text of an error."""
    codes: tuple[str, ...] = ()
    page: str = DIAGNOSE
    documented: bool = True
    """Whether a page of the guides names this remedy; else it is the bot's own."""
    by_family: Mapping[Family, str] = field(default_factory=dict)
    """`text` for jobs of these engines, where it differs."""

    def is_in(self, text: str) -> bool:
        return _compiled(self.signs).search(text) is not None


@cache
def _compiled(signs: str) -> re.Pattern[str]:
    """Compiled on first use, as compiling all of them takes 5 % of the time of a start."""
    return re.compile(signs, re.IGNORECASE | re.DOTALL)


def mysql(*numbers: int) -> str:
    """Signs of errors of MySQL by number: `ERROR 1071 (42000)`, `Error_code: MY-001071`, `errno: 1071`."""
    return (
        rf"\b(?:error(?:[_ ]code)?|errno):? ?(?:MY-0{{1,3}})?(?:{'|'.join(map(str, numbers))})\b"
        r"(?!, severity)"
    )


def sql_server(*numbers: int) -> str:
    """Signs of errors of SQL Server by number: `Msg 3257, Level 16`, `Error: 3257, Severity: 16`, and
    `(Microsoft SQL Server, Error: 3257)`."""
    either = "|".join(map(str, numbers))
    return rf"\b(?:msg:? (?:{either})\b|error:? (?:{either}), severity\b|SQL Server, error:? (?:{either})\b)"


def oracle(*numbers: str) -> str:
    """Signs of errors of Oracle by number: `ORA-00054`."""
    return rf"\bORA-(?:{'|'.join(numbers)})\b"


def known(
    cause: Cause,
    signs: str,
    text: str,
    *codes: str,
    page: str = DIAGNOSE,
    documented: bool = True,
    by_family: Mapping[Family, str] | None = None,
) -> KnownError:
    return KnownError(cause, text, signs, codes, page, documented, by_family or {})


SCHEMA_DIFFERS = (
    "A table on the destination is not like the one on the source. Make the same change on both, then "
    "{go_on}."
)
SCHEMA_DIFFERS_BY_FAMILY = {
    Family.POSTGRESQL: (
        "A table on the destination is not like the one on the source: plain DDL is not replicated. Make the "
        "same change on both, then {go_on}."
    ),
    Family.TABLES: (
        "A table on the destination is not like the one on the source: changes of the schema are not "
        "migrated by themselves. Update the conversion workspace and then the job."
    ),
}
"""Source: "Known limitations" (PostgreSQL, AlloyDB, Oracle, SQL Server to PostgreSQL)."""
LOGS_GONE = "The source no longer has the log that replication needs: {}. {{start_over}}"

# What helps, where several signs, or several engines, tell of the same.
WRONG_LOGIN = "The user or password in the connection profile is wrong. Correct the profile."
RAISE_MAX_CONNECTIONS = "The database takes no more connections: end some, or raise `max_connections`."
MAKE_ROOM = "A disk is full, on the source or on the destination. Make room first."
MAKE_ROOM_BY_FAMILY = {
    Family.POSTGRESQL: (
        "A disk is full, on the source (piled-up WAL) or on the destination. Make room first."
    )
}
END_LOCK_HOLDER = (
    "Another session holds a lock, or two wait for each other: end the one that holds it, such as a "
    "long transaction or DDL, then {go_on}."
)
DESTINATION_WRITTEN = (
    "Somebody wrote to the destination during the migration, or the source's data conflicts. Leave "
    "the destination alone until the migration is over."
)
RAISE_PACKET_SIZE = (
    "A row is larger than `max_allowed_packet` allows: raise it on source and destination, then {go_on}."
)
CONNECTION_BROKE = (
    "The connection to the database broke while it was in use: check that it is up and stays up, the "
    "network between, and its time-outs."
)
CANNOT_REACH = (
    "DMS cannot reach the database: check that it is up, then firewall, allowlist, VPC peering or tunnel."
)
RAISE_CONNECTION_LIMIT = "The database takes no more connections: end some, or raise its limit."
AUTH_PLUGIN_MISSING = (
    "The migration user's authentication plugin needs TLS or is not there: use TLS in the connection "
    "profile, or give the user `mysql_native_password`."
)
NO_TUNNEL = (
    "The SSH tunnel cannot be built: check the SSH settings of the connection profile, and the bastion host."
)
LACKS_PRIVILEGES = "The migration user lacks privileges on the source: grant what the guide lists."
BAD_CERTIFICATES = (
    "The certificates in the connection profile do not fit, or have expired: correct the profile."
)
POSTGRES_READ_REPLICA = (
    "The source is a read replica, from which PostgreSQL cannot be migrated: use its primary."
)
NO_DESTINATION = (
    "The destination no longer exists, so the job cannot continue. Delete the job and create another."
)
