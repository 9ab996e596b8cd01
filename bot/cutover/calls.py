"""Whom to call for a press or because the downtime runs long, and what to tell those who only have to know.

Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.cutover.evidence import written_at_source
from bot.cutover.states import (
    BUDGET_WARNS,
    PROMOTE_ESCALATES,
    PROMOTE_WARNS,
    REMINDS,
    downtime,
    downtime_runs,
    is_promoted_in_part,
    lacks_request,
    not_promoted,
    roles_of,
    source_is_closed,
)
from bot.store.cutover import Cutover, CutoverState, Mark

S = CutoverState
AGAIN_AFTER = timedelta(minutes=3)
"""How long after the first call the person is called again, and after that the deputy."""
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_NAGGED_FOR = timedelta(hours=12)
_OUTCOME_WITHIN = timedelta(minutes=1)
"""How soon after the end of its last run a cutover is at its checklist: it is looked at every second."""


@dataclass(frozen=True, slots=True)
class Call:
    """A direct message to somebody whose press is needed, or a post in a channel if nobody can be named."""

    key: str
    """Says which call it is: each is made once."""
    person: str
    """User ID; empty for whoever reads the channel."""
    what: str
    """The step of the press, or a reason that is no press (`states.ASKED_IN`, `states.BUDGET_CALLS`)."""
    channel: str = ""
    """Where it is posted, if it is for no person."""


class NewsKind(StrEnum):
    """Announcements for people who have nothing to press. The values are stored."""

    DAY_BEFORE = "day_before"
    HOUR_BEFORE = "hour_before"
    STOPPING = "stopping"
    PROMOTED = "promoted"
    OPENED = "opened"
    ABORTED = "aborted"
    EXPIRED = "expired"
    REOPENED = "reopened"


N = NewsKind


@dataclass(frozen=True, slots=True)
class News:
    """A post for the stakeholders' channel."""

    what: NewsKind


def calls_due(cutover: Cutover, now: datetime, seconds: Sequence[str] = ()) -> tuple[Call, ...]:
    """The calls that are due and were not made; `seconds` are the users who may confirm a promotion that was
    asked for, in the order in which they are called."""
    said = set(cutover.progress.said)
    due = (*_calls(cutover, now, seconds), *_over_budget(cutover, now))
    return tuple(each for each in due if (each.person or each.channel) and f"call:{each.key}" not in said)


def news_due(cutover: Cutover, now: datetime) -> tuple[News, ...]:
    """The announcements that are due and were not made; none of a rehearsal, or without a channel."""
    if cutover.rehearsal or not cutover.plan.announce:
        return ()
    said = set(cutover.progress.said)
    return tuple(News(each) for each in _news(cutover, now) if f"news:{each}" not in said)


def _calls(cutover: Cutover, now: datetime, seconds: Sequence[str]) -> Iterator[Call]:
    plan = cutover.plan
    match cutover.state:
        case S.READY:
            yield from _ready(cutover, now)
        case S.STOPPING:
            yield from _stopping(cutover, now)
        case S.DRAINED if cutover.progress.asked_by:
            yield from _second(cutover, now, seconds)
        case S.DRAINED if not plan.by_itself or written_at_source(cutover):
            yield from _leads(cutover, now, "promote")
        case S.HELD:
            what = _leads_on(cutover)
            yield from _leads(cutover, now, what) if what else ()
        case S.UNKNOWN:
            yield from _leads(cutover, now, "adopt")
        case S.PROMOTING:
            yield from _late(cutover, now)
        case S.CHECKLIST:
            yield from _checklist(cutover, now, plan.app_owner or plan.commander)
        case S.ABORTED if source_is_closed(cutover):
            yield from _press(cutover, now, "reopened", plan.app_owner or plan.commander, plan.commander)
            yield from _nags(cutover, now, "reopened", plan.app_owner or plan.commander)


def _ready(cutover: Cutover, now: datetime) -> Iterator[Call]:
    plan = cutover.plan
    stamp = cutover.since.isoformat()
    for person in dict.fromkeys((plan.commander, plan.app_owner)):
        if person not in cutover.progress.here and not _has_just_planned(cutover, person, now):
            yield Call(f"here:{stamp}:{person}", person, "here")
    begins = max(plan.at or cutover.since, cutover.since)
    if plan.at is None or now < begins:
        return
    yield Call(f"start:{stamp}:1", plan.commander, "start")
    if now >= begins + AGAIN_AFTER:
        yield Call(f"start:{stamp}:2", plan.commander, "start")
    if now >= begins + 2 * AGAIN_AFTER:
        yield Call(f"start:{stamp}:3", plan.deputy, "start")


def _has_just_planned(cutover: Cutover, person: str, now: datetime) -> bool:
    """Whether this person planned it a moment ago, so has the card before them."""
    return person == cutover.by.user and now < cutover.created + AGAIN_AFTER


def _second(cutover: Cutover, now: datetime, seconds: Sequence[str]) -> Iterator[Call]:
    """The first of the cutover's people who may, else all who can be named; after six minutes everybody who
    may, and the channel. The channel at once where nobody can be named, as where every member may approve."""
    near = [user for user in seconds if roles_of(cutover, user)]
    first = near[:1] or seconds
    begun = cutover.progress.asked or cutover.since
    stamp = begun.isoformat()
    if not seconds or now >= begun + 2 * AGAIN_AFTER:
        yield Call(f"second:{stamp}:channel", "", "second", cutover.plan.channel)
    for user in first if now < begun + 2 * AGAIN_AFTER else seconds:
        yield Call(f"second:{stamp}:{user}:1", user, "second")
        if now >= begun + AGAIN_AFTER:
            yield Call(f"second:{stamp}:{user}:2", user, "second")
        yield from _nags(replace(cutover, since=begun), now, f"second:{user}", user, "second")


