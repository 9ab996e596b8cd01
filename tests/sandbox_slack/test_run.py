"""`python -m sandbox`: both servers, the environment, and stopping together."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from bot.config.loader import load
from bot.config.settings import OPTIONS

PROBE = """
import json, os, signal, sys
from slack_sdk import WebClient
web = WebClient(os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
names = [n for n in os.environ if n.startswith(("DMS_", "SLACK_", "GOOGLE_"))]
print(json.dumps({"ok": web.auth_test()["ok"], "names": names, "db": os.environ["DMS_BOT_DB"]}), flush=True)
if sys.argv[1:]: signal.pause()
"""
REPOSITORY = Path(__file__).parents[2]


def start(tmp_path: Path, *flags: str, hold: bool = False) -> subprocess.Popen[str]:
    probe = tmp_path / "probe.py"
    probe.write_text(PROBE)
    command = [sys.executable, str(probe), *(["hold"] if hold else [])]
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--slack-port", "0", "--dms-port", "0", *flags, "--", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )


def test_command_runs_with_the_environment_and_its_status_is_handed_on(tmp_path: Path) -> None:
    with start(tmp_path) as sandbox:
        out, err = sandbox.communicate(timeout=60)
    assert sandbox.returncode == 0, err
    assert "/dms list" in out
    assert '"ok": true' in out
    for name in ("SLACK_APP_TOKEN", "DMS_EMULATOR_HOST", "DMS_EMULATOR_REST_HOST", "DMS_NOTIFY_CHANNEL"):
        assert name in out


def test_the_demo_has_nothing_of_a_bot_for_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell may have its settings: its database must get no demo jobs, and its webhooks no demo events."""
    real = {f"{each.env}_FILE" for each in OPTIONS if each.secret} | {"DMS_BOT_CONFIG"}
    for name in (*real, "DMS_BOT_DB"):
        monkeypatch.setenv(name, str(tmp_path / "real"))
    with start(tmp_path) as sandbox:
        out, err = sandbox.communicate(timeout=60)
    assert sandbox.returncode == 0, err
    told = json.loads(next(line for line in out.splitlines() if line.startswith('{"ok"')))
    assert not set(told["names"]) & real
    assert told["db"].startswith("var/sandbox-")


def test_everything_stops_on_an_interrupt_without_a_word_of_what_was_open(tmp_path: Path) -> None:
    with start(tmp_path, hold=True) as sandbox:
        assert sandbox.stdout is not None
        said = ""
        while '"ok": true' not in (line := sandbox.stdout.readline()):
            assert sandbox.poll() is None
            said += line
        page = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert page is not None
        with urllib.request.urlopen(f"{page[0]}/sandbox/live", timeout=10) as open_page:
            open_page.readline()
            sandbox.send_signal(signal.SIGINT)
            _, err = sandbox.communicate(timeout=60)
    assert sandbox.returncode == 0, err
    assert "Traceback" not in err


@pytest.mark.parametrize("flag", ["--slack-port", "--dms-port"])
def test_a_taken_port_is_told_with_its_flag(tmp_path: Path, flag: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with start(tmp_path, flag, str(port)) as sandbox:
            _, err = sandbox.communicate(timeout=60)
    assert sandbox.returncode == 2
    assert f"{port} is in use" in err
    assert flag in err
    assert len(err.strip().splitlines()) == 1


def test_a_missing_command_is_one_sentence(tmp_path: Path) -> None:
    arguments = ["--slack-port", "0", "--dms-port", "0", "--", "no-such-program"]
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("Cannot run no-such-program")


def test_several_projects_come_with_a_settings_file_that_the_bot_takes(tmp_path: Path) -> None:
    with start(tmp_path, "--projects", "3") as sandbox:
        out, err = sandbox.communicate(timeout=60)
    assert sandbox.returncode == 0, err
    assert '"DMS_BOT_CONFIG"' in out
    assert '"GOOGLE_CLOUD_PROJECT"' not in out
    (file,) = tmp_path.glob("var/sandbox-*/projects.toml")
    slack = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "DMS_NOTIFY_CHANNEL": "C0DBMIGRAT"}
    projects = load({"DMS_BOT_CONFIG": str(file), **slack}).projects
    assert [(each.id, each.alias, each.is_production) for each in projects] == [
        ("demo-project", "prod", True),
        ("demo-staging", "staging", False),
        ("demo-dev", "dev", False),
    ]
    assert [each.location for each in projects.places] == [
        "europe-west1", "us-central1", "europe-west1", "europe-west3", "-",
    ]  # fmt: skip


def test_too_many_projects_are_one_sentence(tmp_path: Path) -> None:
    with start(tmp_path, "--projects", "6") as sandbox:
        _, err = sandbox.communicate(timeout=60)
    assert sandbox.returncode == 2
    assert err.strip() == "There can be 1 to 5 projects, not 6. Choose another number with --projects."


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--slack-port", "70000"), "'70000' is no port"),
        (("--seed", "nothing"), "invalid choice: 'nothing'"),
        (("--factor", "-1"), "'-1' is no number above 0"),
        (("--host", "192.0.2.1"), "The local Slack cannot listen on 192.0.2.1, port 0"),
    ],
)
def test_a_wrong_option_is_told_without_a_traceback(
    tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    with start(tmp_path, *flags) as sandbox:
        _, err = sandbox.communicate(timeout=60)
    assert sandbox.returncode == 2
    assert said in err
    assert "Traceback" not in err


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("")
    with start(tmp_path) as sandbox:
        _, err = sandbox.communicate(timeout=60)
    assert sandbox.returncode == 2
    assert re.fullmatch(r"\S+/var/sandbox-\d+ cannot be made \(.+\): start it in another folder\.\n", err)
