"""`/dms show`: one job, and only the buttons that its state and phase, the policy and freezes allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.cmdline.answers import Answer, Button, JobCard, RichText, Verbatim
from bot.cmdline.invocation import Invocation, Syntax
from bot.cmdline.missing_text import why_missing
from bot.dms.advice import next_step
from bot.dms.delay import is_measured
from bot.dms.dump_forecast import DumpForecast
from bot.dms.errors import DmsError
from bot.dms.missing import MissingLocation
from bot.dms.model import CHANGING, Database, Job, Operation, Phase, State, short_name
from bot.dms.rest_fields import RestFields
from bot.dms.rules import Action, allowed
from bot.policy.permissions import Permission
from bot.requests.buttons import abandon_button, action_buttons, show_button
from bot.requests.delay import Readings, readings, replicated, resumed_at
from bot.requests.failures import last_failure
from bot.requests.job_names import place_to_tell
from bot.requests.rules import is_overdue
from bot.requests.wording import freeze_terms
from bot.store.records import ACTIVE_RUNS, Run
from bot.util import parallel
from commands.support.base import Context, Verb
from commands.support.dump import dump_forecast
from commands.support.resolve import find_with_missing
from commands.support.visibility import permits, permitted_actions

_RECENT = timedelta(hours=1)


def _run(ctx: Context, invocation: Invocation) -> Answer:
    found, missing = find_with_missing(ctx, invocation.jobs[0], invocation)
    parts = _read(ctx, found)
    job = replace(found, rest=parts.rest)
    databases = parts.databases or ()
    runs = ctx.store.runs(job=job.name, states=ACTIVE_RUNS, limit=1)
    run = runs[0] if runs else None
    freezes = ctx.store.freezes(ctx.now(), job.name)
    return JobCard(
        job=job,
        console_url=ctx.dms.console_url(job),
        where=place_to_tell(job.name, ctx.dms.projects),
        databases=parts.databases,
        databases_note=parts.databases_note,
        operation=parts.operation,
        run=run,
        delay=parts.readings.of(job, replicated(databases), ctx.now()) if parts.readings else None,
        dump=parts.dump,
        unknown=(*parts.unknown, *_maybe_elsewhere(job, missing)),
        read_at=ctx.now(),
        frozen=freeze_terms(freezes[0]) if freezes else ctx.access.planned_freeze_reason(job),
        failed_run=last_failure(ctx.store, job, ctx.now()) if run is None else None,
        next_step=next_step(job, databases),
        withheld=_withheld(ctx, job, databases),
        buttons=_buttons(ctx, job, databases, run, parts.operation),
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is read besides the job itself."""

    databases: tuple[Database, ...] | None
    databases_note: str
    operation: Operation | None
    readings: Readings | None
    """None if the job has no delay in its state."""
    dump: DumpForecast | None
    rest: RestFields | None
    """What only REST tells; None if it did not answer."""
    unknown: tuple[RichText, ...]


def _read(ctx: Context, job: Job) -> _Parts:
    """All parts side by side: one that is silent takes no time from the others."""
    with parallel.side_by_side() as parts:
        databases = parts.begin(lambda: _databases(ctx, job))
        operation = parts.begin(lambda: _operation(ctx, job))
        delay = parts.begin(lambda: _readings(ctx, job))
        dump = parts.begin(lambda: dump_forecast(ctx, job))
        rest = parts.begin(lambda: _rest_fields(ctx, job))
    in_progress, why = operation.result()
    hosts = ctx.dms.profiles_note(job)
    fields, why_no_fields = rest.result()
    unknown: list[RichText] = []
    if why_no_fields:
        unknown.append(("whether it is a failback job or promotes by itself: ", Verbatim(why_no_fields)))
    if why:
        unknown.append(("the operation in progress: ", Verbatim(why)))
    if hosts:
        unknown.append(("hosts from connection profiles: ", Verbatim(hosts)))
    return _Parts(*databases.result(), in_progress, delay.result(), dump.result(), fields, tuple(unknown))


