"""`/dms databases`: the databases of a job, with state, phase and error."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from bot.answers import Answer, Button, DatabasesPage
from bot.dms.model import Database, ObjectState
from bot.dms.rules import Action, allowed
from bot.invocation import Flag, Invocation, Syntax, UsageError
from commands.base import Context, Verb
from commands.resolve import find_job

PER_PAGE = 25


def _run(ctx: Context, invocation: Invocation) -> Answer:
    if not invocation.jobs:
        raise UsageError("Name the job, for example `/dms databases orders-db`; `/dms list` shows all jobs.")
    job = find_job(ctx, invocation.jobs[0], invocation)
    everything = ctx.dms.databases(job.name)
    chosen = sorted((each for each in everything if _matches(each, invocation)), key=_urgency)
    pages = max(1, -(-len(chosen) // PER_PAGE))
    page = min(max(1, int(invocation.word("page", "1"))), pages)
    here = replace(invocation, jobs=(job.name,))
    actions = allowed(job, everything)
    return DatabasesPage(
        job=job,
        databases=tuple(chosen[(page - 1) * PER_PAGE : page * PER_PAGE]),
        counts=dict(Counter(each.state for each in everything)),
        total=len(chosen),
        page=page,
        pages=pages,
        filters=" ".join([*(f"{k}={v}" for k, v in invocation.filters.items()), *invocation.words]),
        buttons=_turns(ctx, here, page, pages) + _acts(ctx, here, actions),
    )


def _matches(database: Database, invocation: Invocation) -> bool:
    state = invocation.filters.get("state", "")
    phase = invocation.filters.get("phase", "")
    name = str(database.id).casefold()
    return (
        (not state or database.state.casefold() == state.casefold())
        and (not phase or database.phase.casefold() == phase.casefold())
        and all(word.casefold() in name for word in invocation.words)
    )


def _urgency(database: Database) -> tuple[int, str]:
    return (0 if database.state == ObjectState.FAILED else 1), str(database.id)


def _turns(ctx: Context, invocation: Invocation, page: int, pages: int) -> tuple[Button, ...]:
    def turn(label: str, to: int) -> Button:
        return Button(label, "databases", "turn", ctx.ref(replace(invocation, flags={"page": str(to)})))

    back = (turn("‹ Previous", page - 1),) if page > 1 else ()
    forth = (turn("Next ›", page + 1),) if page < pages else ()
    return (*back, *forth, turn("Refresh", page))


def _acts(ctx: Context, invocation: Invocation, actions: tuple[Action, ...]) -> tuple[Button, ...]:
    job = invocation.jobs[0]
    buttons = []
    if Action.EDIT in actions:
        buttons.append(Button("Edit", "edit", "run", ctx.ref(Invocation("edit", (job,)))))
    for action in (Action.RESTART, Action.PROMOTE):
        if action in actions:
            pick = Invocation(action, (job,), {"pick": True})
            buttons.append(Button(f"{action.capitalize()} some …", action, "run", ctx.ref(pick), "danger"))
    return tuple(buttons)


VERB = Verb(
    name="databases",
    summary="the databases of a job",
    usage=("databases JOB [text] [state=…] [phase=…]",),
    syntax=Syntax("one", (Flag("page", "number", "which page"),), ("state", "phase"), words=True),
    details="Each database with its state, phase and error; failed ones first.",
    examples=("databases orders-db", "databases orders-db state=failed"),
    run=_run,
)
