"""From what people type to the job that they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from bot.cmdline.answers import Button, Note, RichPart, Time
from bot.cmdline.invocation import Invocation
from bot.dms.errors import NotFound
from bot.dms.model import Job, job_name, parse_name, short_name
from bot.dms.rules import Action
from bot.policy.model import VIEWS
from bot.requests.job_names import with_location
from bot.store.records import RunState
from bot.util import parallel
from commands.support.base import Context, EarlyAnswer
from commands.support.visibility import can_see, is_hidden, last_known, permits, placeholder_job


@dataclass(frozen=True, slots=True)
class DeletedJob:
    """A job that was there, by its full resource name."""

    name: str
    at: datetime | None
    """When it was deleted, as far as that is known."""
    has_history: bool
    """Whether anything was asked for it from here, of which this person may read."""


def deleted_jobs(ctx: Context, job_id: str, places: Iterable[str]) -> tuple[DeletedJob, ...]:
    """The jobs with this id that were in `places`, which have none now, and that this person may see."""
    names = [job_name(ctx.dms.project, place, job_id) for place in places]
    return tuple(found for name in names if (found := _deleted_job(ctx, name)) is not None)


def deleted_job_text(jobs: tuple[DeletedJob, ...]) -> tuple[RichPart, ...]:
    """That they are gone, and since when; twins are told apart by their locations."""
    parts: list[RichPart] = []
    for job in jobs:
        called = short_name(job.name) if len(jobs) == 1 else with_location(job.name)
        parts += [" "] if parts else []
        parts += [f"`{called}` is gone: ", *_when(job), "."]
        parts += [f" `/dms history {called}` tells more."] if job.has_history else []
    return tuple(parts)


def _when(job: DeletedJob) -> tuple[RichPart, ...]:
    return ("the service no longer has it",) if job.at is None else ("it was deleted ", Time(job.at))


def _deleted_job(ctx: Context, name: str) -> DeletedJob | None:
    known = ctx.store.known_job(name)
    events = ctx.store.events(job=name, limit=1)
    rows = ctx.store.audit(job=name, newest_first=True, limit=1)
    if not (known or events or rows) or is_hidden(ctx, "list", name):
        return None
    told = [each.at for each in events if each.kind == "deleted"]
    done = [each.at for each in rows if each.action == Action.DELETE and each.event == RunState.SUCCEEDED]
    return DeletedJob(name, max((*told, *done), default=None), bool(rows) and can_see(ctx, "history", name))


_FULL = re.compile(r"^projects/[^/]+/locations/[^/]+/migrationJobs/[^/]+$")
_MIN_SCORE = 70
"""Least likeness (0 to 100) of a job that is offered to look at."""
_MAX_EDITS = 1
"""Slips of the finger (a letter too many, too few, wrong or swapped) that a job which is offered to be
changed may be away."""
_MAX_OFFERED = 5


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
        raise EarlyAnswer(Note(verdict.explanation, tone="warn"))
    return job


def _find(ctx: Context, text: str, invocation: Invocation | None) -> Job:
    location, _, job_id = text.rpartition("/")
    if not location:
        return _search(ctx, job_id, invocation)
    name = text if _FULL.match(text) else job_name(ctx.dms.project, location, job_id)
    _require_configured(ctx, name)
    try:
        return ctx.dms.get_job(name)
    except NotFound:
        raise EarlyAnswer(_missing(ctx, text, job_id, [parse_name(name)[1]], invocation)) from None


def find_jobs(ctx: Context, invocation: Invocation) -> tuple[Job, ...]:
    """All jobs that the invocation names, each once, in the order they were named.

    Raises:
        Say, DmsError: as `find_job`.
    """
    found = parallel.map_concurrently(
        lambda text: find_job(ctx, text, invocation), dict.fromkeys(invocation.jobs)
    )
    return tuple({job.name: job for job in found}.values())


def _require_configured(ctx: Context, name: str) -> None:
    project, location, job_id = parse_name(name)
    if project != ctx.dms.project:
        raise EarlyAnswer(Note(f"This bot runs project `{ctx.dms.project}`, not `{project}`.", tone="warn"))
    if ctx.dms.locations and location not in ctx.dms.locations:
        places = ", ".join(ctx.dms.locations)
        raise EarlyAnswer(
            Note(
                f"This bot runs the locations {places}, not `{location}`: "
                f"for example `{ctx.dms.locations[0]}/{job_id}`.",
                tone="warn",
            )
        )


def _search(ctx: Context, job_id: str, invocation: Invocation | None) -> Job:
    found = ctx.dms.find(job_id)
    if len(found.jobs) == 1:
        _require_unambiguous(ctx, found.jobs[0], invocation, found.unreachable)
        return found.jobs[0]
    if found.jobs:
        raise EarlyAnswer(_ambiguous(ctx, job_id, found.jobs, invocation))
    answered = [each for each in _places(ctx) if each not in found.unreachable]
    raise EarlyAnswer(_missing(ctx, job_id, job_id, answered, invocation, found.unreachable))


def _require_unambiguous(
    ctx: Context, job: Job, invocation: Invocation | None, unreachable: tuple[str, ...]
) -> None:
    """A change waits until it is sure which job is meant: a silent location may have one of that id."""
    if not unreachable or (invocation is not None and ctx.verbs[invocation.verb].read_only):
        return
    raise EarlyAnswer(
        Note(
            f"{', '.join(unreachable)} did not answer, so another `{job.id}` may be there: "
            f"say which one you mean, for example `{job.location}/{job.id}`.",
            _suggestion_buttons(ctx, job.id, [(f"{job.location}/{job.id}", job.name)], invocation),
            tone="warn",
        )
    )


def _ambiguous(ctx: Context, job_id: str, jobs: tuple[Job, ...], invocation: Invocation | None) -> Note:
    places = ", ".join(f"`{job.location}/{job.id}`" for job in jobs)
    buttons = _suggestion_buttons(
        ctx, job_id, [(f"{job.location}/{job.id}", job.name) for job in jobs], invocation
    )
    return Note(f"There are {len(jobs)} jobs named `{job_id}`: {places}. Which one?", buttons, tone="warn")


def _missing(
    ctx: Context,
    text: str,
    job_id: str,
    answered: Sequence[str],
    invocation: Invocation | None,
    unreachable: tuple[str, ...] = (),
) -> Note:
    """For a job that none of the locations that `answered` has. In the place of one that is gone no other
    is offered: it would be another's data."""
    gone = deleted_jobs(ctx, job_id, answered)
    if gone:
        return Note((*deleted_job_text(gone), _unreachable_note(unreachable)), tone="warn")
    return _unknown(ctx, text, job_id, invocation, unreachable)


