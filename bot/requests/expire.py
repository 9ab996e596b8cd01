"""Ends requests that are withdrawn or expire, and sends reminders before they do."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.cmdline.answers import Note, User
from bot.dms.rules import HARMLESS
from bot.policy.permissions import ruled_as
from bot.requests.base import RequestContext
from bot.requests.queries import approval_key
from bot.runtime.one_by_one import one_by_one, pass_over
from bot.store.records import OPEN_REQUESTS, PENDING_REQUESTS, OutMessage, Person, Request, RequestState

REMIND_AT = 0.25
"""The reminder is sent when this share of the time to approve is left,"""
REMIND_AT_LEAST = timedelta(minutes=5)
"""but at least so long before the end; of a very short time, when half of it is left."""


class Expiry:
    """Withdraws and expires requests, and sends reminders."""

    def __init__(self, context: RequestContext) -> None:
        self._ctx = context

    def cancel(self, who: Person, request_id: str) -> Note | None:
        """Withdraw a request; its requester may, and anybody who may make the same one or approve it.

        Returns None on success, else what to answer.

        Raises:
            StoreError.
        """
        request = self._ctx.open(who, request_id, *PENDING_REQUESTS)
        if isinstance(request, Note):
            return request
        if not self.may_end(who, request):
            others = f", or somebody who may {request.action} {_subject(request)}, can withdraw this."
            return Note(("Only ", User(request.by.user), others), tone="warn")
        if self._ctx.end(request, RequestState.CANCELLED, "cancelled", who, "") is None:
            return self._ctx.ended_note(self._ctx.store.request(request.id))
        return None

    def may_end(self, who: Person, request: Request) -> bool:
        """Whether `who` may withdraw the request; who could approve a scheduled one may, too."""
        if request.by.user == who.user or self._could_ask(who, request):
            return True
        scheduled = request.state is RequestState.SCHEDULED
        return scheduled and self._ctx.access.may_approve(who, request).allowed

    def _could_ask(self, who: Person, request: Request) -> bool:
        verb = ruled_as(request.action, request.options)
        return all(self._ctx.access.verdict(who, verb, job).allowed for job in request.jobs)

    def expire(self) -> None:
        """End expired requests, and send the reminders that are due. An error with one does not stop the
        others.

        Raises:
            StoreError.
        """
        now = self._ctx.clock()
        found = self._ctx.store.requests(OPEN_REQUESTS, limit=1000, skip=pass_over)
        one_by_one(found, lambda request: self._expire(request, now), lambda each: f"request {each.id}")

    def _expire(self, request: Request, now: datetime) -> None:
        if request.expires <= now:
            self._ctx.end(request, RequestState.EXPIRED, "expired", None, "")
        elif request.state is RequestState.APPROVING and reminder_due(request, now):
            self._remind_unless_frozen(request)

    def _remind_unless_frozen(self, request: Request) -> None:
        """Nobody has to decide on what a freeze forbids: if it ends in time, they are reminded then."""
        if not self._is_frozen(request):
            self._remind(request)

    def _is_frozen(self, request: Request) -> bool:
        """Whether a freeze forbids one of the changes at the time for which the request is."""
        if request.action in HARMLESS:
            return False
        ctx, due = self._ctx, request.facts.due
        return any(
            ctx.store.freezes(due or ctx.clock(), job.name)
            or (due is None and ctx.access.planned_freeze_reason(job))
            for job in request.jobs
        )

    def _remind(self, request: Request) -> None:
        with self._ctx.store.transaction():
            if (
                self._ctx.store.move_request(request.id, [request.state], request.state, reminded=True)
                is None
            ):
                return
            self._ctx.store.enqueue(
                OutMessage(
                    key=f"reminder:{request.id}",
                    channel=self._ctx.approval_channel_of(request),
                    kind="reminder",
                    subject={"request": request.id},
                    thread_of=approval_key(request.id),
                    created=self._ctx.clock(),
                )
            )
        self._ctx.wake()


def _subject(request: Request) -> str:
    return f"`{request.jobs[0].id}`" if len(request.jobs) == 1 else "each of these jobs"


def reminder_due(request: Request, now: datetime) -> bool:
    """Whether little of the time to approve is left, and nobody has been reminded."""
    if request.reminded:
        return False
    ttl_s = request.facts.approval_ttl_s
    life = request.expires - request.created if ttl_s is None else timedelta(seconds=ttl_s)
    left = request.expires - now
    return left <= min(max(life * REMIND_AT, REMIND_AT_LEAST), life / 2)
