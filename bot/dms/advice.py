"""What to do next with a job, and what an error text of DMS usually comes from. Pure functions.

Sources: the DMS docs pages "Manage migration jobs", "Promote a migration" and "Diagnose issues" of
the MySQL, PostgreSQL, AlloyDB, SQL Server and Oracle guides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.dms import source_writes
from bot.dms.model import (
    BEFORE_THE_DUMP,
    CHANGING,
    Database,
    Fault,
    Job,
    JobType,
    ObjectState,
    Phase,
    State,
    short_name,
)

_DOCS = "https://cloud.google.com/database-migration/docs"
_GUIDES = {
    ("MYSQL", ""): "mysql",
    ("SQLSERVER", ""): "sqlserver",
    ("POSTGRESQL", "ALLOYDB"): "postgresql-to-alloydb",
    ("POSTGRESQL", ""): "postgres",
    ("ORACLE", "ALLOYDB"): "oracle-to-alloydb",
    ("ORACLE", ""): "oracle-to-postgresql",
}


@dataclass(frozen=True, slots=True)
class LikelyCause:
    """What usually lies behind an error."""

    text: str
    """One or two sentences: the cause, and what helps."""
    url: str
    """The docs page that tells more."""


@dataclass(frozen=True, slots=True)
class _KnownError:
    pattern: re.Pattern[str]
    text: str
    page: str = "diagnose-issues"


def next_step(job: Job, databases: Sequence[Database] = ()) -> str:
    """What people usually do next with the job, in one or two sentences; empty when there is nothing.

    `databases` are the job's, as far as they are known: failed ones come first, but for a job that waits
    for people to stop the writes to its source.
    """
    writes = source_writes.next_step(job)
    if writes:
        return writes
    failed = [each for each in databases if each.state == ObjectState.FAILED]
    if failed and job.state == State.RUNNING:
        return _failed_databases(job, len(failed))
    if job.state in CHANGING:
        return _changing(job)
    if job.state == State.FAILED and job.phase not in BEFORE_THE_DUMP:
        return _failed(job)
    step = _BY_STATUS.get((job.state, job.phase)) or _BY_STATE.get(job.state)
    if step is None:
        return "Look at it in the console: this state is newer than this bot."
    if job.type == JobType.ONE_TIME and job.state == State.RUNNING:
        step = "Wait: a one-time migration ends by itself as COMPLETED. Avoid DDL on the source until then."
    return step.replace("JOB", short_name(job.name)).replace("PILE", source_log_growth(job))


def _failed(job: Job) -> str:
    """What lies behind comes first: a restart wipes the destination databases."""
    first = (
        "Fix the cause, verify, and wait: the job may go on by itself then. Restart only if it stays FAILED"
        if heals(job)
        else "Fix the cause, verify, then restart"
    )
    step = f"{first}: that wipes the destination databases, and the full dump begins again."
    if job.phase != Phase.CDC or job.type == JobType.ONE_TIME:
        return step
    return (
        f"{step} If the source is lost for good, promote instead: the destination keeps what had arrived "
        f"(`/dms promote {short_name(job.name)}` shows from when on something may be missing)."
    )


def heals(job: Job) -> bool:
    """Whether a job that failed may go on by itself once the cause is fixed.

    Source: "Migration job statuses" of the AlloyDB, PostgreSQL and Oracle guides; those of MySQL and SQL
    Server say that it needs a restart.
    """
    return job.source.engine not in ("MYSQL", "SQLSERVER")


def source_log_growth(job: Job | None) -> str:
    """What a job that was stopped in the full dump does to its source, without a full stop."""
    if job is None or job.source.engine in ("", "POSTGRESQL"):
        return "WAL piles up in the source's replication slots and can fill the source's disk"
    return "the source keeps its logs for the job, and they can fill its disk"


def likely_cause(error: Fault | str, job: Job | None = None) -> LikelyCause | None:
    """What usually lies behind the error, or None when its text is not a known one."""
    text = error if isinstance(error, str) else error.message
    for sign in _KNOWN_ERRORS:
        if sign.pattern.search(text):
            return LikelyCause(sign.text, docs_url(job, sign.page))
    return None


def docs_url(job: Job | None = None, page: str = "diagnose-issues") -> str:
    """A page of the guide for the job's engines; the PostgreSQL guide where they are not known."""
    return f"{_DOCS}/{_guide(job)}/{page}"


