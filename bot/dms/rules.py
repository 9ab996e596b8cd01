"""Which actions a job's state and phase allow, and which databases an action affects. Pure functions.

They decide which buttons people see and what is refused early; the service has the last word. What is sent
when somebody types it (`check`) is more than what buttons offer (`allowed`): where the sources are silent or
differ, nothing is offered, a typed action is warned of (`is_unlisted`), and the service decides. Each rule
that refuses names its source: the DMS docs pages "Migration job statuses" (the user actions of each status),
"Manage migration jobs" and "Promote a migration", in the guides of several engines, or the reference of the
REST methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.dms.model import (
    BEFORE_CDC,
    CHANGING,
    Database,
    Job,
    JobType,
    ObjectPhase,
    ObjectState,
    Options,
    Phase,
    State,
)
from bot.util.text import first_few


class Action(StrEnum):
    """The actions on a job; the value is the verb that people type."""

    START = "start"
    STOP = "stop"
    RESUME = "resume"
    RESTART = "restart"
    PROMOTE = "promote"
    VERIFY = "verify"
    EDIT = "edit"
    DELETE = "delete"


BULK = frozenset(Action) - {Action.EDIT}
DESTRUCTIVE = frozenset({Action.RESTART, Action.PROMOTE, Action.DELETE})
HARMLESS = frozenset({Action.VERIFY})
"""Actions that change nothing, so that a freeze does not block them."""

_NAMED = 20
"""Maximum number of databases that a reason names."""
_PROMOTABLE = frozenset({Phase.CDC, Phase.READY_FOR_PROMOTE})
_RESUMABLE = frozenset({Phase.CDC, Phase.READY_FOR_PROMOTE})
_WHILE_CHANGING = {
    # The reference of REST `migrationJobs.verify` names no required state.
    Action.VERIFY: CHANGING,
    # "Migration job statuses", all guides: Starting, Restarting, Resuming and Stopping list Delete, the way
    # out of a stuck job. No page mentions CREATING and UPDATING.
    Action.DELETE: CHANGING - {State.DELETING},
}
"""The changing states in which an action is possible; other actions wait for their end."""
_PROMOTABLE_AT_REST = frozenset({State.STOPPED, State.FAILED})
"""Only in CDC. Sources: "Migration job statuses" of the AlloyDB, PostgreSQL and MySQL guides (failed:
Restart, Delete, Promote) and of the Oracle guide (in incremental load); "Promote a migration" (the option
appears after the full dump)."""
_MYSQL_EDITABLE = frozenset({State.DRAFT, State.NOT_STARTED, State.STOPPED, State.FAILED})
_PROMOTED = frozenset({ObjectPhase.PROMOTE_IN_PROGRESS, ObjectPhase.PROMOTED})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action is not possible now, and which actions are."""

    action: Action
    reason: str
    instead: tuple[Action, ...] = ()
    over: bool = False
    """Whether the job is deleted, so that no action will ever be possible."""
    otherwise: str = ""
    """How the refused action is possible with other options, if it is in `instead`."""

    def __str__(self) -> str:
        if self.over:
            return f"{self.reason} Nothing can be done with it any more."
        words = [self.otherwise if each is self.action else each for each in self.instead]
        return f"{self.reason} {possible(words)}"


def possible(actions: Sequence[str]) -> str:
    """A sentence that lists the actions."""
    if not actions:
        return "Nothing can be done with it until that changes."
    return f"Possible now: {', '.join(actions)}."


def check(
    action: Action, job: Job, options: Options | None = None, databases: Sequence[Database] = ()
) -> Refusal | None:
    """Why `action` is refused for `job`, or None if the service may get it.

    `databases` are those of the job, if known: a RUNNING job can restart if some have failed. `by_databases`
    says whether they are needed.
    """
    reason = _reason(action, job, options or Options(), databases)
    if reason is None:
        return None
    over = job.state == State.DELETED
    return Refusal(action, reason, allowed(job, databases), over, _otherwise(action, job))


