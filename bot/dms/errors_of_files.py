"""Known errors of files of databases and of their backups.

Looked through behind those of engines, which know a full disk by what the operating system says.
Sources of the texts: SQL Server ("Database engine events and errors"; MSSQLSERVER_3156, _3169, _3271) and
Oracle ("Database Error Messages"). What to do is the bot's own, as no guide of DMS says it.
"""

from __future__ import annotations

from bot.dms.error_causes import Cause, KnownError, known, oracle, sql_server

FILE_ERRORS: tuple[KnownError, ...] = (
    known(
        Cause.BACKUP_FILE,
        sql_server(3133, 3143, 3144, 3186, 3208, 3243, 3247, 3256, 3266, 3287)
        + r"|\bis not a SQL Server backup set\b|\bbackup set\b.{0,200}\bis incomplete\b|"
        r"\bunexpected end of file while reading beginning of backup set\b|\bread on \"…\" failed\b|"
        r"\bbackup file extension\b|\bnot a valid Microsoft Tape Format backup set\b|"
        r"\bcreated using Microsoft Tape Format version\b|\bbackup set has been damaged\b|"
        r"\bdamage to the backup set was detected\b|\bhas the wrong media sequence number\b|"
        r"\bis sequence number \d{1,6} of media family\b|\bwas not backed up in file\b|"
        r"\bbackup data at the end of \"…\" is incorrectly formatted\b",
        "A backup file is damaged, incomplete or no backup: upload it again, whole, and with the name "
        "that the guide asks for.",
        documented=False,
    ),
    known(
        Cause.DATABASE_FILE,
        sql_server(1834, 3156, 3176, 3271, 3634, 5105, 5120, 5121, 5123, 5133)
        + r"|\bdirectory lookup for the file\b|\bcannot be restored to\b.{0,300}\bWITH MOVE\b|"
        r"\bnonrecoverable I/O error\b|\bunable to open the physical file\b|"
        r"\bCREATE FILE encountered operating system error\b|\bcannot be overwritten\. It is being used by\b|"
        r"\boperating system returned the error '…' while attempting '…' on\b|"
        r"\bis claimed by '…'|\bfile activation error occurred\b|\bis not in a valid directory\b",
        "SQL Server cannot create, open or read a file: what the operating system says there is why (no "
        "such path, no access, a file in use). On Cloud SQL, where nobody can choose paths, give Google's "
        "support the error.",
        documented=False,
    ),
    known(
        Cause.DATABASE_FILE,
        oracle("00376", "01110", "01116", "01157", "27041"),
        "A data file of the source is offline or missing: bring it online or restore it there, then {go_on}.",
        documented=False,
    ),
)
"""Each by a number of the database, or a sentence that no other error has."""
