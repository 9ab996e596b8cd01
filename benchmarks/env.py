"""The far ends and the apps, each in a process of its own."""

from __future__ import annotations

import json
import re
import socket
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.figures import Scale
from benchmarks.generator import Generator
from benchmarks.processes import Child
from bot.app import Bot
from bot.config.projects import Project, Projects
from bot.config.settings import Settings
from sandbox.dms import DmsControl
from tests.ports import free_port

PROJECT = "demo-project"
SECRET = "bench-signing-secret"
BOT = "xapp-bot"
_POLL_S = 0.1
_READY_S = 180.0


def locations(count: int) -> tuple[str, ...]:
    return tuple(f"region-{chr(97 + number // 10)}{number % 10}" for number in range(count))


def projects(count: int, places: int) -> Projects:
    """Projects with the same locations each; the first one is `PROJECT`."""
    ids = (PROJECT, *(f"bench-project-{number}" for number in range(2, count + 1)))
    return Projects(tuple(Project(each, locations=locations(places)) for each in ids))


@dataclass(frozen=True, slots=True)
class LocalDms:
    """The local DMS, with its jobs."""

    grpc: str
    rest: str
    control: DmsControl
    child: Child

    @property
    def settings(self) -> dict[str, str]:
        return {"DMS_EMULATOR_HOST": self.grpc, "DMS_EMULATOR_REST_HOST": self.rest}


@contextmanager
def dms() -> Iterator[LocalDms]:
    """An empty local DMS, whose clock runs at its natural speed."""
    with Child("sandbox.dms", ["--port", "0", "--seed", "empty", "--clock-factor", "1"]) as child:
        found = re.search(r"gRPC on (\S+), REST and control on http://(\S+)", child.line())
        assert found is not None
        with DmsControl(f"http://{found[2]}") as control:
            yield LocalDms(found[1], found[2], control, child)


def plant(far: LocalDms, places: tuple[str, ...], count: int) -> list[str]:
    """`count` jobs over all places, in all usual states; the names of those that replicate."""
    return far.control.spread(count, places)


def plant_in(far: LocalDms, served: Projects, count: int) -> list[str]:
    """`count` jobs in all over the places of all projects; the names of those that replicate."""
    return far.control.spread(count, served.all[0].locations, [each.id for each in served])


@contextmanager
def slack(generator: Generator) -> Iterator[str]:
    """The Web API's process; its address."""
    with Child("benchmarks.webapi", [generator.link]) as child:
        generator.webapi = child.line()
        yield generator.webapi


def answered(webapi: str) -> dict[str, float]:
    """When each command's answer first arrived, by id, on the clock of `time.perf_counter`."""
    return {id: float(at) for id, at in _get(f"{webapi}/answered").items()}


def forget_answers(webapi: str) -> None:
    _get(f"{webapi}/forget")


@dataclass(frozen=True, slots=True)
class Running:
    """An app that answers."""

    child: Child
    port: int
    token: str


def slack_settings(webapi: str, token: str, *, over_socket: bool) -> dict[str, str]:
    found = {"SLACK_API_URL": f"{webapi}/api/", "SLACK_BOT_TOKEN": token.replace("xapp-", "xoxb-")}
    if over_socket:
        return found | {"SLACK_APP_TOKEN": token}
    return found | {"SLACK_SIGNING_SECRET": SECRET}


def bot_settings(
    webapi: str, far: LocalDms, places: tuple[str, ...], folder: Path, *, over_socket: bool
) -> dict[str, str]:
    """What a production start needs, and nothing that would make it quicker or slower."""
    return {
        **slack_settings(webapi, BOT, over_socket=over_socket),
        **far.settings,
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "DMS_LOCATIONS": ",".join(places),
        "DMS_NOTIFY_CHANNEL": "C0DBMIGRAT",
        "DMS_BOT_COMMANDS_PER_MINUTE": "100000",
        "DMS_BOT_POLICY": "open",
        "DMS_BOT_DB": str(folder / "bot.db"),
        "DMS_BOT_HOST": "127.0.0.1",
    }


@contextmanager
def bot(
    webapi: str, far: LocalDms, places: tuple[str, ...], scale: Scale, *, over_socket: bool = True
) -> Iterator[Running]:
    """The bot, once it follows all jobs."""
    with tempfile.TemporaryDirectory() as folder:
        settings = bot_settings(webapi, far, places, Path(folder), over_socket=over_socket)
        with _following(settings, scale) as running:
            yield running


