"""`/dms show`: one job, and only the buttons that its state and phase, the policy and freezes allow.

The card is slim: what is it, how bad is it, what to do now. `--more` opens a modal with all the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.cmdline.answers import Answer, Button, JobCard, RichText, Section, Verbatim
from bot.cmdline.invocation import Flag, Invocation, Syntax
from bot.cmdline.missing_text import why_missing
from bot.dms.advice import next_step
from bot.dms.delay import MeasuredDelay, is_measured
from bot.dms.dump_forecast import DumpForecast
from bot.dms.errors import DmsError
from bot.dms.missing import MissingLocation
from bot.dms.model import CHANGING, Database, Job, Operation, Phase, State, short_name
from bot.dms.recommended import recommended_action, recommended_look
from bot.dms.rest_fields import RestFields
from bot.dms.rules import Action, allowed
from bot.policy.permissions import Permission
from bot.requests.buttons import abandon_button, action_buttons
from bot.requests.delay import Readings, readings, replicated, resumed_at
from bot.requests.failures import last_failure
from bot.requests.job_buttons import MORE, JobButtons, card_buttons, look_button
from bot.requests.job_names import place_to_tell
from bot.requests.rules import is_overdue
from bot.requests.wording import freeze_terms
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.store.records import Run, RunState
from bot.util import parallel
from bot.watch.transitions import status_since
from commands.support.base import Context, Verb
from commands.support.dump import dump_forecast
from commands.support.resolve import find_with_missing
from commands.support.visibility import permits, permitted_actions

_RECENT = timedelta(hours=1)
_MORE = Flag(MORE, "switch", "in a dialog, with all details and all that you may do")
_LOOKS = ("show", "cutover", "delay", "history", "watch", "databases")
"""Verbs that change nothing, in the order of a card's menu."""


