"""Takes what people type and press to what answers it, and brings the answer back.

Nothing here runs before Slack has its acknowledgement, but for the checks that a view's submission
is answered with, which ask the store alone and are not waited for long.

There are three pools, so that trouble in one place is not felt in another: `quick` begins everything
and opens views, `near` does what the store answers and talks to Slack, `pool` does what asks DMS and
may hang as long as DMS does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol, TypeVar

import structlog

from bot.cmdline.answers import Answer, Note, User
from bot.cmdline.invocation import Invocation, Syntax, UsageError
from bot.cmdline.parser import parse
from bot.dms.errors import DmsError
from bot.dms.rules import Action
from bot.requests import Approvals, approval_key, open_beside, request_key
from bot.requests.delay import DELAY, trouble
from bot.requests.wording import STANDING, late, must_be_typed, phrase
from bot.runtime import logs, metrics
from bot.slack.api.replies import Place, Post
from bot.slack.inbound.after_ack import Afterwards
from bot.slack.inbound.payloads import Press, Submission, Typed
from bot.slack.render import modals
from bot.slack.render.approval_card import approval_card
from bot.slack.render.message import Message
from bot.slack.render.progress import retryable
from bot.slack.render.render import render
from bot.slack.render.request_card import request_card
from bot.slack.render.rich_text import plain
from bot.store import Store, StoreError
from bot.store.records import OPEN_REQUESTS, Person, Ref, Request, RequestState
from bot.util.redact import redact

log = structlog.get_logger(__name__)
T = TypeVar("T")

OLD_BUTTON = Note(
    "This button is too old, or not from this workspace: ask again with the command.", tone="warn"
)
PREVIEWED = "submit"
"""The step of a form whose answer is a view again."""
NO_VIEW = Note(
    "The view could not be opened just now: press the button or type the command again.", tone="warn"
)
_CHECK_S = 2.0
"""How long the checks before an acknowledgement may take; Slack waits for 3 seconds."""
_MOST_TICKED = 1000
_DENIAL = "denial"
"""Kind of the stored id behind the view that asks why."""
_REVIEW = "review"
"""Kind of the stored id behind the view that shows a request whole."""
_TYPING = "typing"
"""Kind of the stored id behind the view that has something typed."""
_AGREES = ("confirm", "approve")
"""Steps that say yes to what is shown."""
_UPDATE_LOOKS = 5
_UPDATE_LOOK_EVERY_S = 0.2
"""How long a message that has just been posted or updated may take to be known as such."""
_ACTIONS = frozenset(str(action) for action in Action)
_HEARD = {
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


class Verbs(Protocol):
    """The verbs, as far as Slack's side needs to know them."""

    syntaxes: Mapping[str, Syntax]

    def answer(self, who: Person, invocation: Invocation, response_url: str) -> Answer: ...

    def opens_view(self, invocation: Invocation) -> bool: ...

    def asks_service(self, invocation: Invocation) -> bool: ...


