"""`/dms restart`: wipe data on the destination and migrate again."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.answers import Answer
from bot.cmdline.invocation import Flag, Invocation, Syntax, UsageError
from bot.cmdline.lexer import in_code
from bot.dms import source_writes
from bot.dms.advice import after_the_dump
from bot.dms.display import kind_in
from bot.dms.engines import is_postgresql, reads_backup_files
from bot.dms.likely_causes import recovery_of
from bot.dms.model import Database, Job, ObjectState, Operation, Options, Phase, State
from bot.dms.port import Dms
from bot.dms.rules import Action, allowed, check
from bot.dms.running_errors import errors_are_retried
from bot.dms.wiped import wiped_of
from bot.policy.permissions import Permission
from bot.requests.action import ActionVerb, Confirmation
from commands.support.actions import ALL, DATABASES, FILTERS, SKIP_VALIDATION, make_run, pick
from commands.support.asked import REASON
from commands.support.base import Context, Verb

_FAILED_ONLY = Flag("failed-only", "switch", "only the databases that failed")
_STOP_FIRST = Flag("stop-first", "switch", "stop the full dump first")
_PICK = Flag("pick", "switch", "pick databases in a form")


def _options(invocation: Invocation) -> Options:
    databases, failed = invocation.items("databases"), invocation.is_set("failed-only")
    stop_first = invocation.is_set("stop-first")
    if databases and failed:
        raise UsageError(
            "`--databases` and `--failed-only` exclude each other: name databases, or take all failed ones."
        )
    if stop_first and (databases or failed):
        raise UsageError(
            "`--stop-first` restarts the whole job: leave out the databases, or leave out `--stop-first`."
        )
    return Options(
        databases=databases,
        failed_only=failed,
        stop_first=stop_first,
        skip_validation=invocation.is_set("skip-validation"),
    )


def _confirmation(_job: Job, _options: Options) -> Confirmation:
    return Confirmation.TYPE_TO_CONFIRM


def _warning(job: Job, options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    lines = [*_in_use(job)]
    if options.stop_first and job.state == State.RUNNING:
        lines.append("The job is *stopped first*: the partial dump is discarded.")
    if job.state == State.FAILED:
        lines.append(_failed(job))
    if job.state == State.STOPPED and Action.RESUME in allowed(job):
        lines.append("Resuming it instead keeps what has arrived.")
    if _whole(options) and job.state == State.RUNNING and not options.stop_first:
        lines.append(_with_errors(job))
    lines.append(_wiped(job, options))
    if _whole(options):
        lines.extend((*_new_databases(job), *source_writes.start_notes(job)))
    if job.source.engine == "MYSQL" and job.dump_path:
        # "Manage migration jobs" (MySQL): it is "highly likely that the restart will fail".
        lines.append(
            f"It loads a dump that you supplied (`{in_code(job.dump_path)}`), which is probably too "
            "old by now: provide a fresh one first."
        )
    if options.skip_validation:
        lines.append("The service's checks are skipped.")
    return tuple(lines)


def _in_use(job: Job) -> tuple[str, ...]:
    """Sources: REST `PromoteMigrationJobRequest.failback`: "from destination back to source"; "Promote a
    migration": the destination becomes a standalone primary."""
    if job.phase == Phase.PHASE_FAILBACK:
        return (
            "*The destination is the primary database* in the failback phase: applications may write the "
            "data on the destination that a restart wipes.",
        )
    if job.phase == Phase.PROMOTE_IN_PROGRESS:
        return (
            "*Its promotion has begun*: applications may already write the data on the destination that a "
            "restart wipes. Check that first.",
        )
    return ()


def _wiped(job: Job, options: Options) -> str:
    """What a restart wipes at least and, of the whole job, at most; `bot.dms.wiped` has the sources."""
    again = f"The full {_full(job)} then runs again."
    named = f"the destination {kind_in(job)}s above"
    if not _whole(options):
        return f"*All data is wiped*, at least in {named}. {again}"
    least = wiped_of(job, named, stop_first=options.stop_first)
    return f"*All data is wiped*, at least in {least}, at most in the whole destination. {again}"