def _otherwise(action: Action, job: Job) -> str:
    """How an action that was refused is possible with other options."""
    if action is Action.RESTART and job.state == State.RUNNING:
        return "restart of the failed databases (`--failed-only`)"
    return {
        Action.RESTART: "restart of the whole job",
        Action.EDIT: "edit of its databases",
        Action.DELETE: "delete of the job alone",
    }.get(action, str(action))


def by_databases(action: Action, job: Job, options: Options) -> bool:
    """Whether `check` needs the job's databases, to see which of them have failed."""
    return action is Action.RESTART and (job.state == State.RUNNING or options.failed_only)


def allowed(job: Job, databases: Sequence[Database] = ()) -> tuple[Action, ...]:
    """The actions to offer in the job's state and phase, in the order of `Action`.

    Of a RUNNING job, a restart is offered if databases have failed, and of those alone.
    """
    return tuple(action for action in Action if _is_offered(action, job, databases))


def _is_offered(action: Action, job: Job, databases: Sequence[Database]) -> bool:
    options = Options(failed_only=action is Action.RESTART and job.state == State.RUNNING)
    return _reason(action, job, options, databases) is None and not is_unlisted(action, job)


def is_unlisted(action: Action, job: Job) -> bool:
    """Whether only some sources name the action for a job like this, so that the service decides.

    "Migration job statuses" lists Start for Not started alone, where "Manage migration jobs" of all guides
    says "jobs that aren't in the Running or Starting state". It lists no Restart for Stopped in CDC, and
    "Manage migration jobs" (MySQL) only for the full dump, where REST `migrationJobs.restart` says "Restart a
    stopped or failed migration job".
    """
    if action is Action.START:
        return job.state != State.NOT_STARTED
    return action is Action.RESTART and job.state == State.STOPPED and job.phase not in BEFORE_CDC


def running_dump(job: Job) -> bool:
    """Whether a stop now discards the full dump. Source: "Manage migration jobs" (PostgreSQL)."""
    return job.state == State.RUNNING and job.phase == Phase.FULL_DUMP


def _reason(action: Action, job: Job, options: Options, databases: Sequence[Database]) -> str | None:
    if job.state == State.DELETED:
        return f"`{job.id}` has been deleted."
    if action is Action.EDIT:
        return _edit(job, options)
    if job.state in CHANGING - _WHILE_CHANGING.get(action, frozenset()):
        return _wait(action, job)
    return _CHECKS[action](job, options, databases)


def _wait(action: Action, job: Job) -> str:
    """Source: "Migration job statuses": a changing status lists no action but Delete."""
    if action is Action.STOP and job.phase == Phase.PROMOTE_IN_PROGRESS:
        return _being_promoted(job)
    if job.state == State.STARTING and job.phase == Phase.WAITING_FOR_SOURCE_WRITES_TO_STOP:
        # "Migration job statuses" (MySQL): the job waits for people before its full dump.
        return f"`{job.id}` is {where(job)}: it goes on once people stop the writes to the source."
    return f"`{job.id}` is {job.state}: wait until that has ended, then try again."


def _being_promoted(job: Job) -> str:
    """Source: "Promote a migration" (PostgreSQL, AlloyDB, MySQL)."""
    return f"`{job.id}` is being promoted, and a promotion can be neither stopped nor undone."


def _edit(job: Job, options: Options) -> str | None:
    only_parallelism = bool(options.parallelism) and options.objects is None
    # "Manage migration jobs" (MySQL): databases can be added or removed in Not started, Stopped or Failed.
    # gcloud `migration-jobs update`: everything of a draft can be changed.
    if job.source.engine == "MYSQL" and job.state not in _MYSQL_EDITABLE and not only_parallelism:
        return (
            "The databases of a MySQL job can be changed only in NOT_STARTED, STOPPED or FAILED; "
            f"`{job.id}` is {where(job)}."
        )
    # "Manage migration jobs" (PostgreSQL, AlloyDB): "the data dump parallelism level of a running migration
    # job".
    if options.parallelism and job.state != State.RUNNING:
        return (
            f"The dump parallelism can be changed only while the job is RUNNING; `{job.id}` is {where(job)}."
        )
    return None