class Front:
    """Everything that people can type, press and submit."""

    def __init__(
        self,
        verbs: Verbs,
        approvals: Approvals,
        store: Store,
        post: Post,
        *,
        pool: Executor,
        near: Executor,
        quick: Executor,
        afterwards: Afterwards,
        clock: Callable[[], datetime],
    ) -> None:
        self._verbs = verbs
        self._approvals = approvals
        self._store = store
        self._post = post
        self._pool = pool
        self._near = near
        self._quick = quick
        self._afterwards = afterwards
        self._clock = clock

    # ---- arrivals: return at once

    def typed(self, command: Typed) -> None:
        """A slash command."""
        place = Place(command.who, command.response_url)
        self._start(place, command.trigger, lambda: self._typed(command, place))

    def pressed(self, press: Press) -> None:
        """A button."""
        replaces = press.replaceable and press.step in ("turn", "chosen")
        place = Place(press.who, press.response_url, replace=replaces and press.step == "turn")
        self._start(place, press.trigger, lambda: self._pressed(press, place))

    def submitted(self, submission: Submission) -> None:
        """A view, after `objections` found nothing."""
        self._start(Place(submission.who), submission.trigger, lambda: self._submitted(submission))

    def _start(self, place: Place, trigger: str, work: Callable[[], None]) -> None:
        """Opening a view cannot wait behind slow work, so everything begins in the quick pool."""
        self._afterwards.begin(lambda: self._begin(place, trigger, work))

    def _begin(self, place: Place, trigger: str, work: Callable[[], None]) -> None:
        with logs.request():
            try:
                self._once(trigger, work)
            except Exception as error:
                self._tell(place, _fault(error))

    def _once(self, trigger: str, work: Callable[[], None]) -> None:
        """Slack may deliver the same thing twice."""
        if trigger and not self._store.first_time(f"trigger:{trigger}", self._clock()):
            log.info("delivered_again")
            return
        work()

    # ---- commands and buttons

    def _typed(self, command: Typed, place: Place) -> None:
        invocation = parse(command.text, self._verbs.syntaxes)
        log.info("command", user=command.who.user, verb=invocation.verb, jobs=invocation.jobs)
        self._invoke(invocation, place, command.trigger)

    def _pressed(self, press: Press, place: Place) -> None:
        log.info("button", user=press.who.user, verb=press.verb, step=press.step)
        press, place = self._in_review(press, place)
        if press.step in ("run", "turn", "chosen"):
            self._pressed_invocation(press, place)
            return
        handler = self._steps().get(press.step)
        if handler is None or press.verb not in _ACTIONS:
            return
        handler(press, place)

    def _pressed_invocation(self, press: Press, place: Place) -> None:
        ref = self._store.ref(press.who.team, press.value)
        if ref is None or ref.kind != "invocation" or ref.data["verb"] != press.verb:
            self._tell(place, OLD_BUTTON)
            return
        invocation = Invocation.of(ref.data)
        if press.step == "chosen":
            invocation = replace(invocation, jobs=self._ticked(press))
            if not invocation.jobs:
                self._tell(place, Note(f"Tick the jobs to {invocation.verb} first.", tone="warn"))
                return
        self._invoke(invocation, place, press.trigger)

    def _in_review(self, press: Press, place: Place) -> tuple[Press, Place]:
        """In a review, a press is answered in its view, and counts as made where Review was pressed."""
        ref = self._store.ref(press.who.team, press.ref) if press.ref else None
        if ref is None or ref.kind != _REVIEW:
            return press, place
        who = replace(press.who, channel=str(ref.data["channel"]))
        return replace(press, who=who), replace(place, who=who, view_id=press.view_id)

    def _ticked(self, press: Press) -> tuple[str, ...]:
        refs = (self._store.ref(press.who.team, value) for value in press.ticked[:_MOST_TICKED])
        jobs = (ref.data["jobs"][0] for ref in refs if ref is not None and ref.data.get("jobs"))
        return tuple(dict.fromkeys(jobs))

    def _invoke(self, invocation: Invocation, place: Place, trigger: str) -> None:
        if self._verbs.opens_view(invocation):
            view_id = self._show(place, trigger, modals.loading())
            if not view_id:
                return
            place = replace(place, view_id=view_id)
        self._answer_later(invocation, place)

    def _answer_later(self, invocation: Invocation, place: Place) -> None:
        near = not self._verbs.asks_service(invocation)
        self._later(place, invocation.verb, lambda: self._answered(invocation, place), near=near)

    def _answered(self, invocation: Invocation, place: Place) -> None:
        self._post.answer(place, self._verbs.answer(place.who, invocation, place.response_url))

    # ---- steps of requests

    def _steps(self) -> Mapping[str, Callable[[Press, Place], None]]:
        approvals = self._approvals
        return {
            "confirm": lambda press, place: self._confirm(press, place, destination=False),
            "confirm_destination": lambda press, place: self._confirm(press, place, destination=True),
            "cancel": self._step(approvals.cancel, near=True),
            "withdraw": self._step(approvals.cancel, near=True),
            "recheck": self._step(approvals.recheck),
            "unfollow": self._step(approvals.unfollow),
            "approve": self._step(approvals.approve),
            "deny": self._ask_reason,
            "names": self._names,
            "review": self._review,
            "again": lambda press, place: self._later(
                place,
                press.verb,
                lambda: self._post.answer(place, approvals.again(press.who, press.value, place.response_url)),
            ),
            "retry": lambda press, place: self._later(place, press.verb, lambda: self._retry(press, place)),
        }

    def _step(
        self, act: Callable[[Person, str], Note | None], *, near: bool = False
    ) -> Callable[[Press, Place], None]:
        def step(press: Press, place: Place) -> None:
            self._later(
                place,
                press.verb,
                lambda: self._told_beside(press, place, self._unseen(press) or act(press.who, press.value)),
                near=near,
            )

        return step

    def _told(self, place: Place, note: Note | None) -> None:
        """The request's message tells what happened; only what did not is told here."""
        if note is not None:
            self._post.answer(place, note)

    def _told_beside(self, press: Press, place: Place, note: Note | None) -> None:
        """A button in an answer that one person sees: the request's message may be elsewhere."""
        if place.view_id and (note is not None or press.step == "recheck"):
            self._review_again(press, place, note)
            return
        elsewhere = press.replaceable or bool(place.view_id)
        if note is None and elsewhere and press.step in _HEARD:
            note = self._outdated(press) or Note(
                f"{_HEARD[press.step]} `/dms approvals` shows what is still open.", tone="good"
            )
        self._told(place, note)

    def _outdated(self, press: Press) -> Note | None:
        """A press that finds the job changed ends the request, which its message tells."""
        request = self._store.request(press.value)
        if request is None or request.state is not RequestState.OUTDATED:
            return None
        return Note(f"Nothing was sent: this request is {STANDING[RequestState.OUTDATED]}.", tone="warn")

    def _review(self, press: Press, place: Place) -> None:
        request = self._approvals.may_review(press.who, press.value)
        if isinstance(request, Note):
            self._tell(place, request)
            return
        ref = self._shown_in_view(press, request, _REVIEW)
        self._show(place, press.trigger, modals.review(self._card(request, press.who), ref))

    def _review_again(self, press: Press, place: Place, note: Note | None) -> None:
        """The card as it is now, so that whoever presses again has seen it."""
        request = self._approvals.may_review(press.who, press.value)
        if isinstance(request, Note):
            self._post.answer(place, note or request)
            return
        said = render(note).blocks if note is not None else ()
        ref = self._shown_in_view(press, request, _REVIEW)
        self._post.update(place, modals.review(self._card(request, press.who), ref, said))

    def _shown_in_view(self, press: Press, request: Request, kind: str) -> str:
        """The id behind the view; a view does not change by itself, so the delay that it shows is kept."""
        shown = {"request": request.id, "channel": press.who.channel, DELAY: request.facts.get(DELAY)}
        return self._store.put_ref(press.who.team, kind, shown)

    def _unseen(self, press: Press) -> Note | None:
        """Why a press does not count: the delay is not zero, and was not shown as it is where it was made."""
        request = self._store.request(press.value) if press.step in _AGREES else None
        if request is None or request.state not in OPEN_REQUESTS or DELAY not in request.facts:
            return None
        note = late(trouble(request.facts))
        return None if note is None or self._shows_delay(press, request) else note

    def _shows_delay(self, press: Press, request: Request) -> bool:
        ref = self._store.ref(press.who.team, press.ref) if press.ref else None
        if ref is not None and ref.kind == _REVIEW:
            return bool(ref.data.get(DELAY) == request.facts[DELAY])
        key = request_key(request.id) if press.step == "confirm" else approval_key(request.id)
        for _ in range(_UPDATE_LOOKS):
            message = self._store.message(key)
            if message is None or message.error or message.sent_rev >= message.rev:
                return True
            time.sleep(_UPDATE_LOOK_EVERY_S)
        return False

    def _card(self, request: Request, reader: Person) -> Message:
        decisions, now = self._store.decisions(request.id), self._clock()
        beside = open_beside(self._store, request, now)
        if request.state is RequestState.CONFIRMING:
            return request_card(request, (), decisions, now, beside=beside)
        return approval_card(request, (User(reader.user),), decisions, now, beside=beside)

    def _confirm(self, press: Press, place: Place, *, destination: bool) -> None:
        request = self._approvals.may_confirm(press.who, press.value)
        if isinstance(request, Note):
            self._tell(place, request)
            return
        if destination:
            request = self._approvals.with_destination(request)
        if must_be_typed(request):
            ref = self._shown_in_view(press, request, _TYPING)
            beside = open_beside(self._store, request, self._clock())
            view = modals.typed_confirmation(request, phrase(request), ref, beside)
            self._show(place, press.trigger, view)
            return
        self._later(
            place,
            press.verb,
            lambda: self._told_beside(
                press, place, self._unseen(press) or self._approvals.confirm(press.who, press.value)
            ),
        )

    def _ask_reason(self, press: Press, place: Place) -> None:
        request = self._approvals.may_decide(press.who, press.value)
        if isinstance(request, Note):
            self._tell(place, request)
            return
        ref = self._store.put_ref(
            press.who.team, _DENIAL, {"request": request.id, "channel": press.who.channel}
        )
        self._show(place, press.trigger, modals.deny_reason(request, ref))

    def _names(self, press: Press, place: Place) -> None:
        request = self._store.request(press.value)
        if request is None or request.by.team != press.who.team:
            self._tell(place, OLD_BUTTON)
            return
        self._show(place, press.trigger, modals.all_names(request))

    def _retry(self, press: Press, place: Place) -> None:
        request = self._store.request(press.value)
        if request is None or request.by.team != press.who.team:
            self._post.answer(place, OLD_BUTTON)
            return
        runs = self._store.runs(request=press.value)
        failed = [run.job for run in runs if retryable(run)]
        if not failed:
            self._post.answer(place, Note("There is nothing to retry.", tone="info"))
            return
        self._post.answer(place, self._approvals.retry(press.who, press.value, failed, place.response_url))

    # ---- views

    def objections(self, submission: Submission) -> dict[str, str]:
        """What is wrong with what was filled in, by `block_id`; quick, for the acknowledgement.

        Raises:
            StoreError: the store does not answer, or not in time.
        """
        return self._soon(lambda: self._objections(submission))

    def suggestions(self, submission: Submission, typed: str) -> list[dict[str, Any]]:
        """For the type-ahead of databases: what the view's source has.

        Raises:
            StoreError: the store does not answer, or not in time.
        """
        return self._soon(lambda: self._suggestions(submission, typed))

    def _soon(self, check: Callable[[], T]) -> T:
        checking = self._quick.submit(check)
        try:
            return checking.result(_CHECK_S)
        except TimeoutError:
            checking.cancel()
            raise StoreError(
                "The bot's database takes too long to answer, so nothing was done: try again in a minute."
            ) from None

    def _suggestions(self, submission: Submission, typed: str) -> list[dict[str, Any]]:
        ref = self._store.ref(submission.who.team, submission.ref)
        return [] if ref is None else modals.suggestions(typed, ref.data)

    def _objections(self, submission: Submission) -> dict[str, str]:
        if submission.step in ("typed", "typed_destination"):
            ref = self._typing(submission)
            if ref is None:
                return {modals.TYPED_BLOCK: plain(OLD_BUTTON.text)}
            request = self._approvals.may_confirm(submission.who, str(ref.data["request"]))
            if isinstance(request, Note):
                return {modals.TYPED_BLOCK: plain(request.text)}
            return modals.typed_objections(submission.values, phrase(request))
        if submission.step == "deny_reason":
            return modals.reason_objections(submission.values)
        ref = self._store.ref(submission.who.team, submission.ref)
        if ref is None or submission.step not in ("submit", "pick") or not _has_step(ref, submission.step):
            return {}
        return modals.form_objections(submission.step, submission.values, ref.data)

    def _submitted(self, submission: Submission) -> None:
        log.info("view", user=submission.who.user, verb=submission.verb, step=submission.step)
        place = Place(submission.who)
        if submission.step in ("typed", "typed_destination"):
            self._later(place, submission.verb, lambda: self._typed_confirmation(submission))
        elif submission.step == "deny_reason":
            self._later(place, submission.verb, lambda: self._denied(submission), near=True)
        else:
            self._form(submission)

    def _typing(self, submission: Submission) -> Ref | None:
        """What is behind a view that has something typed."""
        ref = self._store.ref(submission.who.team, submission.ref)
        return ref if ref is not None and ref.kind == _TYPING else None

    def _typed_confirmation(self, submission: Submission) -> None:
        ref = self._typing(submission)
        request = self._store.request(str(ref.data["request"])) if ref is not None else None
        if ref is None or request is None:
            self._post.answer(Place(submission.who), OLD_BUTTON)
            return
        # A submission does not say where its view was opened: the answer goes to where the request is.
        place = Place(replace(submission.who, channel=request.by.channel))
        self._told(
            place,
            _outrun(ref, request)
            or self._approvals.confirm(
                place.who,
                request.id,
                destination=submission.step == "typed_destination",
                typed=modals.typed_text(submission.values),
            ),
        )

    def _denied(self, submission: Submission) -> None:
        """The view knows where Deny was pressed: a role may come from that channel."""
        ref = self._store.ref(submission.who.team, submission.ref)
        if ref is None or ref.kind != _DENIAL:
            self._post.answer(Place(submission.who), OLD_BUTTON)
            return
        place = Place(replace(submission.who, channel=str(ref.data["channel"])))
        reason = modals.reason_text(submission.values)
        self._told(place, self._approvals.deny(place.who, str(ref.data["request"]), reason))

    def _form(self, submission: Submission) -> None:
        ref = self._store.ref(submission.who.team, submission.ref)
        if ref is None or ref.data.get("verb") != submission.verb or not _has_step(ref, submission.step):
            self._tell(_in_view(submission), OLD_BUTTON)
            return
        who = replace(submission.who, channel=str(ref.data.get("channel", "")))
        place = replace(_in_view(submission), who=who, response_url=str(ref.data.get("response_url", "")))
        invocation = Invocation.of(ref.data)
        if submission.step != "save":
            flags = modals.filled(submission.step, submission.values, ref.data)
            invocation = replace(invocation, flags={**invocation.flags, **flags})
        self._answer_later(invocation, place)

    # ---- work and its faults

    def _show(self, place: Place, trigger: str, view: dict[str, Any]) -> str:
        """Open a view, over the review that was pressed in; its id, or empty when Slack would not."""
        view_id = self._post.open(trigger, view, over=bool(place.view_id))
        if not view_id:
            self._tell(place, NO_VIEW)
        return view_id

    def _tell(self, place: Place, answer: Answer) -> None:
        """From the quick pool, which must not wait for Slack longer than to open a view."""
        self._near.submit(logs.carried(self._post.answer), place, answer)

    def _later(self, place: Place, verb: str, work: Callable[[], None], *, near: bool = False) -> None:
        pool = self._near if near else self._pool
        pool.submit(logs.carried(self._guarded), place, work, verb)

    def _guarded(self, place: Place, work: Callable[[], None], verb: str) -> None:
        """Whatever goes wrong is told in one sentence, with a reference that is in the log, too."""
        outcome = "answered"
        try:
            work()
        except Exception as error:
            outcome = "refused" if isinstance(error, UsageError) else "failed"
            self._post.answer(place, _fault(error))
        metrics.command(verb if verb in self._verbs.syntaxes else "unknown", outcome)


