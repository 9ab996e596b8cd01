"""`dms-bot run` in a process of its own, against the sandbox's servers."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from sandbox.dms import DmsServer
from sandbox.slack import SlackServer
from tests import loaded
from tests.ports import ports_of
from tests.waiting import until

Environ = dict[str, str]


class Start(Protocol):
    def __call__(self, environ: Environ, *, new: bool = False) -> Running: ...


class Running:
    """A started bot; its log goes to a file, so that no pipe fills up. A `new` one is no copy of another."""

    def __init__(self, environ: Environ, log: Path, *, new: bool = False) -> None:
        self._log = log
        self.process = _new(environ, log) if new else loaded.start(loaded.bot, env=environ, log=log)

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log().splitlines()]

    def port(self) -> int:
        """The one that the server says it listens on."""
        return int(self.until(self.ports)[0])

    def ports(self) -> list[int]:
        """Those that its servers say they listen on, in this order."""
        return ports_of(self.log())

    def until(self, look: Callable[[], Any], seconds: float = 60) -> Any:
        """What `look` finds at last; with the log where it finds nothing or the bot ends first."""
        try:
            return until(look, timeout=seconds, unless=self._gone)
        except TimeoutError as error:
            raise AssertionError(f"{error}; the log:\n{self.log()}") from None

    def _gone(self) -> str:
        return "" if self.process.poll() is None else "the bot has ended"

    def ask(self, path: str, port: int = 0) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port(), timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def until_ready(self) -> Any:
        return json.loads(self.until(self._if_ready))

    def _if_ready(self) -> str | None:
        status, text = self.ask("/readyz")
        return text if status == 200 else None

    def end(self) -> None:
        """Leave nothing of it behind, however it stands."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


def _new(environ: Environ, log: Path) -> subprocess.Popen[str]:
    with log.open("w", encoding="utf-8") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "bot"], env=environ, stdout=subprocess.PIPE, stderr=out, text=True
        )


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Running] = []

    def begin(environ: Environ, *, new: bool = False) -> Running:
        started.append(Running({**environ, "PORT": "0"}, tmp_path / f"log-{len(started)}", new=new))
        return started[-1]

    yield begin
    for each in started:
        each.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_gets_ready_and_stops_in_order(start: Start, sandbox: Environ, number: int) -> None:
    bot = start(sandbox, new=True)
    ready = bot.until_ready()
    assert ready["checks"] == {"store": "ok", "google": "ok", "slack": "ok", "socket_mode": "ok"}
    assert bot.ask("/healthz")[0] == 200
    assert bot.ask("/slack/events")[0] == 404
    assert bot.stop(number) == 0
    assert {"severity", "message", "logger", "time"} <= set(bot.lines()[0])
    assert "Traceback" not in bot.log()
    assert sandbox["SLACK_BOT_TOKEN"] not in bot.log()


@pytest.mark.parametrize(
    ("policy", "words"),
    [("", "nobody may change anything"), ("open", "every member of the workspace can delete")],
)
def test_no_policy_and_an_open_one_are_logged_as_a_warning(
    start: Start, sandbox: Environ, policy: str, words: str
) -> None:
    bot = start({**sandbox, "DMS_BOT_POLICY": policy})
    bot.until(lambda: "started" in bot.log())
    warned = [line for line in bot.lines() if line["severity"] == "WARNING"]
    assert [line["message"] for line in warned] == ["policy_remark"]
    assert words in warned[0]["remark"]
    assert bot.stop() == 0


def test_a_proxy_is_for_the_world_outside(start: Start, sandbox: Environ, slack: SlackServer) -> None:
    nowhere = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9")
    bot = start({**sandbox, **nowhere}, new=True)
    slack.control.wait_connections(timeout=30)
    slack.control.command("help", channel="dms")
    slack.control.wait_message(channel="dms", user="dana", contains="Type `/dms` and a command")
    assert bot.stop() == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks into Linux's /proc")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_while_it_loads_ends_it_before_it_asks_slack(
    start: Start, environ: Environ, number: int
) -> None:
    bot = start({**environ, "SLACK_API_URL": "http://127.0.0.1:1/api/"}, new=True)
    bot.until(lambda: handles(bot.process.pid, signal.SIGTERM))
    assert bot.stop(number) == 0
    assert bot.log() == ""


