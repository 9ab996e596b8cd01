"""Takes what people type, press and submit to what answers it.

Nothing here runs before Slack has its acknowledgement, but for the checks that a view's submission
is answered with, which ask the store alone and are not waited for long.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import structlog

from bot.cmdline.answers import Note
from bot.cmdline.invocation import Invocation, Syntax
from bot.cmdline.parser import parse
from bot.dms.rules import Action
from bot.slack.api.replies import Place
from bot.slack.inbound.payloads import Press, Submission, Typed
from bot.slack.inbound.request_buttons import OLD_BUTTON, RequestButtons
from bot.slack.inbound.submissions import Submissions
from bot.slack.inbound.workers import Workers
from bot.store import Store

log = structlog.get_logger(__name__)

_MAX_TICKED = 1000
_ACTIONS = frozenset(str(action) for action in Action)


class Dispatcher:
    """Every command, press and submission arrives here; each method returns at once."""

    def __init__(
        self,
        syntaxes: Mapping[str, Syntax],
        store: Store,
        workers: Workers,
        request_buttons: RequestButtons,
        submissions: Submissions,
    ) -> None:
        self._syntaxes = syntaxes
        self._store = store
        self._workers = workers
        self._request_buttons = request_buttons
        self.submissions = submissions

    def typed(self, command: Typed) -> None:
        """A slash command."""
        place = Place(command.who, command.response_url)
        self._workers.start(place, command.trigger, lambda: self._typed(command, place))

    def pressed(self, press: Press) -> None:
        """A button."""
        replaces = press.replaceable and press.step == "turn"
        place = Place(press.who, press.response_url, replace=replaces)
        self._workers.start(place, press.trigger, lambda: self._pressed(press, place))

    def submitted(self, submission: Submission) -> None:
        """A view, after `submissions.objections` found nothing."""
        place = Place(submission.who)
        self._workers.start(place, submission.trigger, lambda: self.submissions.submitted(submission))

    def _typed(self, command: Typed, place: Place) -> None:
        invocation = parse(command.text, self._syntaxes)
        log.info("command", user=command.who.user, verb=invocation.verb, jobs=invocation.jobs)
        self._workers.invoke(invocation, place, command.trigger)

    def _pressed(self, press: Press, place: Place) -> None:
        log.info("button", user=press.who.user, verb=press.verb, step=press.step)
        press, place = self._request_buttons.in_review(press, place)
        if press.step in ("run", "turn", "chosen"):
            self._pressed_invocation(press, place)
        elif press.verb in _ACTIONS:
            self._request_buttons.press(press, place)

    def _pressed_invocation(self, press: Press, place: Place) -> None:
        ref = self._store.ref(press.who.team, press.value)
        if ref is None or ref.kind != "invocation" or ref.data["verb"] != press.verb:
            self._workers.tell(place, OLD_BUTTON)
            return
        invocation = Invocation.of(ref.data)
        if press.step == "chosen":
            invocation = replace(invocation, jobs=self._ticked(press))
            if not invocation.jobs:
                self._workers.tell(place, Note(f"Tick the jobs to {invocation.verb} first.", tone="warn"))
                return
        self._workers.invoke(invocation, place, press.trigger)

    def _ticked(self, press: Press) -> tuple[str, ...]:
        refs = (self._store.ref(press.who.team, value) for value in press.ticked[:_MAX_TICKED])
        jobs = (ref.data["jobs"][0] for ref in refs if ref is not None and ref.data.get("jobs"))
        return tuple(dict.fromkeys(jobs))