def _guide(job: Job | None) -> str:
    if job is None:
        return "postgres"
    engine = job.source.engine or job.destination.engine
    alloy = "ALLOYDB" if "ALLOYDB" in (job.destination.provider, job.destination.engine) else ""
    return _GUIDES.get((engine, alloy)) or _GUIDES.get((engine, "")) or "postgres"


def _changing(job: Job) -> str:
    step = _CHANGING.get(job.state, "Wait: DMS is working on it.")
    if source_writes.will_ask(job) and job.state in (State.STARTING, State.RESTARTING):
        return f"{step} Be ready to stop the writes to the source: DMS asks for that before the full dump."
    return step


def _failed_databases(job: Job, count: int) -> str:
    what = "One database has" if count == 1 else f"{count} databases have"
    name = short_name(job.name)
    return (
        f"{what} failed while the others go on: fix the cause (`/dms databases {name} state=failed`), "
        f"then restart only what failed (`/dms restart {name} --failed-only`). Do not promote before that."
    )


_CHANGING: dict[str, str] = {
    State.CREATING: "Wait until it is created, then verify and start it.",
    State.STARTING: "Wait: the full dump begins in a few minutes.",
    State.STOPPING: "Wait until it is STOPPED.",
    State.RESUMING: "Wait: it replays what piled up on the source while it was stopped.",
    State.RESTARTING: "Wait: the destination databases are wiped, then the full dump begins again.",
    State.UPDATING: "Wait until the change is saved.",
    State.DELETING: "Wait until it is gone.",
}

_STOPPED_BEFORE_THE_DUMP = (
    "Restart or delete it: its full dump had not begun, so it cannot resume. Nothing waits for the writes to "
    "the source any more: they may resume."
)
_FAILED_BEFORE_THE_DUMP = (
    "Fix the cause, verify, then restart: the destination databases are wiped. Its full dump had not begun, "
    "so the writes to the source may resume until then."
)
_BY_STATUS: dict[tuple[str, str], str] = {
    (State.RUNNING, Phase.FULL_DUMP): (
        "Wait for the full dump; CDC follows by itself. Avoid DDL on the source, and do not stop the job "
        "now: a stopped dump cannot resume, only restart."
    ),
    (State.RUNNING, Phase.CDC): (
        "Watch the replication delay (`/dms delay JOB`). To switch over: stop the writes to the source, wait "
        "until a delay measured after that is zero, then promote."
    ),
    (State.RUNNING, Phase.READY_FOR_PROMOTE): (
        "Everything is in place: stop the writes to the source, check that a replication delay measured "
        "after that is zero, then promote."
    ),
    (State.RUNNING, Phase.PROMOTE_IN_PROGRESS): (
        "Wait for COMPLETED, and keep writes to the source stopped; then point the applications at the "
        "destination."
    ),
    (State.RUNNING, Phase.PHASE_FAILBACK): (
        "The old source follows the new primary, so that you can go back. Watch it in the console."
    ),
    (State.STOPPED, Phase.CDC): (
        "Resume soon: changes pile up on the source, and the log position can be lost if this takes too "
        "long. Promote and delete are possible, too."
    ),
    (
        State.STOPPED,
        Phase.READY_FOR_PROMOTE,
    ): "Resume it soon, or delete it: nothing is replicated meanwhile.",
    (State.STOPPED, Phase.FULL_DUMP): ("Restart or delete it; it cannot resume. Until then PILE."),
    (State.STOPPED, Phase.WAITING_FOR_SOURCE_WRITES_TO_STOP): _STOPPED_BEFORE_THE_DUMP,
    (State.STOPPED, Phase.PREPARING_THE_DUMP): _STOPPED_BEFORE_THE_DUMP,
    (State.FAILED, Phase.WAITING_FOR_SOURCE_WRITES_TO_STOP): _FAILED_BEFORE_THE_DUMP,
    (State.FAILED, Phase.PREPARING_THE_DUMP): _FAILED_BEFORE_THE_DUMP,
}

_BY_STATE: dict[str, str] = {
    State.DRAFT: "Finish its setup in the console: a draft cannot start.",
    State.NOT_STARTED: "Verify it, then start it: that begins the full dump.",
    State.RUNNING: "Wait: the full dump comes first, then CDC.",
    State.STOPPED: (
        "It was stopped outside the full dump and CDC, so it can neither resume nor restart: look at it in "
        "the console, or delete it."
    ),
    State.COMPLETED: (
        "Point the applications at the destination if that is not done. Deleting the job now removes only "
        "its record."
    ),
    State.MAINTENANCE: "Wait: the service is doing maintenance on it.",
    State.DELETED: "Nothing is left to do.",
}


