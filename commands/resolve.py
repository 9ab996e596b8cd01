"""From what people type to the job that they mean."""

from __future__ import annotations

import re
from dataclasses import replace

from rapidfuzz import fuzz, process

from bot import together
from bot.answers import Button, Note
from bot.dms.errors import NotFound
from bot.dms.model import Job, job_name, parse_name
from bot.invocation import Invocation
from bot.policy import VIEWS
from commands.base import Context, Say

_FULL = re.compile(r"^projects/[^/]+/locations/[^/]+/migrationJobs/[^/]+$")
_ALIKE = 70
"""Least likeness (0 to 100) of a near match."""
_OFFERED = 5


def find_job(ctx: Context, text: str, invocation: Invocation | None = None) -> Job:
    """The job that `text` names, read afresh: an id, `location/id`, or the full resource name.

    With `invocation`, several candidates or near matches are offered as buttons that repeat it.

    Raises:
        Say: there is no such job, there are several, or the policy lets this person not look at it.
        DmsError: the service did not answer.
    """
    job = _find(ctx, text, invocation)
    verb = invocation.verb if invocation else ""
    verdict = ctx.access.verdict(ctx.who, verb, job) if verb in VIEWS else None
    if verdict is not None and not verdict.allowed:
        raise Say(Note(verdict.said, tone="warn"))
    return job


def _find(ctx: Context, text: str, invocation: Invocation | None) -> Job:
    location, _, job_id = text.rpartition("/")
    if not location:
        return _search(ctx, job_id, invocation)
    name = text if _FULL.match(text) else job_name(ctx.dms.project, location, job_id)
    _within_reach(ctx, name)
    try:
        return ctx.dms.get_job(name)
    except NotFound:
        raise Say(_unknown(ctx, text, job_id, invocation)) from None


def find_jobs(ctx: Context, invocation: Invocation) -> tuple[Job, ...]:
    """All jobs that the invocation names, each once, in the order they were named.

    Raises:
        Say, DmsError: as `find_job`.
    """
    found = together.each(lambda text: find_job(ctx, text, invocation), dict.fromkeys(invocation.jobs))
    return tuple({job.name: job for job in found}.values())


def _within_reach(ctx: Context, name: str) -> None:
    project, location, job_id = parse_name(name)
    if project != ctx.dms.project:
        raise Say(Note(f"This bot runs project `{ctx.dms.project}`, not `{project}`.", tone="warn"))
    if ctx.dms.locations and location not in ctx.dms.locations:
        places = ", ".join(ctx.dms.locations)
        raise Say(
            Note(
                f"This bot runs the locations {places}, not `{location}`: "
                f"for example `{ctx.dms.locations[0]}/{job_id}`.",
                tone="warn",
            )
        )


def _search(ctx: Context, job_id: str, invocation: Invocation | None) -> Job:
    found = ctx.dms.find(job_id)
    if len(found.jobs) == 1:
        _surely_alone(ctx, found.jobs[0], invocation, found.unreachable)
        return found.jobs[0]
    if found.jobs:
        raise Say(_ambiguous(ctx, job_id, found.jobs, invocation))
    raise Say(_unknown(ctx, job_id, job_id, invocation, found.unreachable))


def _surely_alone(
    ctx: Context, job: Job, invocation: Invocation | None, unreachable: tuple[str, ...]
) -> None:
    """A change waits until it is sure which job is meant: a silent location may have one of that id."""
    if not unreachable or (invocation is not None and ctx.verbs[invocation.verb].looks):
        return
    raise Say(
        Note(
            f"{', '.join(unreachable)} did not answer, so another `{job.id}` may be there: "
            f"say which one you mean, for example `{job.location}/{job.id}`.",
            _offers(ctx, job.id, [(f"{job.location}/{job.id}", job.name)], invocation),
            tone="warn",
        )
    )


def _ambiguous(ctx: Context, job_id: str, jobs: tuple[Job, ...], invocation: Invocation | None) -> Note:
    places = ", ".join(f"`{job.location}/{job.id}`" for job in jobs)
    buttons = _offers(ctx, job_id, [(f"{job.location}/{job.id}", job.name) for job in jobs], invocation)
    return Note(f"There are {len(jobs)} jobs named `{job_id}`: {places}. Which one?", buttons, tone="warn")


def _unknown(
    ctx: Context,
    text: str,
    job_id: str,
    invocation: Invocation | None,
    unreachable: tuple[str, ...] = (),
) -> Note:
    silent = f" These locations did not answer: {', '.join(unreachable)}." if unreachable else ""
    near = _near(ctx, job_id)
    if not near:
        return Note(
            f"There is no migration job `{text}` in {_where(ctx)}.{silent} `/dms list` shows all jobs.",
            tone="warn",
        )
    labels = [(_label(name, near), name) for name in near]
    first = labels[0][0]
    return Note(
        f"There is no migration job `{text}` in {_where(ctx)}.{silent} Did you mean `{first}`?",
        _offers(ctx, text, labels, invocation),
        tone="warn",
    )


def _near(ctx: Context, job_id: str) -> list[str]:
    """Full names of the jobs whose ids look most like `job_id`, best first."""
    names = {name: name.rpartition("/")[2] for name in _names(ctx)}
    hits = process.extract(job_id, names, scorer=fuzz.ratio, limit=_OFFERED, score_cutoff=_ALIKE)
    return [name for _, _, name in hits]


def _names(ctx: Context) -> list[str]:
    """What the watcher knows serves for near matches; before its first look the service is asked."""
    known = [each.job for each in ctx.store.known_jobs().values()] or ctx.dms.list_jobs().jobs
    return [job.name for job in ctx.access.visible(ctx.who, "list", known)]


def _label(name: str, among: list[str]) -> str:
    job_id = name.rpartition("/")[2]
    twins = sum(1 for other in among if other.rpartition("/")[2] == job_id)
    return job_id if twins == 1 else f"{name.split('/')[3]}/{job_id}"


def _offers(
    ctx: Context, typed: str, labels: list[tuple[str, str]], invocation: Invocation | None
) -> tuple[Button, ...]:
    if invocation is None:
        return ()
    return tuple(
        Button(
            label=f"{invocation.verb} {label}",
            verb=invocation.verb,
            step="run",
            ref=ctx.ref(replace(invocation, jobs=_swap(invocation.jobs, typed, name))),
        )
        for label, name in labels[:_OFFERED]
    )


def _swap(jobs: tuple[str, ...], typed: str, name: str) -> tuple[str, ...]:
    return tuple(name if each == typed else each for each in jobs) or (name,)


def _where(ctx: Context) -> str:
    places = ", ".join(ctx.dms.locations) or "any location"
    return f"{ctx.dms.project} ({places})"
