"""The buttons and dialogs of a cutover.

A press is judged by the state that it finds, not by what the card showed; if the cutover has moved on, the
answer says so. What a press does is in `bot.cutover`; here it is opened, typed and handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.cmdline.answers import Answer, Note
from bot.cutover.checklist import pages
from bot.cutover.evidence import databases_written
from bot.cutover.promotion import promote_phrase
from bot.cutover.service import Cutovers
from bot.cutover.states import BY_STEP, ask_of, overridable, override_key, presses
from bot.cutover.steps import moved_on
from bot.cutover.wording import VERB
from bot.requests.wording import OLD_BUTTON
from bot.slack.api.replies import Replier, ReplyTarget
from bot.slack.inbound.payloads import BlockAction, ViewSubmission
from bot.slack.inbound.workers import Workers
from bot.slack.render import cutover_modals
from bot.store import Store
from bot.store.cutover import Cutover, CutoverState
from bot.store.records import CallbackToken, Person
from bot.util.lookalikes import wrong_character
from bot.util.wall_time import LONGEST

log = structlog.get_logger(__name__)

DIALOG = "cutover"
"""Kind of the callback token of a dialog: the cutover, and where it was opened."""
_AT_ONCE = frozenset({"check", "here", "start", "stopped", "resume", "reopened", "adopt", "open_writes"})
"""Presses that ask nothing more."""
_ASKS_DMS = frozenset({"check", "promote", "second", "adopt", "move"})
"""Presses in which the service is read: they run in the pool that may wait for it."""
_SAID = frozenset({"hold", "without", "abort", "cancel"})
_DONE = Note("Done: the card of the cutover shows it.", tone="good")
_SOON = timedelta(minutes=1)


class CutoverButtons:
    """Handles the buttons on a cutover's card and in its dialogs."""

    def __init__(
        self,
        workers: Workers,
        cutovers: Cutovers,
        store: Store,
        replier: Replier,
        may_see: Callable[[Person, Cutover], bool],
        clock: Callable[[], datetime],
    ) -> None:
        """`may_see` says whether a person may look at all the details of a cutover."""
        self._workers = workers
        self._cutovers = cutovers
        self._store = store
        self._replier = replier
        self._may_see = may_see
        self._clock = clock

    # ---- presses

    def press(self, press: BlockAction, target: ReplyTarget) -> None:
        """Handle the button; an unknown step is ignored. A button of a call counts only in the state that it
        was made in."""
        id, _, since = press.value.partition("@")
        press = replace(press, value=id)
        cutover = self._cutover(press.who, id)
        if cutover is None:
            self._workers.reply(target, OLD_BUTTON)
            return
        if since not in ("", cutover.since.isoformat()):
            self._workers.reply(target, moved_on(cutover))
            return
        if press.step in _AT_ONCE:
            quiet = bool(since)
            self._later(press.who, target, press.step, lambda: self._pressed(press, target, quiet=quiet))
            return
        view = self._dialog(press, cutover)
        if isinstance(view, Note):
            self._workers.reply(target, view)
        elif view is not None:
            over = replace(target, view_id=press.view_id)
            self._workers.open_view(over, press.trigger, view)

    def _pressed(self, press: BlockAction, target: ReplyTarget, *, quiet: bool) -> None:
        """`quiet`: the message that was pressed says itself that it is done."""
        note = self._cutovers.press(press.who, press.value, press.step)
        if note is None and not quiet and self._is_elsewhere(press):
            note = _DONE
        if note is not None:
            self._replier.answer(target, note)

    def _is_elsewhere(self, press: BlockAction) -> bool:
        """Whether the card, which shows what happened, may be out of sight."""
        cutover = self._store.cutover(press.value)
        return bool(press.view_id) or cutover is None or press.who.channel != cutover.plan.channel

    def _dialog(self, press: BlockAction, cutover: Cutover) -> dict[str, Any] | Note | None:
        """The view that the button opens, or why it opens none."""
        who, step = press.who, press.step
        if step == "details":
            return self._details(who, cutover)
        if step not in BY_STEP:
            return None
        refused = self._refusal(who, cutover, step)
        return refused or self._asking(press, cutover)

    def _asking(self, press: BlockAction, cutover: Cutover) -> dict[str, Any] | Note | None:
        step = press.step
        if step == "override":
            against = overridable(cutover)
            if not against:
                return Note("Nothing was done: no check objects that can be overridden.", tone="info")
            named = {"checks": [override_key(each) for each in against]}
            return cutover_modals.override(cutover, against, self._ref(press, cutover, named))
        if step in _SAID:
            return cutover_modals.why(cutover, step, self._ref(press, cutover))
        if step in ("writer", "item"):
            lines = cutover_modals.lines_of(cutover, step)
            shown = {"ticked": [number for number, each in enumerate(lines) if each.by]}
            return cutover_modals.ticks(cutover, step, pages(), self._ref(press, cutover, shown))
        asked = {"ask": ask_of(cutover), "written": databases_written(cutover)}
        ref = self._ref(press, cutover, asked)
        match step:
            case "promote":
                request = self._store.request(cutover.request)
                return cutover_modals.promote(cutover, promote_phrase(cutover), ref, request)
            case "second":
                return cutover_modals.second(cutover, ref, self._store.request(cutover.request))
            case "move":
                return cutover_modals.move(cutover, ref)
        return None

    def _refusal(self, who: Person, cutover: Cutover, step: str) -> Note | None:
        """Why this press leads nowhere for this person: said before a dialog opens, and judged again when it
        is submitted. Who may be the second person, no role says."""
        if step != "second" and any(each.step == step for each in presses(cutover, who.user)):
            return None
        return self._cutovers.refusal(who, cutover, step)

    def _details(self, who: Person, cutover: Cutover) -> dict[str, Any] | Note:
        if not self._may_see(who, cutover):
            return Note(
                "You may not see all jobs of this cutover, so its details are not shown.", tone="warn"
            )
        waits = cutover.state in (CutoverState.SCHEDULED, CutoverState.READY)
        return cutover_modals.details(cutover, self._clock(), bool(waits and overridable(cutover)))

    # ---- dialogs

    def handles(self, submission: ViewSubmission) -> bool:
        """Whether the view is one of these dialogs."""
        return submission.verb == VERB and submission.step in _STEPS

    def objections(self, submission: ViewSubmission) -> dict[str, str]:
        """What is wrong with the input of a dialog, by `block_id`; asks the store alone."""
        found = self._opened(submission)
        if found is None:
            return {}
        _, cutover = found
        values = submission.values
        match submission.step:
            case "promote_typed":
                return _phrase_objection(promote_phrase(cutover), cutover_modals.typed_phrase(values))
            case "move_to":
                return _time_objection(cutover_modals.read_time(values), self._clock())
            case "override_why" | "say_hold" | "say_without" | "say_abort" | "say_cancel":
                missing = not cutover_modals.given_why(values)
                return (
                    {cutover_modals.WHY_BLOCK: "Say in a few words why, for the report."} if missing else {}
                )
        return {}

    def submitted(self, submission: ViewSubmission) -> None:
        """Do what a dialog asked for; the answer goes to where it was opened."""
        found = self._opened(submission)
        if found is None:
            self._workers.reply(ReplyTarget(submission.who), OLD_BUTTON)
            return
        ref, cutover = found
        who = replace(submission.who, channel=str(ref.data["channel"]))
        target = ReplyTarget(who, str(ref.data.get("response_url", "")))
        step = _STEPS.get(submission.step, "")

        def act() -> None:
            answer = self._submitted(who, cutover, ref, submission)
            if answer is None and who.channel != cutover.plan.channel:
                answer = _DONE
            if answer is not None:
                self._replier.answer(target, answer)

        self._later(who, target, step, act)

    def _submitted(
        self, who: Person, cutover: Cutover, ref: CallbackToken, submission: ViewSubmission
    ) -> Answer | None:
        values, step = submission.values, _STEPS.get(submission.step, "")
        match submission.step:
            case "promote_typed":
                typed = cutover_modals.typed_phrase(values)
                return self._cutovers.press(who, cutover.id, step, typed, ref.data.get("written", ()))
            case "second_sure":
                ask = str(ref.data.get("ask", ""))
                return self._cutovers.press(who, cutover.id, step, ask, ref.data.get("written", ()))
            case "tick_writer" | "tick_item":
                return self._tick(who, cutover, ref, step, cutover_modals.read_ticks(values))
            case "move_to":
                at = cutover_modals.read_time(values)
                return self._cutovers.move(who, cutover.id, at, cutover.plan.zone, target_url(ref))
            case "override_why":
                checks = ",".join(ref.data.get("checks", ()))
                why = cutover_modals.given_why(values)
                return self._cutovers.press(who, cutover.id, step, arg=f"{checks} {why}") or _DONE
        if step in _SAID:
            return self._cutovers.press(who, cutover.id, step, arg=cutover_modals.given_why(values))
        return OLD_BUTTON

    def _tick(
        self, who: Person, cutover: Cutover, ref: CallbackToken, step: str, wanted: frozenset[int]
    ) -> Note | None:
        """Press for the boxes that this person changed, without those that somebody else changed so
        meanwhile."""
        shown = {int(each) for each in ref.data.get("ticked", ())}
        lines = cutover_modals.lines_of(self._store.cutover(cutover.id) or cutover, step)
        changed = [
            str(number)
            for number in sorted(wanted ^ shown)
            if number < len(lines) and bool(lines[number].by) != (number in wanted)
        ]
        return self._cutovers.press(who, cutover.id, step, arg=",".join(changed)) if changed else None

    # ---- helpers

    def _later(self, who: Person, target: ReplyTarget, step: str, work: Callable[[], None]) -> None:
        log.info("cutover_press", user=who.user, step=step)
        self._workers.run_later(target, VERB, work, store_only=step not in _ASKS_DMS)

    def _cutover(self, who: Person, id: str) -> Cutover | None:
        found = self._store.cutover(id)
        return found if found is not None and found.team == who.team else None

    def _ref(self, press: BlockAction, cutover: Cutover, shown: Mapping[str, Any] | None = None) -> str:
        data = {
            "cutover": cutover.id,
            "channel": press.who.channel or cutover.plan.channel,
            "response_url": press.response_url,
            "user": press.who.user,
        }
        return self._store.put_ref(press.who.team, DIALOG, data | dict(shown or {}))

    def _opened(self, submission: ViewSubmission) -> tuple[CallbackToken, Cutover] | None:
        """The dialog's token and its cutover; None if it is not this person's dialog, or too old."""
        ref = self._store.ref(submission.who.team, submission.ref)
        if ref is None or ref.kind != DIALOG or ref.data["user"] != submission.who.user:
            return None
        cutover = self._cutover(submission.who, str(ref.data["cutover"]))
        return None if cutover is None else (ref, cutover)


_STEPS = {
    "promote_typed": "promote",
    "second_sure": "second",
    "tick_writer": "writer",
    "tick_item": "item",
    "move_to": "move",
    "override_why": "override",
    **{f"say_{step}": step for step in _SAID},
}
"""By the step of a submitted dialog, the press that it means."""


def target_url(ref: CallbackToken) -> str:
    """Where the press that opened the dialog can be answered."""
    return str(ref.data.get("response_url", ""))


def _phrase_objection(phrase: str, typed: str) -> dict[str, str]:
    if typed.strip() == phrase:
        return {}
    why = wrong_character(typed.strip(), phrase)
    return {
        cutover_modals.TYPED_BLOCK: f"Type {phrase} exactly, or go back: nothing has been done yet. {why}"
    }


def _time_objection(at: datetime | None, now: datetime) -> dict[str, str]:
    if at is None:
        return {cutover_modals.TIME_BLOCK: "Choose the day and the time."}
    if at <= now + _SOON:
        return {cutover_modals.TIME_BLOCK: "This time is in the past: choose a later one."}
    if at - now > LONGEST:
        return {cutover_modals.TIME_BLOCK: f"Choose a time in the next {LONGEST.days} days."}
    return {}
