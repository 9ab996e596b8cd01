"""`/dms list`: jobs by status, with filters and pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.cmdline.answers import Answer, Button, JobGroup, JobLine, JobsPage, RichText
from bot.cmdline.invocation import Flag, FlagValue, Invocation, Syntax
from bot.cmdline.unreadable_text import unreadable_text
from bot.config.projects import PRODUCTION, Place
from bot.dms import source_writes
from bot.dms.attention import Part, part_of
from bot.dms.model import Database, Job, JobList, State, short_name
from bot.dms.resource_names import project_of
from bot.dms.rules import BULK, allowed_for_all
from bot.dms.running_errors import WITH_ERRORS, shown_status
from bot.policy.permissions import Permission
from bot.requests.buttons import opening
from bot.requests.freezes import freeze_lines, frozen_alone
from bot.requests.job_names import JobNamer, disambiguate, namer
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.store.records import ACTIVE_RUNS
from commands.support.actions import FILTERS
from commands.support.bare_filters import with_bare_filters
from commands.support.base import Context, Verb
from commands.support.filter_form import filter_form
from commands.support.filters import (
    all_matching,
    asks_for_errors,
    check_value,
    faulty_databases,
    matching,
    one_of,
)
from commands.support.visibility import may_hide, permitted_actions, visible_names

PER_PAGE = 50
"""Only jobs on the same page can be chosen together, and a table sorts one page."""
_MAX_STATUSES = 20
"""Statuses on a page to choose from: each takes two blocks, and a message holds at most 50.

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
"""Most urgent first, within the parts of the list. Jobs that wait for people to stop the writes to the source
come before all others, and unknown states right after FAILED."""
_PARTS = list(Part)
_RANK: Mapping[str, int] = {state: rank for rank, state in enumerate(_ORDER)}


def _run(ctx: Context, invocation: Invocation) -> Answer:
    invocation = with_bare_filters(invocation)
    if invocation.is_set("filter"):
        return filter_form(ctx, invocation)
    found, fitting = _matching_jobs(ctx, invocation)
    faulty = faulty_databases(ctx, fitting or found.jobs)
    statuses = {job.name: _shown_status(job, faulty) for job in found.jobs}
    jobs = _sorted(found.jobs, statuses)
    choosing = invocation.is_set("choose")
    cut = _pages_to_choose_from(jobs, statuses) if choosing else _pages(jobs)
    pages = len(cut)
    page = min(max(1, int(invocation.word("page", "1"))), pages)
    shown = cut[page - 1]
    counts = Counter(statuses.values())
    all_listed = not (invocation.filters or invocation.words or found.missing)
    known = () if all_listed else visible_names(ctx, "list", [job.id for job in shown])
    lines = _lines(ctx, shown, faulty, _calls(ctx, shown, (*(job.name for job in jobs), *known)))
    return JobsPage(
        groups=_groups(ctx, counts, [(line, statuses[line.job.name]) for line in lines], choosing),
        total=len(jobs),
        page=page,
        pages=pages,
        filters=" ".join([*(f"{k}={v}" for k, v in invocation.filters.items()), *invocation.words]),
        missing=found.missing,
        choosing=choosing,
        buttons=_buttons(ctx, invocation, page, pages, shown),
        counts=counts,
        with_errors=_with_errors(ctx, fitting, faulty) if page == 1 else (),
        freezes=_freezes(ctx),
        may_hide=may_hide(ctx, "list"),
    )


def _freezes(ctx: Context) -> tuple[RichText, ...]:
    left_out = LeftOut()
    lines = freeze_lines(ctx.store, ctx.access.policy, ctx.now(), None, left_out)
    lacking = unreadable_text({"freeze": len(left_out.keys)})
    return (*lines, f"Not shown: {lacking}") if lacking else lines


def _matching_jobs(ctx: Context, invocation: Invocation) -> tuple[JobList, Sequence[Job]]:
    """The jobs to list. If FAILED jobs are asked for, also the jobs that match all other filters."""
    state = invocation.filters.get("state", "")
    if not one_of(state, State.FAILED) or asks_for_errors(state):
        return all_matching(ctx, invocation.verb, invocation.filters, invocation.words), ()
    others = {key: value for key, value in invocation.filters.items() if key != "state"}
    found = all_matching(ctx, invocation.verb, others, invocation.words)
    check_value("state", state, list(State), [job.state for job in found.jobs])
    return replace(found, jobs=matching(found.jobs, {"state": state})), found.jobs