def handles(pid: int, number: int) -> bool:
    caught = re.search(r"^SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return caught is not None and bool(int(caught[1], 16) >> number - 1 & 1)


def test_commands_are_answered_over_http_and_counted(
    start: Start, sandbox: Environ, slack: SlackServer
) -> None:
    bot = start({**sandbox, "SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": slack.signing_secret})
    bot.until_ready()
    slack.control.set_mode("http")
    assert slack.control.set_request_url(f"http://127.0.0.1:{bot.port()}/slack/events")
    slack.control.command("help")
    series = r'dms_bot_commands_total\{outcome="\w+",verb="help"\} 1'
    bot.until(lambda: re.search(series, bot.ask("/metrics")[1]))
    assert slack.control.violations() == []
    assert bot.stop() == 0


def test_the_one_replica_leads_and_watches(start: Start, sandbox: Environ) -> None:
    bot = start(sandbox)
    bot.until(lambda: "dms_bot_leader 1.0" in bot.ask("/metrics")[1])
    bot.until(lambda: 'dms_bot_watcher_lag_seconds{location="us-central1",project=' in bot.ask("/metrics")[1])
    assert bot.until_ready()["leads"] is True


def test_a_place_that_answers_nothing_from_the_start_is_told(
    start: Start, sandbox: Environ, dms: DmsServer
) -> None:
    dms.control.fault("ListMigrationJobs", "PERMISSION_DENIED", times=None)
    bot = start(sandbox)
    bot.until(lambda: "location_not_read" in bot.log())
    assert 'dms_bot_watcher_lag_seconds{location="us-central1",project=' in bot.ask("/metrics")[1]


def test_a_token_that_slack_refuses_is_one_sentence(start: Start, sandbox: Environ) -> None:
    bot = start({**sandbox, "SLACK_BOT_TOKEN": "xoxb-wrong"})
    assert bot.process.wait(60) == 1
    assert "invalid_auth" in bot.log()
    assert "Traceback" not in bot.log()


def test_a_fault_of_slack_at_the_start_is_waited_for(
    start: Start, sandbox: Environ, slack: SlackServer
) -> None:
    """Source: the errors of https://docs.slack.dev/reference/methods/auth.test"""
    slack.control.fault("auth.test", "ratelimited", times=1, retry_after=1)
    slack.control.fault("auth.test", "internal_error", times=1)
    slack.control.fault("apps.connections.open", "503", times=1)
    bot = start({**sandbox, "DMS_BOT_PROBES_PORT": "0"})
    bot.until(lambda: "slack_not_ready" in bot.log())
    assert len(bot.ports()) == 1, "in Socket Mode, there is nothing for the other port"
    assert bot.ask("/healthz")[0] == 200
    assert bot.ask("/readyz")[0] == 503
    bot.until_ready()
    reasons = [each["reason"] for each in bot.lines() if each["message"] == "slack_not_ready"]
    assert [re.findall(r"ratelimited|503|internal_error", each) for each in reasons] == [
        ["ratelimited"],
        ["internal_error"],
        ["503"],
    ]
    assert "does not accept" not in bot.log()
    assert bot.stop() == 0


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
def test_a_stop_while_it_waits_for_slack_ends_it(
    start: Start, sandbox: Environ, slack: SlackServer, method: str
) -> None:
    slack.control.fault(method, "ratelimited", times=None, retry_after=600)
    bot = start(sandbox)
    bot.until(lambda: "slack_not_ready" in bot.log())
    bot.process.send_signal(signal.SIGTERM)
    assert bot.process.wait(60) == 0
    assert "Traceback" not in bot.log()


def test_it_is_ready_only_once_socket_mode_is_connected(
    start: Start, sandbox: Environ, slack: SlackServer
) -> None:
    slack.control.socket("refuse")
    bot = start(sandbox)
    bot.until(lambda: "slack_not_ready" in bot.log())
    bot.until(lambda: "leadership_acquired" in bot.log())
    status, text = bot.ask("/readyz")
    assert (status, json.loads(text)["checks"]["socket_mode"]) == (503, "the Socket Mode connection is down")
    slack.control.socket("accept")
    bot.until_ready()


def test_an_app_token_that_slack_refuses_is_one_sentence(start: Start, sandbox: Environ) -> None:
    bot = start({**sandbox, "SLACK_APP_TOKEN": "xapp-wrong"})
    assert bot.process.wait(60) == 1
    assert "SLACK_APP_TOKEN (invalid_auth)" in bot.log()
    assert "Traceback" not in bot.log()


def test_pages_for_operators_can_have_a_port_of_their_own(
    start: Start, sandbox: Environ, slack: SlackServer
) -> None:
    http = {"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": slack.signing_secret}
    bot = start({**sandbox, **http, "DMS_BOT_PROBES_PORT": "0"})
    bot.until(lambda: '"started"' in bot.log())
    of_slack, of_pages = bot.ports()
    paths = ("/slack/events", "/healthz", "/readyz", "/metrics")
    assert [bot.ask(path, of_slack)[0] for path in paths] == [405, 404, 404, 404]
    assert [bot.ask(path, of_pages)[0] for path in paths] == [404, 200, 200, 200]
    assert bot.stop() == 0


def test_a_taken_port_is_one_sentence(start: Start, sandbox: Environ, tmp_path: Path) -> None:
    first = start(sandbox)
    taken = str(first.port())
    second = Running(
        {**sandbox, "PORT": taken, "DMS_BOT_HOST": "127.0.0.1", "DMS_BOT_DB": str(tmp_path / "2.db")},
        tmp_path / "second",
    )
    try:
        assert second.process.wait(60) == 1
    finally:
        second.end()
    assert f"cannot listen on 127.0.0.1, port {taken}" in second.log()
    assert "Traceback" not in second.log()


@pytest.mark.skipif(sys.platform != "linux", reason="the system has no such binding")
@pytest.mark.parametrize(("cores", "warnings"), [("one", 1), ("all", 0)])
def test_a_setting_for_one_core_is_accepted_and_ignored(
    sandbox: Environ, start: Start, cores: str, warnings: int
) -> None:
    bot = start({**sandbox, "DMS_BOT_CORES": cores})
    bot.until_ready()
    assert os.sched_getaffinity(bot.process.pid) == os.sched_getaffinity(0)
    told = [each for each in bot.lines() if each["message"] == "setting_ignored"]
    assert [each["setting"] for each in told] == ["DMS_BOT_CORES"] * warnings
    assert bot.stop() == 0


def test_without_google_credentials_it_ends_with_a_sentence(
    start: Start, sandbox: Environ, slack: SlackServer, tmp_path: Path
) -> None:
    """Also while Slack, to which it connects first, does not let it in."""
    slack.control.fault("apps.connections.open", "ratelimited", times=None, retry_after=600)
    missing = {"GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "none.json"), "DMS_EMULATOR_HOST": ""}
    bot = start({**sandbox, **missing})
    assert bot.process.wait(60) == 1
    assert "Error: The bot has no usable Google credentials" in bot.log()
    assert "Traceback" not in bot.log()
