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
from sandbox.projects import DemoProject, demo_projects, settings_file
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
    """The first project's ID."""
    projects: int = 1
    """How many projects there are. Of several, the bot is told in a settings file."""
    host: str = "127.0.0.1"
    """Where the local Slack listens, with its page: `0.0.0.0` for all, as in a container."""
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
        _welcome(slack, settings, _projects(plan), with_command=bool(command))
        if command:
            return _run_command(command, settings, asked)
        asked.wait()
        return 0


def _slack(plan: Plan) -> SlackServer:
    try:
        server = SlackServer(host=plan.host, port=plan.slack_port)
    except PortTaken as taken:
        raise CannotStart(f"Port {plan.slack_port} is in use: choose another with --slack-port.") from taken
    except OSError as error:
        raise CannotStart(
            f"The local Slack cannot listen on {plan.host}, port {plan.slack_port} ({error.strerror}): "
            "choose others with --host and --slack-port, such as 127.0.0.1 and 3000."
        ) from error
    if plan.http_port is not None:
        url = f"http://127.0.0.1:{plan.http_port}/slack/events"
        server.workspace.settings = server.workspace.settings.changed(request_url=url)
    return server


def _dms(plan: Plan) -> DmsServer:
    if plan.dms_port:
        for port in (plan.dms_port, plan.dms_port + 1):
            if _taken(port):
                raise CannotStart(f"Port {port} is in use: choose others with --dms-port (it takes two).")
    further = {each.id: each.locations for each in _projects(plan)[1:]}
    return DmsServer(
        plan.dms_port,
        project=plan.project,
        more_projects=further,
        seed=plan.seed,
        clock_factor=plan.factor,
    )


def _projects(plan: Plan) -> tuple[DemoProject, ...]:
    try:
        return demo_projects(plan.projects, plan.project)
    except ValueError as wrong:
        raise CannotStart(f"{wrong} Choose another number with --projects.") from wrong


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
    folder = _folder(slack.port)
    settings = {
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        **_project_settings(plan, folder),
        "DMS_EMULATOR_HOST": dms.grpc_host,
        "DMS_EMULATOR_REST_HOST": dms.rest_host,
        "DMS_NOTIFY_CHANNEL": NOTIFY_CHANNEL,
        "DMS_APPROVAL_CHANNEL": APPROVAL_CHANNEL,
        "DMS_BOT_POLICY": os.environ.get("DMS_BOT_POLICY") or str(POLICY),
        "DMS_BOT_HOST": os.environ.get("DMS_BOT_HOST") or "127.0.0.1",
        "DMS_BOT_DB": str(folder / "dms-bot.db"),
    }
    if plan.http_port is None:
        return settings | {"SLACK_APP_TOKEN": slack.app_token, "PORT": os.environ.get("PORT") or "0"}
    return settings | {"SLACK_SIGNING_SECRET": slack.signing_secret, "PORT": str(plan.http_port)}


def _project_settings(plan: Plan, folder: Path) -> dict[str, str]:
    """One project and its locations; several ones in a settings file."""
    everywhere = plan.seed == "large"
    if plan.projects == 1:
        return {"GOOGLE_CLOUD_PROJECT": plan.project, "DMS_LOCATIONS": "*" if everywhere else LOCATIONS}
    file = folder / "projects.toml"
    file.write_text(settings_file(_projects(plan), all_locations=everywhere), encoding="utf-8")
    return {"DMS_BOT_CONFIG": str(file)}


def _folder(port: int) -> Path:
    """A new folder for each start: the jobs are new each time, so old records would mislead."""
    folder = Path("var") / f"sandbox-{port}"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        where = folder.absolute()
        raise CannotStart(
            f"{where} cannot be made ({error.strerror}): start it in another folder."
        ) from error
    return folder


def _welcome(
    slack: SlackServer, settings: Mapping[str, str], projects: Sequence[DemoProject], *, with_command: bool
) -> None:
    print("\n  The sandbox is running.\n")
    print(f"  Open   {slack.page_url}")
    print("  Type   /dms list\n")
    if len(projects) > 1:
        print(f"  It serves {len(projects)} projects, as {settings['DMS_BOT_CONFIG']} says:")
        for each in projects:
            print(f"    {each.alias:10} {each.id}")
        print()
    if not with_command:
        print("  A bot finds it with:")
        for name, value in settings.items():
            print(f"    export {name}={value}")
    print("  Ctrl-C stops it.\n", flush=True)


_REAL = (
    "DMS_BOT_CONFIG",
    "DMS_BOT_DB_FILE",
    "DMS_BOT_METRICS_TOKEN_FILE",
    "SLACK_APP_TOKEN",
    "SLACK_APP_TOKEN_FILE",
    "SLACK_BOT_TOKEN_FILE",
    "SLACK_SIGNING_SECRET",
    "SLACK_SIGNING_SECRET_FILE",
)
"""Settings of a bot for real, as a shell may have them: the demo must reach neither its database nor the
webhooks of its settings file."""


def _run_command(command: Sequence[str], settings: Mapping[str, str], asked: threading.Event) -> int:
    environ = {**os.environ, **settings}
    others = set(_REAL)
    # A settings file of the sandbox says which projects there are.
    others |= {"GOOGLE_CLOUD_PROJECT", "DMS_LOCATIONS"} if "DMS_BOT_CONFIG" in settings else set()
    for name in others - set(settings):
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
