"""The local DMS and the local Slack together, with a command that runs against them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from sandbox.dms.server import DmsServer
from sandbox.slack import PortTaken, SlackServer
from sandbox.slack.seed import APPROVAL_CHANNEL, NOTIFY_CHANNEL

STOP_SECONDS = 25.0
LOCATIONS = "europe-west1,us-central1"
POLICY = Path(__file__).with_name("policy.toml")


class CannotStart(Exception):
    """Why the sandbox does not start, in one sentence that says what to do."""


@dataclass(frozen=True)
class Plan:
    """What to start. Migrations run `factor` times faster than real time. Port 0 is any free port."""

    slack_port: int = 3000
    dms_port: int = 8085
    factor: float = 60.0
    seed: str = "demo"
    project: str = "demo-project"
    http_port: int | None = None
    """Deliver over signed HTTP to a bot on this port, instead of Socket Mode."""


def run(plan: Plan, command: Sequence[str]) -> int:
    """Start both servers, run the command against them until it ends or Ctrl-C, and stop everything.

    Returns the command's exit status (0 without a command). Raises CannotStart.
    """
    with _on_stop() as asked, ExitStack() as stack:
        slack = stack.enter_context(_slack(plan))
        dms = stack.enter_context(_dms(plan))
        settings = environment(plan, slack, dms)
        _welcome(slack, settings, with_command=bool(command))
        if command:
            return _run_command(command, settings, asked)
        asked.wait()
        return 0


def _slack(plan: Plan) -> SlackServer:
    try:
        server = SlackServer(port=plan.slack_port)
    except PortTaken as taken:
        raise CannotStart(f"Port {plan.slack_port} is in use: choose another with --slack-port.") from taken
    if plan.http_port is not None:
        url = f"http://127.0.0.1:{plan.http_port}/slack/events"
        server.workspace.settings = server.workspace.settings.changed(request_url=url)
    return server


def _dms(plan: Plan) -> DmsServer:
    if plan.dms_port:
        for port in (plan.dms_port, plan.dms_port + 1):
            if _taken(port):
                raise CannotStart(f"Port {port} is in use: choose others with --dms-port (it takes two).")
    return DmsServer(plan.dms_port, project=plan.project, seed=plan.seed, clock_factor=plan.factor)


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def environment(plan: Plan, slack: SlackServer, dms: DmsServer) -> dict[str, str]:
    """The settings with which a bot connects to the sandbox."""
    settings = {
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "GOOGLE_CLOUD_PROJECT": plan.project,
        "DMS_LOCATIONS": LOCATIONS,
        "DMS_EMULATOR_HOST": dms.grpc_host,
        "DMS_EMULATOR_REST_HOST": dms.rest_host,
        "DMS_NOTIFY_CHANNEL": NOTIFY_CHANNEL,
        "DMS_APPROVAL_CHANNEL": APPROVAL_CHANNEL,
        "DMS_BOT_POLICY": os.environ.get("DMS_BOT_POLICY") or str(POLICY),
        "DMS_BOT_HOST": os.environ.get("DMS_BOT_HOST") or "127.0.0.1",
        "DMS_BOT_DB": os.environ.get("DMS_BOT_DB") or str(_database(slack.port)),
    }
    if plan.http_port is None:
        return settings | {"SLACK_APP_TOKEN": slack.app_token, "PORT": os.environ.get("PORT") or "0"}
    return settings | {"SLACK_SIGNING_SECRET": slack.signing_secret, "PORT": str(plan.http_port)}


def _database(port: int) -> Path:
    """A database in a new folder for each start: the jobs are new each time, so old records would mislead."""
    folder = Path("var") / f"sandbox-{port}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder / "dms-bot.db"


def _welcome(slack: SlackServer, settings: Mapping[str, str], *, with_command: bool) -> None:
    print("\n  The sandbox is running.\n")
    print(f"  Open   {slack.page_url}")
    print("  Type   /dms list\n")
    if not with_command:
        print("  A bot finds it with:")
        for name, value in settings.items():
            print(f"    export {name}={value}")
    print("  Ctrl-C stops it.\n", flush=True)


def _run_command(command: Sequence[str], settings: Mapping[str, str], asked: threading.Event) -> int:
    environ = {**os.environ, **settings}
    for name in {"SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"} - set(settings):
        environ.pop(name, None)
    try:
        # In its own session, so that Ctrl-C does not reach it directly: we stop it while both servers still
        # answer.
        child = subprocess.Popen(command, env=environ, start_new_session=True)  # noqa: S603
    except OSError as missing:
        raise CannotStart(f"Cannot run {command[0]}: {missing.strerror}.") from missing
    while child.poll() is None and not asked.wait(0.2):
        continue
    if asked.is_set():
        return _stopped(child)
    print(f"\n  {command[-1]} ended by itself, with status {child.returncode}.", flush=True)
    return child.returncode


def _stopped(child: subprocess.Popen[bytes]) -> int:
    """Give the command `STOP_SECONDS` to end; being stopped counts as success."""
    child.terminate()
    try:
        status = child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        status = child.wait()
    return max(status, 0)


@contextmanager
def _on_stop() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set."""
    asked = threading.Event()

    def heard(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    previous = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
