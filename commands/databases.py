"""`/dms databases`: the databases of a job, with state, phase, error and progress."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from bot.cmdline.answers import Answer, Button, DatabasesPage
from bot.cmdline.invocation import Flag, Invocation, Syntax
from bot.dms.errors import DmsError
from bot.dms.model import Database, DelayPoint, DumpProgress, Job, ObjectPhase, ObjectState, Phase
from bot.dms.rules import Action, allowed, offers_some_to_promote
from bot.dms.running_errors import is_faulty, runs_with_errors
from bot.policy.permissions import Permission
from bot.requests.delay import resumed_at
from bot.util import parallel
from commands.support.actions import migrated
from commands.support.bare_filters import with_bare_filters
from commands.support.base import Context, Verb
from commands.support.dump import dump_forecast
from commands.support.filters import check_value, one_of
from commands.support.pages import page_buttons
from commands.support.resolve import find_job
from commands.support.visibility import permitted_actions

PER_PAGE = 25
_STATES = {each.value.casefold(): each.value.casefold().replace("_", "-") for each in ObjectState}
"""What stands for a state without `state=`, where no database has it in its name."""
_LOADED = frozenset(
    {
        ObjectPhase.CDC,
        ObjectPhase.READY_FOR_PROMOTE,
        ObjectPhase.PROMOTE_IN_PROGRESS,
        ObjectPhase.PROMOTED,
    }
)


def _run(ctx: Context, invocation: Invocation) -> Answer:
    job = find_job(ctx, invocation.jobs[0], invocation)
    with parallel.side_by_side() as parts:
        listed = parts.begin(lambda: ctx.dms.databases(job.name))
        dump = parts.begin(lambda: dump_forecast(ctx, job))
        progress = parts.begin(lambda: _progress(ctx, job)) if job.phase == Phase.FULL_DUMP else None
    everything = listed.result()
    if not any(_matches(each, invocation) for each in everything):
        invocation = with_bare_filters(invocation, _STATES)
    filters = invocation.filters
    check_value("state", filters.get("state"), list(ObjectState), [each.state for each in everything])
    check_value("phase", filters.get("phase"), list(ObjectPhase), [each.phase for each in everything])
    chosen = sorted(
        (each for each in everything if _matches(each, invocation)),
        key=lambda each: (each.state != ObjectState.FAILED, not is_faulty(each), str(each.id)),
    )
    pages = max(1, -(-len(chosen) // PER_PAGE))
    page = min(max(1, int(invocation.word("page", "1"))), pages)
    shown = tuple(chosen[(page - 1) * PER_PAGE : page * PER_PAGE])
    dumping = [each for each in shown if _is_dumping(each)]
    percent: dict[str, DelayPoint] = {}
    note = ""
    if dumping:
        percent, note = _percent(dumping, progress.result() if progress else _progress(ctx, job))
    here = replace(invocation, jobs=(job.name,))
    actions = permitted_actions(ctx, allowed(job, everything), job)
    return DatabasesPage(
        job=job,
        with_errors=runs_with_errors(job, everything),
        databases=shown,
        counts=dict(Counter(each.state for each in everything)),
        total=len(chosen),
        page=page,
        pages=pages,
        filters=" ".join([*(f"{k}={v}" for k, v in filters.items()), *invocation.words]),
        buttons=page_buttons(ctx, here, page, pages) + _action_buttons(ctx, job, actions),
        dumped=_dumped(everything),
        dump=dump.result(),
        percent=percent,
        note=note,
    )


def _progress(ctx: Context, job: Job) -> DumpProgress | DmsError:
    """The progress of the dump of each database, or why it is not known."""
    try:
        return ctx.dms.dump_progress(job, resumed_at(ctx.store, job, ctx.now()))
    except DmsError as error:
        return error


def _is_dumping(database: Database) -> bool:
    return (database.state, database.phase) == (ObjectState.RUNNING, ObjectPhase.FULL_DUMP)


def _percent(
    dumping: Sequence[Database], progress: DumpProgress | DmsError
) -> tuple[dict[str, DelayPoint], str]:
    """The progress of the dump by database name, 0 to 100; and why it is not known, or empty."""
    if isinstance(progress, DmsError):
        return {}, f"The progress of the dumps is not known: {progress}"
    known = {each.name: progress.of(each.id) for each in dumping}
    return {name: percent for name, percent in known.items() if percent is not None}, ""


def _dumped(everything: Sequence[Database]) -> tuple[int, int] | None:
    """How many databases have finished the full dump, and how many are migrated; None outside of the dump."""
    taken = migrated(everything)
    loaded = sum(1 for each in taken if each.phase in _LOADED or each.state == ObjectState.COMPLETED)
    dumping = any(each.phase == ObjectPhase.FULL_DUMP for each in taken)
    return (loaded, len(taken)) if dumping and loaded < len(taken) else None


def _matches(database: Database, invocation: Invocation) -> bool:
    state, phase = invocation.filters.get("state"), invocation.filters.get("phase")
    name = str(database.id).casefold()
    return (
        (state is None or one_of(state, database.state))
        and (phase is None or one_of(phase, database.phase))
        and all(word.casefold() in name for word in invocation.words)
    )


def _action_buttons(ctx: Context, job: Job, actions: tuple[Action, ...]) -> tuple[Button, ...]:
    buttons = []
    if Action.EDIT in actions:
        buttons.append(Button("Edit…", "edit", "run", ctx.ref(Invocation("edit", (job.name,)))))
    some = (Action.RESTART, Action.PROMOTE) if offers_some_to_promote(job) else (Action.RESTART,)
    for action in some:
        if action in actions:
            pick = Invocation(action, (job.name,), {"pick": True})
            buttons.append(Button(f"{action.capitalize()} some…", action, "run", ctx.ref(pick)))
    return tuple(buttons)


VERB = Verb(
    name="databases",
    permission=Permission.VIEW,
    summary="a job's databases",
    usage=("databases JOB [text] [state=…] [phase=…]",),
    syntax=Syntax("one", (Flag("page", "number", "which page"),), ("state", "phase"), words=True),
    details=("Each database with its state, phase, error and full dump progress. Failed ones come first."),
    more=("A word is looked for in the names. Separate several states with commas: `state=failed,stopped`."),
    begins="list",
    examples=("databases orders-db", "databases orders-db state=failed", "databases orders-db tenant_0"),
    run=_run,
)
