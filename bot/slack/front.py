"""Takes what people type and press to what answers it, and brings the answer back.

Nothing here runs before Slack has its acknowledgement, but for the checks that a view's submission
is answered with, which ask the store alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import structlog

from bot import logs, metrics
from bot.answers import Answer, Note
from bot.approvals import Approvals, phrase
from bot.dms.errors import DmsError
from bot.dms.rules import Action
from bot.invocation import Invocation, Syntax, UsageError
from bot.redact import redact
from bot.slack import views
from bot.slack.incoming import Press, Submission, Typed
from bot.slack.parse import parse
from bot.slack.post import Place, Post
from bot.slack.text import plain
from bot.store.port import Store, StoreError
from bot.store.records import Person, Request, Run, RunState

log = structlog.get_logger(__name__)

OLD_BUTTON = Note(
    "This button is too old, or not from this workspace: ask again with the command.", tone="warn"
)
_DENIAL = "denial"
"""Kind of the stored id behind the view that asks why."""
_ACTIONS = frozenset(str(action) for action in Action)


class Verbs(Protocol):
    """The verbs, as far as Slack's side needs to know them."""

    syntaxes: Mapping[str, Syntax]

    def answer(self, who: Person, invocation: Invocation, response_url: str) -> Answer: ...

    def opens_view(self, invocation: Invocation) -> bool: ...


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
        quick: Executor,
        clock: Callable[[], datetime],
    ) -> None:
        self._verbs = verbs
        self._approvals = approvals
        self._store = store
        self._post = post
        self._pool = pool
        self._quick = quick
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
        self._quick.submit(self._begin, place, trigger, work)

    def _begin(self, place: Place, trigger: str, work: Callable[[], None]) -> None:
        with logs.request():
            self._guarded(place, lambda: self._once(trigger, work))

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
            self._post.answer(place, OLD_BUTTON)
            return
        invocation = Invocation.of(ref.data)
        if press.step == "chosen":
            invocation = replace(invocation, jobs=self._ticked(press))
            if not invocation.jobs:
                self._post.answer(place, Note(f"Tick the jobs to {invocation.verb} first.", tone="warn"))
                return
        self._invoke(invocation, place, press.trigger)

    def _ticked(self, press: Press) -> tuple[str, ...]:
        refs = (self._store.ref(press.who.team, value) for value in press.ticked)
        jobs = (ref.data["jobs"][0] for ref in refs if ref is not None and ref.data.get("jobs"))
        return tuple(dict.fromkeys(jobs))

    def _invoke(self, invocation: Invocation, place: Place, trigger: str) -> None:
        if self._verbs.opens_view(invocation):
            view_id = self._post.open(trigger, views.loading())
            if not view_id:
                return
            place = replace(place, view_id=view_id)
        self._later(place, invocation.verb, lambda: self._answered(invocation, place))

    def _answered(self, invocation: Invocation, place: Place) -> None:
        self._post.answer(place, self._verbs.answer(place.who, invocation, place.response_url))

    # ---- steps of requests

    def _steps(self) -> Mapping[str, Callable[[Press, Place], None]]:
        approvals = self._approvals
        return {
            "confirm": lambda press, place: self._confirm(press, place, destination=False),
            "confirm_destination": lambda press, place: self._confirm(press, place, destination=True),
            "cancel": self._step(approvals.cancel),
            "withdraw": self._step(approvals.cancel),
            "recheck": self._step(approvals.recheck),
            "approve": self._step(approvals.approve),
            "deny": self._ask_reason,
            "names": self._names,
            "again": lambda press, place: self._later(
                place,
                press.verb,
                lambda: self._post.answer(place, approvals.again(press.who, press.value, place.response_url)),
            ),
            "retry": lambda press, place: self._later(place, press.verb, lambda: self._retry(press, place)),
        }

    def _step(self, act: Callable[[Person, str], Note | None]) -> Callable[[Press, Place], None]:
        def step(press: Press, place: Place) -> None:
            self._later(
                place, press.verb, lambda: self._told_beside(press, place, act(press.who, press.value))
            )

        return step

    def _told(self, place: Place, note: Note | None) -> None:
        """The request's message tells what happened; only what did not is told here."""
        if note is not None:
            self._post.answer(place, note)

    def _told_beside(self, press: Press, place: Place, note: Note | None) -> None:
        """A button in an answer that one person sees: the request's message may be elsewhere."""
        if note is None and press.replaceable:
            note = Note("Done. `/dms approvals` shows what is still open.", tone="good")
        self._told(place, note)

    def _confirm(self, press: Press, place: Place, *, destination: bool) -> None:
        request = self._approvals.may_confirm(press.who, press.value)
        if isinstance(request, Note):
            self._post.answer(place, request)
            return
        if destination:
            request = self._approvals.with_destination(request)
        if request.typed:
            self._post.open(press.trigger, views.typed_confirmation(request, phrase(request)))
            return
        self._later(
            place,
            press.verb,
            lambda: self._told_beside(press, place, self._approvals.confirm(press.who, press.value)),
        )

    def _ask_reason(self, press: Press, place: Place) -> None:
        request = self._approvals.may_decide(press.who, press.value)
        if isinstance(request, Note):
            self._post.answer(place, request)
            return
        ref = self._store.put_ref(
            press.who.team, _DENIAL, {"request": request.id, "channel": press.who.channel}
        )
        self._post.open(press.trigger, views.deny_reason(request, ref))

    def _names(self, press: Press, place: Place) -> None:
        request = self._store.request(press.value)
        if request is None or request.by.team != press.who.team:
            self._post.answer(place, OLD_BUTTON)
            return
        self._post.open(press.trigger, views.all_names(request))

    def _retry(self, press: Press, place: Place) -> None:
        runs = self._store.runs(request=press.value)
        failed = [run.job for run in runs if _retryable(run)]
        if not failed:
            self._post.answer(place, Note("There is nothing to retry.", tone="info"))
            return
        self._post.answer(place, self._approvals.retry(press.who, press.value, failed, place.response_url))

    # ---- views

    def objections(self, submission: Submission) -> dict[str, str]:
        """What is wrong with what was filled in, by `block_id`; quick, for the acknowledgement.

        Raises:
            StoreError.
        """
        if submission.step in ("typed", "typed_destination"):
            request = self._approvals.may_confirm(submission.who, submission.ref)
            if isinstance(request, Note):
                return {views.TYPED_BLOCK: plain(request.text)}
            return views.typed_objections(submission.values, phrase(request))
        if submission.step == "deny_reason":
            return views.reason_objections(submission.values)
        ref = self._store.ref(submission.who.team, submission.ref)
        if ref is None or submission.step not in ("submit", "pick"):
            return {}
        return views.form_objections(submission.step, submission.values, ref.data)

    def _submitted(self, submission: Submission) -> None:
        log.info("view", user=submission.who.user, verb=submission.verb, step=submission.step)
        place = Place(submission.who)
        if submission.step in ("typed", "typed_destination"):
            self._later(place, submission.verb, lambda: self._typed_confirmation(submission))
        elif submission.step == "deny_reason":
            self._later(place, submission.verb, lambda: self._denied(submission))
        else:
            self._form(submission)

    def _typed_confirmation(self, submission: Submission) -> None:
        place = self._beside(submission)
        note = self._approvals.confirm(
            place.who,
            submission.ref,
            destination=submission.step == "typed_destination",
            typed=views.typed_text(submission.values),
        )
        self._told(place, note)

    def _denied(self, submission: Submission) -> None:
        """The view knows where Deny was pressed: a role may come from that channel."""
        ref = self._store.ref(submission.who.team, submission.ref)
        if ref is None or ref.kind != _DENIAL:
            self._post.answer(Place(submission.who), OLD_BUTTON)
            return
        place = Place(replace(submission.who, channel=str(ref.data["channel"])))
        reason = views.reason_text(submission.values)
        self._told(place, self._approvals.deny(place.who, str(ref.data["request"]), reason))

    def _beside(self, submission: Submission) -> Place:
        """Where the request is; a submission does not say where its view was opened."""
        request = self._store.request(submission.ref)
        channel = request.by.channel if request is not None and _same_team(request, submission) else ""
        return Place(replace(submission.who, channel=channel))

    def _form(self, submission: Submission) -> None:
        ref = self._store.ref(submission.who.team, submission.ref)
        if ref is None or ref.kind != "form" or ref.data["verb"] != submission.verb:
            self._post.answer(_in_view(submission), OLD_BUTTON)
            return
        who = replace(submission.who, channel=str(ref.data.get("channel", "")))
        place = replace(_in_view(submission), who=who, response_url=str(ref.data.get("response_url", "")))
        invocation = Invocation.of(ref.data)
        if submission.step != "save":
            flags = views.filled(submission.step, submission.values, ref.data)
            invocation = replace(invocation, flags={**invocation.flags, **flags})
        self._later(place, submission.verb, lambda: self._answered(invocation, place))

    # ---- work and its faults

    def _later(self, place: Place, verb: str, work: Callable[[], None]) -> None:
        self._pool.submit(logs.carried(self._guarded), place, work, verb)

    def _guarded(self, place: Place, work: Callable[[], None], verb: str = "") -> None:
        """Whatever goes wrong is told in one sentence, with a reference that is in the log, too."""
        outcome = "answered"
        try:
            work()
        except Exception as error:
            outcome = "refused" if isinstance(error, UsageError) else "failed"
            self._post.answer(place, _fault(error))
        if verb:
            metrics.command(verb if verb in self._verbs.syntaxes else "unknown", outcome)


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


def _in_view(submission: Submission) -> Place:
    return Place(submission.who, view_id=submission.view_id, view_hash=submission.view_hash)


def _retryable(run: Run) -> bool:
    return run.state in (RunState.FAILED, RunState.REFUSED, RunState.UNCLEAR)


def _same_team(request: Request, submission: Submission) -> bool:
    return request.by.team == submission.who.team
