"""The bot as a process of its own, so that its disk can be full and its files can be broken."""

from __future__ import annotations

import http.client
import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.dms import DmsServer
from sandbox.dms.control import DmsControl
from sandbox.slack import SlackControl, SlackServer
from sandbox.slack.seed import APPROVAL_CHANNEL, NOTIFY_CHANNEL
from tests import loaded
from tests.e2e.env import LOCATIONS, UNHURRIED, Env
from tests.loaded import Copy
from tests.ports import ports_of

UNLIMITED = resource.RLIM_INFINITY


@dataclass
class Process:
    """A started bot, and what it has logged so far."""

    process: Copy
    db: Path
    log: list[str] = field(default_factory=list)

    def text(self) -> str:
        return "".join(self.log)

    def largest_file(self, size: int) -> None:
        """No file of the process may grow beyond `size` bytes: what a full disk is to a file."""
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, UNLIMITED))

    def ready(self) -> bool:
        """What `/readyz` says."""
        found = ports_of(self.text())
        assert found, self.text()
        connection = http.client.HTTPConnection("127.0.0.1", found[0], timeout=60)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        finally:
            connection.close()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@dataclass
class World(Env):
    """What a test sees and does, with the bot behind the wall of its process."""

    process: Process = None  # type: ignore[assignment]


def environ(slack: SlackServer, dms: DmsServer, db: Path) -> dict[str, str]:
    return {
        **os.environ,
        "GOOGLE_CLOUD_PROJECT": dms.project,
        "DMS_LOCATIONS": ",".join(LOCATIONS),
        "DMS_NOTIFY_CHANNEL": NOTIFY_CHANNEL,
        "DMS_APPROVAL_CHANNEL": APPROVAL_CHANNEL,
        "DMS_BOT_POLICY": "open",
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.api_url,
        "DMS_EMULATOR_HOST": dms.grpc_host,
        "DMS_EMULATOR_REST_HOST": dms.rest_host,
        "DMS_BOT_DB": str(db),
        "DMS_BOT_HOST": "127.0.0.1",
        "DMS_BOT_COMMANDS_PER_MINUTE": "100000",
        "DMS_BOT_AUDIT_ANCHOR_AT": "off",
        "DMS_BOT_POLL_FAST": "0.5",
        "DMS_BOT_POLL_SLOW": "1",
        "PORT": "0",
    }


def start(env: dict[str, str], db: Path) -> Process:
    """Start it; its log goes through a pipe, which no limit on files touches."""
    process = loaded.start(loaded.bot, env=env)
    made = Process(process, db)

    def read() -> None:
        assert process.stdout is not None
        made.log.extend(iter(process.stdout.readline, ""))

    threading.Thread(target=read, daemon=True).start()
    return made


@contextmanager
def ends() -> Iterator[tuple[SlackServer, DmsServer]]:
    with SlackServer(port=0) as slack, DmsServer(port=0, seed="empty", operation_seconds=6.0) as dms:
        slack.control.configure(**UNHURRIED)
        yield slack, dms


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Everything started, and at the end no trace of an exception in the bot's log."""
    db = folder / "bot.db"
    with ends() as (slack, dms):
        process = start(environ(slack, dms, db), db)
        try:
            slack.control.wait_connections(timeout=60)
            yield _world(slack.control, dms.control, process)
            assert process.stop() == 0
        finally:
            process.process.kill()
            process.process.wait()
        assert "Traceback" not in process.text(), process.text()


def _world(slack: SlackControl, dms: DmsControl, process: Process) -> World:
    return World(slack, dms, None, process=process)  # type: ignore[arg-type]
