"""What all verbs that change jobs have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from rapidfuzz import process

from bot.answers import Answer, Button, Note
from bot.approvals import Wanted
from bot.dms import naming
from bot.dms.model import Database, Job, ObjectState, Options
from bot.dms.rules import Action, allowed
from bot.invocation import Flag, Invocation, UsageError
from commands.base import Context, Say
from commands.resolve import find_jobs
from commands.selecting import all_matching

ALL = Flag("all", "switch", "all jobs that the filters match, for example `state=running`")
SKIP_VALIDATION = Flag("skip-validation", "switch", "start without the service's checks")
DATABASES = Flag("databases", "list", "only these databases, for example `sales,billing`")
FILTERS = ("state", "phase", "location", "type", "label")


def runner(
    action: Action, options: Callable[[Invocation], Options] = lambda _: Options()
) -> Callable[[Context, Invocation], Answer]:
    """The `run` of a verb that does `action`: find the jobs, group them, ask or do."""

    def run(ctx: Context, invocation: Invocation) -> Answer:
        jobs = _jobs(ctx, invocation)
        wanted = options(invocation)
        if len(jobs) > 1:
            _same_status(ctx, invocation, jobs)
        if wanted.databases:
            wanted = replace(wanted, databases=_databases(ctx, invocation, jobs, wanted.databases))
        return ctx.approvals.ask(ctx.who, Wanted(action, jobs, wanted, ctx.response_url))

    return run


def _jobs(ctx: Context, invocation: Invocation) -> tuple[Job, ...]:
    if invocation.switch("all"):
        return _all(ctx, invocation)
    if not invocation.jobs:
        raise UsageError(
            f"Name the job to {invocation.verb}, for example `/dms {invocation.verb} orders-db`; "
            "`/dms list` shows all jobs."
        )
    return find_jobs(ctx, invocation)


def _all(ctx: Context, invocation: Invocation) -> tuple[Job, ...]:
    if not invocation.filters:
        raise UsageError(
            f"`--all` needs a filter that says which jobs, for example "
            f"`/dms {invocation.verb} --all state=running`."
        )
    found = all_matching(ctx, invocation.filters, ())
    if found.unreachable:
        places = ", ".join(found.unreachable)
        raise Say(Note(f"Nothing was done: these locations did not answer: {places}.", tone="warn"))
    if not found.jobs:
        raise Say(Note("No job matches those filters. `/dms list` shows all jobs.", tone="warn"))
    return found.jobs


def _same_status(ctx: Context, invocation: Invocation, jobs: Sequence[Job]) -> None:
    """Several jobs act together only when all have the same status.

    Raises:
        Say: they do not; the groups are shown, with a button for each.
    """
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        groups.setdefault(job.status, []).append(job)
    if len(groups) == 1:
        return
    shown = "\n".join(f"• *{status}*: {_ids(group)}" for status, group in groups.items())
    raise Say(
        Note(
            "Only jobs with the same status can be taken together, and these have "
            f"{len(groups)} of them:\n{shown}",
            tuple(
                _group_button(ctx, invocation, status, group)
                for status, group in groups.items()
                if Action(invocation.verb) in allowed(group[0])
            ),
            tone="warn",
        )
    )


def _group_button(ctx: Context, invocation: Invocation, status: str, group: Sequence[Job]) -> Button:
    flags = {name: value for name, value in invocation.flags.items() if name != "all"}
    only = replace(invocation, jobs=tuple(job.name for job in group), flags=flags, filters={})
    return Button(f"{invocation.verb} {len(group)} in {status}", invocation.verb, "run", ctx.ref(only))


def _ids(jobs: Sequence[Job]) -> str:
    shown = ", ".join(f"`{job.id}`" for job in jobs[:20])
    return shown if len(jobs) <= 20 else f"{shown} and {len(jobs) - 20} more"


def _databases(
    ctx: Context, invocation: Invocation, jobs: Sequence[Job], names: Sequence[str]
) -> tuple[str, ...]:
    """The names as the job has them; nothing is sent when one is unknown."""
    if len(jobs) != 1:
        raise UsageError(
            "`--databases` goes with one job, for example "
            f"`/dms {invocation.verb} {jobs[0].id} --databases sales,billing`."
        )
    has = migrated(ctx.dms.databases(jobs[0].name))
    known_names(jobs[0], names, [str(each.id) for each in has])
    return tuple(dict.fromkeys(names))


def migrated(databases: Sequence[Database]) -> tuple[Database, ...]:
    """Those that the job takes along."""
    return tuple(each for each in databases if each.state != ObjectState.NOT_SELECTED)


def source_names(databases: Sequence[Database]) -> dict[str, list[str]]:
    """What a view's options are resolved by, when it is submitted."""
    return {"source": [str(each.id) for each in databases]}


def known_names(job: Job, names: Sequence[str], has: Sequence[str]) -> None:
    """Refuse unknown database names with the nearest match.

    Raises:
        UsageError: a name that is not in `has`.
    """
    for name in names:
        if name in has:
            continue
        near = process.extractOne(name, has, score_cutoff=60)
        hint = f" Did you mean `{near[0]}`?" if near else f" `/dms databases {job.id}` lists them."
        raise UsageError(f"`{job.id}` has no database `{name}`; nothing was sent.{hint}")


def listed(databases: Sequence[str], most: int = 20) -> str:
    """Database names in a sentence."""
    if not databases:
        return "its databases (they could not be listed)"
    shown = ", ".join(f"`{name}`" for name in databases[:most])
    more = f" and {len(databases) - most} more" if len(databases) > most else ""
    kind = "database" if len(databases) == 1 else "databases"
    return f"{len(databases)} {kind}: {shown}{more}"


def destination(job: Job) -> str:
    """The destination in words: engine, provider, where."""
    return naming.place(job.destination)
