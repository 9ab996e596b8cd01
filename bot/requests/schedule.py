"""Sends scheduled requests when they are due: once, and only if everything still holds.

The leader calls `Scheduler.tick`. What was true when a request was approved may not be at night, so
policy, freezes, locks, the jobs and their replication delay are looked at again; then the ordinary runs are
queued, which check everything once more before their call.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.dms.errors import DmsError
from bot.dms.rules import HARMLESS
from bot.policy.access import Verdict
from bot.requests import delay, drain
from bot.requests.base import RequestContext
from bot.requests.preflight import frozen_text
from bot.requests.queries import departed, valid_approvers
from bot.requests.revalidate import Revalidation
from bot.requests.rules import delay_counts, measures_delay
from bot.requests.unsupported import unsupported_clause
from bot.runtime.one_by_one import concerns_all, one_by_one, pass_over
from bot.store.records import Request, RequestState
from bot.util.durations import humanize
from bot.util.utc_times import utc_text

log = structlog.get_logger(__name__)

_MOST = 1000
_MEASURE_EVERY = timedelta(seconds=15)


class Scheduler:
    """Starts what is due, or ends it with the reason."""

    def __init__(self, context: RequestContext, revalidation: Revalidation) -> None:
        self._ctx = context
        self._revalidation = revalidation
        self._measured: dict[str, tuple[datetime, str]] = {}
        """By request, when its delay was last measured, and what was missing."""

    def tick(self, now: datetime) -> None:
        """Start or end every scheduled request that is due at `now`. An error with one does not
        stop the others.

        Raises:
            StoreError: the next tick goes on.
        """
        scheduled = self._ctx.store.requests([RequestState.SCHEDULED], limit=_MOST, skip=pass_over)
        one_by_one(scheduled, lambda request: self._tick(request, now), lambda each: f"request {each.id}")

    def _tick(self, request: Request, now: datetime) -> None:
        if request.facts.cutover:
            return  # its cutover sends it
        if request.facts.due is None or request.facts.due > now:
            return
        try:
            self._due(request, now)
        except Exception as error:
            if not concerns_all(error) and now > self._ctx.last_start(request):
                self._expire(request, now, "It could not be checked because of an error in the bot")
            raise

    def _due(self, request: Request, now: datetime) -> None:
        late = now > self._ctx.last_start(request)
        try:
            why = self.objection(request)
        except DmsError as error:
            if late:
                self._expire(request, now, f"DMS did not report the state of the jobs: {error}")
            return
        if why and not late:
            self._ctx.end(request, RequestState.OUTDATED, "outdated", None, why)
            return
        if request.facts.when_drained and not why:
            why = self._missing(request, now)
            if why and not late:
                return  # measured again until its time is over
            why = why or self._unsupported(request)
            if why and not late:
                self._ctx.end(request, RequestState.OUTDATED, "outdated", None, why)
                return
        if late:
            self._expire(request, now, why)
            return
        if self._is_locked(request):
            return  # tried again until the grace is over
        self._start(request)

    def _expire(self, request: Request, now: datetime, why: str) -> None:
        """End a request whose time is over. The bot was down, a job was locked, or DMS did not answer."""
        assert request.facts.due is not None
        by = humanize(now - request.facts.due)
        reason = why or "The bot was not running then, or the jobs were busy."
        due = utc_text(request.facts.due)
        when = f"It was due at {due}, {by} ago"
        if request.facts.waits_without_time:
            when = f"It waited for {by}, since {due}"
        text = f"{when}. {reason.rstrip('.')}."
        self._ctx.end(request, RequestState.EXPIRED, "expired", None, text)

    def objection(self, request: Request) -> str:
        """Why it must not be sent now, in sentences; empty if nothing objects.

        Raises:
            DmsError, StoreError.
        """
        left = departed(self._ctx.store, self._ctx.access, request)
        if left:
            return left[0]
        judged = self._revalidation.reevaluate_policy(request)
        if isinstance(judged, Verdict):
            return f"The policy no longer allows it: {judged.why}"
        given = valid_approvers(self._ctx.store, self._ctx.access, judged)
        if len(given) < judged.needed:
            return f"{len(given)} of {judged.needed} approvals count now."
        frozen = self._frozen(request)
        if frozen:
            return frozen
        changes = self._revalidation.job_changes(request)
        return " ".join(changes) or self._never_sent(request) or self._not_drained(request)

    def _frozen(self, request: Request) -> str:
        if request.action in HARMLESS:
            return ""
        now = self._ctx.clock()
        found = ((job, self._ctx.store.freezes(now, job.name)) for job in request.jobs)
        blocked = ((job, freezes[0]) for job, freezes in found if freezes)
        return next((frozen_text(self._ctx.store, self._ctx.access, *each) for each in blocked), "")

    def _never_sent(self, request: Request) -> str:
        """Why a promote would wait in vain: older versions took those that this one refuses when planned."""
        if request.facts.cutover or not measures_delay(request.action, request.options):
            return ""
        found = (drain.never_sent(job, when_drained=request.facts.when_drained) for job in request.jobs)
        return next(filter(None, found), "")

    def _not_drained(self, request: Request) -> str:
        """Why a promote would lose data that nobody agreed to lose: its delay is not known to be zero now.

        Whoever scheduled it saw an older figure, and nobody is there to look at this one.
        """
        if not delay_counts(request):
            return ""
        found = delay.measure(
            self._ctx.dms, self._ctx.store, request.jobs, self._ctx.clock, request.databases
        )
        why = delay.plain_text(delay.data_loss_reason(found, request.facts.delays))
        return f"The replication delay was measured when it was due, and {why}." if why else ""

    def _missing(self, request: Request, now: datetime) -> str:
        """What is missing, of a promote that waits until nothing is; measured every quarter of a minute."""
        due = request.facts.due or now
        last = self._measured.get(request.id)
        if last is not None and timedelta() <= now - last[0] < _MEASURE_EVERY:
            return last[1]
        names = request.options.databases
        why = drain.not_drained(self._ctx.dms, request.jobs, due, now, names)
        self._measured = {request.id: (now, why)} | {
            id: each for id, each in self._measured.items() if now - each[0] < drain.LASTS
        }
        return why

    def _unsupported(self, request: Request) -> str:
        """Why nobody is asked about a promote that waits until nothing is missing: changes may be missing
        whatever the delay is."""
        found = delay.measure(
            self._ctx.dms, self._ctx.store, request.jobs, self._ctx.clock, request.databases
        )
        lost = [each.unsupported for each in found.values() if each.unsupported is not None]
        first = next((each for each in lost if each.may_miss), None)
        if first is None:
            return ""
        return f"The replication delay is zero, but {delay.plain_text(unsupported_clause(first))}."

    def _is_locked(self, request: Request) -> bool:
        blocker = self._ctx.blocker(request)
        return blocker is not None and blocker.is_temporary

    def _start(self, request: Request) -> None:
        with self._ctx.store.transaction():
            moved = self._ctx.store.move_request(request.id, [RequestState.SCHEDULED], RequestState.APPROVED)
            if moved is None:
                return
            self._ctx.record_step(moved, "due", None)
            self._ctx.on_state_entered(moved)
        log.info("scheduled_request_started", request=request.id, action=str(request.action))
        self._ctx.start_if_approved(moved)
