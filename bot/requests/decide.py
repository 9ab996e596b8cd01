"""Approving and denying the requests of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.cmdline.answers import Note, User
from bot.policy.access import Verdict
from bot.requests.base import RequestContext
from bot.requests.outcomes import enqueue_begun
from bot.requests.queries import departed, valid_approvals, valid_approvers
from bot.requests.revalidate import Revalidation
from bot.requests.rules import after_approval, needs_typed_confirmation
from bot.store.records import Decision, Person, Request, RequestState
from bot.util.redact import redact

_NOT_SURE = Note(
    "Not approved: press Approve again, and confirm what will be lost in the dialog.", tone="warn"
)
_APPROVED_ALREADY = Note("You already approved this.", tone="info")


class Approval:
    """The steps by which people approve or deny requests."""

    def __init__(self, context: RequestContext, revalidation: Revalidation) -> None:
        self._ctx = context
        self._revalidation = revalidation

    def approve(self, who: Person, shown: Request, *, sure: bool = False) -> Note | None:
        """Approve `shown`, the request as it was read for this press. None on success, else what to answer.

        What its requester had to type takes an approver who is `sure`: a second press, on what will be lost.

        Raises:
            DmsError, StoreError.
        """
        request = self.check(who, shown)
        if isinstance(request, Note):
            return request
        renamed = self._revalidation.check_names(request)
        if renamed is not None:
            return renamed
        left = departed(self._ctx.store, self._ctx.access, request)
        if left:
            return self._revalidation.end_as_outdated(request, left)
        judged = self._revalidation.reevaluate_policy(request)
        if isinstance(judged, Verdict):
            return Note((User(request.by.user), " may no longer do this: ", judged.why), tone="warn")
        changes = self._revalidation.job_changes(request) or self._revalidation.unseen(request)
        if changes:
            return self._revalidation.end_as_outdated(request, changes)
        decisions = self._ctx.store.decisions(request.id)
        earlier = {each.user for each in decisions if each.approve}
        void = earlier - valid_approvers(self._ctx.store, self._ctx.access, judged)
        judged = replace(judged, facts=replace(judged.facts, void_approvers=tuple(sorted(void))))
        if _has_approved(request, decisions, who):  # as stored: an approval that was void is given anew
            return _APPROVED_ALREADY
        # What no further press changes comes before what asks for one.
        stop = self._revalidation.blocked_note(judged) if _is_enough(judged, decisions, who) else None
        if stop is None and needs_typed_confirmation(request) and not sure:
            stop = _NOT_SURE
        stop = stop or self._revalidation.check_delay(request)
        return stop or self._approved(judged, who)

    def _approved(self, request: Request, who: Person) -> Note | None:
        with self._ctx.store.transaction():
            current = self._revalidation.reread(request, RequestState.APPROVING)
            if isinstance(current, Note):
                return current
            decisions = self._ctx.store.decisions(request.id)
            if _has_approved(current, decisions, who):
                return _APPROVED_ALREADY
            enough = _is_enough(request, decisions, who)
            blocked = self._revalidation.blocked_note(request) if enough else None
            if blocked is not None:
                return blocked
            decision = Decision(request.id, who.user, True, "", self._ctx.clock(), who.channel)
            self._ctx.store.add_decision(decision)
            to = after_approval(request) if enough else RequestState.APPROVING
            moved = self._revalidation.move(request, current, to)
            self._ctx.record_step(moved, "approved", who)
            self._ctx.on_state_entered(moved)
            if enough and who.user != request.by.user:
                enqueue_begun(self._ctx.store, moved, self._ctx.clock())
        self._ctx.start_if_approved(moved)
        return None

    def may_approve(self, who: Person, request_id: str) -> Request | Note:
        """The request, when `who` may approve it now and has not yet, else what to answer.

        Raises:
            StoreError.
        """
        request = self.may_decide(who, request_id)
        if isinstance(request, Note):
            return request
        given = valid_approvals(request, self._ctx.store.decisions(request.id))
        return _APPROVED_ALREADY if who.user in {each.user for each in given} else request

    def may_decide(self, who: Person, request_id: str) -> Request | Note:
        """The request, when `who` may approve or deny it now, else what to answer.

        Raises:
            StoreError.
        """
        return self.check(who, self._ctx.store.request(request_id))

    def check(self, who: Person, read: Request | None) -> Request | Note:
        """The same for a request that has been read already."""
        request = self._ctx.check_open(read, who, RequestState.APPROVING)
        if isinstance(request, Note):
            return request
        verdict = self._ctx.access.may_approve(who, request)
        return request if verdict.allowed else Note(verdict.explanation, tone="warn")

    def deny(self, who: Person, request_id: str, reason: str) -> Note | None:
        """Deny the request with a reason. None on success, else what to answer.

        Raises:
            StoreError.
        """
        request = self.may_decide(who, request_id)
        if isinstance(request, Note):
            return request
        reason = redact(reason)
        with self._ctx.store.transaction():
            if self._ctx.end(request, RequestState.DENIED, "denied", who, reason) is None:
                return self._ctx.ended_note(self._ctx.store.request(request.id))
            # No effect for somebody who approved before; the audit has both.
            decision = Decision(request.id, who.user, False, reason, self._ctx.clock(), who.channel)
            self._ctx.store.add_decision(decision)
        self._ctx.wake()
        return None


def _has_approved(request: Request, decisions: Sequence[Decision], who: Person) -> bool:
    return who.user in {each.user for each in valid_approvals(request, decisions)}


def _is_enough(request: Request, decisions: Sequence[Decision], who: Person) -> bool:
    """Whether the request has the approvals that it needs with that of `who`."""
    given = {each.user for each in valid_approvals(request, decisions)}
    return len(given | {who.user}) >= request.needed
