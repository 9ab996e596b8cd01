"""What breaks at the other end while the bot runs: one thing after another, each for a few seconds."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from sandbox.dms.control import ControlError, DmsControl
from sandbox.local_http import NoAnswer
from sandbox.slack import SlackControl
from sandbox.slack.control import SandboxError
from tests.crash.env import LOCATIONS
from tests.methods import METHODS
from tests.webhooks.receiver import OK, Got, Receiver, Reply

_WRITES = tuple(METHODS.values())
_LASTS_S = (2.0, 6.0)
_EFFECT_S = 10.0
"""A late acknowledgement is noticed after 3 seconds, and what a fault held up goes on for a while."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One that was there, in Unix seconds."""

    name: str
    since: float
    until: float


def going_on(at: float, faults: Iterable[Fault]) -> list[str]:
    """The faults that were there at this time, or shortly before."""
    return [each.name for each in faults if each.since <= at and each.until >= at - _EFFECT_S]


class Faults:
    """One thread; `seen` has each fault that was there."""

    def __init__(
        self, slack: SlackControl, dms: DmsControl, receiver: Receiver, path: str, seed: int
    ) -> None:
        self._slack = slack
        self._dms = dms
        self._random = random.Random(f"{seed} faults")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="faults", daemon=True)
        self._every_s = 1.0
        self._reply: Reply | None = OK
        receiver.respond[path] = self._answer
        self.seen: list[Fault] = []
        self.more: dict[str, Callable[[], None]] = {}
        """Further faults by name, which mend themselves."""
        self._kinds: dict[str, Callable[[], None]] = {
            "Slack: rate limit": lambda: self._slack_fails("chat.postMessage", "ratelimited", 2),
            "Slack: rate limit on everything": lambda: self._slack_fails("*", "ratelimited", 2),
            "Slack: 500": lambda: self._slack_fails("chat.update", "500", 2),
            "Slack: answer lost": lambda: self._slack.fault(
                "chat.postMessage", "timeout", seconds=12, after_apply=True
            ),
            "Slack: connection reset": lambda: self._slack_fails("*", "connection_reset", 3),
            "Slack: slow": lambda: self._slack.fault("*", "slow", 4, seconds=3),
            "Slack: response_url fails": lambda: self._slack_fails("response_url", "503", 2),
            "Slack: socket dropped": lambda: self._sockets("drop"),
            "Slack: socket refreshed": lambda: self._sockets("refresh"),
            "Slack: socket refused": lambda: self._sockets("refuse", "drop"),
            "Slack: everything twice": lambda: self._slack.duplicate_deliveries(1),
            "DMS: UNAVAILABLE": lambda: self._dms.fault("*", "UNAVAILABLE", times=6),
            "DMS: out of quota": lambda: self._dms.fault("*", "RESOURCE_EXHAUSTED", times=6),
            "DMS: slow": lambda: self._dms.fault("*", "SLOW", times=8, delay_seconds=4.0),
            "DMS: hangs": lambda: self._dms.fault("*", "HANG", times=8),
            "DMS: connection broken": lambda: self._dms.fault("*", "DISCONNECT", times=3),
            "DMS: answer to a write lost": self._lost_answer,
            "DMS: a location away": lambda: self._dms.location_unreachable(self._random.choice(LOCATIONS)),
            "Monitoring: refused": lambda: self._dms.monitoring(False),
            "webhook: 500": lambda: self._webhook(Reply(500)),
            "webhook: no answer": lambda: self._webhook(None),
        }

    def start(self, every_s: float) -> None:
        self._every_s = every_s
        self._thread.start()

    @property
    def counts(self) -> Counter[str]:
        return Counter(each.name for each in self.seen)

    def goes_on(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Everything is well again."""
        self._stop.set()
        self._thread.join(30)
        self._mend()

    def _go_on(self) -> None:
        kinds = {**self._kinds, **self.more}
        deck: list[str] = []
        while not self._stop.wait(self._every_s * self._random.uniform(0.5, 1.0)):
            deck = deck or self._random.sample(sorted(kinds), len(kinds))
            name = deck.pop()
            since = time.time()
            with suppress(ControlError, SandboxError, NoAnswer):
                kinds[name]()
                self._stop.wait(self._random.uniform(*_LASTS_S))
                self.seen.append(Fault(name, since, time.time()))
            self._mend()

    def _mend(self) -> None:
        with suppress(ControlError, SandboxError, NoAnswer):
            self._slack.clear_faults()
            self._slack.socket("accept")
            self._slack.duplicate_deliveries(0)
            self._dms.clear_faults()
            self._dms.monitoring(True)
        self._reply = OK

    def _slack_fails(self, method: str, kind: str, times: int) -> None:
        self._slack.fault(method, kind, times, retry_after=2)

    def _sockets(self, *actions: str) -> None:
        for action in actions:
            self._slack.socket(action, grace=2.0)

    def _lost_answer(self) -> None:
        for method in _WRITES:
            self._dms.fault(method, "DISCONNECT", after_apply=True)

    def _webhook(self, reply: Reply | None) -> None:
        self._reply = reply

    def _answer(self, _: Got) -> Reply | None:
        return self._reply