def _known_error(pattern: str, text: str, page: str = "diagnose-issues") -> _KnownError:
    return _KnownError(re.compile(pattern, re.IGNORECASE | re.DOTALL), text, page)


_KNOWN_ERRORS: tuple[_KnownError, ...] = (
    _known_error(
        r"contains existing data|user.defined entities",
        "The destination is not empty. Clear it (or choose another), then restart.",
    ),
    _known_error(
        r"no pglogical|pglogical.{0,60}(not installed|missing|install)",
        "The pglogical extension is missing in one or more source databases: install it in each of them.",
        "configure-source-database",
    ),
    _known_error(
        r"wal_level",
        "The source's `wal_level` is not `logical`: set it, restart the source, then verify.",
        "configure-source-database",
    ),
    _known_error(
        r"replication slots?.{0,80}(in use|not sufficient|no free|exhaust)|max_replication_slots|"
        r"no free replication slots",
        "The source has too few replication slots. Drop slots that nobody uses, or raise "
        "`max_replication_slots` (one per database, and spare ones).",
        "configure-source-database",
    ),
    _known_error(
        r"max_wal_senders|max_worker_processes",
        "The source allows too few WAL senders or workers: raise `max_wal_senders` and "
        "`max_worker_processes`, and restart the source.",
        "configure-source-database",
    ),
    _known_error(
        r"wal segment.{0,60}removed|replication slot.{0,80}(does not exist|missing|invalidat|lost)|"
        r"can(no|')t? ?(read|find).{0,20}wal",
        "The source no longer has the log that replication needs: its slot was dropped, or WAL was removed. "
        "Only a restart helps.",
    ),
    _known_error(
        r"error 1236|could not find first log file|binlog.{0,60}(purged|lost|not found|expired)|"
        r"binary log.{0,60}(purged|lost|not found)",
        "The source has purged the binary log that replication needs. Keep binlogs longer, then restart.",
    ),
    _known_error(
        r"log.?bin|binlog_format|binary logging|gtid_mode|enforce_gtid",
        "Binary logging on the source is off or not as DMS needs it: check `log_bin`, `binlog_format=ROW` "
        "and the GTID settings.",
        "configure-source-database",
    ),
    _known_error(
        r"table definition has changed|error 1412|ddl",
        "The structure of a table was changed during the full dump. Hold DDL back until CDC, then restart.",
    ),
    _known_error(
        r"definer|error 1449|error 1227",
        "A view, trigger or routine on the source has a DEFINER that the destination does not know: create "
        "that user there, or use INVOKER.",
        "mysql-definer",
    ),
    _known_error(
        r"row size too large|error 1118",
        "A table's rows are too large for InnoDB's strict mode: use BLOB or TEXT columns, or switch "
        "`innodb_strict_mode` off on the destination for the migration.",
    ),
    _known_error(
        r"extension .{0,80}not (available|supported|allowed)|could not open extension control file",
        "The database uses an extension that the destination does not have. Drop it on the source or leave "
        "that database out, then restart what failed.",
        "known-limitations",
    ),
    _known_error(
        r"version.{0,80}(incompatible|not supported|unsupported)|incompatible.{0,40}version",
        "Source and destination versions do not go together: the destination must have the same or a newer "
        "major version.",
        "known-limitations",
    ),
    _known_error(
        r"password authentication|access denied|authentication failed|invalid (username|password)|"
        r"login failed",
        "The user or password in the source's connection profile is not right. Correct the profile; such an "
        "error heals by itself then.",
    ),
    _known_error(
        r"sufficient privileges|permission denied|privilege",
        "The migration user lacks privileges on the source: grant what the guide lists.",
        "configure-source-database",
    ),
    _known_error(
        r"ssl|certificate|tls",
        "The certificates in the connection profile do not fit the source, or have expired.",
    ),
    _known_error(
        r"disk (is )?full|no space left|out of disk|storage.{0,20}full",
        "A disk is full, on the source (piled-up WAL) or on the destination. Make room, then resume or "
        "restart.",
    ),
    _known_error(
        r"unable to connect|could not connect|can.?t connect|connection (refused|timed out|reset)|"
        r"timed? ?out|unreachable|no route to host|lost connection|tunnel",
        "DMS cannot reach the database: check that it is up, then firewall, allowlist, VPC peering or "
        "tunnel.",
        "debugging-connectivity",
    ),
    _known_error(
        r"duplicate key|unique constraint|error 1062",
        "Somebody wrote to the destination during the migration, or the source's data conflicts. Leave the "
        "destination alone until it is promoted; a restart begins anew.",
    ),
)