def _start(job: Job, _options: Options, _databases: Sequence[Database]) -> str | None:
    # "Manage migration jobs", all guides: "jobs that aren't in the Running or Starting state".
    if job.state == State.RUNNING:
        return f"`{job.id}` has been started already; it is {where(job)}."
    return None


def _stop(job: Job, _options: Options, _databases: Sequence[Database]) -> str | None:
    # "Migration job statuses": Running lists Stop, with every substatus; MySQL names the waiting ones.
    if job.state != State.RUNNING:
        return f"Only a RUNNING job can be stopped; `{job.id}` is {where(job)}."
    return _being_promoted(job) if job.phase == Phase.PROMOTE_IN_PROGRESS else None


def _resume(job: Job, _options: Options, _databases: Sequence[Database]) -> str | None:
    if job.state != State.STOPPED:
        return f"Only a job that was stopped in CDC can resume; `{job.id}` is {where(job)}."
    # REST `migrationJobs.resume`: stopped in CDC. SQL Server comes to READY_FOR_PROMOTE within it, and
    # "Manage migration jobs" (SQL Server) resumes what was stopped during the incremental load.
    if job.phase in _RESUMABLE:
        return None
    incomplete = ": its dump is incomplete" if job.phase == Phase.FULL_DUMP else ""
    return f"`{job.id}` was stopped {_in(job)}, and only a job stopped in CDC can resume{incomplete}."


def _restart(job: Job, options: Options, databases: Sequence[Database]) -> str | None:
    # "Migration job statuses": Failed lists Restart. REST `migrationJobs.restart`: "Restart a stopped or
    # failed migration job".
    whole = job.state in (State.FAILED, State.STOPPED)
    if whole and options.failed_only and not _failed(databases):
        return f"None of the databases of `{job.id}` has failed."
    if whole and options.stop_first and is_unlisted(Action.RESTART, job):
        return f"`{job.id}` was stopped {_in(job)}, not in its full dump: what it has loaded may be kept."
    if whole:
        return None
    if job.state == State.RUNNING:
        return _restart_running(job, options, databases)
    return (
        f"Only a job that failed, was stopped, or runs with errors can restart; `{job.id}` is {where(job)}."
    )


def runs_with_errors(job: Job, databases: Sequence[Database]) -> bool:
    """Whether a RUNNING job is "Running with errors" ("Migration job statuses").

    REST documents a job's `error` for FAILED alone, so failed databases count as well.
    """
    return job.state == State.RUNNING and (job.error is not None or bool(_failed(databases)))


def _restart_running(job: Job, options: Options, databases: Sequence[Database]) -> str | None:
    """Sources: "Migration job statuses" (AlloyDB, PostgreSQL, SQL Server, Oracle): Running with errors lists
    Restart, and Running does not; the API refuses it with CANT_RESTART_RUNNING_MIGRATION. "Manage migration
    jobs" (AlloyDB): restarting failed databases of a job."""
    failed = _failed(databases)
    if options.stop_first and running_dump(job):
        return None
    if not options.databases and not options.failed_only:
        return _restart_whole_running(job, options, databases)
    if options.failed_only and not failed:
        return f"`{job.id}` is {where(job)} and none of its databases has failed."
    healthy = [f"`{name}`" for name in options.databases if name not in failed]
    if healthy:
        return (
            f"`{job.id}` is {where(job)}: only failed databases can restart, "
            f"and these have not failed: {first_few(healthy, _NAMED)}."
        )
    return None


def _restart_whole_running(job: Job, options: Options, databases: Sequence[Database]) -> str | None:
    if job.phase == Phase.PROMOTE_IN_PROGRESS:
        return _being_promoted(job)
    if options.stop_first:
        return f"`--stop-first` is for a job in its full dump; `{job.id}` is {where(job)}."
    if runs_with_errors(job, databases):
        return None
    none = ", and none of its databases has failed" if databases else ""
    anew = f"; `/dms restart {job.id} --stop-first` stops it and begins its full dump anew"
    return (
        f"`{job.id}` is {where(job)}: a job that runs without errors cannot restart{none}"
        f"{anew if running_dump(job) else ''}."
    )


def _failed(databases: Sequence[Database]) -> set[str]:
    return {str(each.id) for each in databases if each.state == ObjectState.FAILED}


