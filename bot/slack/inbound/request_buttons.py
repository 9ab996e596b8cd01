"""The buttons of a request: confirm, approve, deny, cancel, retry, and what shows it whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from bot.cmdline.answers import Answer, Note, User
from bot.dms.delay import MeasuredDelay
from bot.requests.approvals import Approvals
from bot.requests.delay import data_loss_reason
from bot.requests.queries import approval_key, find_related_open, request_key
from bot.requests.rules import confirmation_phrase, needs_typed_confirmation
from bot.requests.wording import STATE_TEXT, delay_changed_note
from bot.slack.api.replies import Replier, ReplyTarget
from bot.slack.inbound.payloads import BlockAction
from bot.slack.inbound.workers import Workers
from bot.slack.render import modals
from bot.slack.render.approval_card import approval_card
from bot.slack.render.message import Message
from bot.slack.render.progress import retryable
from bot.slack.render.render import render
from bot.slack.render.request_card import request_card
from bot.store import Store
from bot.store.facts import delays_from_json, delays_to_json
from bot.store.records import CallbackToken, Person, Request, RequestState

OLD_BUTTON = Note(
    "This button is too old, or not from this workspace: ask again with the command.", tone="warn"
)
DENIAL = "denial"
"""Kind of the stored id behind the view that asks why."""
TYPING = "typing"
"""Kind of the stored id behind the view that has something typed."""
_REVIEW = "review"
"""Kind of the stored id behind the view that shows a request whole."""
_UPDATE_POLLS = 5
_UPDATE_POLL_S = 0.2
"""How long a message that has just been posted or updated may take to be known as such."""
_ACKNOWLEDGED = {
    "confirm": "Confirmed. How it goes on is told where it was asked.",
    "confirm_destination": "Confirmed. How it goes on is told where it was asked.",
    "approve": "Your approval counts. How it goes on is told where it was asked.",
    "cancel": "Cancelled: nothing was sent.",
    "withdraw": "Withdrawn: nothing was sent.",
    "unfollow": "No longer followed: `/dms show` and the message of the request say how the job stands.",
    "recheck": "Looked again: the message of the request shows the delay.",
}
"""What a step of a request came to, where its message may be out of sight. What was asked for may only
have begun."""


def shown_delays(ref: CallbackToken) -> dict[str, MeasuredDelay]:
    """The replication delays that a view of a request shows: it does not change by itself."""
    return delays_from_json(ref.data.get("delay"))


class RequestButtons:
    """What pressing a button of a request's messages and views does."""

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

    def press(self, press: BlockAction, place: ReplyTarget) -> None:
        """Do what the button says; a step that no request has is passed over."""
        handler = self._handlers.get(press.step)
        if handler is not None:
            handler(press, place)

    def in_review(self, press: BlockAction, place: ReplyTarget) -> tuple[BlockAction, ReplyTarget]:
        """In a review, a press is answered in its view, and counts as made where Review was pressed."""
        ref = self._store.ref(press.who.team, press.ref) if press.ref else None
        if ref is None or ref.kind != _REVIEW:
            return press, place
        who = replace(press.who, channel=str(ref.data["channel"]))
        return replace(press, who=who), replace(place, who=who, view_id=press.view_id)

    def _steps(self) -> Mapping[str, Callable[[BlockAction, ReplyTarget], None]]:
        approvals = self._approvals
        return {
            "confirm": lambda press, place: self._confirm(press, place, destination=False),
            "confirm_destination": lambda press, place: self._confirm(press, place, destination=True),
            "cancel": self._step(approvals.expiry.cancel, store_only=True),
            "withdraw": self._step(approvals.expiry.cancel, store_only=True),
            "recheck": self._step(approvals.revalidation.recheck),
            "unfollow": self._step(approvals.abandonment.abandon),
            "approve": self._approve,
            "deny": self._ask_reason,
            "names": self._names,
            "review": self._review,
            "again": self._answering(self._again),
            "retry": self._answering(self._retry),
        }

    def _step(
        self, act: Callable[[Person, str], Note | None], *, store_only: bool = False
    ) -> Callable[[BlockAction, ReplyTarget], None]:
        def step(press: BlockAction, place: ReplyTarget) -> None:
            self._workers.later(
                place,
                press.verb,
                lambda: self._ack_elsewhere(press, place, act(press.who, press.value)),
                store_only=store_only,
            )

        return step

    def _approve(self, press: BlockAction, place: ReplyTarget) -> None:
        self._workers.later(place, press.verb, lambda: self._approved(press, place))

    def _approved(self, press: BlockAction, place: ReplyTarget) -> None:
        request = self._approvals.approval.may_decide(press.who, press.value)
        if isinstance(request, Note):
            note: Note | None = request
        else:
            note = self._stale_view(press, request) or self._approvals.approval.approve(press.who, request)
        self._ack_elsewhere(press, place, note)

    def _answering(
        self, answer: Callable[[BlockAction, ReplyTarget], Answer]
    ) -> Callable[[BlockAction, ReplyTarget], None]:
        """A step whose answer is a message of its own."""

        def step(press: BlockAction, place: ReplyTarget) -> None:
            self._workers.later(place, press.verb, lambda: self._replier.answer(place, answer(press, place)))

        return step

    def _again(self, press: BlockAction, place: ReplyTarget) -> Answer:
        return self._approvals.creation.again(press.who, press.value, place.response_url)

    def _ack_elsewhere(self, press: BlockAction, place: ReplyTarget, note: Note | None) -> None:
        """A button in an answer that one person sees: the request's message may be elsewhere."""
        if place.view_id and (note is not None or press.step == "recheck"):
            self._review_again(press, place, note)
            return
        elsewhere = press.replaceable or bool(place.view_id)
        if note is None and elsewhere and press.step in _ACKNOWLEDGED:
            note = self._outdated(press) or Note(
                f"{_ACKNOWLEDGED[press.step]} `/dms approvals` shows what is still open.", tone="good"
            )
        if note is not None:
            self._replier.answer(place, note)

    def _outdated(self, press: BlockAction) -> Note | None:
        """A press that finds the job changed ends the request, which its message tells."""
        request = self._store.request(press.value)
        if request is None or request.state is not RequestState.OUTDATED:
            return None
        return Note(f"Nothing was sent: this request is {STATE_TEXT[RequestState.OUTDATED]}.", tone="warn")

    def _review(self, press: BlockAction, place: ReplyTarget) -> None:
        request = self._approvals.may_review(press.who, press.value)
        if isinstance(request, Note):
            self._workers.tell(place, request)
            return
        ref = self._remember_shown(press, request, _REVIEW)
        self._workers.show(place, press.trigger, modals.review(self._card(request, press.who), ref))

    def _review_again(self, press: BlockAction, place: ReplyTarget, note: Note | None) -> None:
        """The card as it is now, so that whoever presses again has seen it."""
        request = self._approvals.may_review(press.who, press.value)
        if isinstance(request, Note):
            self._replier.answer(place, note or request)
            return
        said = render(note).blocks if note is not None else ()
        ref = self._remember_shown(press, request, _REVIEW)
        self._replier.update(place, modals.review(self._card(request, press.who), ref, said))

    def _remember_shown(self, press: BlockAction, request: Request, kind: str) -> str:
        """The id behind the view; a view does not change by itself, so the delay that it shows is kept."""
        delays = delays_to_json(request.facts.delays)
        shown = {"request": request.id, "channel": press.who.channel, "delay": delays}
        return self._store.put_ref(press.who.team, kind, shown)

    def _stale_view(self, press: BlockAction, request: Request) -> Note | None:
        """Why a press does not count: the delay is not zero, and was not shown as it is where it was made."""
        note = delay_changed_note(data_loss_reason(request.facts.delays))
        return None if note is None or self._shows_delay(press, request) else note

    def _shows_delay(self, press: BlockAction, request: Request) -> bool:
        ref = self._store.ref(press.who.team, press.ref) if press.ref else None
        if ref is not None and ref.kind == _REVIEW:
            return shown_delays(ref) == request.facts.delays
        key = request_key(request.id) if press.step == "confirm" else approval_key(request.id)
        for _ in range(_UPDATE_POLLS):
            message = self._store.message(key)
            if message is None or message.error or message.sent_rev >= message.rev:
                return True
            time.sleep(_UPDATE_POLL_S)
        return False

    def _card(self, request: Request, reader: Person) -> Message:
        decisions, now = self._store.decisions(request.id), self._clock()
        beside = find_related_open(self._store, request, now)
        if request.state is RequestState.CONFIRMING:
            return request_card(request, (), decisions, now, related=beside)
        return approval_card(request, (User(reader.user),), decisions, now, related=beside)

    def _confirm(self, press: BlockAction, place: ReplyTarget, *, destination: bool) -> None:
        request = self._approvals.confirmation.may_confirm(press.who, press.value)
        if isinstance(request, Note):
            self._workers.tell(place, request)
            return
        if destination:
            request = self._approvals.confirmation.with_destination(request)
        if needs_typed_confirmation(request):
            ref = self._remember_shown(press, request, TYPING)
            beside = find_related_open(self._store, request, self._clock())
            view = modals.typed_confirmation(request, confirmation_phrase(request), ref, beside)
            self._workers.show(place, press.trigger, view)
            return
        self._workers.later(place, press.verb, lambda: self._confirmed(press, place, request))

    def _confirmed(self, press: BlockAction, place: ReplyTarget, request: Request) -> None:
        note = self._stale_view(press, request)
        note = note or self._approvals.confirmation.confirm(press.who, request)
        self._ack_elsewhere(press, place, note)

    def _ask_reason(self, press: BlockAction, place: ReplyTarget) -> None:
        request = self._approvals.approval.may_decide(press.who, press.value)
        if isinstance(request, Note):
            self._workers.tell(place, request)
            return
        ref = self._store.put_ref(
            press.who.team, DENIAL, {"request": request.id, "channel": press.who.channel}
        )
        self._workers.show(place, press.trigger, modals.deny_reason(request, ref))

    def _names(self, press: BlockAction, place: ReplyTarget) -> None:
        request = self._store.request(press.value)
        if request is None or request.by.team != press.who.team:
            self._workers.tell(place, OLD_BUTTON)
            return
        self._workers.show(place, press.trigger, modals.all_names(request))

    def _retry(self, press: BlockAction, place: ReplyTarget) -> Answer:
        request = self._store.request(press.value)
        if request is None or request.by.team != press.who.team:
            return OLD_BUTTON
        failed = [run.job for run in self._store.runs(request=press.value) if retryable(run)]
        if not failed:
            return Note("There is nothing to retry.", tone="info")
        return self._approvals.creation.retry(press.who, press.value, failed, place.response_url)
