"""The buttons of a request: confirm, approve, deny, cancel, retry, review and the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from bot.cmdline.answers import Answer, Note
from bot.dms.delay import MeasuredDelay
from bot.policy.access import Verdict
from bot.requests.approvals import Approvals
from bot.requests.delay import changed_since
from bot.requests.fingerprint import shown_digest
from bot.requests.queries import approval_key, find_related_open, newest_runs, request_key
from bot.requests.rules import confirmation_phrase, needs_typed_confirmation
from bot.requests.wording import OLD_BUTTON, ended_text
from bot.slack.api.replies import Replier, ReplyTarget
from bot.slack.inbound.payloads import BlockAction
from bot.slack.inbound.places import place_of
from bot.slack.inbound.workers import Workers
from bot.slack.render import modals
from bot.slack.render.answer import render
from bot.slack.render.approval_card import approval_details
from bot.slack.render.message import Message
from bot.slack.render.progress import retryable
from bot.slack.render.request_card import request_card
from bot.store import Store
from bot.store.facts import delays_from_json, delays_to_json
from bot.store.records import OPEN_REQUESTS, CallbackToken, Person, Request, RequestState
from bot.util.command import COMMAND

DENIAL = "denial"
"""Kind of the callback token of the view that asks for the reason of a denial."""
TYPING = "typing"
"""Kind of the callback token of the view in which the confirmation is typed."""
APPROVING = "approving"
"""Kind of the callback token of the view in which an approver confirms."""
_REVIEW = "review"
"""Kind of the callback token of the view that shows a request in full."""
_UPDATE_POLLS = 5
_UPDATE_POLL_S = 0.2
"""How often and how long to wait until a message that was just updated is marked as sent."""
ACKNOWLEDGED = {
    "confirm": "Confirmed. The request's message shows what happens next.",
    "confirm_destination": "Confirmed. The request's message shows what happens next.",
    "approve": "Your approval counts. The request's message shows what happens next.",
    "cancel": "Cancelled: nothing was sent.",
    "withdraw": "Withdrawn: nothing was sent.",
    "unfollow": (
        f"No longer followed: `{COMMAND} show` and the message of the request show the job's state."
    ),
    "recheck": "Measured again: the request's message shows the delay.",
}
"""Answers to a button that was not pressed on the request's own message, which may be out of sight. They say
what was accepted, as the work may only have begun."""


def shown_delays(ref: CallbackToken) -> dict[str, MeasuredDelay]:
    """The replication delays that a view of a request shows: it does not change by itself."""
    return delays_from_json(ref.data.get("delay"))


_OTHERWISE = Note(
    "This press did not count: the request has changed. Press again in its message.",
    tone="warn",
)


def shows_otherwise(ref: CallbackToken, request: Request) -> Note | None:
    """Why a press in a view does not count: the view shows something else of the request, besides its delay.
    Tokens of older versions do not say what was shown."""
    if request.state not in OPEN_REQUESTS or ref.data.get("shown") in (None, shown_digest(request)):
        return None
    return _OTHERWISE


class RequestButtons:
    """Handles the buttons in a request's messages and views."""

    def __init__(
        self,
        workers: Workers,
        approvals: Approvals,
        store: Store,
        replier: Replier,
        clock: Callable[[], datetime],
    ) -> None:
        self._workers = workers
        self._approvals = approvals
        self._store = store
        self._replier = replier
        self._clock = clock
        self._handlers = self._steps()

    def press(self, press: BlockAction, target: ReplyTarget) -> None:
        """Handle the button; an unknown step is ignored."""
        handler = self._handlers.get(press.step)
        if handler is not None:
            handler(press, target)

    def _steps(self) -> Mapping[str, Callable[[BlockAction, ReplyTarget], None]]:
        approvals = self._approvals
        return {
            "confirm": lambda press, target: self._confirm(press, target, destination=False),
            "confirm_destination": lambda press, target: self._confirm(press, target, destination=True),
            "cancel": self._step(approvals.expiry.cancel, store_only=True),
            "withdraw": self._step(approvals.expiry.cancel, store_only=True),
            "recheck": self._step(approvals.revalidation.recheck),
            "unfollow": self._step(approvals.abandonment.abandon),
            "approve": self._approve,
            "deny": self._ask_reason,
            "names": self._names,
            "review": self._reviewing(self._may_decide),
            "details": self._reviewing(self._may_read),
            "again": self._answering(
                lambda press, target: approvals.creation.again(press.who, press.value, target.response_url)
            ),
            "retry": self._answering(self._retry),
        }

    def _step(
        self, act: Callable[[Person, str], Note | None], *, store_only: bool = False
    ) -> Callable[[BlockAction, ReplyTarget], None]:
        def step(press: BlockAction, target: ReplyTarget) -> None:
            shown = self._workers.from_home(target, press.trigger)
            self._workers.run_later(
                shown,
                press.verb,
                lambda: self._ack_elsewhere(press, shown, act(press.who, press.value)),
                store_only=store_only,
            )

        return step

    def _approve(self, press: BlockAction, target: ReplyTarget) -> None:
        """Approve at once, or ask the approver to confirm what its requester had to type."""
        request = self._store.request(press.value)
        if request is not None and needs_typed_confirmation(request):
            self._open_approval(press, target)
        else:
            self._workers.run_later(target, press.verb, lambda: self._approve_now(press, target))

    def _open_approval(self, press: BlockAction, target: ReplyTarget) -> None:
        """Open the dialog first, as its trigger lasts 3 seconds, and then measure the delay for it."""
        request = self._approvals.approval.may_approve(press.who, press.value)
        if isinstance(request, Note):
            note = request
            self._workers.run_later(target, press.verb, lambda: self._ack_elsewhere(press, target, note))
            return
        view_id = self._workers.open_view(target, press.trigger, modals.loading())
        if view_id:
            shown = replace(target, view_id=view_id)
            self._workers.run_later(shown, press.verb, lambda: self._ask_approver(press, shown))

    def _ask_approver(self, press: BlockAction, target: ReplyTarget) -> None:
        note = self._approvals.revalidation.measure_again(press.value)
        request = note or self._approvals.approval.may_approve(press.who, press.value)
        if isinstance(request, Note):
            self._workers.answer(target, request)
            return
        decisions = self._store.decisions(request.id)
        related = find_related_open(self._store, request, self._clock())
        ref = self._remember_shown(press, target, request, APPROVING)
        self._replier.update(
            target, modals.approval_confirmation(request, decisions, ref, related), awaited=True
        )

    def _approve_now(self, press: BlockAction, target: ReplyTarget) -> None:
        request = self._approvals.approval.may_decide(press.who, press.value)
        if isinstance(request, Note):
            note: Note | None = request
        else:
            note = self._stale_view(press, request) or self._approvals.approval.approve(press.who, request)
        self._ack_elsewhere(press, target, note)

    def _answering(
        self, answer: Callable[[BlockAction, ReplyTarget], Answer]
    ) -> Callable[[BlockAction, ReplyTarget], None]:
        """A step that is answered with a new message."""

        def step(press: BlockAction, target: ReplyTarget) -> None:
            shown = self._workers.from_home(target, press.trigger)
            self._workers.run_later(
                shown, press.verb, lambda: self._workers.answer(shown, answer(press, shown))
            )

        return step

    def _ack_elsewhere(self, press: BlockAction, target: ReplyTarget, note: Note | None) -> None:
        """Answer with `note`. Without one, acknowledge if the button is not on the request's own message."""
        if target.view_id and (note is not None or press.step == "recheck"):
            self._review_again(press, target, note)
            return
        elsewhere = press.replaceable or bool(target.view_id)
        if note is None and elsewhere and press.step in ACKNOWLEDGED:
            note = self._outdated(press) or Note(
                f"{ACKNOWLEDGED[press.step]} `{COMMAND} approvals` shows what is still open.", tone="good"
            )
        if note is not None:
            self._workers.answer(target, note)

    def _outdated(self, press: BlockAction) -> Note | None:
        """Why nothing was sent, if this press found a job changed and so ended the request."""
        request = self._store.request(press.value)
        if request is None or request.state is not RequestState.OUTDATED:
            return None
        return Note(f"Nothing was sent: this request is {ended_text(request)}.", tone="warn")

    def _reviewing(
        self, may: Callable[[Person, str], tuple[Request, bool] | Note]
    ) -> Callable[[BlockAction, ReplyTarget], None]:
        """A step that shows a request in full, to whoever `may` read it."""

        def step(press: BlockAction, target: ReplyTarget) -> None:
            shown = may(press.who, press.value)
            if isinstance(shown, Note):
                self._workers.reply(target, shown, press.trigger)
                return
            ref = self._remember_shown(press, target, shown[0], _REVIEW)
            self._workers.open_view(target, press.trigger, modals.review(self._card(*shown), ref))

        return step

    def _may_decide(self, who: Person, request_id: str) -> tuple[Request, bool] | Note:
        request = self._approvals.may_review(who, request_id)
        return request if isinstance(request, Note) else (request, True)

    def _may_read(self, who: Person, request_id: str) -> tuple[Request, bool] | Note:
        """The request, and whether `who` may confirm or decide on it; else why they may not read it. Whoever
        may see the databases of its jobs reads what others decide on."""
        decides = self._may_decide(who, request_id)
        if not isinstance(decides, Note):
            return decides
        found = self._store.request(request_id)
        if found is None or found.by.team != who.team or found.state is not RequestState.APPROVING:
            return decides
        return decides if self._approvals.may_see_databases(who, found) else (found, False)

    def _review_again(self, press: BlockAction, target: ReplyTarget, note: Note | None) -> None:
        """Show the present card in the review, so that the next press is made on what it shows."""
        shown = self._may_read(press.who, press.value)
        if isinstance(shown, Note):
            self._workers.answer(target, note or shown)
            return
        said = render(note).blocks if note is not None else ()
        ref = self._remember_shown(press, target, shown[0], _REVIEW)
        self._replier.update(target, modals.review(self._card(*shown), ref, said))

    def _remember_shown(self, press: BlockAction, target: ReplyTarget, request: Request, kind: str) -> str:
        """A callback token for a view. It keeps the delay shown: an open view does not update by itself."""
        delays = delays_to_json(request.facts.delays)
        shown = {
            **place_of(target),
            "request": request.id,
            "user": press.who.user,
            "elsewhere": press.replaceable or bool(press.ref),
            "delay": delays,
            "shown": shown_digest(request),
        }
        return self._store.put_ref(press.who.team, kind, shown)

    def _stale_view(self, press: BlockAction, request: Request) -> Note | None:
        """Why a press does not count: the person was shown another delay, which was zero, or less than is
        known by now."""
        ref = self._store.ref(press.who.team, press.ref) if press.ref else None
        if ref is not None and ref.kind == _REVIEW:
            return shows_otherwise(ref, request) or changed_since(shown_delays(ref), request.facts.delays)
        note = changed_since({}, request.facts.delays) or (_OTHERWISE if request.facts.read_late else None)
        return None if note is None or self._is_message_current(press, request) else note

    def _is_message_current(self, press: BlockAction, request: Request) -> bool:
        """Whether the request's message shows what is stored, or can no longer be updated."""
        key = request_key(request.id) if press.step == "confirm" else approval_key(request.id)
        for _ in range(_UPDATE_POLLS):
            message = self._store.message(key)
            if message is None or message.error or message.sent_rev >= message.rev:
                return True
            time.sleep(_UPDATE_POLL_S)
        return False

    def _card(self, request: Request, may_decide: bool) -> Message:
        decisions, now = self._store.decisions(request.id), self._clock()
        related = find_related_open(self._store, request, now)
        if request.state is RequestState.CONFIRMING:
            return request_card(request, (), decisions, now, related=related)
        approvers = self._approvals.approvers(request)
        return approval_details(request, approvers, decisions, related, may_decide=may_decide)

    def _confirm(self, press: BlockAction, target: ReplyTarget, *, destination: bool) -> None:
        request = self._approvals.confirmation.may_confirm(press.who, press.value)
        if isinstance(request, Note):
            self._workers.reply(target, request, press.trigger)
            return
        if destination:
            request = self._approvals.confirmation.with_destination(request)
            judged = self._approvals.revalidation.reevaluate_policy(request)
            if isinstance(judged, Verdict):
                self._workers.reply(target, Note(judged.explanation, tone="warn"), press.trigger)
                return
        missing = self._approvals.confirmation.missing_reason(request)
        phrase = confirmation_phrase(request) if needs_typed_confirmation(request) else ""
        if phrase or missing:
            ref = self._remember_shown(press, target, request, TYPING)
            related = find_related_open(self._store, request, self._clock())
            view = modals.typed_confirmation(request, phrase, ref, related, missing)
            self._workers.open_view(target, press.trigger, view)
            return
        self._workers.run_later(target, press.verb, lambda: self._confirmed(press, target, request))

    def _confirmed(self, press: BlockAction, target: ReplyTarget, request: Request) -> None:
        note = self._stale_view(press, request)
        note = note or self._approvals.confirmation.confirm(press.who, request)
        self._ack_elsewhere(press, target, note)

    def _ask_reason(self, press: BlockAction, target: ReplyTarget) -> None:
        request = self._approvals.approval.may_decide(press.who, press.value)
        if isinstance(request, Note):
            self._workers.reply(target, request, press.trigger)
            return
        ref = self._store.put_ref(press.who.team, DENIAL, {**place_of(target), "request": request.id})
        self._workers.open_view(target, press.trigger, modals.deny_reason(request, ref))

    def _names(self, press: BlockAction, target: ReplyTarget) -> None:
        request = self._store.request(press.value)
        if request is None or request.by.team != press.who.team:
            self._workers.reply(target, OLD_BUTTON, press.trigger)
            return
        refusal = self._approvals.may_see_databases(press.who, request)
        if refusal is not None:
            self._workers.reply(target, refusal, press.trigger)
            return
        self._workers.open_view(target, press.trigger, modals.all_names(request))

    def _retry(self, press: BlockAction, target: ReplyTarget) -> Answer:
        request = self._store.request(press.value)
        if request is None or request.by.team != press.who.team:
            return OLD_BUTTON
        failed = [run.job for run in newest_runs(self._store, press.value) if retryable(run)]
        if not failed:
            return Note("There is nothing to retry.", tone="info")
        return self._approvals.creation.retry(press.who, press.value, failed, target.response_url)
