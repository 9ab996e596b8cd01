"""Takes slash commands, button presses and view submissions to the code that answers them.

All of it runs after the acknowledgement, except the validation of a submitted view, which asks the store
alone and has 2 seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from bot.cmdline.answers import Note
from bot.cmdline.invocation import Invocation, Syntax, UsageError
from bot.cmdline.parser import parse
from bot.cutover.wording import VERB as CUTOVER
from bot.dms.rules import Action
from bot.requests.wording import OLD_BUTTON
from bot.slack.api.replies import ReplyTarget
from bot.slack.inbound.cutover_buttons import CutoverButtons
from bot.slack.inbound.payloads import BlockAction, Shortcut, SlashCommand, ViewSubmission
from bot.slack.inbound.places import Places
from bot.slack.inbound.request_buttons import RequestButtons
from bot.slack.inbound.shortcuts import Shortcuts
from bot.slack.inbound.spoken import SpokenCommand
from bot.slack.inbound.submissions import SELECTION_STEP, Submissions
from bot.slack.inbound.workers import CHOOSE_STEP, Workers
from bot.slack.render.job_picker import FIND_STEP
from bot.slack.render.message import MENU_STEP
from bot.store import Store
from bot.util.command import COMMAND
from bot.util.ratelimit import PersonalLimit

log = structlog.get_logger(__name__)

_MAX_TICKED = 1000
_ACTIONS = frozenset(str(action) for action in Action)


def _too_many(wait_s: float) -> Note:
    return Note(
        f"Nothing was done: you sent too many commands at once. Try again in {math.ceil(wait_s)} "
        f"s. Several jobs fit in one command, as in `{COMMAND} verify a b c`.",
        tone="warn",
    )


def _stands_for(press: BlockAction, verb: str) -> bool:
    """Whether the pressed button or menu may run this verb: a menu holds entries of any verb."""
    return press.step == MENU_STEP or verb == press.verb


def _refreshes(invocation: Invocation) -> bool:
    """Whether a menu's entry refreshes the card that it is in: the menu of a card is about one job."""
    return invocation.verb == "show" and not invocation.flags


class Dispatcher:
    """Each method submits the work to a pool and returns at once."""

    def __init__(
        self,
        syntaxes: Mapping[str, Syntax],
        store: Store,
        workers: Workers,
        request_buttons: RequestButtons,
        cutover_buttons: CutoverButtons,
        submissions: Submissions,
        shortcuts: Shortcuts,
        pace: PersonalLimit,
        command: str,
    ) -> None:
        self._syntaxes = syntaxes
        self._store = store
        self._places = Places(store)
        self._workers = workers
        self._request_buttons = request_buttons
        self._cutover_buttons = cutover_buttons
        self.submissions = submissions
        self._shortcuts = shortcuts
        self._pace = pace
        self._command = command

    def on_command(self, command: SlashCommand) -> None:
        target = ReplyTarget(command.who, command.response_url, typed=True)
        self._submit(target, command.trigger, lambda: self._run_command(command, target))

    def on_message(self, spoken: SpokenCommand) -> None:
        """A command in a message: the same as a typed one, but for where its answer goes."""
        target = ReplyTarget(spoken.who, said=spoken.said)
        self._submit(target, spoken.key, lambda: self._run_message(spoken, target))

    def on_message_shortcut(self, used: Shortcut) -> None:
        target = ReplyTarget(used.who, used.response_url, thread=used.thread)
        self._submit(target, used.trigger, lambda: self._shortcuts.open_job(used, target))

    def on_global_shortcut(self, used: Shortcut) -> None:
        target = ReplyTarget(used.who)
        self._submit(target, used.trigger, lambda: self._shortcuts.launch(used, target))

    def on_block_action(self, press: BlockAction) -> None:
        replaces = press.replaceable and press.step == "turn"
        target = ReplyTarget(press.who, press.response_url, replace=replaces, thread=press.thread)
        self._submit(target, press.trigger, lambda: self._run_block_action(press, target))

    def on_submission(self, submission: ViewSubmission) -> None:
        """A view that `submissions.objections` found nothing wrong with."""
        target = ReplyTarget(submission.who)
        self._workers.submit(target, submission.trigger, lambda: self.submissions.submitted(submission))

    def _submit(self, target: ReplyTarget, trigger: str, work: Callable[[], None]) -> None:
        """Begin the work, unless this person has sent too many commands: others would have to wait."""

        def paced() -> None:
            wait_s = self._pace.take(f"{target.who.team}/{target.who.user}")
            if wait_s > 0:
                log.info("too_many_commands", user=target.who.user)
                self._workers.reply(target, _too_many(wait_s))
                return
            work()

        self._workers.submit(target, trigger, paced)

    def _run_command(self, command: SlashCommand, target: ReplyTarget) -> None:
        if not command.text.strip():
            self._shortcuts.launch_in(command.who, target, command.trigger)
            return
        invocation = parse(command.text, self._syntaxes, self._command)
        log.info("slash_command", user=command.who.user, verb=invocation.verb, jobs=invocation.jobs)
        self._workers.invoke(invocation, target, command.trigger)

    def _run_message(self, spoken: SpokenCommand, target: ReplyTarget) -> None:
        if spoken.greets:
            self._shortcuts.greet(target)
            return
        invocation = parse(spoken.text, self._syntaxes, self._command)
        log.info("spoken_command", user=spoken.who.user, verb=invocation.verb, jobs=invocation.jobs)
        if not spoken.begins and self._workers.changes(invocation):
            raise UsageError(
                f"Nothing was done, as a sentence may mean something else: to {invocation.verb}, begin the "
                f"message with the mention of me, or type `{COMMAND} {invocation.verb} …`."
            )
        self._workers.invoke(invocation, target, "")

    def _run_block_action(self, press: BlockAction, target: ReplyTarget) -> None:
        log.info("block_action", user=press.who.user, verb=press.verb, step=press.step)
        press, target = self._places.pressed(press, target)
        if press.step == FIND_STEP:
            self._shortcuts.found(press, target)
        elif press.step in ("run", "turn", "chosen", CHOOSE_STEP, MENU_STEP):
            self._pressed_invocation(press, target)
        elif press.step == SELECTION_STEP:
            self.submissions.reselected(press, target)
        elif press.verb in _ACTIONS:
            self._request_buttons.press(press, target)
        elif press.verb == CUTOVER:
            self._cutover_buttons.press(press, target)

    def _pressed_invocation(self, press: BlockAction, target: ReplyTarget) -> None:
        ref = self._store.ref(press.who.team, press.value)
        if ref is None or ref.kind != "invocation" or not _stands_for(press, ref.data["verb"]):
            self._workers.reply(target, OLD_BUTTON, press.trigger)
            return
        invocation = Invocation.from_dict(ref.data)
        if press.step == CHOOSE_STEP:
            self._shortcuts.choose(invocation, press, target)
            return
        if press.step == MENU_STEP:
            target = replace(target, replace=press.replaceable and _refreshes(invocation))
        if press.step == "chosen":
            invocation = replace(invocation, jobs=self._ticked(press))
            if not invocation.jobs:
                self._workers.reply(target, Note(f"Tick the jobs to {invocation.verb} first.", tone="warn"))
                return
        self._workers.invoke(invocation, target, press.trigger)

    def _ticked(self, press: BlockAction) -> tuple[str, ...]:
        refs = (self._store.ref(press.who.team, value) for value in press.ticked[:_MAX_TICKED])
        jobs = (ref.data["jobs"][0] for ref in refs if ref is not None and ref.data.get("jobs"))
        return tuple(dict.fromkeys(jobs))