def _run(ctx: Context, invocation: Invocation) -> Answer:
    found, missing = find_with_missing(ctx, invocation.jobs[0], invocation)
    parts = _read(ctx, found)
    job = replace(found, rest=parts.rest)
    databases = parts.databases or ()
    no_freeze, no_run, no_last = LeftOut(), LeftOut(), LeftOut()
    runs = ctx.store.locking_runs(job.name, skip=no_run)
    run = runs[-1] if runs else None
    freezes = ctx.store.freezes(ctx.now(), job.name, no_freeze)
    idle = run is None and not no_run.keys
    failed_run = last_failure(ctx.store, job, ctx.now(), no_last) if idle else None
    delay = parts.readings.of(job, replicated(databases), ctx.now()) if parts.readings else None
    whole = invocation.is_set(MORE)
    buttons = JobButtons(()) if whole else _buttons(ctx, job, databases, run, delay)
    return JobCard(
        job=job,
        console_url=ctx.dms.console_url(job),
        where=place_to_tell(job.name, ctx.dms.projects),
        databases=parts.databases,
        databases_note=parts.databases_note,
        operation=parts.operation,
        run=run,
        delay=delay,
        dump=parts.dump,
        since=_since(ctx, job),
        unknown=(*parts.unknown, *_maybe_elsewhere(job, missing), *_unreadable(no_freeze, no_run, no_last)),
        read_at=ctx.now(),
        frozen=freeze_terms(freezes[0]) if freezes else ctx.access.planned_freeze_reason(job),
        failed_run=failed_run,
        next_step=next_step(job, databases),
        withheld=_withheld(ctx, job, databases),
        buttons=buttons.shown,
        menu=buttons.menu,
        more=_everything(ctx, job, databases, parts.operation) if whole else None,
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
    """Fields that only REST has; None if it did not answer."""
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
    """Fields that only REST has, or why they are not known."""
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


def _since(ctx: Context, job: Job) -> datetime | None:
    """Since when the job stands like this, if the watcher saw it begin."""
    known = ctx.store.known_job(job.name, pass_over)
    return status_since(known) if known is not None and known.job.status == job.status else None


def _maybe_elsewhere(job: Job, missing: Sequence[MissingLocation]) -> tuple[RichText, ...]:
    if not missing:
        return ()
    return ((f"whether there is another `{job.id}`: ", *why_missing(missing)),)


def _unreadable(freezes: LeftOut, runs: LeftOut, last: LeftOut) -> Iterator[RichText]:
    for what, left_out in (
        ("whether it is frozen", freezes),
        ("whether an action is under way", runs),
        ("whether the last action on it failed", last),
    ):
        if left_out.keys:
            yield f"{what}: what the database has of it cannot be read"


def _withheld(ctx: Context, job: Job, databases: tuple[Database, ...]) -> tuple[Action, ...]:
    """What the job allows, but not the policy. Empty in a planned freeze, which the card shows."""
    if ctx.access.planned_freeze_reason(job):
        return ()
    permissions = ctx.access.permissions(ctx.who)
    return tuple(action for action in allowed(job, databases) if not permissions.may(action, job))


def _buttons(
    ctx: Context, job: Job, databases: tuple[Database, ...], run: Run | None, delay: MeasuredDelay | None
) -> JobButtons:
    """What is recommended, Databases, and the rest in a menu: only what this person may do."""
    actions, looks = permitted_actions(ctx, Action, job), _looks(ctx, job)
    verified = job.state == State.NOT_STARTED and _is_verified(ctx, job)
    action = recommended_action(job, databases, verified=verified, clear=_is_clear(delay))
    look = recommended_look(job, databases)
    look = "cutover" if look == "delay" and "cutover" in looks else look
    first = action if action in actions else look if look in looks else ""
    with ctx.store.transaction():  # one write to disk for all tokens
        beside = () if first == "databases" else (look_button(ctx.ref, job, "databases"),)
        beside = (*_abandon_button(ctx, job, run), *beside)
        menu = [verb for verb in looks if verb != "databases"]
        return card_buttons(ctx.ref, job, databases, actions, menu, first=first or "", beside=beside)


def _looks(ctx: Context, job: Job) -> list[str]:
    """The verbs that change nothing and that this person may use on the job."""
    fits = {"delay": is_measured(job), "cutover": _may_cut_over(ctx, job)}
    return [verb for verb in _LOOKS if fits.get(verb, True) and permits(ctx, verb, job)]


def _may_cut_over(ctx: Context, job: Job) -> bool:
    """Whether a cutover of the job can be planned now, and by this person: it ends with a promotion."""
    replicates = job.state == State.RUNNING and job.phase in (Phase.CDC, Phase.READY_FOR_PROMOTE)
    return replicates and Action.PROMOTE in permitted_actions(ctx, (Action.PROMOTE,), job)


def _is_verified(ctx: Context, job: Job) -> bool:
    runs = ctx.store.runs(job=job.name, states=(RunState.SUCCEEDED,), skip=pass_over)
    return any(run.action is Action.VERIFY for run in runs)


def _is_clear(delay: MeasuredDelay | None) -> bool:
    """Whether all has arrived, as far as it was measured: also no backup files are left to restore."""
    if delay is None or not delay.is_clear:
        return False
    return delay.backups is None or (delay.backups.bytes is not None and delay.backups.bytes.value == 0)


def _everything(
    ctx: Context, job: Job, databases: tuple[Database, ...], operation: Operation | None
) -> tuple[Section, ...]:
    """Each action that the job allows and this person may use, and each look, with what it does."""
    only = permitted_actions(ctx, Action, job)
    with ctx.store.transaction():
        cancel = _cancel_button(ctx, job, operation) if Action.CANCEL in only else ()
        looks = (look_button(ctx.ref, job, verb) for verb in _looks(ctx, job) if verb != "show")
        found = (*action_buttons(ctx.ref, job, databases, only), *cancel, *looks)
    return tuple(Section(_summary(ctx, each), (each,)) for each in found)


def _summary(ctx: Context, button: Button) -> str:
    summary = ctx.verbs[button.verb].summary
    return summary[:1].upper() + summary[1:]


def _cancel_button(ctx: Context, job: Job, operation: Operation | None) -> tuple[Button, ...]:
    """For the operation in progress, whoever started it."""
    if operation is None or operation.cancelling:
        return ()
    wanted = Invocation("cancel", (job.name,), {"operation": short_name(operation.name)})
    return (Button("Cancel operation…", "cancel", "run", ctx.ref(wanted)),)


def _abandon_button(ctx: Context, job: Job, run: Run | None) -> tuple[Button, ...]:
    """Lets people who may use the action stop tracking an operation that does not end."""
    if run is None or not is_overdue(run, ctx.now()) or not permits(ctx, run.action, job):
        return ()
    left_out = LeftOut()
    runs = ctx.store.runs(request=run.request, skip=left_out)
    return () if left_out.keys else abandon_button(runs, ctx.now())  # it would say how many it abandons


VERB = Verb(
    name="show",
    permission=Permission.VIEW,
    summary="one job and what can be done",
    usage=("show JOB",),
    syntax=Syntax("one", (_MORE,), names=True),
    details=(
        "State, databases, errors, replication delay, what to do next, and a button for each action "
        "that is possible now."
    ),
    begins="list",
    examples=("show orders-db", "show europe-west1/orders-db"),
    run=_run,
    form=lambda invocation: invocation.is_set(MORE),
)