def _shown_status(job: Job, faulty: Mapping[str, Sequence[Database]]) -> str:
    return shown_status(job, with_errors=job.error is not None or job.name in faulty)


def _with_errors(
    ctx: Context, jobs: Sequence[Job], faulty: Mapping[str, Sequence[Database]]
) -> tuple[str, ...]:
    """They are not FAILED, but matter to whoever looks for failures."""
    calls = namer((job.name for job in jobs), ctx.dms.projects)
    found = (job.name for job in jobs if _shown_status(job, faulty) != job.status)
    return tuple(calls(name) for name in sorted(found))


def _sorted(jobs: Sequence[Job], statuses: Mapping[str, str]) -> list[Job]:
    """By urgency, then by ID."""
    urgency = {status: _urgency(status) for status in set(statuses.values())}

    def key(job: Job) -> tuple[tuple[int, int, str], str, str]:
        name = job.name
        return urgency[statuses[name]], name[name.rfind("/") :], name

    return sorted(jobs, key=key)


def _urgency(status: str) -> tuple[int, int, str]:
    state, _, phase = status.partition("/")
    rank = -1 if source_writes.waits_for_stop(status) else _RANK.get(state, 0)
    return _PARTS.index(part_of(status)), rank, phase


def _pages(jobs: Sequence[Job]) -> Sequence[Sequence[Job]]:
    """At least one page."""
    return [jobs[at : at + PER_PAGE] for at in range(0, len(jobs), PER_PAGE)] or [()]


def _pages_to_choose_from(jobs: Sequence[Job], shown: Mapping[str, str]) -> Sequence[Sequence[Job]]:
    """Pages of at most `PER_PAGE` jobs and `_MAX_STATUSES` statuses; at least one page."""
    pages: list[list[Job]] = [[]]
    statuses: set[str] = set()
    for job in jobs:
        status = shown[job.name]
        full = len(pages[-1]) == PER_PAGE or (len(statuses) == _MAX_STATUSES and status not in statuses)
        if full:
            pages.append([])
            statuses.clear()
        pages[-1].append(job)
        statuses.add(status)
    return pages


def _calls(ctx: Context, shown: Sequence[Job], known: Iterable[str]) -> JobNamer:
    """How to call the jobs: with their place where another one among the `known` full names has the same ID,
    and with the mark of production."""
    ids, projects = {job.id for job in shown}, ctx.dms.projects
    calls = disambiguate([name for name in known if short_name(name) in ids], projects)

    def called(name: str) -> str:
        return f"{PRODUCTION} {calls(name)}" if projects.is_production(project_of(name)) else calls(name)

    return called


def _lines(
    ctx: Context, shown: Sequence[Job], faulty: Mapping[str, tuple[Database, ...]], calls: JobNamer
) -> list[JobLine]:
    runs = {run.job: run for run in ctx.store.runs(states=ACTIVE_RUNS, skip=pass_over)}
    frozen = frozen_alone(ctx.store.freezes(ctx.now(), skip=pass_over))
    refs = ctx.refs([Invocation("show", (job.name,)) for job in shown])
    projects = ctx.dms.projects
    return [
        JobLine(
            job,
            ref,
            runs.get(job.name),
            faulty.get(job.name, ()),
            job.name in frozen,
            projects.called(Place(job.project, job.location)),
            calls(job.name),
        )
        for job, ref in zip(shown, refs, strict=True)
    ]


def _groups(
    ctx: Context, counts: Mapping[str, int], shown: Sequence[tuple[JobLine, str]], choosing: bool
) -> tuple[JobGroup, ...]:
    """`shown` are jobs with their status as people see it."""
    groups: dict[str, list[JobLine]] = {}
    for line, status in shown:
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
            opening(f"{action.capitalize()} chosen", action, len(group)),
            action,
            "chosen",
            ctx.ref(Invocation(action)),
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
    else:
        narrower = replace(invocation, flags={"filter": True})
        buttons.append(Button("Filter…", "list", "run", ctx.ref(narrower)))
        if permitted_actions(ctx, BULK, *shown):
            buttons.append(turn("Act on several…", choose=True))
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
            Flag("filter", "switch", "choose filters in a form"),
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
    form=lambda invocation: invocation.is_set("filter"),
)