def _unknown(
    ctx: Context, text: str, job_id: str, invocation: Invocation | None, unreachable: tuple[str, ...]
) -> Note:
    nowhere = f"There is no migration job `{text}` in {_where(ctx)}.{_unreachable_note(unreachable)}"
    near = _similar(ctx, job_id, changes=invocation is not None and not ctx.verbs[invocation.verb].read_only)
    if not near:
        return Note(f"{nowhere} `/dms list` shows all jobs.", tone="warn")
    labels = [(_label(name, near, job_id), name) for name in near]
    return Note(
        f"{nowhere} Did you mean `{labels[0][0]}`?",
        _suggestion_buttons(ctx, text, labels, invocation),
        tone="warn",
    )


def _unreachable_note(unreachable: tuple[str, ...]) -> str:
    return f" These locations did not answer: {', '.join(unreachable)}." if unreachable else ""


def _similar(ctx: Context, job_id: str, *, changes: bool) -> list[str]:
    """Full names of the jobs whose ids look most like `job_id`, best first; to change one, hardly any."""
    ids = {name: short_name(name) for name in _names(ctx)}
    if changes:
        near = [name for name, each in ids.items() if _is_typo(job_id, each)]
        return sorted(near, key=lambda name: (ids[name] != job_id, name))
    hits = process.extract(job_id, ids, scorer=fuzz.ratio, limit=_MAX_OFFERED, score_cutoff=_MIN_SCORE)
    return [name for _, _, name in hits]


def _is_typo(typed: str, job_id: str) -> bool:
    """`shard-1` is no slip for `shard-2`: numbers are what tells such jobs apart."""
    same_digits = re.findall(r"\d", typed) == re.findall(r"\d", job_id)
    return same_digits and OSA.distance(typed, job_id) <= _MAX_EDITS


def _names(ctx: Context) -> Sequence[str]:
    """What the watcher knows serves for near matches; before its first look the service is asked."""
    names = ctx.store.known_names()
    if names and not ctx.access.policy.is_job_specific("list"):
        return names
    known = [each.job for each in ctx.store.known_jobs().values()] if names else ctx.dms.list_jobs().jobs
    return [job.name for job in ctx.access.visible(ctx.who, "list", known)]


def _label(name: str, among: list[str], typed: str) -> str:
    """With its location where another is offered beside it, or it differs from what was typed in that."""
    job_id = short_name(name)
    twins = sum(1 for other in among if short_name(other) == job_id)
    return job_id if twins == 1 and job_id != typed else with_location(name)


def _suggestion_buttons(
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
        for label, name in labels[:_MAX_OFFERED]
        if permits(ctx, invocation.verb, last_known(ctx, name) or placeholder_job(ctx, name))
    )


def _swap(jobs: tuple[str, ...], typed: str, name: str) -> tuple[str, ...]:
    return tuple(name if each == typed else each for each in jobs) or (name,)


def _where(ctx: Context) -> str:
    places = ", ".join(ctx.dms.locations) or "any location"
    return f"{ctx.dms.project} ({places})"


def _places(ctx: Context) -> Sequence[str]:
    """The locations in which a job may be or have been."""
    return ctx.dms.locations or sorted({parse_name(name)[1] for name in ctx.store.known_names()})