def _outrun(ref: Ref, request: Request) -> Note | None:
    """Why what a view agreed to does not count: it shows another delay than was seen since, which is not
    zero."""
    if request.state not in OPEN_REQUESTS or DELAY not in request.facts:
        return None
    return None if ref.data.get(DELAY) == request.facts[DELAY] else late(trouble(request.facts))


def _fault(error: Exception) -> Note:
    if isinstance(error, UsageError):
        return Note(str(error), tone="warn")
    reference = logs.reference()
    if isinstance(error, DmsError | StoreError):
        log.warning("could_not_answer", error=redact(str(error)), kind=type(error).__name__)
        return Note(f"{redact(str(error))} (reference {reference})", tone="bad")
    metrics.fault()
    log.exception("broke")
    return Note(
        f"Something went wrong in the bot, and nothing more was done. Reference {reference} is in its log.",
        tone="bad",
    )


def _has_step(ref: Ref, step: str) -> bool:
    """Whether the view that this id was made for is one that is submitted with this step."""
    if ref.kind != "form":
        return False
    if step == "save":
        return ref.data.get("flags", {}).get("save") is True
    return step in ("submit", "pick") and "source" in ref.data


def _in_view(submission: Submission) -> Place:
    """Where the answer to a submitted form belongs: a preview in its view, all else in the channel."""
    if submission.step != PREVIEWED:
        return Place(submission.who)
    return Place(submission.who, view_id=submission.view_id, view_hash=submission.view_hash)
