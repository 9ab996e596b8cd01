"""Known errors of what a database does not allow: its state, its limits and what it does not know.

Sources of the texts: the error references of MySQL, Oracle and SQL Server ("Database engine events and
errors"), and the messages of PostgreSQL. What to do is the bot's own, as no guide of DMS says it.
"""

from __future__ import annotations

from bot.dms.engines import Family
from bot.dms.error_causes import Cause, KnownError, known, mysql, oracle, sql_server

DATABASE_ERRORS: tuple[KnownError, ...] = (
    # SQL Server tells some of them as failed logins.
    known(
        Cause.DATABASE_CLOSED,
        r"\bSQL Server service is paused\b|\bcould not accept user connections\b|"
        r"\bis not currently accepting connections\b|\bserver is in (?:single.user|script upgrade) mode\b|"
        r"\bonly administrators? (?:may|can) connect\b|\bis already open and can only have one user\b|"
        r"\bcannot be opened because it is offline\b|" + sql_server(924, 942, 18401, 18451, 18461),
        "The server or the database takes no connections: it is paused, offline, being upgraded or open to "
        "one user alone. Open it, or leave that database out, then {go_on}.",
        documented=False,
    ),
    # "Manage migration jobs" (SQL Server): databases are in restore mode until they are promoted.
    known(
        Cause.RESTORING,
        r"\bis in the middle of a restore\b|" + sql_server(927),
        "The database is still being restored, and cannot be opened before that has ended.",
        documented=False,
        by_family={
            Family.BACKUP_FILES: (
                "The database is still being restored: on the destination, nobody can open it until it is "
                "promoted."
            )
        },
    ),
    known(
        Cause.SNAPSHOT,
        r"\bsnapshot isolation is not allowed in this database\b|" + sql_server(3952),
        "The source database does not allow snapshot isolation: switch `ALLOW_SNAPSHOT_ISOLATION` on with "
        "`ALTER DATABASE`, then {go_on}.",
        documented=False,
    ),
    # MySQL: "Setting Account Resource Limits". Oracle: profiles.
    known(
        Cause.ACCOUNT_LIMIT,
        r"\bhas exceeded the '?max_(?:questions|queries_per_hour|updates\w{0,20})\b|"
        + oracle("02392", "02393", "02394", "02395"),
        "The migration user's account has a limit on the database, which is reached: raise it there, then "
        "{go_on}.",
        documented=False,
    ),
    # MySQL: "MySQL Server Time Zone Support".
    known(
        Cause.TIME_ZONE,
        mysql(1298) + r"|\bunknown or incorrect time zone\b|" + oracle("01882"),
        "The database knows no time zone by this name. MySQL: load its time zone tables "
        "(`mysql_tzinfo_to_sql`), or set an offset such as `+00:00`.",
        documented=False,
        by_family={
            Family.TABLES: (
                "The database knows no time zone by this name: see that its time zone data is up to date."
            )
        },
    ),
    known(
        Cause.KEYSTORE,
        oracle("28353", "28362", "28365", "28374")
        + "|"
        + mysql(3185)
        + r"|\bcan't find master key from keyring\b",
        "The keystore that holds the keys of encrypted data is closed, or lacks a key: open it on the "
        "database, then {go_on}.",
        documented=False,
    ),
    known(
        Cause.LOCKS,
        mysql(1206)
        + r"|\bexceeds the lock table size\b|\bcannot obtain a LOCK resource\b|"
        + sql_server(1204),
        "A transaction takes more locks than the database has memory for: raise that (MySQL: "
        "`innodb_buffer_pool_size`), or change fewer rows at once.",
        documented=False,
    ),
    # The first line of its dumps, which is no comment to other clients: "enable the sandbox mode".
    known(
        Cause.DUMP_CLIENT,
        r"\bunknown command '\\-'",
        "The dump begins with a line that only MariaDB's client knows (`enable the sandbox mode`): make the "
        "dump with MySQL's `mysqldump`.",
        documented=False,
    ),
    known(
        Cause.VALUE_SIZE,
        r"\bcannot enlarge string buffer\b|\bstring buffer exceeds maximum allowed length\b|"
        r"\binvalid memory alloc request size\b",
        "A value, or a whole row, is larger than the 1 GB that PostgreSQL can hold at once, or is damaged: "
        "make it smaller on the source.",
        documented=False,
    ),
    known(
        Cause.KEY_LENGTH,
        r"\bindex row (?:size|requires)\b.{0,80}\bmaximum\b",
        "An index entry is longer than the version of the destination allows: shorten those values, or "
        "drop that index, on the source.",
        documented=False,
    ),
    # The PostgreSQL manual, pg_dump: it sets `row_security` to off.
    known(
        Cause.ROW_SECURITY,
        r"\baffected by row-level security\b",
        "Row-level security would keep rows from the dump: give the migration user BYPASSRLS on the source, "
        "then {go_on}.",
        documented=False,
    ),
)
"""Each by a sentence or a number that no other error has."""
