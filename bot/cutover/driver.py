"""Moves cutovers on where no press is needed: by time, samples and runs. The leader calls `Driver.tick`.

Everything that it decides follows from the store and the service, so any replica can go on from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from bot.cmdline.answers import rich_parts
from bot.cutover.alarm import Alarm
from bot.cutover.calls import Call, NewsKind, calls_due, news_due
from bot.cutover.draining import Draining
from bot.cutover.evidence import is_stale, written_at_source
from bot.cutover.ledger import CutoverLedger, card_key
from bot.cutover.moved import end_moved
from bot.cutover.promotion import Promotion
from bot.cutover.proofs import proven
from bot.cutover.second_person import second_people
from bot.cutover.states import (
    BUDGET_CALLS,
    CHECK_EVERY,
    DRAIN_LIMIT,
    EXPIRES_TO,
    PRE_CHECK,
    REHEARSAL_LASTS,
    STATE_LIMITS,
    WRITES_STOPPED,
    downtime,
    evidence_from,
    expires,
    is_promoted_in_part,
    lacks_request,
    not_promoted,
    source_is_closed,
)
from bot.cutover.steps import Checks
from bot.dms.errors import DmsError
from bot.dms.model import Job
from bot.requests.base import RequestContext
from bot.requests.delay import plain_text
from bot.runtime.one_by_one import one_by_one, pass_over
from bot.store.cutover import ENDED_CUTOVERS, Cutover, CutoverState
from bot.store.records import Request, RequestState
from bot.util import parallel
from bot.util.command import COMMAND
from bot.util.durations import humanize
from bot.util.recent import Recent

log = structlog.get_logger(__name__)
S = CutoverState
LOOK_EVERY = timedelta(seconds=15)
"""How often the jobs are looked at while nothing has to be measured."""
PROVE_EVERY = timedelta(minutes=1)
"""How often the checklist is looked after: its backups are a list of all of a location, and the downtime may
run."""
_CLOCK_EVERY = timedelta(minutes=1)
_DAY = timedelta(days=1)
_ENDS = {
    RequestState.CANCELLED: S.ABORTED,
    RequestState.DENIED: S.ABORTED,
    RequestState.EXPIRED: S.EXPIRED,
    RequestState.OUTDATED: S.EXPIRED,
}
_SENDS_MORE = (S.STOPPING, S.DRAINING, S.DRAINED, S.HELD)
"""States that lead to a promotion, for which a cutover needs its request."""
_NOBODYS = (RequestState.EXPIRED, RequestState.OUTDATED)
"""Ends of a request that no person decided."""
_WHY = {
    RequestState.CANCELLED: "Its request was cancelled.",
    RequestState.DENIED: "Its request was denied.",
    RequestState.EXPIRED: "Its request expired.",
    RequestState.OUTDATED: "Its request is out of date.",
}


class Driver:
    """One look at all cutovers that have not ended."""

    def __init__(
        self,
        context: RequestContext,
        ledger: CutoverLedger,
        promotion: Promotion,
        draining: Draining,
        checks: Checks,
        alarm: Alarm,
    ) -> None:
        self._alarm = alarm
        self._ctx = context
        self._ledger = ledger
        self._promotion = promotion
        self._draining = draining
        self._checks = checks
        self._looked: Recent[datetime] = Recent()

    def tick(self, now: datetime) -> None:
        """Move on each cutover that needs no press. An error with one does not stop the others.

        Raises:
            StoreError: the next tick goes on.
        """
        found = (*self._ctx.store.cutovers(skip=pass_over), *self._ended_with_work(now))
        one_by_one(found, lambda cutover: self._tick(cutover, now), lambda each: f"cutover {each.id}")

    def _tick(self, cutover: Cutover, now: datetime) -> None:
        try:
            self._one(cutover, now)
        except DmsError as error:
            log.warning("cutover_not_read", cutover=cutover.id, error=str(error))

    def _ended_with_work(self, now: datetime) -> Sequence[Cutover]:
        """Those that have ended, and whose source is still to be opened, or whose alarm is still set."""
        ended = self._ctx.store.cutovers([S.ABORTED, S.EXPIRED], since=now - _DAY, skip=pass_over)
        return [each for each in ended if _has_work(each)]

    def _one(self, cutover: Cutover, now: datetime) -> None:
        # Before the calls: what is asked of people may change with it.
        if cutover.state not in ENDED_CUTOVERS and self._follow_request(cutover):
            return
        cutover = self._alarm.tick(self._call(cutover, now), now)
        if cutover.state in ENDED_CUTOVERS or self._expire(cutover, now):
            return
        match cutover.state:
            case S.SCHEDULED:
                self._scheduled(cutover, now)
            case S.READY:
                self._ready(cutover, now)
            case S.DRAINING | S.DRAINED:
                self._drain(cutover, now)
            case S.PROMOTING:
                self._promotion.follow(cutover)
            case S.UNKNOWN if self._is_time(cutover, now):
                self._promotion.follow(cutover)
            case S.STOPPING | S.HELD if not cutover.rehearsal and self._is_time(cutover, now):
                self._draining.watch(cutover, self._planned, now)
            case S.CHECKLIST if self._is_time(cutover, now, PROVE_EVERY):
                self._prove(cutover, now)
        self._tick_clock(cutover, now)

    # ---- its request, and its time

    def _follow_request(self, cutover: Cutover) -> bool:
        """Move on as its request did. Returns whether it moved."""
        request = self._ctx.store.request(cutover.request) if cutover.request else None
        if request is None:
            return False
        if request.state in _ENDS and is_promoted_in_part(cutover):
            return cutover.state in _SENDS_MORE and self._hold_without_request(cutover, request)
        if request.state in _NOBODYS and cutover.progress.stopping is not None:
            return self._hold_without_request(cutover, request)
        if request.state in _ENDS:
            text = request.note or _WHY[request.state]
            event = "aborted" if cutover.progress.stopping else str(_ENDS[request.state])
            self._ledger.enter(
                cutover, _ENDS[request.state], event, None, text, said=_unsaid(cutover, request)
            )
            return True
        if cutover.state is S.DRAFT and request.state is RequestState.APPROVING:
            self._ledger.enter(cutover, S.AWAITING_APPROVAL, "confirmed")
            return True
        if cutover.state in (S.DRAFT, S.AWAITING_APPROVAL) and request.state is RequestState.SCHEDULED:
            self._scheduled_now(cutover, request)
            return True
        return False

    def _hold_without_request(self, cutover: Cutover, request: Request) -> bool:
        """Have people look at the jobs of a night whose request ended without them, as after a restore of the
        database: they do what the advice says, which follows the jobs, or what was promoted since is adopted.
        Returns whether it moved."""
        advice = _without_request(cutover)
        text = f"{_WHY[request.state]} {advice} {request.note}".rstrip()
        if lacks_request(cutover) and advice in cutover.progress.why:
            return False
        # Also where the advice changes: the calls for its press count from then, and come one by one.
        return self._ledger.enter(cutover, S.HELD, "held", None, text, held_from="", asked_by="") is not None

    def _scheduled_now(self, cutover: Cutover, request: Request) -> None:
        event = "approved" if request.needed else "confirmed"
        with self._ctx.store.transaction():
            moved = self._ledger.enter(cutover, S.SCHEDULED, event)
            if moved is not None:
                end_moved(self._ctx, self._ledger, moved)

    def _expire(self, cutover: Cutover, now: datetime) -> bool:
        at = expires(cutover)
        if at is None or now < at:
            return False
        limit = STATE_LIMITS.get(cutover.state)
        to = limit.to if limit else EXPIRES_TO[cutover.state]
        text = _expired_text(cutover, at) if limit is None else f"{limit.why[0].upper()}{limit.why[1:]}."
        with self._ctx.store.transaction():
            held = {"held_from": str(cutover.state), "asked_by": ""} if to is S.HELD else {}
            moved = self._ledger.enter(cutover, to, str(to), None, text, **held)
            request = self._ctx.store.request(cutover.request) if moved and cutover.request else None
            if to is S.EXPIRED and request is not None:
                self._ctx.end(request, RequestState.EXPIRED, "expired", None, text)
        return True

    # ---- before the writes are stopped

    def _scheduled(self, cutover: Cutover, now: datetime) -> None:
        at, checked = cutover.plan.at, cutover.progress.checked
        if at is None or now >= at - PRE_CHECK:
            self._ledger.enter(cutover, S.READY, "ready", checks=tuple(self._checks(cutover)), checked=now)
        elif now >= at - _DAY and (checked is None or checked < at - _DAY):
            self._ledger.note(cutover, "checked", checks=tuple(self._checks(cutover)), checked=now)

    def _ready(self, cutover: Cutover, now: datetime) -> None:
        checked = cutover.progress.checked
        if checked is None or not timedelta() <= now - checked < CHECK_EVERY:
            self._ledger.update(cutover, checks=tuple(self._checks(cutover)), checked=now)

    # ---- the night

    def _drain(self, cutover: Cutover, now: datetime) -> None:
        self._draining.tick(cutover, self._planned, now)
        read = self._ctx.store.cutover(cutover.id)
        if read is None or read.state is not S.DRAINED or not read.plan.by_itself or is_stale(read, now):
            return
        if written_at_source(read):
            return  # people decide whether somebody still writes: the card and a call ask them
        told = self._promotion.send(None, read)
        left = self._ctx.store.cutover(cutover.id)
        if left is None or left.state is not S.DRAINED or written_at_source(left):
            return  # also if rows were counted only now
        if told is not None:
            text = plain_text(rich_parts(told.text))
            self._ledger.enter(left, S.HELD, "held", None, text, held_from=str(S.DRAINED), asked_by="")

    def _planned(self, cutover: Cutover) -> Mapping[str, Job]:
        """The jobs as they were planned; those of a rehearsal, which has no request, as they are now."""
        request = self._ctx.store.request(cutover.request) if cutover.request else None
        if request is not None:
            return {job.name: job for job in request.jobs}
        found = parallel.map_concurrently(self._job, cutover.plan.jobs)
        return {job.name: job for job in found if job is not None}

    def _job(self, name: str) -> Job | None:
        try:
            return self._ctx.dms.get_job(name)
        except DmsError as error:
            log.info("job_not_read", job=name, error=str(error))
            return None

    def _prove(self, cutover: Cutover, now: datetime) -> None:
        """Tick what an API shows to be done."""
        before = cutover.progress.checklist
        after = proven(self._ctx.dms, before, now)
        texts = [new.text for old, new in zip(before, after, strict=True) if new is not old]
        if texts and not cutover.rehearsal:
            done = f"seen by the bot: {', '.join(dict.fromkeys(texts))}"
            self._ledger.note(cutover, "item", None, done, checklist=after)

    def _is_time(self, cutover: Cutover, now: datetime, every: timedelta = LOOK_EVERY) -> bool:
        key = f"{cutover.state}:{cutover.id}"
        last = self._looked.get(key)
        if last is not None and timedelta() <= now - last < every:
            return False
        self._looked[key] = now
        return True

    def _tick_clock(self, cutover: Cutover, now: datetime) -> None:
        """Update the card once a minute: it shows the present downtime, and how long it has been held."""
        if cutover.state not in WRITES_STOPPED and cutover.state is not S.HELD:
            return
        last = self._looked.get(f"clock:{cutover.id}")
        if last is None or not timedelta() <= now - last < _CLOCK_EVERY:
            self._looked[f"clock:{cutover.id}"] = now
            if last is not None:
                self._ctx.store.mark_dirty(card_key(cutover.id))
                self._ctx.wake()

    # ---- who is told

    def _call(self, cutover: Cutover, now: datetime) -> Cutover:
        """Queue the calls and news that are due. Returns the updated cutover."""
        calls = calls_due(cutover, now, self._second_people(cutover))
        news = news_due(cutover, now)
        if not calls and not news:
            return cutover
        said = (
            *cutover.progress.said,
            *(f"call:{each.key}" for each in calls),
            *(f"news:{each.what}" for each in news),
        )
        with self._ctx.store.transaction():
            read = self._ctx.store.cutover(cutover.id)
            if read is None or read.rev != cutover.rev:
                return cutover
            updated = self._ledger.update(read, shown=False, said=said)
            for call in calls:
                self._ledger.post_call(cutover, call)
            for each in news:
                self._ledger.post_news(cutover, each)
            self._log_budget(updated or cutover, calls, now)
        self._ctx.wake()
        return updated or cutover

    def _log_budget(self, cutover: Cutover, calls: Sequence[Call], now: datetime) -> None:
        """Log that the downtime runs long, if its leaders are told so now."""
        span = downtime(cutover, now)
        if span is not None and any(each.what in BUDGET_CALLS for each in calls):
            text = f"{humanize(span)} of {humanize(cutover.plan.budget_s)}"
            self._ledger.log(cutover, "budget", text)
            self._ctx.store.mark_dirty(card_key(cutover.id))

    def _second_people(self, cutover: Cutover) -> tuple[str, ...]:
        """User IDs to call for the second confirmation; none before it was asked for."""
        request = self._ctx.store.request(cutover.request) if cutover.progress.asked_by else None
        if request is None or cutover.state is not S.DRAINED:
            return ()
        may = self._promotion.may_second
        decisions = self._ctx.store.decisions(request.id)
        approved = [each.user for each in decisions if each.approve]
        return second_people(
            self._ctx.access, request, cutover, approved, lambda who: may(who, cutover) is None
        )


def _without_request(cutover: Cutover) -> str:
    """What people can do about a held cutover whose request has ended, in sentences."""
    if not_promoted(cutover):
        return f"Promote what is left with `{COMMAND} promote`, or go on without it."
    return "Look at the jobs." if is_promoted_in_part(cutover) else "Look at the jobs, then abort."


def _has_work(cutover: Cutover) -> bool:
    return bool(cutover.progress.alarm) or source_is_closed(cutover)


def _unsaid(cutover: Cutover, request: Request) -> tuple[str, ...]:
    """Keys of the calls and news that need not be sent any more.

    After a restore of the database, nobody knows whether a scheduled plan has taken place since. So no
    channel gets a message that it has not.
    """
    said = cutover.progress.said
    waits = cutover.state in (S.SCHEDULED, S.READY)
    return (*said, f"news:{NewsKind.EXPIRED}") if waits and request.state is RequestState.OUTDATED else said


def _expired_text(cutover: Cutover, at: datetime) -> str:
    if cutover.state is S.AWAITING_APPROVAL:
        return "It was not approved in time."
    if cutover.rehearsal and cutover.state is not S.DRAINING:
        return f"Nobody went on with it for {humanize(REHEARSAL_LASTS)}."
    begun = evidence_from(cutover)
    if begun is not None and cutover.since - begun > timedelta(minutes=1):  # it had drained meanwhile
        again = round((at - cutover.since) / timedelta(minutes=1))
        return f"It had not drained again within {again} minutes."
    minutes = DRAIN_LIMIT // timedelta(minutes=1)
    return f"It had not drained within {minutes} minutes."
