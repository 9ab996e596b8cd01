"""Known errors of set-up, logs, replication and schemas. The first that fits counts, so a special error
stands before a more general one."""

from __future__ import annotations

from bot.dms.engines import Family
from bot.dms.error_causes import (
    LIMITS,
    LOGS_GONE,
    NO_DESTINATION,
    POSTGRES_READ_REPLICA,
    RAISE_PACKET_SIZE,
    SOURCE,
    Cause,
    KnownError,
    known,
)

_GONE = r"(?:(?:was )?not found|does not exist|no longer exists|(?:has|may have) been deleted|was deleted)\b"

REPLICATION_ERRORS: tuple[KnownError, ...] = (
    known(
        Cause.QUOTA,
        r"\bquota\b[^:]{0,80}\b(?:exceeded|exhausted|used up|reached)\b|\binsufficient\b.{0,40}\bquota\b|"
        r"\bmaximum number of peer(?:ed networks|ings)\b|\brate limit exceeded\b|"
        r"\bresource has been exhausted\b|\b(?:RATE_LIMIT|RESOURCE_QUOTA)_EXCEEDED\b",
        "A quota of the project is used up. Try again in a minute, or raise the quota in the console.",
        documented=False,
    ),
    known(
        Cause.CLEANUP,
        r"\bcleanup may have failed\b|\bfailed to clean up\b|"
        r"\bcould not drop (?:replication )?slot\b(?!.*\bis active\b)",
        "DMS could not clean up on the source: look for what it left there, and remove it.",
        documented=False,
        by_family={
            Family.POSTGRESQL: (
                "DMS could not clean up on the source. Drop the replication slots that it left there "
                "(pglogical's begin with `pgl_`), as they keep WAL from being removed."
            )
        },
    ),
    known(
        Cause.NOT_EMPTY,
        r"\bcontains existing data\b|\buser.defined entities\b|\bonly migrate to empty\b|"
        r"\bdestination (?:instance|cluster|database)? ?is not empty\b|"
        r"(?<!\bprofile for )\b(?:relation|schema|table|type|database|function|sequence|procedure|trigger|"
        r"event|view)\b(?![^:]{0,80}\b(?:slot|subscription|publication|node|profile|workspace)\b)"
        r"[^:]{0,80}\balready exists\b|"
        r"\btail of the log for the database\b.{0,80}\bhas not been backed up\b|"
        r"\bdatabase exists\b|\berror(?:_code)?:? ?(?:1007|1050|1304|1359|1537)\b",
        "The destination is not empty. Clear it (or choose another), then {go_on}.",
        "EXISTING_DATA",
        "EXISTING_CONFLICTING_DATABASES",
        by_family={
            Family.POSTGRESQL: (
                "The destination is not empty. Clear it (a Cloud SQL replica has to become a primary first, "
                "to be writable), or choose another, then {go_on}."
            )
        },
    ),
    known(
        Cause.DESTINATION_GONE,
        # Not what an import into the destination misses there: `…: role "…" does not exist`.
        r"\bdestination(?: (?:cloud ?sql |alloydb )?(?:instance|cluster|server))?"
        r"(?: (?!(?:database|schema|table|column|role|user|login|bucket|folder|host)\b)[^\s:]\S{0,120})? "
        + _GONE,
        NO_DESTINATION,
        documented=False,
    ),
    # Its name alone does not say whose it is, and what stands behind the name is about something else.
    known(
        Cause.INSTANCE_GONE,
        r"(?<!\bsource )\b(?:cloud ?sql instance|alloydb (?:cluster|instance))(?: [^\s:]\S{0,120})? "
        rf"{_GONE}|(?<!\bsource )\bprojects/\S+/(?:clusters|instances)/[^\s/]{{1,120}} {_GONE}|"
        r"\binstanceDoesNotExist\b",
        "The instance or cluster that the error names does not exist: check which one it is. Without its "
        "destination, a job cannot continue.",
        documented=False,
    ),
    known(
        Cause.RUNNING,
        r"\bcan(?:no|')?t restart (?:a )?running\b",
        "A job that runs without errors cannot be restarted.",
        "CANT_RESTART_RUNNING_MIGRATION",
    ),
    known(
        Cause.SOURCE_IN_USE,
        r"\bsource\b[^:]{0,40}\balready (?:being used|set ?up|configured|replicat)",
        "The source has a replication already, such as one that another migration job left. End that first.",
        "SOURCE_ALREADY_SETUP",
    ),
    known(
        Cause.PGLOGICAL_NODE,
        r"\bpglogical\b[^:]{0,80}\balready\b|\bnode\b.{0,40}\balready exists\b|"
        r"\balready configured as (?:a )?pglogical node\b",
        "The source database has a pglogical node already. Drop it, or leave that database out.",
        "PGLOGICAL_NODE_ALREADY_EXISTS",
        documented=False,
    ),
    known(
        Cause.PGLOGICAL,
        r"\bno pglogical\b|"
        r"\bpglogical(?:_output)?\b(?:[^:]|\":|:=){0,80}\b(?:not installed|missing|does not exist|"
        r"not preloaded|not found|not available|no such file)\b|"
        r"\bno data left in message\b|shared_preload_libraries",
        "The pglogical extension is missing, or of another version, in one or more source databases. Load it "
        "(`shared_preload_libraries`) and install it in each database that is migrated, and in `postgres`.",
        "NO_PGLOGICAL_INSTALLED",
        "INVALID_SHARED_PRELOAD_LIBRARY",
        page=SOURCE,
    ),
    known(
        Cause.READ_REPLICA,
        r"\bcannot\b[^:]{0,80}\bduring recovery\b|\brecovery is in progress\b",
        POSTGRES_READ_REPLICA,
    ),
    known(
        Cause.INITIAL_COPY,
        r"\binitialization failed during nonrecoverable step\b|\binvalid snapshot identifier\b|"
        r"\bsnapshot \"…\" does not exist\b",
        (
            "The first copy of a database failed, and cannot continue where it stopped. Check the "
            "source's log for the cause, then {go_on}."
        ),
        documented=False,
    ),
    known(
        Cause.PACKET,
        r"\bmax_allowed_packet\b",
        RAISE_PACKET_SIZE,
        documented=False,
    ),
    known(
        Cause.WAL_LEVEL,
        r"\bwal_level\b|rds\.logical_replication|\bcloudsql\.logical_decoding\b",
        "The source's `wal_level` is not `logical` (on RDS: `rds.logical_replication` is off; on Cloud SQL: "
        "`cloudsql.logical_decoding`). "
        "Set it, restart the source, then verify.",
        "INVALID_WAL_LEVEL",
        "INVALID_RDS_LOGICAL_REPLICATION",
        page=SOURCE,
    ),
    known(
        Cause.LOG_LOST,
        r"\bwal segment\b[^:]{0,80}\b(?:removed|missing|not found)\b|"
        r"\breplication slot\b[^:]{0,120}\b(?:does not exist|missing|invalidated|(?:was|is|been) lost)\b|"
        r"\bslot has been invalidated\b|"
        r"\bis ahead of the WAL flush position\b|\binvalidating obsolete replication slot\b|"
        r"\bdropped the replication slot\b|\brestart_lsn\b.{0,80}\bexceeds the limit\b|"
        r"\bLSN\b.{0,60}\bno longer available\b|"
        r"\bno longer get changes from replication slot\b|\bexceeded the maximum reserved size\b",
        LOGS_GONE.format("its replication slot was dropped or invalidated, or WAL was removed"),
    ),
    known(
        Cause.SLOT_ACTIVE,
        r"\breplication slot\b(?:[^:]|:(?=\S)){0,120}\b(?:is active|in use by|already active)\b",
        "Another process still uses the job's replication slot. "
        "Wait a few minutes, or end that process on the source (`pg_terminate_backend`).",
        documented=False,
    ),
    known(
        Cause.WORKERS,
        r"\bmax_wal_senders\b|\bmax_worker_processes\b|\bmax_(?:logical_replication|sync)_workers\w*\b|"
        r"\b(?:wal senders?|worker slots?|background workers?)\b.{0,60}\b(?:not sufficient|"
        r"exhausted|too few)|\bout of (?:logical replication|background) worker slots\b",
        "The database allows too few WAL senders or workers: "
        "raise `max_wal_senders` and `max_worker_processes` on the source (on the destination: "
        "`max_logical_replication_workers`, `max_sync_workers_per_subscription`), and restart it.",
        "INSUFFICIENT_MAX_WAL_SENDERS",
        "INSUFFICIENT_MAX_WORKER_PROCESSES",
        page=SOURCE,
    ),
    known(
        Cause.SLOTS,
        r"\bmax_replication_slots\b|\breplication slots?\b[^:]{0,80}\b(?:in use|not sufficient|exhausted)\b|"
        r"\bno free replication slots?\b",
        "The source has too few replication slots. "
        "Drop slots that nobody uses, or raise `max_replication_slots` (one per database, and spare ones).",
        "INSUFFICIENT_MAX_REPLICATION_SLOTS",
        page=SOURCE,
    ),
    known(
        Cause.SLOTS,
        r"\bmaximum number of subscriptions\b",
        "The source has as many subscriptions as it allows. End some that nobody uses.",
        "SOURCE_MAX_SUBSCRIPTIONS",
        documented=False,
    ),
    known(
        Cause.BINLOG_LOST,
        # MySQL's error 1236 has many reasons, which it quotes: only without one does its number count.
        r"\b(?:fatal )?error 1236\b[^:]*$|\berror_code:? ?1236\b[^:]*$|"
        r"\bcould not find (?:first log file|next log)\b|\bbinary log: could not open log file\b|"
        r"\b(?:binlogs?|binary logs?)\b(?:(?!\b(?:connection|may|will)\b)[^:]){0,80}\b(?:purged|lost|"
        r"not found|expired|removed)\b|\bpurged (?:the )?(?:required )?(?:binlogs?|binary logs?)\b|"
        r"\blost binlog position\b|\bbinlog truncated|\bbin(?:|ary )log\b.{0,160}\bno longer available\b",
        LOGS_GONE.format("binary logs were purged; keep them longer"),
    ),
    known(
        Cause.FUNCTION_CREATORS,
        r"\blog_bin_trust_function_creators\b|\berror 141[89]\b|\bhas none of DETERMINISTIC\b",
        "The destination may not create the source's functions or triggers: "
        "set its flag `log_bin_trust_function_creators` to `on`, then {go_on}.",
        documented=False,
    ),
    known(
        Cause.NOT_REPLICATING,
        r"\bno data is being replicated\b",
        (
            "The dump is done, but no changes are replicated. Check the source's binary logging and "
            "replication settings against the guide, then {go_on}."
        ),
        documented=False,
    ),
    known(
        Cause.BINLOG_SETTINGS,
        r"\blog[_ -]bin\b|\bbinlog_(?:format|row_image)\b|"
        r"\bbinary logging\b.{0,60}\b(?:off|not|disabled|must)\b|"
        r"\bbinary log is not open\b|\bbinlogging on server not active\b|\bnot using binary logging\b|"
        r"\breplicate anonymous transaction when AUTO_POSITION\b|"
        r"\bgtid_mode\b|\benforce_gtid\w*\b|(?<!\bvalue of )\bserver_id\b|\berror (?:1381|1794)\b|"
        r"\bequal MySQL server (?:ids?|UUIDs)\b",
        "Binary logging on the source is off or not as DMS needs it: "
        "check `log_bin`, `binlog_format=ROW`, `server_id` (set, and of no other server) "
        "and the GTID settings.",
        "UNSUPPORTED_GTID_MODE",
        page=SOURCE,
    ),
    known(
        Cause.DUMP_CLIENT,
        r"\bcolumn_statistics\b",
        "The dump was made with a newer `mysqldump` than the source: add `--column-statistics=0`.",
    ),
    known(
        Cause.LOCK_PRIVILEGES,
        r"\bacquire global lock\b|\bflush tables with read lock\b|"
        r"\b(?:RELOAD|FLUSH_TABLES) privilege|\b(?:RELOAD) privilege\(s\)",
        "The migration user may not lock the source for a consistent dump. Grant it RELOAD; "
        "where that cannot be granted (RDS, Aurora), stop the writes when the job asks for it.",
        "PARALLEL_IMPORT_INSUFFICIENT_PRIVILEGE",
        page=SOURCE,
    ),
    known(
        Cause.DEFINER,
        r"\bdefiner\b[^:]{0,80}\b(?:not exist|unknown|missing|unsupported|not supported|not allowed)\b|"
        r"\berror 1449\b|\bSUPER\b.{0,40}\bSYSTEM_USER\b|"
        r"\bSET_USER_ID\b|\bSET_ANY_DEFINER\b|\bALLOW_NONEXISTENT_DEFINER\b",
        "A view, trigger or routine on the source has a DEFINER that the destination does not know: "
        "create that user there, or use INVOKER.",
        "UNSUPPORTED_DEFINER",
        page="mysql-definer",
    ),
    known(
        Cause.DDL,
        r"\btable definition has changed\b|\berror 1412\b|\bORA-(?:01410|08103)\b|"
        r"\bDDL\b(?! script)[^:]{0,60}\b(?:blocked|not supported|"
        r"during)\b|"
        r"\bconcurrent DDL\b",
        "The structure of a table was changed. Hold DDL back until the full dump is done. {start_over}",
        by_family={
            Family.POSTGRESQL: (
                "DDL that needs an ACCESS EXCLUSIVE lock waits for the full dump, and what follows it on "
                "that table waits, too. Hold DDL back until the dump is done."
            ),
            Family.TABLES: (
                "DDL during a migration is not supported. Update the conversion workspace to the new schema, "
                "and then the job."
            ),
        },
    ),
    known(
        Cause.ROW_SIZE,
        r"\brow size too large\b|\berror 1118\b",
        "A table's rows are too large for InnoDB's strict mode: "
        "use BLOB or TEXT columns, or switch `innodb_strict_mode` off on the destination for the migration.",
    ),
    known(
        Cause.SYNTAX,
        r"\berror 1064\b|\byou have an error in your SQL syntax\b",
        "A name on the source is a reserved word in the destination's version. "
        "Rename it or quote it on the source, then {go_on}.",
    ),
    known(
        Cause.REFERENCES,
        r"\berror(?:[_ ]code)?:? ?(?:MY-00)?(?:1008|1049|1109|1146|1305|1824|3554)\b|"
        r"\baccess to (?:data dictionary|system) table\b|"
        r"\bunknown database\b|\bDDL script for view\b|"
        r"\bfailed to open the referenced table\b|\bunknown table\b|"
        r"\breferences invalid table\(s\) or column\(s\)",
        "Objects refer to databases or system schemas that are not migrated. "
        "Add those databases to the job, or leave the objects out.",
    ),
    known(
        Cause.ENGINE,
        r"\b(?:MyISAM|FEDERATED)\b.{0,40}\btables?\b|\b(?:MEMORY|ARCHIVE) (?:storage )?(?:engine|tables?)\b|"
        r"\btables?\b.{0,40}\b(?:MyISAM|FEDERATED)\b|\bunknown storage engine\b",
        "Tables use a storage engine that Cloud SQL does not replicate safely: "
        "convert them to InnoDB on the source.",
        page=LIMITS,
    ),
    known(
        Cause.LARGE_OBJECTS,
        r"(?<!saving )(?<!reading )(?<!executing )\blarge objects?\b|\bpg_largeobject\b",
        "Large objects are not migrated: move them by hand, or keep them in `bytea` columns.",
        page=LIMITS,
    ),
    known(
        Cause.NO_PRIMARY_KEY,
        r"\b(?:no|without|lacks? a?|have no|has no|do(?:es)?(?: not|n['’]?t) have a?)\s*primary key\b|"
        r"\breplica identity\b|\bmissing primary key\b|\bsql_require_primary_key\b|"
        r"\btable type requires a primary key\b|\berror 1173\b",
        "Tables have no primary key, so some of their changes may not be replicated. Add keys.",
        "UNSUPPORTED_TABLE_DEFINITION",
        "TABLES_WITH_LIMITED_SUPPORT",
        page=LIMITS,
        by_family={
            Family.POSTGRESQL: (
                "Tables have no primary key: their updates and deletes are not replicated. Add keys, or "
                "copy such changes by hand after the promotion. In a quick-start job, REPLICA IDENTITY "
                "FULL or INDEX is enough."
            ),
            Family.TABLES: (
                "Tables have no primary key, which every table on the destination should have: create one "
                "in the conversion workspace."
            ),
        },
    ),
    known(
        Cause.EXTENSION,
        r"\bpermission denied to create extension\b|"
        r"(?<!\bfile )\bextension\b[^:]{0,80}\b(?:not (?:available|supported|allowed)|is not)\b|"
        r"\bextension\b[^:]{0,80}\bhas no (?:installation|update)\b|"
        r"\bcould not open extension control file\b|(?<!tlsv1 )\bunsupported extensions?\b|"
        r"\bcan only create extension in database\b|"
        r"\bextension \"…\" must be loaded via\b|\bcould not find function \"…\" in file\b|"
        r"\bobject of an extension does not exist\b|"
        # PostgreSQL makes these from functions in C, which only extensions bring.
        r"\b(?:access method|foreign-data wrapper|text search (?:template|parser)) \"?…?\w{0,63}\"? "
        r"does not exist\b|"
        r"\bno default operator class for access method\b|\bextension \"…\" does not exist\b|"
        r"\boperator class \"…\" does not exist for access method\b|\bcould not load library\b|"
        r"\bcould not access file \"(?:…\"|\$libdir/)",
        "The database uses an extension that the destination does not have or does not let DMS create. "
        "Drop it on the source, or leave that database out, then {go_on}.",
        "UNSUPPORTED_EXTENSIONS",
        "UNSUPPORTED_DATABASE_FDW_CONFIG",
        page=LIMITS,
    ),
    known(
        Cause.ROLE_MISSING,
        r"(?<!ORA-\d{5}: )\b(?:role|user|login)\b(?!-| with OID\b| mapping\b)[^:]{0,80}\bdoes not exist\b|"
        r"\bcannot find the user\b",
        "A role that the source's objects belong to is missing on the destination: roles are not migrated. "
        "Create it there, then {go_on}.",
        documented=False,
    ),
    known(
        Cause.LOCALE,
        r"\b(?:locale|lc_collate|lc_ctype|encoding|collation|character set)\b[^:]{0,80}\b(?:not supported|"
        r"unsupported|unknown|invalid|incompatible|(?<!version )mismatch|does not match)\b|"
        r"\b(?:unknown|unsupported|illegal mix of) (?:collations?|character set|encoding|locale)\b|"
        r"\bcollation \"…\" for encoding \"…\" does not exist\b",
        "The encoding or locale of a source database is not known on the destination. "
        "Leave that database out, or convert it.",
        "UNSUPPORTED_DATABASE_LOCALE",
        page=LIMITS,
        documented=False,
    ),
    known(
        Cause.VERSION,
        r"\bversions?\b.{0,80}\b(?:incompatible|not supported|unsupported|lower than|older than)\b|"
        r"\bincompatible\b(?! library\b).{0,40}\bversions?\b|\bunsupported\b.{0,40}\bversion\b|"
        r"\bserver version mismatch\b|\bbecause it is version \d|\bnot compatible with this version\b|"
        r"\bmsg:? (?:948|3169|3255)\b",
        "Source and destination versions are not compatible: the guide lists those that are.",
        "VERSION_INCOMPATIBILITY",
        page=LIMITS,
        by_family={
            Family.POSTGRESQL: (
                "Source and destination versions are not compatible: the destination must have the same "
                "or a newer major version. Then create a new job."
            )
        },
    ),
    known(
        Cause.PROFILE_TYPES,
        r"\bconnection profile types\b.{0,40}\bincompatible\b|\bunsupported migration type\b",
        "These connection profiles cannot be the source and the destination of one job: choose others.",
        "CONNECTION_PROFILE_TYPES_INCOMPATIBILITY",
        "UNSUPPORTED_MIGRATION_TYPE",
    ),
    known(
        Cause.SOURCE_SIZE,
        r"\bsource (?:database )?size\b.{0,60}\bexceeds?\b",
        "The source is larger than the project's quota or DMS allows. Raise the quota, or migrate fewer "
        "databases.",
        "SOURCE_SIZE_EXCEEDS_THRESHOLD",
    ),
)