def _full(job: Job) -> str:
    return "backup" if reads_backup_files(job) else "dump"


def _with_errors(job: Job) -> str:
    clear = " Errors clear by themselves once their cause is fixed." if errors_are_retried(job) else ""
    return (
        f"*The job runs with errors*: a restart of the whole job may wipe its healthy {kind_in(job)}s, "
        f"too. `--failed-only` restarts only the failed ones.{clear}"
    )


def _new_databases(job: Job) -> tuple[str, ...]:
    """Source: "Manage migration jobs" (PostgreSQL, AlloyDB)."""
    if not is_postgresql(job):
        return ()
    return ("New source databases are included if the job takes all.",)


def _whole(options: Options) -> bool:
    return not options.databases and not options.failed_only


def _failed(job: Job) -> str:
    """Advice for a failed job: a restart is the last resort."""
    recovery = recovery_of(job)
    first = (
        f"*Fix the cause first, and wait*: {recovery}, without a restart."
        if recovery
        else "*Fix the cause first*: otherwise the job fails again."
    )
    if job.phase == Phase.PHASE_FAILBACK or check(Action.PROMOTE, job) is not None:
        return first
    return f"{first} If the source is lost for good, promote instead: a restart wipes what has arrived."


def _effect(job: Job, options: Options) -> str:
    then = after_the_dump(job)
    asks = source_writes.start_notes(job) if _whole(options) else ()
    return "\n".join(
        [f"Data on the destination is wiped, and the full {_full(job)} runs again; {then}.", *asks]
    )


def _call(dms: Dms, job: Job, options: Options, _call_id: str) -> Operation:
    if options.stop_first and job.state == State.RUNNING:
        return dms.stop(job)
    return dms.restart(
        job,
        databases=options.databases,
        failed_only=options.failed_only,
        skip_validation=options.skip_validation,
    )


_ask = make_run(Action.RESTART, _options)


def _run(ctx: Context, invocation: Invocation) -> Answer:
    if not invocation.is_set("pick"):
        return _ask(ctx, invocation)
    if invocation.is_set("stop-first"):
        raise UsageError("`--stop-first` restarts the whole job, so there is nothing to pick.")
    return pick(ctx, invocation, Action.RESTART, _fits)


def _fits(job: Job, database: Database) -> bool:
    """While a job runs, only its failed databases can restart."""
    return job.state != State.RUNNING or database.state == ObjectState.FAILED


VERB = Verb(
    name="restart",
    permission=Permission.CHANGE,
    summary="wipe data, then copy it again",
    usage=(
        "restart JOB [JOB …] [--skip-validation]",
        "restart JOB --databases a,b | --failed-only | --pick",
        "restart JOB --stop-first",
        "restart --all state=failed [location=…]",
    ),
    syntax=Syntax(
        "many", (ALL, DATABASES, _FAILED_ONLY, _PICK, _STOP_FIRST, SKIP_VALIDATION, REASON), FILTERS
    ),
    details=(
        "Wipes data on the destination, then copies it again. For jobs that failed, were stopped or "
        "run with errors. You confirm by typing the job ID."
    ),
    more=(
        "The confirmation says what is wiped, at least and at most. Of a healthy running job, only "
        "failed databases can be restarted. For a job that was stopped in CDC, the service decides. "
        "Several jobs need the same status."
    ),
    begins="list state=failed,stopped,with-errors",
    examples=(
        "restart orders-db",
        "restart orders-db --failed-only",
        "restart orders-db --databases sales",
        "restart --all state=failed location=europe-west1",
    ),
    run=_run,
    form=lambda invocation: invocation.is_set("pick"),
    action=ActionVerb(Action.RESTART, _confirmation, _warning, _effect, _call),
)
