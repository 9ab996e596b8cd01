"""The requester's confirmation."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.cmdline.answers import Note, User
from bot.dms.rules import Action
from bot.policy.access import Verdict
from bot.requests.approval_channels import different_channels
from bot.requests.base import RequestContext
from bot.requests.draft import Drafter, RequestDraft
from bot.requests.reasons import kept, missing_reason, reason_note
from bot.requests.revalidate import Revalidation
from bot.requests.rules import (
    after_approval,
    before_due,
    confirmation_phrase,
    needs_typed_confirmation,
)
from bot.requests.wording import NO_APPROVAL_CHANNEL
from bot.store.records import Person, Request, RequestState
from bot.util.command import COMMAND
from bot.util.lookalikes import wrong_character

_NOT_SCHEDULED = "The request to move is no longer scheduled."


class ConfirmationStep:
    """The step by which requesters confirm their own requests."""

    def __init__(self, context: RequestContext, drafter: Drafter, revalidation: Revalidation) -> None:
        self._ctx = context
        self._drafter = drafter
        self._revalidation = revalidation

    def may_confirm(self, who: Person, request_id: str) -> Request | Note:
        """The request, when `who` may confirm it now, else what to answer. Makes no calls to DMS.

        Raises:
            StoreError.
        """
        return self.check(who, self._ctx.store.request(request_id))

    def check(self, who: Person, read: Request | None) -> Request | Note:
        """The same for a request that has been read already."""
        request = self._ctx.check_open(read, who, RequestState.CONFIRMING)
        if isinstance(request, Note):
            return request
        if request.by.user != who.user:
            # That of a cutover is a promote, which would not wait for anything.
            own = "" if request.facts.cutover else f" Make your own request: `{COMMAND} {request.action} …`."
            only = ("Only ", User(request.by.user), f", who requested it, can confirm this.{own}")
            return Note(only, tone="warn")
        return request

    def with_destination(self, request: Request) -> Request:
        """A delete request, changed so that it deletes the destination as well."""
        if request.action is not Action.DELETE:
            return request
        options = replace(request.options, with_destination=True)
        without = self._drafter.warning(
            RequestDraft(request.action, request.jobs, request.options), request.databases
        )
        risks = (line for line in request.warning if line not in without)
        draft = RequestDraft(request.action, request.jobs, options)
        warning = (*risks, *self._drafter.warning(draft, request.databases))
        facts = replace(request.facts, effect=self._drafter.effect(draft))
        return replace(request, options=options, typed=True, warning=warning, facts=facts)

    def confirm(
        self,
        who: Person,
        shown: Request,
        *,
        destination: bool = False,
        typed: str = "",
        reason: str | None = None,
    ) -> Note | None:
        """Confirm `shown`, the request as it was read for this press; `reason` takes the place of its own.

        Returns None on success, as the request's message shows the result, else what to answer.

        Raises:
            DmsError, StoreError.
        """
        request = self.check(who, shown)
        if isinstance(request, Note):
            return request
        renamed = self._revalidation.check_names(request)
        if renamed is not None:
            return renamed
        if destination:
            request = self.with_destination(request)
        if reason is not None:
            request = replace(request, facts=replace(request.facts, reason=kept(reason)))
        # Approvers are then asked to confirm, too, whatever the delay is by then.
        request = replace(request, typed=needs_typed_confirmation(request))
        judged = self._revalidation.reevaluate_policy(request)
        if isinstance(judged, Verdict):
            return Note(judged.explanation, tone="warn")
        if self._ctx.moves_nothing(request):
            return self._revalidation.end_as_outdated(request, (_NOT_SCHEDULED,))
        changes = self._revalidation.job_changes(request)
        if changes:
            return self._revalidation.end_as_outdated(request, changes)
        # What no further press changes comes before what asks for one.
        stop = self._refusal(judged, who) or _not_typed(request, typed) or self._missing_reason_note(judged)
        stop = stop or self._revalidation.check_seen(request) or self._revalidation.check_delay(request)
        return stop or self._confirmed(judged, who)

    def _refusal(self, request: Request, who: Person) -> Note | None:
        """Why a press leads nowhere as things are, whatever the request shows."""
        to = _next_state(request)
        if to is not RequestState.APPROVING:
            return self._revalidation.blocked_note(request) if to is RequestState.APPROVED else None
        apart = different_channels(self._ctx, who.team, request, self._revalidation.verdicts(request))
        if apart is not None:  # the settings may name other channels since it was requested
            return apart
        # The policy may ask for approvals since it was requested.
        return Note(NO_APPROVAL_CHANNEL, tone="warn") if self._ctx.hides_approval(request) else None

    def _missing_reason_note(self, request: Request) -> Note | None:
        missing = self.missing_reason(request)
        return reason_note(missing) if missing else None

    def missing_reason(self, request: Request) -> str:
        """What the policy asks a request's reason to contain and it does not; empty if nothing is missing."""
        if not self._ctx.access.policy.asks_for_reasons:
            return ""
        return missing_reason(self._revalidation.verdicts(request), request.facts.reason)

    def _confirmed(self, request: Request, who: Person) -> Note | None:
        to = _next_state(request)
        if to is RequestState.APPROVING:
            now = self._ctx.clock()
            life = self._ctx.lifetime(to, self._revalidation.verdicts(request))
            until = before_due(now + life, request.facts)
            request = _awaiting_approval(request, until, until - now)
        with self._ctx.store.transaction():
            current = self._revalidation.reread(request, RequestState.CONFIRMING)
            if isinstance(current, Note):
                return current
            if self._ctx.moves_nothing(request):
                return Note(f"Nothing was done. {_NOT_SCHEDULED}", tone="warn")
            blocked = self._revalidation.blocked_note(request) if to is RequestState.APPROVED else None
            if blocked is not None:
                return blocked
            moved = self._revalidation.move(request, current, to)
            self._ctx.record_step(moved, "confirmed", who)
            self._ctx.on_state_entered(moved)
        self._ctx.start_if_approved(moved)
        return None


def _not_typed(request: Request, typed: str) -> Note | None:
    """Why a press does not count: what it takes was not typed."""
    phrase = confirmation_phrase(request)
    if not request.typed or typed == phrase:
        return None
    wrong = wrong_character(typed, phrase)
    return Note(f"Not confirmed: press again, and type `{phrase}` exactly. {wrong}", tone="warn")


def _next_state(request: Request) -> RequestState:
    """The state of a request that is confirmed."""
    return RequestState.APPROVING if request.needed > 0 else after_approval(request)


def _awaiting_approval(request: Request, until: datetime, life: timedelta) -> Request:
    """With the time limit for approvals, which starts at the confirmation."""
    facts = replace(request.facts, approval_ttl_s=life.total_seconds())
    return replace(request, expires=until, facts=facts)
