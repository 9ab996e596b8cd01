"""Visitors: people who only look and rehearse cutovers, beside those of the crash runs, who change jobs."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from sandbox.dms.control import ControlError, DmsControl
from sandbox.local_http import NoAnswer
from sandbox.slack import SlackControl
from sandbox.slack.control import SandboxError
from tests.crash.env import COMMAND_CHANNEL
from tests.crash.simulated_jobs import SimulatedJobs

JSON = dict[str, Any]
_AWAY = (NoAnswer, SandboxError, ControlError, TimeoutError, KeyError, IndexError)
_NAMES = ("dana", "sam", "alex", "riley")
_LOOKS = (
    *(
        "list",
        "list --state failed",
        "show {id}",
        "show {id} --more",
        "history {id}",
        "databases {id}",
        "delay {id}",
    ),
    *("approvals", "schedule", "cutover", "watches", "policy", "help", "help restart", "lst", "show {id}x"),
    *("watch {id}", "unwatch {id}", 'freeze {id} --until 1m --reason "a look"', "unfreeze {id}"),
    *('verify {id} --at "in 2m"', "cutover {id} --rehearse", "cutover {id} --rehearse"),
)
_NIGHT = ("here", "start", "stopped", "item", "open_writes", "reopened", "hold", "abort")
"""What is pressed on the card of a rehearsal."""
_RECENT = 30
_CROWD = 120
"""More than the bot's threads (`DMS_BOT_WORKERS`), of which each person has a share."""
_SLOW_S = 2.0


class Visitors:
    """One thread that looks about every so many seconds."""

    def __init__(self, base_url: str, jobs: SimulatedJobs, seed: int) -> None:
        self._slack = SlackControl(base_url)
        self._herd = jobs
        self._random = random.Random(f"{seed} visitors")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="visitors", daemon=True)
        self._every_s = 1.0
        self.looks = 0
        self.presses = 0

    def start(self, every_s: float) -> None:
        self._every_s = every_s
        self._thread.start()

    def goes_on(self) -> bool:
        return self._thread.is_alive()

    def ask_all_at_once(self, dms: DmsControl) -> None:
        """Everybody at once, so that the bot has as many threads from then on as it may have: they stay."""
        dms.fault("*", "SLOW", times=None, delay_seconds=_SLOW_S)
        id, _ = self._herd.any()

        def ask(user: str) -> None:
            with suppress(*_AWAY):
                self._slack.command(f"show {id}", user=user, channel=COMMAND_CHANNEL)

        with ThreadPoolExecutor(_CROWD) as crowd:
            list(crowd.map(ask, _NAMES * (_CROWD // len(_NAMES))))
        dms.clear_faults()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(20)

    def _go_on(self) -> None:
        ways = (
            self._type,
            self._type,
            self._type,
            self._mention,
            self._home,
            self._press,
            self._press,
            self._night,
        )
        while not self._stop.wait(self._every_s * self._random.uniform(0.5, 1.5)):
            try:
                self._random.choice(ways)(self._random.choice(_NAMES))
            except _AWAY:
                continue  # a fault of Slack, or what was to be pressed is gone

    # ---- what they do

    def _text(self) -> str:
        id, _ = self._herd.any()
        return self._random.choice(_LOOKS).format(id=id)

    def _type(self, user: str) -> None:
        self.looks += 1
        self._slack.command(self._text(), user=user, channel=COMMAND_CHANNEL)
        self._close(user)

    def _mention(self, user: str) -> None:
        self.looks += 1
        id, _ = self._herd.any()
        if self._random.random() < 0.5:
            self._slack.say(f"@dms show {id}", user=user, channel=COMMAND_CHANNEL)
        else:
            self._slack.say(f"show {id}", user=user, channel="dm")

    def _home(self, user: str) -> None:
        self.looks += 1
        self._slack.open_home(user)

    def _press(self, user: str) -> None:
        """Any button that this person sees, but none that decides about a request."""
        found = self._slack.messages(user=user, limit=_RECENT)
        buttons = [each for message in found for each in _buttons(message) if _only_looks(each[1])]
        message, action = self._random.choice(buttons)
        self.presses += 1
        self._slack.press(message, action, user=user)
        self._close(user)

    def _night(self, user: str) -> None:
        """The next step of somebody's rehearsal, as its commander."""
        found = self._slack.messages(channel=COMMAND_CHANNEL, include_ephemeral=False, limit=2 * _RECENT)
        steps = [
            (message, action)
            for message in found
            for message, action in _buttons(message)
            if action.startswith("dms:cutover:") and action.split(":")[2] in _NIGHT
        ]
        message, action = self._random.choice(steps)
        self.presses += 1
        self._slack.press(message, action, user=user)
        for view in reversed(self._slack.views(user)):
            fields = [each["element"] for each in view["blocks"] if each["type"] == "input"]
            texts = {each["action_id"]: "a soak" for each in fields if each["type"] == "plain_text_input"}
            if texts:
                self._slack.submit(view, texts, user=user)
        self._close(user)

    def _close(self, user: str) -> None:
        for view in reversed(self._slack.views(user)):
            self._slack.close_view(view, user=user, everything=True)


def _buttons(message: JSON) -> Iterator[tuple[JSON, str]]:
    for block in message.get("blocks") or []:
        for element in block.get("elements") or []:
            if block["type"] == "actions" and element.get("type") == "button" and "action_id" in element:
                yield message, str(element["action_id"])


def _only_looks(action: str) -> bool:
    parts = action.split(":")
    return len(parts) >= 3 and (
        parts[2] in ("turn", "details", "review", "names")
        or parts[1] in ("show", "list", "history", "databases")
    )
