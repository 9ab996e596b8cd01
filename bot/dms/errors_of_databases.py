"""Known errors of what a database does not allow: its state, its limits and what it does not know.

Sources of the texts: the error references of MySQL, Oracle and SQL Server ("Database engine events and
errors"), and the messages of PostgreSQL. What to do is the bot's own, as no guide of DMS says it.
"""

from __future__ import annotations

from bot.dms.engines import Family
from bot.dms.error_causes import LIMITS, SOURCE, Cause, KnownError, known, mysql, oracle, sql_server

DATABASE_ERRORS: tuple[KnownError, ...] = (
    # SQL Server tells some of them as failed logins.
    known(
        Cause.DATABASE_CLOSED,
        r"\bSQL Server service is paused\b|\bcould not accept user connections\b|"
        r"\bis not currently accepting connections\b|\bserver is in (?:single.user|script upgrade) mode\b|"
        r"\bonly administrators? (?:may|can) connect\b|\bis already open and can only have one user\b|"
        r"\bcannot be opened because it is offline\b|\bserver is currently in offline mode\b|"
        + sql_server(924, 942, 18401, 18451, 18461)
        + "|"
        + mysql(3032)
        + "|"
        + oracle("01035", "12526", "12527"),
        "The server or the database takes no connections: it is paused, offline, being upgraded or open to "
        "one user alone. Open it, or leave that database out, then {go_on}.",
        documented=False,
    ),
    known(
        Cause.DATABASE_CLOSED,
        r"\bcannot connect to invalid database\b",
        "A DROP DATABASE was interrupted, and nobody can connect to what it left: drop that database, then "
        "{go_on}.",
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
        mysql(1298) + r"|\bunknown or incorrect time zone\b|\btime zone \"…\" not recognized\b|"
        r"\binvalid value for parameter \"?TimeZone\b|" + oracle("01882"),
        "The database knows no time zone by this name. MySQL: load its time zone tables "
        "(`mysql_tzinfo_to_sql`), or set an offset such as `+00:00`.",
        documented=False,
        by_family={
            Family.TABLES: (
                "The database knows no time zone by this name: see that its time zone data is up to date."
            ),
            Family.POSTGRESQL: (
                "The database knows no time zone by this name: where a database, a role or a column of the "
                "source has it, give that another one, then {go_on}."
            ),
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
    # Oracle: ORA-65040.
    known(
        Cause.CONTAINER,
        oracle("65040"),
        "Something was tried in a pluggable database that only the root container allows, as LogMiner is: "
        "check the user and the database in the connection profile against the guide.",
        page=SOURCE,
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
    # Other statements than a name on the source: `SHOW BINARY LOG STATUS` is of 8.4, `SHOW MASTER STATUS` of
    # older versions (the MySQL manual, "SHOW BINARY LOG STATUS Statement").
    known(
        Cause.DUMP_CLIENT,
        r"\b(?:mysqldump|mariadb-dump): couldn't execute '…': you have an error in your SQL syntax\b",
        "The server does not know a statement of this `mysqldump`, as one is newer than the other: make the "
        "dump with the `mysqldump` of the source's own version.",
        documented=False,
    ),
    # "Configure PostgreSQL extensions" of Cloud SQL: `cloudsql.enable_pgaudit`, `cloudsql.enable_pg_cron`.
    known(
        Cause.EXTENSION,
        r"\b(?!pglogical)\w{1,63} (?:must|can only) be loaded via \"?(?:…|shared_preload_libraries)|"
        r"\bextension \"…\" must be preloaded\b",
        "An extension has to be loaded when its server starts: switch its flag on at the destination, such "
        "as `cloudsql.enable_pgaudit`, or leave that database out, then {go_on}.",
        page=LIMITS,
        documented=False,
    ),
    # The MySQL manual, "mysql_upgrade — Check and Upgrade MySQL Tables".
    known(
        Cause.SYSTEM_TABLES,
        mysql(1548, 1558, 1682, 1728)
        + r"|\bcannot load from mysql\.\w{1,64}\. the table is probably corrupted\b|"
        r"\bplease use (?:mysql_upgrade|mariadb-upgrade)\b|"
        r"\bperformance_schema\.(?:session|global)_(?:variables|status)' doesn't exist\b",
        "The server's own tables are older than the server, as it was upgraded and they were not: run "
        "`mysql_upgrade` there (MariaDB: `mariadb-upgrade`), restart it, then {go_on}.",
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
    # The PostgreSQL manual, "CREATE TABLE": only INSERT and UPDATE are refused, not COPY. What applies
    # changes to a replica writes rows without these, so it is a dump of INSERTs, a trigger or another tool.
    known(
        Cause.IDENTITY_COLUMN,
        r"\bis an identity column defined as GENERATED ALWAYS\b",
        "An identity column that is GENERATED ALWAYS refuses the values of INSERT and UPDATE. If it is the "
        "destination's: `ALTER TABLE … ALTER COLUMN … SET GENERATED BY DEFAULT`, then {go_on}.",
        documented=False,
    ),
    # "Known limitations" (PostgreSQL): pglogical does not replicate generated columns.
    known(
        Cause.GENERATED_COLUMN,
        mysql(3105)
        + r"|\bvalue specified for generated column\b|\bgenerated columns cannot be used in COPY\b|"
        r"\bcannot insert a non-DEFAULT value into column\b|\bcan only be updated to DEFAULT\b|"
        r"\bcannot insert into column \"…\".{0,20}\bis a generated column\b",
        "A column makes its own values, and takes none from a dump: make the dump with the source's own "
        "`mysqldump`, which leaves them out.",
        page=LIMITS,
        documented=False,
        by_family={
            Family.POSTGRESQL: (
                "A generated column cannot be replicated, as nobody may write to it: make it a plain column "
                "on the source, or leave that database out, then {go_on}."
            ),
            Family.TABLES: (
                "A column on the destination makes its own values (GENERATED ALWAYS), and takes none from "
                "the source: make it GENERATED BY DEFAULT or a plain column there, then {go_on}."
            ),
        },
    ),
    # The MySQL manual, "Identifier Case Sensitivity".
    known(
        Cause.NAME_CASE,
        r"\bdifferent lower_case_table_names settings\b|" + mysql(11087),
        "`lower_case_table_names` differs between source and destination, and can only be set when an "
        "instance is created: create a destination that has the source's value.",
        documented=False,
    ),
    known(
        Cause.ROW_SIZE,
        r"\brow is too big: size \d{1,9}, maximum size\b|\btables can have at most \d{1,5} columns\b",
        "A row has more columns than fit into a page of PostgreSQL (8 kB): split the table, or give its long "
        "columns the type `text`.",
        documented=False,
    ),
    known(
        Cause.ROW_SIZE,
        mysql(1074) + r"|\bcolumn length too big for column\b",
        "A VARCHAR column is longer than its character set allows on the destination, where utf8mb4 takes "
        "up to four bytes a character: use TEXT on the source, then {go_on}.",
        documented=False,
    ),
    # "Migrate your databases by using a Percona XtraBackup physical file", Limitations.
    known(
        Cause.VERSION,
        r"\b(?:unknown|unsupported) redo log format\b|\bversion of Percona XtraBackup can only\b",
        "The physical backup does not fit: take it with the release of Percona XtraBackup that is made for "
        "the source's version, and choose a destination of the same major version and no older release.",
        page="migrate-with-physical-xtrabackup",
        documented=False,
    ),
    # The MySQL manual, "CHECK Constraints": older versions parse them and do nothing more.
    known(
        Cause.CHECK,
        mysql(3819) + r"|\bcheck constraint '…' is violated\b",
        "A row breaks a check constraint, which MySQL enforces from 8.0.16 on: correct the row, or drop the "
        "constraint, on the source, then {go_on}.",
        documented=False,
    ),
    # The MySQL manual, `innodb_strict_mode`.
    known(
        Cause.TABLE_OPTION,
        mysql(1031, 1478)
        + r"|\bstorage engine for '…' doesn't have this option\b|\bdoes not support the create option\b",
        "A table has an option, such as `ROW_FORMAT=FIXED`, that InnoDB's strict mode refuses: take it off "
        "on the source, or switch `innodb_strict_mode` off on the destination for the migration.",
        documented=False,
    ),
    # The PostgreSQL manual, "Configuration Settings" of logical replication: those of subscribers.
    known(
        Cause.SLOTS,
        r"\bfree replication state slot\b|\bmax_active_replication_origins\b",
        "The destination can follow too few replications: raise `max_replication_slots` there (from "
        "PostgreSQL 18 on, `max_active_replication_origins`), and restart it.",
        documented=False,
    ),
    # The MySQL manual, "Security Considerations for LOAD DATA LOCAL"; Cloud SQL has a flag of that name.
    known(
        Cause.LOCAL_INFILE,
        mysql(3948) + r"|\bloading local data is disabled\b",
        "The destination takes no data that is loaded by a client: set its flag `local_infile` to `on`, then "
        "{go_on}.",
        documented=False,
    ),
    # Flags of Cloud SQL for SQL Server have the same name.
    known(
        Cause.CONTAINED,
        r"\bcontained database authentication'? must be set to 1\b|" + sql_server(12824),
        "A contained database needs the destination's flag `contained database authentication`: switch it "
        "on, then {go_on}.",
        documented=False,
    ),
    # The text is Microsoft's 5591; SQL Server on Linux has no FILESTREAM ("Editions and supported features").
    known(
        Cause.FILESTREAM,
        r"\bFILESTREAM feature is disabled\b|" + sql_server(5591),
        "The database uses FILESTREAM, which is disabled where it is restored: move that data into "
        "`varbinary(max)` columns, remove its file group, and start again with a full backup.",
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
