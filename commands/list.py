"""`/dms list`: jobs by status, with filters and pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.cmdline.answers import Answer, Button, JobGroup, JobLine, JobsPage
from bot.cmdline.invocation import Flag, FlagValue, Invocation, Syntax
from bot.config.projects import Place
from bot.dms import source_writes
from bot.dms.model import Job, JobList, State, parse_name
from bot.dms.rules import BULK, DESTRUCTIVE, allowed_for_all
from bot.dms.running_errors import WITH_ERRORS, shown_status
from bot.policy.permissions import Permission
from bot.requests.freezes import freeze_lines, frozen_alone
from bot.requests.job_names import namer
from bot.store.records import ACTIVE_RUNS
from commands.support.actions import FILTERS
from commands.support.base import Context, Verb
from commands.support.filters import (
    all_matching,
    asks_for_errors,
    check_value,
    faulty_databases,
    matching,
    one_of,
    with_bare_states,
)
from commands.support.visibility import may_hide, permitted_actions

PER_PAGE = 20
PER_PAGE_CHOOSING = 50
"""More than `PER_PAGE`, because only jobs on the same page can be chosen together."""
_MAX_STATUSES = 20
"""Statuses on a page: each takes two blocks, and a message holds at most 50.

Source: https://docs.slack.dev/reference/block-kit/blocks
"""
_ORDER = [
    State.FAILED,
    WITH_ERRORS,
    State.STOPPED,
    State.RUNNING,
    State.STARTING,
    State.RESTARTING,
    State.RESUMING,
    State.STOPPING,
    State.UPDATING,
    State.CREATING,
    State.DELETING,
    State.MAINTENANCE,
    State.NOT_STARTED,
    State.DRAFT,
    State.COMPLETED,
    State.DELETED,
]
"""Most urgent first: changes pile up on the source of a stopped job. Unknown states come right after FAILED.
Jobs that wait for people to stop the writes to the source come before all others."""
_RANK: Mapping[str, int] = {state: rank for rank, state in enumerate(_ORDER)}


def _run(ctx: Context, invocation: Invocation) -> Answer:
    invocation = with_bare_states(invocation)
    found, fitting = _matching_jobs(ctx, invocation)
    faulty = faulty_databases(ctx, fitting or found.jobs)
    statuses = {job.name: _shown_status(job, faulty) for job in found.jobs}
    jobs = sorted(found.jobs, key=lambda job: _urgency(job, statuses[job.name]))
    choosing = invocation.is_set("choose")
    cut = _pages(jobs, statuses, PER_PAGE_CHOOSING if choosing else PER_PAGE)
    pages = len(cut)
    page = min(max(1, int(invocation.word("page", "1"))), pages)
    shown = cut[page - 1]
    counts = Counter(statuses[job.name] for job in jobs)
    return JobsPage(
        groups=_groups(ctx, counts, [(job, statuses[job.name]) for job in shown], faulty, choosing),
        total=len(jobs),
        page=page,
        pages=pages,
        filters=" ".join([*(f"{k}={v}" for k, v in invocation.filters.items()), *invocation.words]),
        missing=found.missing,
        choosing=choosing,
        buttons=_buttons(ctx, invocation, page, pages, shown),
        counts=counts if page == 1 < pages else {},
        with_errors=_with_errors(ctx, fitting, faulty) if page == 1 else (),
        freezes=freeze_lines(ctx.store, ctx.access.policy, ctx.now(), None),
        may_hide=may_hide(ctx, "list"),
    )


def _matching_jobs(ctx: Context, invocation: Invocation) -> tuple[JobList, Sequence[Job]]:
    """The jobs to list. If FAILED jobs are asked for, also the jobs that match all other filters."""
    state = invocation.filters.get("state", "")
    if not one_of(state, State.FAILED) or asks_for_errors(state):
        return all_matching(ctx, invocation.verb, invocation.filters, invocation.words), ()
    others = {key: value for key, value in invocation.filters.items() if key != "state"}
    found = all_matching(ctx, invocation.verb, others, invocation.words)
    check_value("state", state, list(State), [job.state for job in found.jobs])
    return replace(found, jobs=matching(found.jobs, {"state": state})), found.jobs


def _shown_status(job: Job, faulty: Mapping[str, Sequence[str]]) -> str:
    return shown_status(job, with_errors=job.error is not None or job.name in faulty)


def _with_errors(ctx: Context, jobs: Sequence[Job], faulty: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """They are not FAILED, but matter to whoever looks for failures."""
    calls = namer((job.name for job in jobs), ctx.dms.projects)
    found = (job.name for job in jobs if _shown_status(job, faulty) != job.status)
    return tuple(calls(name) for name in sorted(found))


def _pages(jobs: Sequence[Job], shown: Mapping[str, str], most: int) -> list[list[Job]]:
    """Pages of at most `most` jobs and `_MAX_STATUSES` statuses; at least one page."""
    pages: list[list[Job]] = [[]]
    statuses: set[str] = set()
    for job in jobs:
        status = shown[job.name]
        full = len(pages[-1]) == most or (len(statuses) == _MAX_STATUSES and status not in statuses)
        if full:
            pages.append([])
            statuses.clear()
        pages[-1].append(job)
        statuses.add(status)
    return pages


def _urgency(job: Job, status: str) -> tuple[int, str, str, str]:
    _, location, id = parse_name(job.name)
    rank = -1 if source_writes.waits(job.status) else _RANK.get(status.partition("/")[0], 0)
    return rank, job.phase, id, location


def _groups(
    ctx: Context,
    counts: Mapping[str, int],
    shown: Sequence[tuple[Job, str]],
    faulty: Mapping[str, tuple[str, ...]],
    choosing: bool,
) -> tuple[JobGroup, ...]:
    """`shown` are jobs with their status as people see it."""
    runs = {run.job: run for run in ctx.store.runs(states=ACTIVE_RUNS)}
    frozen = frozen_alone(ctx.store.freezes(ctx.now()))
    refs = ctx.refs([Invocation("show", (job.name,)) for job, _ in shown])
    groups: dict[str, list[JobLine]] = {}
    for (job, status), ref in zip(shown, refs, strict=True):
        where = ctx.dms.projects.where(Place(job.project, job.location))
        line = JobLine(job, ref, runs.get(job.name), faulty.get(job.name, ()), job.name in frozen, where)
        groups.setdefault(status, []).append(line)
    return tuple(
        JobGroup(
            status=status,
            lines=tuple(group),
            total=counts[status],
            bulk=_bulk(ctx, [line.job for line in group]) if choosing else (),
        )
        for status, group in groups.items()
    )


def _bulk(ctx: Context, group: Sequence[Job]) -> tuple[Button, ...]:
    possible = [action for action in allowed_for_all(group) if action in BULK]
    return tuple(
        Button(
            f"{action.capitalize()} chosen",
            action,
            "chosen",
            ctx.ref(Invocation(action)),
            style="danger" if action in DESTRUCTIVE else "",
        )
        for action in permitted_actions(ctx, possible, *group)
    )


def _buttons(
    ctx: Context, invocation: Invocation, page: int, pages: int, shown: Sequence[Job]
) -> tuple[Button, ...]:
    def turn(label: str, **flags: str | bool) -> Button:
        kept: dict[str, FlagValue] = {"page": str(page), "choose": invocation.is_set("choose"), **flags}
        return Button(label, "list", "turn", ctx.ref(replace(invocation, flags=kept)))

    buttons = []
    if page > 1:
        buttons.append(turn("‹ Previous", page=str(page - 1)))
    if page < pages:
        buttons.append(turn("Next ›", page=str(page + 1)))
    if invocation.is_set("choose"):
        buttons.append(turn("Done choosing", choose=False))
    elif permitted_actions(ctx, BULK, *shown):
        buttons.append(turn("Choose several", choose=True))
    buttons.append(turn("Refresh"))
    return tuple(buttons)


VERB = Verb(
    name="list",
    permission=Permission.VIEW,
    summary="jobs by status, problems first",
    usage=("list [text] [project=…] [state=…] [phase=…] [location=…] [type=…] [label.KEY=value]",),
    syntax=Syntax(
        flags=(
            Flag("page", "number", "which page"),
            Flag("choose", "switch", "choose several with checkboxes"),
        ),
        filters=FILTERS,
        words=True,
    ),
    details="Migration jobs by status, problems first. Words and filters narrow the list.",
    more=(
        "Words are looked for in job IDs, display names, labels, engines and hosts. "
        "`state=with-errors` lists jobs that run with errors."
    ),
    begins="list",
    examples=("list state=running", "list orders location=europe-west1", "list label.env=prod state=failed"),
    run=_run,
)