def _databases(ctx: Context, job: Job) -> tuple[tuple[Database, ...] | None, str]:
    try:
        return ctx.dms.databases(job.name), ""
    except DmsError as error:
        return None, str(error)


def _rest_fields(ctx: Context, job: Job) -> tuple[RestFields | None, str]:
    """What only REST tells, or why it is not known."""
    try:
        return ctx.dms.rest_fields(job.name), ""
    except DmsError as error:
        return None, str(error).rstrip(".")


def _operation(ctx: Context, job: Job) -> tuple[Operation | None, str]:
    """The operation in progress, or why it is not known; only a job in a changing state has one."""
    if job.state not in CHANGING and job.phase != Phase.PROMOTE_IN_PROGRESS:
        return None, ""
    try:
        operations = ctx.dms.operations(job, ctx.now() - _RECENT)
    except DmsError as error:
        return None, str(error).rstrip(".")
    return next((each for each in reversed(operations) if not each.done), None), ""


def _readings(ctx: Context, job: Job) -> Readings | None:
    stands = job.state in (State.FAILED, State.STOPPED) and job.phase == Phase.CDC
    if not stands and not is_measured(job):
        return None
    return readings(ctx.dms, job, resumed_at(ctx.store, job, ctx.now()))


def _maybe_elsewhere(job: Job, missing: Sequence[MissingLocation]) -> tuple[RichText, ...]:
    if not missing:
        return ()
    return ((f"whether there is another `{job.id}`: ", *why_missing(missing)),)


def _withheld(ctx: Context, job: Job, databases: tuple[Database, ...]) -> tuple[Action, ...]:
    """What the job allows, but not the policy. Empty in a planned freeze, which the card shows."""
    if ctx.access.planned_freeze_reason(job):
        return ()
    permissions = ctx.access.permissions(ctx.who)
    return tuple(action for action in allowed(job, databases) if not permissions.may(action, job))


def _buttons(
    ctx: Context, job: Job, databases: tuple[Database, ...], run: Run | None, operation: Operation | None
) -> tuple[Button, ...]:
    """A button for each action that the job and the policy allow, then Databases and Refresh."""
    only = permitted_actions(ctx, Action, job)
    with ctx.store.transaction():  # one write to disk for all tokens
        looking = Button("Databases", "databases", "run", ctx.ref(Invocation("databases", (job.name,))))
        cancel = _cancel_button(ctx, job, operation) if Action.CANCEL in only else ()
        more = (*cancel, looking, show_button(ctx.ref, job, "turn"))
        return (*action_buttons(ctx.ref, job, databases, only), *_abandon_button(ctx, job, run), *more)


def _cancel_button(ctx: Context, job: Job, operation: Operation | None) -> tuple[Button, ...]:
    """For the operation in progress, whoever started it."""
    if operation is None or operation.cancelling:
        return ()
    wanted = Invocation("cancel", (job.name,), {"operation": short_name(operation.name)})
    return (Button("Cancel operation", "cancel", "run", ctx.ref(wanted)),)


def _abandon_button(ctx: Context, job: Job, run: Run | None) -> tuple[Button, ...]:
    """Lets people who may use the action stop tracking an operation that does not end."""
    if run is None or not is_overdue(run, ctx.now()) or not permits(ctx, run.action, job):
        return ()
    return abandon_button(ctx.store.runs(request=run.request), ctx.now())


VERB = Verb(
    name="show",
    permission=Permission.VIEW,
    summary="one job and what can be done",
    usage=("show JOB",),
    syntax=Syntax("one", names=True),
    details=(
        "State, databases, errors, replication delay, what to do next, and a button for each action "
        "that is possible now."
    ),
    begins="list",
    examples=("show orders-db", "show europe-west1/orders-db"),
    run=_run,
)
