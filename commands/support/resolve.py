"""From what people type to the job that they mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from bot.cmdline.answers import Button, Note, RichPart, Time
from bot.cmdline.invocation import Invocation
from bot.cmdline.job_refs import is_job
from bot.cmdline.lexer import in_code
from bot.cmdline.missing_text import why_missing
from bot.config.projects import ALL_LOCATIONS, Place
from bot.dms.display import status_text
from bot.dms.errors import DmsError, NotFound
from bot.dms.missing import MissingLocation, called_by_project, missing_location
from bot.dms.model import Job, JobList, job_name, placeholder_job, short_name
from bot.policy.permissions import Permission
from bot.requests.job_names import disambiguate, with_location
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.util import parallel
from bot.util.command import COMMAND
from bot.util.text import count_of, first_few
from bot.watch.transitions import status_since
from commands.support.base import Context, EarlyAnswer
from commands.support.deleted_jobs import deleted_job_text, deleted_jobs
from commands.support.typed_jobs import is_served, known_places, names_meant, place_of, places_text
from commands.support.visibility import (
    is_hidden,
    last_known,
    may_hide,
    permits,
    viewing_verb,
    visible_names,
)

_MIN_SCORE = 70
"""Minimum similarity (0 to 100) of a job that is suggested to look at."""
_MAX_EDITS = 1
"""Typing errors (one letter too many, missing, wrong or swapped) in the id of a job that is suggested to be
changed."""
_MAX_OFFERED = 5
_MIN_PREFIX = 3
"""Characters of an ID that stand for it; fewer say too little."""


def find_job(ctx: Context, text: str, invocation: Invocation) -> Job:
    """The job that `text` names, read from the service: an id, `location/id`, `alias/location/id`, or the
    full resource name.

    Nothing is returned that the policy does not let this person use the verb on. If there are several
    candidates or similar names, buttons that repeat the invocation with them are offered.

    Raises:
        EarlyAnswer: there is no such job, there are several, this person may not use the verb on it, or a
            location that may have it did not answer.
    """
    return find_with_missing(ctx, text, invocation)[0]


def find_with_missing(
    ctx: Context, text: str, invocation: Invocation
) -> tuple[Job, tuple[MissingLocation, ...]]:
    """As `find_job`, and the locations that did not answer: another job with the same id may be there."""
    job, missing = _find(ctx, text, invocation)
    ctx.found.append(job.name)
    require_permission(ctx, invocation.verb, job)
    if missing and not ctx.verbs[invocation.verb].read_only:
        raise EarlyAnswer(_maybe_another(ctx, text, job, invocation, missing))
    return job, missing


def find_jobs(ctx: Context, invocation: Invocation) -> tuple[Job, ...]:
    """All jobs that the invocation names, each once, in the order they were named.

    Raises:
        EarlyAnswer: as `find_job`.
    """
    found = parallel.map_concurrently(
        lambda text: find_job(ctx, text, invocation), dict.fromkeys(invocation.jobs)
    )
    return tuple({job.name: job for job in found}.values())


def require_permission(ctx: Context, verb: str, job: Job) -> None:
    """Refuse to use the verb on the job if the policy does not let this person.

    Raises:
        EarlyAnswer: why, and who could instead.
    """
    public = ctx.access.policy.permission(verb) is Permission.PUBLIC
    verdict = ctx.access.verdict(ctx.who, viewing_verb(ctx, verb) if public else verb, job)
    if not verdict.allowed:
        raise EarlyAnswer(Note(verdict.explanation, tone="warn"))


def _find(ctx: Context, text: str, invocation: Invocation) -> tuple[Job, tuple[MissingLocation, ...]]:
    """The job, and the places that did not answer and may have another one with its id."""
    if not is_job(text):
        return _named_by_words(ctx, text, invocation), ()
    job_id = short_name(text)
    names = names_meant(ctx, text)
    found = _read(ctx, names) if names else _search(ctx, job_id, invocation)
    if len(found.jobs) > 1:
        return _visible_one(ctx, text, found.jobs, invocation), found.missing
    if found.jobs:
        return found.jobs[0], found.missing
    guess = None if found.missing else _guessed(ctx, text, names, invocation)
    if guess is not None:
        return guess, ()
    places = [place_of(name) for name in names] or known_places(ctx)
    away = {Place(each.project, each.location) for each in found.missing}
    answered = [each for each in places if away.isdisjoint((each, Place(each.project, ALL_LOCATIONS)))]
    raise EarlyAnswer(_nowhere(ctx, text, job_id, answered, invocation, found.missing))


def _guessed(ctx: Context, text: str, names: Sequence[str], invocation: Invocation) -> Job | None:
    """The one job whose ID begins with the text or whose display name it is, if the verb only looks.

    Raises:
        EarlyAnswer: there are several, or the verb changes jobs: then people have to say which one they mean.
    """
    job_id = short_name(text)
    places = {place_of(name) for name in names}
    if deleted_jobs(ctx, invocation.verb, job_id, list(places) or known_places(ctx)):
        return None
    meant = [
        name
        for name in _suggestible_names(ctx, invocation.verb)
        if (not places or place_of(name) in places) and _begins_or_is_called(ctx, name, job_id)
    ]
    return _sure_of(ctx, text, sorted(meant), invocation) if meant else None


def _begins_or_is_called(ctx: Context, name: str, typed: str) -> bool:
    if len(typed) >= _MIN_PREFIX and short_name(name).startswith(typed):
        return True
    known = ctx.store.known_job(name, pass_over)
    return known is not None and _plain(known.job.display_name) == _plain(typed)


def _named_by_words(ctx: Context, text: str, invocation: Invocation) -> Job:
    """The job with this display name.

    Raises:
        EarlyAnswer: there is none, or several.
    """
    left_out = LeftOut()
    known = ctx.store.known_jobs(left_out)
    suggestible = _suggestible_names(ctx, invocation.verb)
    titled = ((name, known[name].job.display_name) for name in suggestible if name in known)
    titles = {name: _plain(title) for name, title in titled if title}
    called = sorted(name for name, title in titles.items() if title == _plain(text))
    if called:
        return _sure_of(ctx, text, called, invocation)
    hits = process.extract(
        _plain(text), titles, scorer=fuzz.ratio, limit=_MAX_OFFERED, score_cutoff=_MIN_SCORE
    )
    spoken = frozenset(text.casefold().split())
    near = [name for name in suggestible if short_name(name) in spoken]
    near += [name for _, _, name in hits if name not in near]
    unreadable = sum(name in suggestible for name in left_out.keys)
    lacking = f" ({count_of(unreadable, 'job')} cannot be read)" if unreadable else ""
    nothing = f"There is no migration job with the display name `{in_code(text)}`{lacking}"
    if not near:
        raise EarlyAnswer(
            Note(f"{nothing}{_seen(ctx, invocation)}. `{COMMAND} list` shows the jobs.", tone="warn")
        )
    raise EarlyAnswer(_which(ctx, f"{nothing}. Did you mean", text, near, invocation))


def _sure_of(ctx: Context, text: str, names: list[str], invocation: Invocation) -> Job:
    """The only one of the jobs, if the verb only looks; nothing is changed on a guess."""
    if len(names) == 1 and ctx.verbs[invocation.verb].read_only:
        with suppress(NotFound):  # the watcher has not missed it yet: asked about, as always
            return ctx.dms.get_job(names[0])
    what = f"{len(names)} jobs match" if len(names) > 1 else "There is no migration job with the ID"
    raise EarlyAnswer(_which(ctx, f"{what} `{in_code(text)}`. Did you mean", text, names, invocation))


def _which(ctx: Context, asked: str, text: str, names: list[str], invocation: Invocation) -> Note:
    calls = disambiguate(_suggestible_names(ctx, invocation.verb), ctx.dms.projects)
    shown = names[:_MAX_OFFERED]
    named = first_few([f"`{calls(each)}`" for each in names], _MAX_OFFERED)
    buttons = _suggestion_buttons(ctx, text, [(calls(each), each) for each in shown], invocation)
    return Note(f"{asked} {named}?", buttons, tone="warn")


def _seen(ctx: Context, invocation: Invocation) -> str:
    return " that you may see" if may_hide(ctx, invocation.verb) else ""


def _plain(title: str) -> str:
    """A display name without regard to case and punctuation."""
    return " ".join(re.findall(r"\w+", title.casefold()))


def _read(ctx: Context, names: Sequence[str]) -> JobList:
    """Those of the jobs that there are, and the places that did not answer."""
    results = parallel.map_concurrently(lambda name: _job_or_error(ctx, name), names)
    missing = [
        missing_location(place_of(name), each)
        for name, each in zip(names, results, strict=True)
        if isinstance(each, DmsError) and not isinstance(each, NotFound)
    ]
    jobs = tuple(each for each in results if isinstance(each, Job))
    return JobList(jobs, called_by_project(missing, ctx.dms.projects))


def _job_or_error(ctx: Context, name: str) -> Job | DmsError:
    try:
        return ctx.dms.get_job(name)
    except DmsError as error:
        return error


def _search(ctx: Context, job_id: str, invocation: Invocation) -> JobList:
    """All jobs with this id.

    Raises:
        EarlyAnswer: no place answered.
    """
    try:
        return ctx.dms.find(job_id, thorough=not ctx.verbs[invocation.verb].read_only)
    except DmsError as error:
        projects = ctx.dms.projects
        nameless = not projects.several and not projects.all[0].locations
        places = (Place(projects.all[0].id, "the service"),) if nameless else projects.places
        missing = called_by_project([missing_location(each, error) for each in places], projects)
        raise EarlyAnswer(_cannot_tell(ctx, job_id, job_id, missing, invocation)) from error


def _visible_one(ctx: Context, text: str, jobs: tuple[Job, ...], invocation: Invocation) -> Job:
    """The one of several jobs with this id that this person may see; nobody can mean one that is hidden."""
    visible = ctx.access.visible(ctx.who, viewing_verb(ctx, invocation.verb), jobs)
    if len(visible) == 1:
        return visible[0]
    if visible:
        raise EarlyAnswer(_ambiguous(ctx, text, visible, invocation))
    for job in jobs:
        require_permission(ctx, invocation.verb, job)
    # All may be changed and none may be seen: do not pick one, and do not say where they are.
    several = ctx.dms.projects.several
    where, name = ("project and location", "PROJECT/LOCATION") if several else ("location", "LOCATION")
    short = short_name(text)
    raise EarlyAnswer(Note(f"Say in which {where} `{short}` is: `{name}/{short}`.", tone="warn"))


def _maybe_another(
    ctx: Context, typed: str, job: Job, invocation: Invocation, missing: Sequence[MissingLocation]
) -> Note:
    """A change is not made while a location that does not answer may have another job with this id."""
    text = (
        f"Another `{job.id}` may be in a location that I cannot look into: ",
        *why_missing(missing),
        f". Say which one you mean, for example `{_called(ctx, job.name)}`.",
    )
    buttons = _suggestion_buttons(ctx, typed, [(_called(ctx, job.name), job.name)], invocation)
    return Note(text, buttons, tone="warn")


def _ambiguous(ctx: Context, text: str, jobs: tuple[Job, ...], invocation: Invocation) -> Note:
    labels = [(_called(ctx, job.name), job.name) for job in jobs]
    places = ", ".join(f"`{label}`" for label, _ in labels)
    buttons = _suggestion_buttons(ctx, text, labels, invocation)
    return Note(f"There are {len(jobs)} jobs named `{text}`: {places}. Which one?", buttons, tone="warn")


def _nowhere(
    ctx: Context,
    text: str,
    job_id: str,
    answered: Sequence[Place],
    invocation: Invocation,
    missing: Sequence[MissingLocation] = (),
) -> Note:
    """None of the places that `answered` has the job. If it was deleted, no other job is suggested in its
    place: that one holds other data."""
    gone = deleted_jobs(ctx, invocation.verb, job_id, answered)
    if missing:
        return _cannot_tell(
            ctx, text, job_id, missing, invocation, deleted_job_text(ctx, gone) if gone else ()
        )
    if gone:
        return Note(deleted_job_text(ctx, gone), tone="warn")
    return _unknown(ctx, text, job_id, invocation)


def _cannot_tell(
    ctx: Context,
    text: str,
    job_id: str,
    missing: Sequence[MissingLocation],
    invocation: Invocation,
    more: tuple[RichPart, ...] = (),
) -> Note:
    """A location that may have the job did not answer, so nobody can say that there is none."""
    nothing_sent = "" if ctx.verbs[invocation.verb].read_only else " Nothing was sent."
    parts: tuple[RichPart, ...] = (
        f"I cannot tell whether there is a job `{text}`: ",
        *why_missing(missing),
        f".{nothing_sent}",
        *_last_seen(ctx, job_id, missing, invocation),
        *((" ", *more) if more else ()),
    )
    if not any(each.passes for each in missing):
        return Note(parts, tone="warn")
    again = Button("Try again", invocation.verb, "run", ctx.ref(invocation))
    return Note((*parts, " Try again in a minute."), (again,), tone="warn")


def _last_seen(
    ctx: Context, job_id: str, missing: Sequence[MissingLocation], invocation: Invocation
) -> tuple[RichPart, ...]:
    """How the watcher saw jobs with this id in these locations, if this person may see them."""
    parts: list[RichPart] = []
    for each in missing:
        name = job_name(each.project, each.location, job_id)
        known = ctx.store.known_job(name, pass_over)
        if known is not None and not is_hidden(ctx, invocation.verb, name):
            parts += [f" Last known state of `{_called(ctx, name)}`: "]
            since = status_since(known)
            parts += [status_text(known.job.status), *((" since ", Time(since)) if since else ()), "."]
    return tuple(parts)


def _unknown(ctx: Context, text: str, job_id: str, invocation: Invocation) -> Note:
    nowhere = f"There is no migration job `{text}` in {places_text(ctx)}."
    near = _similar(ctx, job_id, invocation.verb)
    if not near:
        return Note(f"{nowhere} `{COMMAND} list` shows all jobs.", tone="warn")
    labels = [(_label(ctx, name, near, job_id), name) for name in near]
    return Note(
        f"{nowhere} Did you mean `{labels[0][0]}`?",
        _suggestion_buttons(ctx, text, labels, invocation),
        tone="warn",
    )


def _similar(ctx: Context, job_id: str, verb: str) -> list[str]:
    """Full names of the jobs with the ids most similar to `job_id`, best first. A verb that changes jobs gets
    only those that differ by a typing error."""
    ids = {name: short_name(name) for name in _suggestible_names(ctx, verb)}
    if not ctx.verbs[verb].read_only:
        near = [name for name, each in ids.items() if _is_typo(job_id, each)]
        return sorted(near, key=lambda name: (ids[name] != job_id, name))
    hits = process.extract(job_id, ids, scorer=fuzz.ratio, limit=_MAX_OFFERED, score_cutoff=_MIN_SCORE)
    return [name for _, _, name in hits]


def _is_typo(typed: str, job_id: str) -> bool:
    """Whether the ids differ by one typing error. `shard-1` and `shard-2` are two jobs: digits must match."""
    same_digits = re.findall(r"\d", typed) == re.findall(r"\d", job_id)
    return same_digits and OSA.distance(typed, job_id) <= _MAX_EDITS


def _suggestible_names(ctx: Context, verb: str) -> Sequence[str]:
    """Full names that an answer of `verb` may suggest. The watcher's jobs are enough; before its first poll
    the service is asked."""
    if ctx.store.known_names():
        return [name for name in visible_names(ctx, verb) if is_served(ctx, name)]
    jobs = ctx.access.visible(ctx.who, viewing_verb(ctx, verb), ctx.dms.list_jobs().jobs)
    return [job.name for job in jobs]


def _called(ctx: Context, name: str) -> str:
    """`location/id`, with the project where there are several."""
    return with_location(name, ctx.dms.projects)


def _label(ctx: Context, name: str, among: list[str], typed: str) -> str:
    """The id, with its location if another job with that id is suggested too, or if only the location differs
    from what was typed."""
    job_id = short_name(name)
    twins = sum(1 for other in among if short_name(other) == job_id)
    return job_id if twins == 1 and job_id != typed else _called(ctx, name)


def _suggestion_buttons(
    ctx: Context, typed: str, labels: list[tuple[str, str]], invocation: Invocation
) -> tuple[Button, ...]:
    return tuple(
        Button(
            label=f"{invocation.verb} {label}",
            verb=invocation.verb,
            step="run",
            ref=ctx.ref(
                replace(invocation, jobs=tuple(name if each == typed else each for each in invocation.jobs))
            ),
        )
        for label, name in labels[:_MAX_OFFERED]
        if permits(ctx, invocation.verb, last_known(ctx, name) or placeholder_job(name, ctx.now()))
    )
