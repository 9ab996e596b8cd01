"""The whole chain with a wall clock of the bot's own, which jumps when a test says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sandbox.dms import DmsServer
from sandbox.slack import SlackServer
from tests.e2e.env import CAUGHT_UP, UNHURRIED, Env, running, settings
from tests.e2e.helpers import ROLES, policy
from tests.waiting import until


@dataclass
class Clock:
    """The wall clock, and how wrong it is."""

    ahead: timedelta = timedelta()
    guard: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> datetime:
        with self.guard:
            return datetime.now(UTC) + self.ahead

    def jump(self, by: timedelta) -> None:
        with self.guard:
            self.ahead += by


@dataclass
class Timed(Env):
    clock: Clock = field(default_factory=Clock)


@contextmanager
def timed(folder: Path, rules: str = "", **more: Any) -> Iterator[Timed]:
    """`rules` are added to the policy."""
    clock = Clock()
    with (
        SlackServer(port=0) as slack,
        DmsServer(port=0, seed="empty", clock_factor=60.0, operation_seconds=6.0) as dms,
    ):
        wanted = settings(slack, dms, folder, policy_file=policy(folder, ROLES + rules), **more)
        with running(wanted, clock) as bot:
            slack.control.configure(**UNHURRIED)
            slack.control.wait_connections()
            yield Timed(slack.control, dms.control, bot, clock=clock)


def a_job(env: Timed) -> str:
    return env.add_job("clock", state="RUNNING", phase="CDC", databases=["sales"], **CAUGHT_UP)


def read_again(env: Timed) -> None:
    """Until a look at an operation that began after this call has ended, as the next follows it."""
    looks = len(env.dms.calls("GetOperation"))
    until(lambda: len(env.dms.calls("GetOperation")) > looks + 2)