@contextmanager
def replicas(
    webapi: str, far: LocalDms, places: tuple[str, ...], scale: Scale, url: str, count: int
) -> Iterator[list[Running]]:
    """Bots that share the PostgreSQL database at `url`, over signed HTTP; the first one leads, and follows
    `scale.listed` jobs."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = bot_settings(webapi, far, places, folder, over_socket=False) | {"DMS_BOT_DB": url}
        running = [stack.enter_context(_following(settings, replace(scale, jobs=scale.listed)))]
        for _ in range(count - 1):
            port = free_port()
            child = stack.enter_context(Child("bot", env=settings | {"PORT": str(port)}))
            running.append(Running(child, port, BOT))
        for each in running:
            _ready(each)
        yield running


@contextmanager
def bot_of(webapi: str, far: LocalDms, served: Projects, scale: Scale) -> Iterator[Running]:
    """The bot that serves these projects, once it follows all jobs."""
    with tempfile.TemporaryDirectory() as folder:
        settings = bot_settings(webapi, far, (), Path(folder), over_socket=True)
        del settings["GOOGLE_CLOUD_PROJECT"], settings["DMS_LOCATIONS"]
        file = Path(folder) / "projects.toml"
        file.write_text("".join(_table(each) for each in served), encoding="utf-8")
        with _following(settings | {"DMS_BOT_CONFIG": str(file)}, scale) as running:
            yield running


def _table(project: Project) -> str:
    return f"[[project]]\nid = {json.dumps(project.id)}\nlocations = {json.dumps(project.locations)}\n"


@contextmanager
def _following(settings: dict[str, str], scale: Scale) -> Iterator[Running]:
    port = free_port()
    with Child("bot", env=settings | {"PORT": str(port)}) as child:
        _follows(child, port, scale.jobs)
        yield Running(child, port, BOT)


@contextmanager
def bare(webapi: str, token: str, *, over_socket: bool = True, at_once: bool = False) -> Iterator[Running]:
    """The bare Bolt app, once it answers."""
    port = free_port()
    settings = slack_settings(webapi, token, over_socket=over_socket)
    settings |= {"PORT": str(port), "BARE_AT_ONCE": "1" if at_once else "0"}
    with Child("benchmarks.bare", env=settings) as child:
        if not over_socket:
            _listens(child, port)
        yield Running(child, port, token)


@contextmanager
def parts(webapi: str, far: LocalDms, places: tuple[str, ...]) -> Iterator[Bot]:
    """The bot's parts in this process, without its loops: what a command passes through."""
    with tempfile.TemporaryDirectory() as folder:
        made = Bot(
            Settings(
                project=PROJECT,
                locations=places,
                notify_channel="C0DBMIGRAT",
                policy_file="open",
                slack_bot_token=BOT.replace("xapp-", "xoxb-"),
                slack_app_token=BOT,
                slack_api_url=f"{webapi}/api/",
                dms_emulator_host=far.grpc,
                dms_emulator_rest_host=far.rest,
                db=str(Path(folder) / "bot.db"),
                host="127.0.0.1",
                port=0,
            )
        )
        made.dms.load()
        try:
            yield made
        finally:
            made.shared_reads.close()
            made.dms.close()
            made.store.close()


def _follows(child: Child, port: int, jobs: int) -> None:
    deadline = time.monotonic() + _READY_S
    known = 0
    while known < jobs:
        if time.monotonic() > deadline or not child.alive():
            raise RuntimeError(f"The bot follows {known} of {jobs} jobs:\n{child.log()[-4000:]}")
        time.sleep(_POLL_S)
        try:
            known = int(_get(f"http://127.0.0.1:{port}/readyz")["jobs"])
        except (OSError, KeyError, ValueError):
            continue


def _ready(app: Running) -> None:
    deadline = time.monotonic() + _READY_S
    while app.child.alive() and time.monotonic() < deadline:
        with suppress(OSError):
            _get(f"http://127.0.0.1:{app.port}/readyz")
            return
        time.sleep(_POLL_S)
    raise RuntimeError(f"The bot is not ready:\n{app.child.log()[-4000:]}")


def _listens(child: Child, port: int) -> None:
    deadline = time.monotonic() + _READY_S
    while child.alive() and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            time.sleep(_POLL_S)
        else:
            return
    raise RuntimeError(f"The app does not listen:\n{child.log()[-4000:]}")


def _get(url: str) -> dict[str, Any]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
        return found
