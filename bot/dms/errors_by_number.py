"""Known errors that a database tells by number or by a sentence that nothing else has; looked through before
more general signs, which would take some of them for something else.

Sources of the texts: the error references of MySQL ("Server Error Message Reference", "Error Log Messages"),
Oracle ("Database Error Messages"), SQL Server ("Database engine events and errors") and the messages of
PostgreSQL and pglogical. What to do is the bot's own, as no guide of DMS says it.
"""

from __future__ import annotations

from bot.dms.engines import Family
from bot.dms.error_causes import (
    AUTH_PLUGIN_MISSING,
    CANNOT_REACH,
    CONNECTION_BROKE,
    END_LOCK_HOLDER,
    LOGS_GONE,
    NETWORK,
    RAISE_CONNECTION_LIMIT,
    WRONG_LOGIN,
    Cause,
    KnownError,
    known,
    mysql,
    oracle,
    sql_server,
)

_SUPER = r"(?:SUPER|SYSTEM_VARIABLES_ADMIN|SESSION_VARIABLES_ADMIN|BINLOG_ADMIN)"

_MINING = (
    "00313 00353 00354 01280 01281 01285 01289 01295 01306 01307 01332 01333 01343 01346 01371 26766 26767"
)

NUMBERED_ERRORS: tuple[KnownError, ...] = (
    # ---- Several engines
    known(
        Cause.READ_ONLY,
        oracle("16000", "01300", "16224")
        + r"|\bin a read-only transaction\b|--(?:super-)?read-only option\b|"
        r"\brunning in read-only mode\b|\bInnoDB is in read only mode\b|"
        + mysql(1836)
        + "|"
        + sql_server(976, 978, 3906, 5063)
        + r"|\bfailed to update database\b.{0,80}\bbecause the database is read-only\b|"
        r"\bin an availability group and is currently (?:not accessible for queries|"
        r"accessible for connections when the application intent)\b|"
        r"\bwarm-standby database is read-only\b",
        "A database accepts no writes, as a standby or a replica does. If it is the source, use its primary.",
        documented=False,
    ),
    known(
        Cause.LOCK_CONFLICT,
        oracle("00054", "00060", "01327", "30006", "04021")
        + "|"
        + mysql(1205, 1213)
        + "|"
        + sql_server(1205, 1222, 5061)
        + r"|\bdeadlock (?:found|detected)\b|\bdeadlock victim\b|\block request time out\b|"
        r"\block (?:wait )?timeout\b|\bcould not obtain lock on\b|\block could not be placed\b",
        END_LOCK_HOLDER,
        documented=False,
    ),
    known(
        Cause.CORRUPT,
        mysql(1034, 1194, 1195, 1712, 1812, 1877, 1932)
        + "|"
        + sql_server(823, 824, 3043, 3182, 3301, 3302, 3313, 3314, 3414, 3456, 5125, 5172, 9003, 9004)
        + "|"
        + oracle("01578", "26040")
        + r"|\bis marked as crashed\b|\binvalid page in block\b|\bmissing chunk number\b|"
        r"\bcould not access status of transaction\b|\bfrom before rel(?:frozenxid|minmxid)\b|"
        r"\bcompressed \w{1,10} data is corrupt\b|"
        r"\bcould not read block \d{1,12} in file\b|\blogical consistency-based I/O error\b|"
        r"\bdata block corrupted\b|\blog has been corrupted\b|"
        r"\b(?:re|un)doing of (?:a )?logged operations?\b|"
        r"\bcould not redo log record\b|\bappears to have been truncated by the operating system\b|"
        r"\bwas damaged when the backup occurred\b|\bincorrect key file for table\b|"
        r"\bindex for table '…' is corrupt\b|\bis missing, corrupt or contains bad data\b|"
        r"\btablespace is missing for table\b|\bdoesn't exist in engine\b|"
        r"\bBACKUP(?: '…')? detected (?:an error on page|corruption)\b|"
        r"(?<!space on the disk\.\) )\bto SQL Server during a (?:read|write) at offset\b|"
        r"\bis not a valid database file header\b|"
        r"\bpassed to log scan in database '…' is not valid\b|\bwhile processing the log for database\b|"
        r"\bduring recovery, preventing the database\b",
        "Stored data is damaged: check and repair it on the database that says so, or restore it, before "
        "it is "
        "migrated.",
        documented=False,
    ),
    known(
        Cause.DATABASE_MISSING,
        oracle("65011")
        + r"|\bFATAL: {1,3}database \"…\" does not exist\b|\bcannot open user default database\b|"
        r"\bfailed to open the (?:explicitly )?specified database\b|"
        r"\bunknown database '…' when selecting the database\b|" + sql_server(911, 4064),
        "There is no such database, or the user may not open it: check the name in the connection profile "
        "and in the job's databases.",
        documented=False,
    ),
    # An expired or locked account: nothing is wrong with the profile until the password is renewed.
    known(
        Cause.PASSWORD,
        oracle("28000", "28001")
        + "|"
        + mysql(1820, 1862, 3118, 3955)
        + r"|(?<!service )\baccount is (?:currently )?(?:locked|disabled)\b|\byour password has expired\b|"
        r"\bpassword has expired\b|"
        r"\bpassword of the account must be changed\b",
        "The migration user's account is locked, or its password has expired: unlock or renew it on the "
        "database, "
        "and set the new password in the connection profile.",
        documented=False,
    ),
    known(
        Cause.PASSWORD,
        r"\bFATAL: {1,3}role \"…\" does not exist\b|"
        + oracle("01005")
        + r"|\bcan't use the credentials that you provided\b",
        WRONG_LOGIN,
    ),
    # ---- Oracle
    known(
        Cause.CLIENT_PROTOCOL,
        oracle("28040", "03134"),
        "The source's `SQLNET.ALLOWED_LOGON_VERSION_SERVER` lets only other clients in: change it, and set "
        "the "
        "user's password anew.",
        documented=False,
    ),
    known(
        Cause.LOGMINER,
        # The operating system's error behind a log that cannot be opened: this one is there.
        oracle(*_MINING.split()) + r"|\bORA-00600\b.{0,80}\bkrv\w{1,20}\b|"
        r"\bORA-(?:00308|00334|01284)\b.{0,400}\bError: (?:5|13|23|24): ",
        "LogMiner cannot read the source's redo logs: look in the source's alert log for the cause, then "
        "{go_on}.",
        documented=False,
    ),
    known(
        Cause.TOO_MANY_CONNECTIONS,
        oracle("02391", "00018", "00020", "12516", "12518", "12519", "12520"),
        RAISE_CONNECTION_LIMIT,
        documented=False,
    ),
    # ---- MySQL: its clients' numbers, where the text of the error is cut
    known(
        Cause.UNREACHABLE,
        mysql(2002, 2003, 2005),
        CANNOT_REACH,
        page=NETWORK,
    ),
    known(
        Cause.CONNECTION_LOST,
        mysql(2006, 2013, 2055, 4031)
        + r"|\bgot (?:an error|timeout) (?:reading|writing) communication packets\b",
        CONNECTION_BROKE,
        page=NETWORK,
        documented=False,
    ),
    # ---- MySQL: logs and GTIDs
    known(
        Cause.SOURCE_REWOUND,
        r"\brequested (?:master|source) to start replication from "
        r"(?:position > file size|impossible position)\b|"
        r"\b(?:slave|replica) has more GTIDs than the (?:master|source) has\b|"
        r"\brequested to start from GTID\b.{0,80}\bnot in the (?:master|source)'s binlog\b",
        "The source lost changes that were already copied, as after a crash, a restore or a failover. "
        "{start_over}",
        documented=False,
    ),
    known(
        Cause.LOG_DAMAGED,
        r"\brelay log read failure\b|\bcould not parse relay log event\b|\berror reading relay log\b|"
        r"\bbogus data in log event\b|\binitialize (?:relay log|master|slave|replica|connection metadata|"
        r"applier metadata)\b.{0,20}\b(?:info )?(?:structure|repository)\b|"
        r"\bevent read from binlog did not pass (?:crc check|checksum)\b|"
        r"\bfailed to (?:open|read) the relay log\b|"
        r"\brelay log\b[^:]{0,60}\b(?:corrupt\w*|not found|cannot be opened)\b|"
        r"\bbinary log file\b.{0,120}\bis logically corrupted\b|\bcorrupted replication event was detected\b|"
        r"\breplication event checksum verification failed\b|" + mysql(1594, 1610, 1743, 1744, 1866, 13121),
        "A binary log of the source, or the destination's copy of it (the relay log), cannot be read. "
        "Check the "
        "source's binary logs with `mysqlbinlog`, then {go_on}.",
        documented=False,
    ),
    known(
        Cause.GTID,
        mysql(1840, 3546)
        + r"|\bGTID_PURGED can only be (?:set|changed) when\b|\bGTID_PURGED cannot be changed\b",
        "The dump sets GTIDs, and the destination has some already: use a destination that is empty and new.",
        documented=False,
    ),
    known(
        Cause.GTID_STATEMENT,
        mysql(1785, 1786, 1787, 1788)
        + r"|\bviolates GTID consistency\b|\bupdates to non-transactional tables can only be done\b|"
        # So in 5.6 and 5.7.
        r"\bCREATE TABLE \.\.\. SELECT is forbidden when\b|"
        r"\bCREATE TEMPORARY TABLE and DROP TEMPORARY TABLE can be executed\b",
        "A statement on the source cannot be replicated with GTIDs, such as CREATE TABLE … SELECT or one "
        "that "
        "changes InnoDB and other tables together: change the application.",
        documented=False,
    ),
    known(
        Cause.TRANSACTION_SIZE,
        mysql(1197) + r"|\brequired more than '?max_binlog_cache_size\b",
        "A transaction is larger than `max_binlog_cache_size` allows: raise it, then {go_on}.",
        documented=False,
    ),
    # The MySQL manual, "Replication and max_allowed_packet".
    known(
        Cause.TRANSACTION_SIZE,
        mysql(1864) + r"|\bexceeds \d{1,20} of (?:slave|replica)_pending_jobs_size_max\b",
        "A change is larger than `replica_pending_jobs_size_max` (older versions: "
        "`slave_pending_jobs_size_max`) allows on the destination: raise it there, then {go_on}.",
        documented=False,
    ),
    # ---- MySQL: what a dump or a replicated statement does
    known(
        Cause.USER_STATEMENT,
        mysql(1133, 1141, 1396, 1410, 3523)
        + r"|\boperation (?:CREATE|ALTER|DROP|RENAME) (?:USER|ROLE) failed\b|"
        r"\bcan't find any matching row in the user table\b",
        "A statement creates a user that is there already, or changes one that is missing: users are not "
        "migrated. "
        "Create or drop it on the destination, then {go_on}.",
        documented=False,
    ),
    known(
        Cause.KEY_LENGTH,
        mysql(1071, 1709) + r"|\bspecified key was too long\b|\bindex column size too large\b",
        "An index key is too long for the table's row format and character set: shorten it, or use the row "
        "format "
        "DYNAMIC, on the source.",
        documented=False,
    ),
    known(
        Cause.SQL_MODE,
        mysql(1055, 1067, 1264, 1265, 1292, 1364, 1365)
        + r"|\binvalid default value for\b|\bincorrect (?:datetime|date|time|integer|decimal|double) value\b|"
        r"'sql_mode' can't be set to the value of\b|\bout of range value for column\b|"
        r"\bdata truncated for column\b|\bfield '…' doesn't have a default value\b",
        "The `sql_mode` on the destination does not accept what the source has: correct the values or the "
        "definition on the source, or set the destination's flag `sql_mode` as on the source.",
        documented=False,
    ),
    known(
        Cause.FOREIGN_KEY,
        mysql(1215, 1822, 1825, 3780)
        + r"|\berrno: 150\b"
        + r"|\bcannot add foreign key constraint\b|\bfailed to add the foreign key constraint\b|"
        r"\bin foreign key constraint\b.{0,80}\bare incompatible\b|"
        r"\bthere is no (?:unique constraint matching given keys|primary key) for referenced table\b",
        "A foreign key cannot be made: its columns differ from those that it refers to, or have no index "
        "there. "
        "Correct it on the source.",
        documented=False,
        by_family={
            Family.POSTGRESQL: (
                "A foreign key cannot be made, as the key that it refers to is missing on the destination, "
                "mostly because of an error before this one: mend that first, then {go_on}."
            ),
        },
    ),
    known(
        Cause.DESTINATION_PRIVILEGES,
        rf"\bneed \(at least one of\) the {_SUPER}(?:(?:, | or ){_SUPER}){{0,4}} privilege|"
        r"\bpermission denied to (?:create event trigger|set parameter)\b|"
        r"\bpermission denied to (?:create|alter|drop|grant|rename) (?:role|database)\b|"
        # Whoever dumps needs no privilege on these.
        r"\bpermission denied for (?:language|foreign-data wrapper|tablespace)\b|"
        r"\bpermission denied to (?:create|alter|change owner of) (?:access method|event trigger|"
        r"foreign-data wrapper|tablespace)\b|\bpermission denied to update extension\b|"
        r"\bmust be superuser to create (?:an operator|a procedural|a base type|FOREIGN DATA|subscriptions|"
        r"superusers|a cast|text search|custom procedural)|"
        r"\bpermission to RESTORE\b|\bCREATE DATABASE permission (?:was )?denied\b|" + sql_server(3110),
        "A statement of the dump is not permitted on the destination, such as one with a DEFINER, or one "
        "that "
        "needs a superuser. Change it on the source, or leave that database out, then {go_on}.",
        documented=False,
    ),
    known(
        Cause.AUTH_PLUGIN,
        mysql(1524) + r"|\bplugin '…' is not loaded\b",
        "A user has an authentication plugin that this server does not load: give the user one that it has, "
        "such as `caching_sha2_password`, with TLS in the connection profile.",
        documented=False,
    ),
    known(
        Cause.AUTH_PLUGIN,
        mysql(1251) + r"|\bclient does not support authentication protocol\b",
        AUTH_PLUGIN_MISSING,
        documented=False,
    ),
    known(
        Cause.DUMP_FILE,
        r"\bgzip: invalid header\b|"
        r"\b(?:dump|import) file\b(?:[^:]|:(?=\S)){0,80}\b(?:is |was )?(?:corrupt\w*|damaged|truncated)\b|"
        r"\binput file (?:appears to be a text format dump|does not appear to be a valid archive|"
        r"is too short)\b|"
        r"\bunexpected end of (?:gzip|compressed) (?:data|file)\b",
        "The dump file cannot be read: make it anew as the guide says, and upload it whole.",
        documented=False,
    ),
    # ---- PostgreSQL
    known(
        Cause.ROLE_MEMBER,
        r"\bmust be (?:a )?member of role\b|\bmust be able to SET ROLE\b|\bmust have admin option on role\b",
        "The user that imports may not act for the role that owns objects: grant it that role on the "
        "destination, "
        "then {go_on}.",
        documented=False,
    ),
    known(
        Cause.LEFT_OVER,
        r"\b(?:replication (?:slot|origin|set)|subscription|publication) \"…\" already exists\b|"
        r"\bcannot be enabled for change data capture because\b|"
        r"\bexisting subscription \"…\" to node \"…\" already subscribes\b|"
        r"\bcapture instance\b.{0,80}\balready exists\b|\b(?:error:?|msg:?) 22926\b",
        "Something of this name is there already, probably left by an earlier migration: a replication "
        "slot or "
        "publication on the source, or a subscription. If nobody uses it, drop it, then {go_on}.",
        documented=False,
    ),
    known(
        Cause.PUBLICATION_MISSING,
        r"\bpublication \"…\" does not exist\b",
        "A publication is missing on the source, through which changes are replicated. {start_over}",
        documented=False,
    ),
    known(
        Cause.WRAPAROUND,
        r"\bto avoid wraparound data loss\b|\bmust be vacuumed within\b",
        "The database is nearly out of transaction IDs: run VACUUM on it, and end old transactions and "
        "prepared "
        "ones first.",
        documented=False,
    ),
    known(
        Cause.TABLESPACE,
        r"\btablespace \"…\" does not exist\b",
        "The destination has no such tablespace: move what lies in it to the default one, on the source.",
        documented=False,
    ),
    known(
        Cause.SETTING,
        r"\bunrecognized configuration parameter\b|\bunknown system variable\b|" + mysql(1193),
        "A setting of the source is not known on the destination, as its version is older or an extension is "
        "missing there: choose another version, or take the setting off the source's database or role.",
        documented=False,
    ),
    known(
        Cause.TEMPORARY_FILES,
        r"\bexceeds temp_file_limit\b",
        "A statement needs more temporary files than `temp_file_limit` allows: raise it, then {go_on}.",
        documented=False,
    ),
    # ---- SQL Server
    known(
        Cause.EDITION,
        r"\bcannot be started in this edition of SQL Server\b|\bwould exceed your licensed limit\b|"
        + sql_server(909, 1827),
        "The destination's edition of SQL Server lacks a feature that the database uses: choose another "
        "edition.",
        documented=False,
    ),
    known(
        Cause.LOGIN_MODE,
        r"\bconfigured for (?:windows|integrated) authentication only\b|"
        r"\blogin is from an untrusted domain\b|"
        r"\buse an NT account name\b|\bSSPI (?:handshake|context)\b|" + sql_server(18452),
        "The server takes no SQL Server logins, or was given a Windows account: switch mixed mode on, and "
        "use a "
        "login of SQL Server in the connection profile.",
        documented=False,
    ),
    known(
        Cause.LOG_LOST,
        # In any language, SQL Server's error 313 puts dots for the rest of the name.
        r"\binsufficient number of arguments\b.{0,60}\bcdc\.fn_cdc_get_(?:all|net)_changes_|"
        r"\bcdc\.fn_cdc_get_(?:all|net)_changes_ \.\.\.",
        LOGS_GONE.format("change data was cleaned up; keep it longer"),
        documented=False,
        by_family={
            Family.TABLES: LOGS_GONE.format(
                "change data was cleaned up; raise the retention of its clean-up job"
            )
        },
    ),
)
"""Each by a number, or by a sentence that no other error has."""
