"""The next step for a job. Pure functions.

Sources: the DMS docs pages "Manage migration jobs", "Migration job statuses" and "Promote a migration" of the
MySQL, PostgreSQL, AlloyDB, SQL Server and Oracle guides.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.dms import display, source_writes
from bot.dms.engines import Family, family, goes_back, has_final_log, loads_tables, reads_backup_files
from bot.dms.likely_causes import recovery_of
from bot.dms.model import (
    BEFORE_THE_DUMP,
    CHANGING,
    Database,
    Job,
    JobType,
    ObjectState,
    Phase,
    State,
    short_name,
)
from bot.dms.rules import Action, is_unlisted
from bot.dms.running_errors import errors_are_retried, runs_with_errors
from bot.dms.wiped import wiped_text
from bot.util.command import COMMAND


def next_step(job: Job, databases: Sequence[Database] = ()) -> str:
    """What people usually do next with the job, in one or two sentences.

    `databases` are those of the job, if known. Errors come first, unless the job waits for people to stop
    writes to its source.
    """
    writes = source_writes.next_step(job)
    if writes:
        return writes
    if runs_with_errors(job, databases):
        failed = sum(each.state == ObjectState.FAILED for each in databases)
        return errors_step(job, failed, display.kind_of(databases))
    if job.state in CHANGING:
        return _changing(job)
    if job.state == State.FAILED and job.phase not in BEFORE_THE_DUMP:
        return _failed(job)
    if job.state in ("", State.UNSPECIFIED):
        return "The service does not report its state: check the job in the console."
    step = (
        _rest_step(job)
        or _backup_files_step(job)
        or _BY_STATUS.get((job.state, job.phase or Phase.UNSPECIFIED))
        or _BY_STATE.get(job.state)
    )
    if step is None:
        return "This state is newer than this bot: check the job in the console."
    if job.type == JobType.ONE_TIME and job.state == State.RUNNING:
        step = "Wait: a one-time migration completes by itself.NO_DDL"
    if job.state == State.NOT_STARTED and source_writes.will_wait(job):
        step = f"{step.rstrip('.')}, before which DMS asks people to stop the writes to the source."
    growth = source_log_growth(job)
    texts = {
        "JOB": short_name(job.name),
        "AFTER_THE_DUMP": after_the_dump(job),
        "FIX_FIRST": _fix_first(job),
        "NO_DDL": _no_ddl(job),
        "LOG_GROWTH": f" Until then, {growth}." if growth else "",
        "SWITCH_OVER": switch_over(job),
        "AFTER_THE_MOVE": _AFTER_THE_MOVE[family(job)],
        "WHILE_STOPPED": while_stopped(job),
        "ALSO": "Delete is" if job.type == JobType.ONE_TIME else "Promote and delete are",
    }
    for word, text in texts.items():
        step = step.replace(word, text)
    return step


def after_the_dump(job: Job) -> str:
    """What follows the full dump, without a full stop."""
    if job.type == JobType.ONE_TIME:
        return "the job completes by itself"
    return "CDC follows by itself" + ("" if job.type == JobType.CONTINUOUS else " if the job is continuous")


def switch_over(job: Job) -> str:
    """How all changes reach the destination before a promote, to be followed by “, then promote”.

    Sources: "Promote a migration" (PostgreSQL, AlloyDB, MySQL); "Finalize a migration" (SQL Server; Oracle,
    and SQL Server to PostgreSQL: wait until the delay is down, "ideally on the order of minutes or seconds");
    "Failback migrations" (SQL Server to AlloyDB): "a very similar flow".
    """
    if loads_tables(job) or goes_back(job):
        return (
            "stop the writes to the source, wait until a replication delay measured after that is down to "
            "seconds, make sure that the last changes have arrived"
        )
    if not reads_backup_files(job):
        return "stop the writes to the source, wait until a replication delay measured after that is zero"
    if job.source.provider == "CLOUDSQL":
        return "stop the writes to the source (DMS takes the transaction logs of Cloud SQL by itself)"
    return (
        "stop the writes to the source, upload a last transaction log backup that was taken after that, wait "
        "until no unprocessed bytes are left"
    )


_FINAL_LOG = "Its final log backup (`….trn.final`) is restored, and DMS loads no more."
_REPLICATES = frozenset({Phase.CDC, Phase.READY_FOR_PROMOTE})


def _rest_step(job: Job) -> str:
    """The fields that only REST has, where they were read, decide the next step."""
    if job.rest is None:
        return ""
    if job.rest.availability_group and job.state == State.RUNNING and job.phase in _REPLICATES:
        return (
            "It replicates through an availability group (`dagConfig`), which only DMS's API documents. To "
            "switch over: stop the writes to the source, make sure that the last changes have arrived, then "
            "promote."
        )
    if job.rest.promotes_when_ready and job.state == State.RUNNING:
        return (
            "Its databases are promoted by themselves when they are ready (`promoteWhenReady`), with the "
            "final log backup (`….trn.final`): stop the writes to the source before that log is taken."
        )
    if job.rest.failback and job.state == State.NOT_STARTED:
        return "Start it once its original job has been promoted: it then replicates back to the old source."
    return ""


def _backup_files_step(job: Job) -> str:
    """Sources: "Finalize a migration" and "Manage migration jobs" (SQL Server): a stopped job can be resumed,
    deleted or promoted."""
    if not reads_backup_files(job):
        return ""
    if job.state == State.STOPPED and has_final_log(job) and job.type != JobType.ONE_TIME:
        return (
            f"{_FINAL_LOG} Promote if the writes to the source had stopped before that log was taken; resume "
            "and delete are possible, too."
        )
    if job.state != State.RUNNING:
        return ""
    if job.phase == Phase.CDC:
        return (
            "Watch its unprocessed bytes: the replication delay leaves out changes that are in no backup "
            "file yet. To switch over: SWITCH_OVER, then promote. READY_FOR_PROMOTE is not needed for "
            "that: it comes only after a final log backup, a file named `….trn.final`."
        )
    if job.phase == Phase.READY_FOR_PROMOTE:
        return (
            "The final log backup (`….trn.final`) is restored, and DMS loads no more: what was written to "
            "the source after it never arrives. Promote if the writes had stopped before that log was taken."
        )
    return ""


def _failed(job: Job) -> str:
    """The cause comes first, because a restart wipes data on the destination."""
    if job.phase == Phase.PHASE_FAILBACK:
        # REST `PromoteMigrationJobRequest.failback`: "from destination back to source".
        return (
            "Fix the cause, and verify. In the failback phase, the destination is the primary database: a "
            "restart may wipe data on the destination that applications have written since."
        )
    step = f"{_fix_first(job)}: that {wiped_text(job)}."
    if job.phase == Phase.PROMOTE_IN_PROGRESS:
        return f"Check first whether the destination is primary already, and in use. {step}"
    if job.phase != Phase.CDC or job.type == JobType.ONE_TIME:
        return step
    unsure = " (the service decides whether that works)" if is_unlisted(Action.PROMOTE, job) else ""
    return (
        f"{step} If the source is lost for good, promote instead{unsure}: the destination keeps what had "
        f"arrived (`{COMMAND} promote {short_name(job.name)}` shows since when changes may be "
        "missing)."
    )


def _fix_first(job: Job) -> str:
    recovery = recovery_of(job)
    if recovery:
        return f"Fix the cause, verify, and wait: {recovery}. Restart only if it stays failed"
    return "Fix the cause, verify, then restart"


def _no_ddl(job: Job) -> str:
    """That the schema must stay, as a sentence after a blank; empty for SQL Server's backup files.

    Sources: "Known limitations" (MySQL; Oracle, SQL Server to PostgreSQL: schema changes "aren't
    automatically migrated"), "Diagnose issues" (PostgreSQL, AlloyDB: DDL waits for the initial sync).
    """
    return "" if reads_backup_files(job) else " Avoid DDL on the source until then."


def source_log_growth(job: Job | None) -> str:
    """What a job that was stopped in the full dump does to its source, without a full stop.

    Empty with engines whose guides do not speak of it. Source: "Manage migration jobs" (PostgreSQL, AlloyDB).
    """
    growth = "WAL piles up in the source's replication slots and can fill the source's disk"
    if job is None or not job.source.engine:
        return f"with PostgreSQL, {growth}"
    return growth if family(job) is Family.POSTGRESQL else ""


def while_stopped(job: Job) -> str:
    """What happens on the source while the job is stopped in CDC: a sentence.

    Source: "Manage migration jobs" of the guide of each engine.
    """
    if job.source.engine == "MYSQL":
        return (
            "Left stopped for longer than the source keeps its binary log, the job can lose its position "
            "and must begin again with a full dump."
        )
    if has_final_log(job):
        return _FINAL_LOG
    if reads_backup_files(job):
        return "Backup files that are uploaded meanwhile are read once it resumes."
    if loads_tables(job):
        return (
            "The source must keep its logs until the job resumes: stopped for longer than they are kept, "
            "the job can fail."
        )
    if family(job) is not Family.POSTGRESQL:
        return "The source keeps the changes for a limited time, or until its disk is full."
    return "While it is stopped, changes pile up on the source: watch its disk, and resume before it fills."


def on_resuming(job: Job) -> str:
    """What a job does once it resumes: a sentence. Source: "Manage migration jobs" of each guide, Resume."""
    if has_final_log(job):
        return f"{_FINAL_LOG} Whether it loads later ones now, DMS does not document."
    if reads_backup_files(job):
        return "It reads the transaction log files that were uploaded while it was stopped."
    return "It replays what changed on the source while it was stopped."


def _changing(job: Job) -> str:
    step = _CHANGING.get(job.state, "Wait: DMS is working on it.").replace("ON_RESUMING", on_resuming(job))
    if source_writes.will_wait(job) and job.state in (State.STARTING, State.RESTARTING):
        return f"{step} Be ready to stop the writes to the source: DMS asks for that before the full dump."
    return step


def errors_step(job: Job, failed: int, kind: str = "database") -> str:
    """What to do next with a job that runs with errors; `failed` is the number of its failed databases, or
    of what else `kind` names.

    Sources: "Migration job statuses" (AlloyDB, PostgreSQL, SQL Server, Oracle), Running with errors: Stop,
    Restart, Promote; (PostgreSQL) for failed databases: restart them, or remove them from the job."""
    name = short_name(job.name)
    look = f" (`{COMMAND} databases {name} state=failed`)" if failed else ""
    step = f"Fix the cause{look}{_retries(job)}"
    if job.phase == Phase.PROMOTE_IN_PROGRESS:
        return step
    if not failed:
        return (
            f"{step} If they stay, a restart or, in CDC, a promotion is possible after a warning: a "
            "restart wipes data on the destination, and after a promotion, what has errors may be "
            "incomplete."
        )
    what = f"One {kind} has" if failed == 1 else f"{failed} {kind}s have"
    remove = ", or remove it from the job" if family(job) is Family.POSTGRESQL else ""
    return (
        f"{what} failed while the others continue. {step} Restart only what stays failed "
        f"(`{COMMAND} restart {name} --failed-only`){remove}. Do not promote before that."
    )


def _retries(job: Job) -> str:
    if errors_are_retried(job):
        return ": DMS retries by itself, and the errors then clear."
    return ", then see whether the errors clear by themselves."


_CHANGING: dict[str, str] = {
    State.CREATING: "Wait until it is created, then verify and start it.",
    State.STARTING: "Wait: the full dump begins in a few minutes.",
    State.STOPPING: "Wait until it is STOPPED.",
    State.RESUMING: "Wait. ON_RESUMING",
    State.RESTARTING: "Wait: data on the destination is wiped, then the full dump begins again.",
    State.UPDATING: "Wait until the change is saved.",
    State.DELETING: "Wait until it is deleted.",
}

_STOPPED_BEFORE_THE_DUMP = (
    "Restart or delete it: its full dump had not begun, so it cannot resume. Writes to the source may resume."
)
_FAILED_BEFORE_THE_DUMP = (
    "FIX_FIRST: that wipes data on the destination. Its full dump had not begun, so the writes to the "
    "source may resume until the job waits for them again."
)
_BY_STATUS: dict[tuple[str, str], str] = {
    (State.RUNNING, Phase.FULL_DUMP): (
        "Wait for the full dump; AFTER_THE_DUMP.NO_DDL Do not stop the job now: a stopped dump cannot "
        "resume, only restart."
    ),
    (State.RUNNING, Phase.CDC): (
        f"Watch the replication delay (`{COMMAND} delay JOB`). To switch over: SWITCH_OVER, then promote."
    ),
    (State.RUNNING, Phase.READY_FOR_PROMOTE): (
        "Everything is in place. To switch over: SWITCH_OVER, then promote."
    ),
    (State.RUNNING, Phase.PROMOTE_IN_PROGRESS): (
        "Wait for COMPLETED, and keep writes to the source stopped; then point the applications at the "
        "destination."
    ),
    (State.RUNNING, Phase.PHASE_FAILBACK): (
        "The old source follows the new primary, so that you can go back: promoted with `--failback`, the "
        "source becomes primary again."
    ),
    (State.STOPPED, Phase.CDC): "Resume soon. WHILE_STOPPED ALSO possible, too.",
    (
        State.STOPPED,
        Phase.READY_FOR_PROMOTE,
    ): "Resume it soon, or delete it: nothing is replicated meanwhile.",
    (State.STOPPED, Phase.FULL_DUMP): ("Restart or delete it soon; it cannot resume.LOG_GROWTH"),
    (State.STOPPED, Phase.WAITING_FOR_SOURCE_WRITES_TO_STOP): _STOPPED_BEFORE_THE_DUMP,
    (State.STOPPED, Phase.PREPARING_THE_DUMP): _STOPPED_BEFORE_THE_DUMP,
    (State.FAILED, Phase.WAITING_FOR_SOURCE_WRITES_TO_STOP): _FAILED_BEFORE_THE_DUMP,
    (State.FAILED, Phase.PREPARING_THE_DUMP): _FAILED_BEFORE_THE_DUMP,
    (State.RUNNING, Phase.UNSPECIFIED): (
        "The service does not report its phase yet: check again in a minute. The full dump comes "
        "first; then AFTER_THE_DUMP."
    ),
    (State.STOPPED, Phase.UNSPECIFIED): (
        "The service does not report in which phase it was stopped: check the job in the "
        "console. Only a job stopped in CDC can resume; others can restart or be deleted."
    ),
}

_AFTER_THE_MOVE = {
    Family.POSTGRESQL: "Check its sequences, users and extensions there, and refresh materialized views.",
    Family.MYSQL: "Create its users there: they are not migrated.",
    Family.TABLES: "Create its users there, and the foreign keys and triggers that were dropped for it.",
    Family.BACKUP_FILES: "Create its logins and jobs there if they are missing.",
    Family.UNKNOWN: "Check that its users are there.",
}
"""Sources: "Known limitations" (PostgreSQL and AlloyDB, where the promotion sets the sequences; MySQL;
Oracle), "Configure your destination" (Oracle). For SQL Server to Cloud SQL, it is the bot's own."""
_BY_STATE: dict[str, str] = {
    State.DRAFT: "Finish its setup in the console, then verify and start it.",
    State.NOT_STARTED: "Verify it, then start it: that begins the full dump.",
    State.RUNNING: "This phase is newer than this bot: check the job in the console.",
    State.STOPPED: (
        "Check it in the console: DMS documents a resume only for a job stopped in CDC, and does not say "
        "what else is possible in this phase than to delete it."
    ),
    State.COMPLETED: (
        "Point the applications at the destination if that is not done. AFTER_THE_MOVE Deleting the job now "
        "removes its record and leaves the destination as it is."
    ),
    State.MAINTENANCE: "Wait: the service is doing maintenance on it.",
    State.DELETED: "Nothing is left to do.",
}