def _leads(cutover: Cutover, now: datetime, what: str) -> Iterator[Call]:
    """The commander, then the deputy; and the commander every quarter of an hour, as the downtime runs."""
    plan = cutover.plan
    yield from _press(cutover, now, what, plan.commander, plan.deputy)
    if cutover.progress.stopped is not None:
        yield from _nags(cutover, now, what, plan.commander)


def _leads_on(cutover: Cutover) -> str:
    """The press that leads on from a held cutover; empty while only a promotion from outside can."""
    if not lacks_request(cutover):
        return "resume"
    if not_promoted(cutover):
        return "without"
    return "" if is_promoted_in_part(cutover) else "abort"


def _stopping(cutover: Cutover, now: datetime) -> Iterator[Call]:
    """The app owner alone says that the writes are stopped: others are asked to reach that person."""
    plan = cutover.plan
    yield from _press(cutover, now, "stopped", plan.app_owner, "")
    if now >= cutover.since + 2 * AGAIN_AFTER:
        other = plan.commander if plan.commander != plan.app_owner else plan.deputy
        if other != plan.app_owner:
            yield Call(f"silent:{cutover.since.isoformat()}", other, "silent")


def _press(cutover: Cutover, now: datetime, what: str, person: str, deputy: str) -> Iterator[Call]:
    """At once, again after three minutes, and three minutes later the deputy. Whoever has just pressed what
    led there has the card before them, and is called after three minutes only."""
    stamp = cutover.since.isoformat()
    if person != cutover.progress.entered_by:
        yield Call(f"{what}:{stamp}:1", person, what)
    if now >= cutover.since + AGAIN_AFTER:
        yield Call(f"{what}:{stamp}:2", person, what)
    if now >= cutover.since + 2 * AGAIN_AFTER and deputy != person:
        yield Call(f"{what}:{stamp}:3", deputy, what)


def _checklist(cutover: Cutover, now: datetime, owner: str) -> Iterator[Call]:
    """The app owner, at once and every quarter of an hour. Whoever planned it learns of the promotion from
    the outcome of its request, if that was the last to promote."""
    told = cutover.by.user if _outcome_tells(cutover) else ""
    if owner not in (told, cutover.progress.entered_by):
        yield Call(f"item:{cutover.since.isoformat()}:1", owner, "item")
    yield from _nags(cutover, now, "item", owner)


def _outcome_tells(cutover: Cutover) -> bool:
    """Whether an outcome of its request has just said that all is promoted. None does where the last job was
    promoted from outside, was found by another look, or was left out."""
    marks = cutover.progress.jobs
    if cutover.rehearsal or any(each.mark is Mark.LEFT_OUT for each in marks):
        return False
    last = max((each.at for each in marks if each.at is not None), default=None)
    return last is not None and cutover.since - last <= _OUTCOME_WITHIN


def _late(cutover: Cutover, now: datetime) -> Iterator[Call]:
    begun = cutover.progress.promote_intended or cutover.since
    stamp = begun.isoformat()
    if now >= begun + PROMOTE_WARNS:
        yield Call(f"slow:{stamp}", cutover.plan.commander, "slow")
    if now >= begun + PROMOTE_ESCALATES:
        for person in dict.fromkeys((cutover.plan.commander, cutover.plan.deputy, cutover.by.user)):
            yield Call(f"very_slow:{stamp}:{person}", person, "very_slow")


def _over_budget(cutover: Cutover, now: datetime) -> Iterator[Call]:
    """Once when most of the longest downtime is used, and once when it is passed, whatever the state is."""
    span = downtime(cutover, now)
    if span is None or not downtime_runs(cutover):
        return
    share = span / timedelta(seconds=cutover.plan.budget_s)
    if share < BUDGET_WARNS:
        return
    what = "over_budget" if share >= 1 else "near_budget"
    for person in dict.fromkeys((cutover.plan.commander, cutover.plan.deputy)):
        yield Call(f"{what}:{person}", person, what)


def _nags(cutover: Cutover, now: datetime, key: str, person: str, what: str = "") -> Iterator[Call]:
    """The newest of the reminders that are due, every quarter of an hour."""
    number = min(now - cutover.since, _NAGGED_FOR) // REMINDS
    if number > 0:
        yield Call(f"{key}:{cutover.since.isoformat()}:nag{number}", person, what or key)


def _news(cutover: Cutover, now: datetime) -> Iterator[NewsKind]:
    at, progress = cutover.plan.at, cutover.progress
    waits = cutover.state in (S.SCHEDULED, S.READY)
    if waits and at is not None and at - _DAY <= now < at - _HOUR:
        yield N.DAY_BEFORE
    if waits and at is not None and at - _HOUR <= now < at:
        yield N.HOUR_BEFORE
    if progress.stopping is not None and cutover.state is not S.ABORTED:
        yield N.STOPPING
    if progress.promoted is not None:
        yield N.PROMOTED
    if progress.opened is not None:
        yield N.OPENED
    told = progress.stopping is not None or any(each.startswith("news:") for each in progress.said)
    if cutover.state in (S.ABORTED, S.EXPIRED) and told:
        yield N.ABORTED if cutover.state is S.ABORTED else N.EXPIRED
    if progress.reopened is not None:
        yield N.REOPENED