def _promote(job: Job, _options: Options, _databases: Sequence[Database]) -> str | None:
    # "Promote a migration" (PostgreSQL, MySQL): one-time migrations need no promotion.
    if job.type == JobType.ONE_TIME:
        return f"`{job.id}` is a ONE_TIME migration: it ends by itself and there is nothing to promote."
    if job.state == State.RUNNING and job.phase in _PROMOTABLE:
        return None
    if job.state in _PROMOTABLE_AT_REST and job.phase == Phase.CDC:
        return None
    return (
        f"Only a job that has reached CDC (running, stopped or failed), or is ready for promote, can be "
        f"promoted; `{job.id}` is {where(job)}."
    )


def _delete(job: Job, options: Options, _databases: Sequence[Database]) -> str | None:
    # "Manage migration jobs" (MySQL, SQL Server): after a promotion, the destination is independent of the
    # job.
    if options.with_destination and job.state == State.COMPLETED:
        return (
            f"`{job.id}` is COMPLETED: its destination is a database of its own by now, "
            "and only the job's record can be deleted here."
        )
    return None


def affected(action: Action, options: Options, databases: Sequence[Database]) -> tuple[str, ...]:
    """The names of those `databases` that a restart, promote or delete affects."""
    if options.databases:
        return options.databases
    if options.failed_only:
        databases = [each for each in databases if each.state == ObjectState.FAILED]
    if action is Action.PROMOTE:
        databases = [each for each in databases if not is_promoted(each)]
    return tuple(str(each.id) for each in databases if each.state != ObjectState.NOT_SELECTED)


def at_risk(action: Action, options: Options, databases: Sequence[Database]) -> tuple[Database, ...]:
    """Those `databases` whose data is at risk, which a confirmation must name.

    For a promote, those that do not have all data yet; for a restart or delete, those that were promoted,
    which people may already use on the destination.
    """
    meant = affected(action, options, databases)
    risk = _incomplete if action is Action.PROMOTE else is_promoted
    return tuple(each for each in databases if str(each.id) in meant and risk(each))


def _incomplete(database: Database) -> bool:
    return database.state == ObjectState.FAILED or database.phase == ObjectPhase.FULL_DUMP


def is_promoted(database: Database) -> bool:
    """Whether it was or is being promoted, so that people may use it on the destination."""
    return database.phase in _PROMOTED


def unpromotable(database: Database, job: Job) -> str:
    """Why a database of the job cannot be promoted on its own now, in a few words; empty if it can.

    In an unknown phase it can, because the service decides. So can one that failed in CDC together with its
    job: its source may be lost.
    """
    if database.phase == ObjectPhase.PROMOTED:
        return "promoted already"
    if database.phase == ObjectPhase.PROMOTE_IN_PROGRESS:
        return "being promoted already"
    if database.state == ObjectState.FAILED and job.state != State.FAILED:
        return "it has failed"
    if database.phase == ObjectPhase.FULL_DUMP:
        return "still in its full dump"
    return "" if database.phase else "not replicated yet"


def offers_some_to_promote(job: Job) -> bool:
    """Whether single databases of the job are offered for promotion; where not, the service decides.

    Source: "Manage migration jobs" (AlloyDB), whose actions on databases are restarting and viewing, while
    "Promote a migration" of other guides names selected databases.
    """
    return not job.destination.is_alloydb


def _always(_job: Job, _options: Options, _databases: Sequence[Database]) -> str | None:
    return None


_CHECKS = {
    Action.START: _start,
    Action.STOP: _stop,
    Action.RESUME: _resume,
    Action.RESTART: _restart,
    Action.PROMOTE: _promote,
    Action.VERIFY: _always,
    Action.DELETE: _delete,
}


def where(job: Job) -> str:
    """State and phase in words, for example `RUNNING in FULL_DUMP`."""
    if job.phase in ("", Phase.UNSPECIFIED):
        return job.state
    return f"{job.state} in {job.phase}"


def _in(job: Job) -> str:
    return f"in {job.phase}" if job.phase not in ("", Phase.UNSPECIFIED) else "before it had a phase"
