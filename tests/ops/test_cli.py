"""What the program prints, and how it ends."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from bot.runtime.health import Health
from bot.runtime.http_server import Server
from bot.runtime.routes import Routes
from tests.ops.audits import tamper, write_audit
from tests.ops.program import run_program

ROOT = Path(__file__).resolve().parents[2]

Environ = dict[str, str]
PROGRAM = Path(sys.executable).with_name("dms-bot")


def dms_bot(environ: Environ, *words: str) -> subprocess.CompletedProcess[str]:
    return run_program(words, environ)


def begun(*program: str) -> subprocess.CompletedProcess[str]:
    """A new interpreter, from its first words."""
    return subprocess.run(program, env={}, capture_output=True, text=True, timeout=60, check=False)


def test_without_a_word_the_module_runs_and_the_program_helps() -> None:
    module = begun(sys.executable, "-m", "bot")
    assert module.returncode == 2
    assert "GOOGLE_CLOUD_PROJECT is not set" in module.stderr
    program = begun(str(PROGRAM))
    assert "Usage: dms-bot" in program.stdout + program.stderr


@pytest.mark.parametrize("words", [("run",), ("doctor",), ("config", "check")])
def test_wrong_settings_are_sentences_and_exit_code_2(environ: Environ, words: tuple[str, ...]) -> None:
    done = dms_bot({**environ, "PORT": "x", "DMS_LOCATIONS": "EU"}, *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[0] == "Correct the settings:"
    assert [line[:4] for line in done.stderr.splitlines()[1:]] == ["  - ", "  - "]
    assert "Traceback" not in done.stderr


def test_config_check(environ: Environ, tmp_path: Path) -> None:
    done = dms_bot(environ, "config", "check")
    assert done.returncode == 0
    assert "GOOGLE_CLOUD_PROJECT=demo-project" in done.stdout
    assert "SLACK_BOT_TOKEN=(set)" in done.stdout
    shown = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert (shown["DMS_BOT_KEEP"], shown["DMS_BOT_CONFIRM_EXPIRES"]) == ("90d", "15m")
    again = {name: value for name, value in shown.items() if value and not value.startswith("(")}
    assert dms_bot({**environ, **again}, "config", "check").stdout == done.stdout
    assert "xoxb-1" not in done.stdout
    assert done.stderr == ""
    policy = tmp_path / "policy.toml"
    policy.write_text("[roles]\nkings = 3\n")
    done = dms_bot({**environ, "DMS_BOT_POLICY": str(policy)}, "config", "check")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Correct the policy:\n  - ")


def test_config_check_lists_all_faults_at_once(environ: Environ, tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(
        'locations = []\n\n[[webhook]]\nname = "siem"\nurl = "https://siem.example.com/dms"\n'
        'events = ["fialed"]\nsecret_env = "SIEM_SECRET"\n'
    )
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[[watch]]\nchannel = "news"\n\n[[rule]]\nname = "calm"\nverbs = ["freeze"]\napprovals = 1\n'
        'approvers = ["U0AAAAAAA"]\n'
    )
    environ |= {"DMS_BOT_CONFIG": str(settings), "DMS_BOT_POLICY": str(policy), "PORT": "x"}
    environ |= {"SIEM_SECRET": "whsec_" + "QUFB" * 8}
    del environ["DMS_LOCATIONS"]
    done = dms_bot(environ, "config", "check")
    assert (done.returncode, done.stdout) == (2, "")
    for said in (
        "  - PORT must be a whole number",
        "  - locations in the settings file is empty; it must be the regions of the migration jobs",
        "names 'fialed', which is no kind of event (did you mean failed?)",
        "Correct the policy:\n",
        "watch 1, `channel`",
        "freeze takes effect at once and cannot wait for approvals",
    ):
        assert said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("run",), ("doctor",), ("config", "check")])
def test_a_misspelt_setting_stops_the_start(environ: Environ, words: tuple[str, ...]) -> None:
    policy = environ.pop("DMS_BOT_POLICY")
    done = dms_bot({**environ, "DMS_BOT_POLCY": policy}, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "  - Unknown setting DMS_BOT_POLCY. Did you mean DMS_BOT_POLICY?\n" in done.stderr


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("", "Warning: There is no policy, so everybody may look and nobody may change anything: dms-bot"),
        ("open", "Warning: DMS_BOT_POLICY is open, so every member of the workspace can delete a production"),
    ],
)
def test_config_check_warns_of_no_policy_and_of_an_open_one(environ: Environ, policy: str, told: str) -> None:
    done = dms_bot({**environ, "DMS_BOT_POLICY": policy}, "config", "check")
    assert done.returncode == 0
    assert done.stderr.startswith(told)
    assert f"DMS_BOT_POLICY={policy}" in done.stdout.splitlines()


def test_version() -> None:
    told = begun(str(PROGRAM), "version").stdout
    assert told == dms_bot({}, "version").stdout == dms_bot({}, "--version").stdout.replace(", version", "")


def test_audit_verify_needs_the_database_alone(tmp_path: Path) -> None:
    db = str(tmp_path / "bot.db")
    write_audit(db)
    done = dms_bot({"DMS_BOT_DB": db}, "audit", "verify")
    assert done.returncode == 0
    intact = re.match(r"The audit is intact: 3 rows; the last one is (3:[0-9a-f]{64})\.\n", done.stdout)
    assert intact is not None
    assert "--expect" in done.stdout
    tamper(db)
    done = dms_bot({"DMS_BOT_DB": db}, "audit", "verify")
    assert done.returncode == 1
    assert "2" in done.stderr
    assert "Traceback" not in done.stderr


def test_audit_verify_is_told_what_to_expect(tmp_path: Path) -> None:
    db = tmp_path / "bot.db"
    write_audit(str(db))
    environ = {"DMS_BOT_DB": str(db)}
    anchor = dms_bot(environ, "audit", "verify").stdout.split()[10].rstrip(".")
    assert dms_bot(environ, "audit", "verify", "--expect", anchor).stdout.count("\n") == 1
    # A new one in its place, which is intact in itself.
    db.unlink()
    write_audit(str(db), rows=2)
    done = dms_bot(environ, "audit", "verify", "--expect", anchor)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Audit row 3 is expected, and the audit ends with row 2: its end was cut off.\n"
    done = dms_bot(environ, "audit", "verify", "--expect", "3")
    assert done.returncode == 2
    assert "no anchor" in done.stderr


def test_an_empty_audit_is_no_intact_one(tmp_path: Path) -> None:
    empty, none, other = (tmp_path / name for name in ("empty.db", "none.db", "other.db"))
    empty.touch()
    write_audit(str(none), rows=0)
    sqlite3.connect(other).execute("CREATE TABLE audit (seq INTEGER)").connection.close()
    for db, words in ((empty, "is empty"), (none, "has no rows"), (other, "not one of dms-bot")):
        done = dms_bot({"DMS_BOT_DB": str(db)}, "audit", "verify")
        assert (done.returncode, done.stdout) == (1, ""), db
        assert words in done.stderr
    assert empty.stat().st_size == 0


@pytest.mark.parametrize("words", [("verify",), ("export",)])
@pytest.mark.parametrize("used", [False, True])
def test_the_audit_is_read_and_nothing_is_written(tmp_path: Path, words: tuple[str, ...], used: bool) -> None:
    db = tmp_path / "bot.db"
    write_audit(str(db))
    with ExitStack() as stack:
        if used:
            connection = stack.enter_context(closing(sqlite3.connect(db)))
            connection.execute("INSERT INTO small_values (id, content) VALUES ('x', 'y')")
            connection.commit()

        def files() -> dict[str, bytes]:
            # What SQLite shares between processes (`-shm`) is no part of the database.
            kept = (each for each in tmp_path.rglob("*") if not each.name.endswith("-shm"))
            return {str(each): each.read_bytes() for each in kept if each.is_file()}

        before = files()
        assert dms_bot({"DMS_BOT_DB": str(db)}, "audit", *words).returncode == 0
        assert files() == before


def test_audit_export(tmp_path: Path) -> None:
    db = str(tmp_path / "bot.db")
    write_audit(db)
    lines = dms_bot({"DMS_BOT_DB": db}, "audit", "export", "--format", "jsonl").stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["seq"] for row in rows] == [1, 2, 3]
    assert rows[1]["previous"] == rows[0]["hash"]
    assert rows[2]["detail"] == "=SUM(2)"
    out = tmp_path / "audit.csv"
    since = ("--since", "2026-01-01T00:01", "--by", "U1")
    assert dms_bot({"DMS_BOT_DB": db}, "audit", "export", "-o", str(out), *since).returncode == 0
    table = list(csv.DictReader(io.StringIO(out.read_text())))
    assert [row["seq"] for row in table] == ["2", "3"]
    assert table[0]["detail"] == "'=SUM(1)"
    tamper(db, "at = 'long ago'")
    rest = dms_bot({"DMS_BOT_DB": db}, "audit", "export")
    assert [row["seq"] for row in csv.DictReader(io.StringIO(rest.stdout))] == ["1", "3"]
    assert (rest.returncode, "Not in it: 1 row that cannot be read (2)." in rest.stderr) == (1, True)


def test_export_into_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    db = str(tmp_path / "bot.db")
    write_audit(db, rows=2000)
    done = subprocess.run(
        ["/bin/bash", "-o", "pipefail", "-c", f'"{PROGRAM}" audit export | head -n 1'],
        env={"DMS_BOT_DB": db, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("seq,at,event")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", [("verify",), ("export",)])
def test_a_database_that_is_not_there_is_no_empty_audit(tmp_path: Path, words: tuple[str, ...]) -> None:
    db = tmp_path / "mistyped.db"
    done = dms_bot({"DMS_BOT_DB": str(db)}, "audit", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"Error: There is no database {db}: DMS_BOT_DB must name the bot's.\n"
    assert not db.exists()


def test_a_database_that_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    done = dms_bot({"DMS_BOT_DB": str(tmp_path / "no" / "such" / "bot.db")}, "audit", "verify")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1


def test_healthcheck_asks_the_running_bot() -> None:
    health = Health()
    server = Server(Routes(health), "127.0.0.1", 0)
    server.start()
    environ = {"PORT": str(server.port)}
    try:
        assert dms_bot(environ, "healthcheck").stdout == "ok\n"
        health.heartbeat("watcher", within_s=-1)
        done = dms_bot(environ, "healthcheck")
        assert done.returncode == 1
        assert "answered 503" in done.stderr
    finally:
        server.stop()
    done = dms_bot(environ, "healthcheck")
    assert done.returncode == 1
    assert "did not answer" in done.stderr


def test_the_sandbox_takes_its_options_and_runs_the_bot(tmp_path: Path) -> None:
    """With nothing but the program: a Slack, a DMS, and the bot that answers in it."""
    started = subprocess.Popen(
        [sys.executable, "-m", "bot", "sandbox", "--slack-port", "0", "--dms-port", "0"],
        env={**os.environ, "TMPDIR": str(tmp_path), "DMS_BOT_LOG_FORMAT": "json"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert started.stdout is not None
        lines = iter(started.stdout.readline, "")
        assert any('"message": "started"' in line for line in lines)
    finally:
        started.terminate()
        assert started.wait(30) in (0, -signal.SIGTERM, 128 + signal.SIGTERM)


def test_without_the_sandbox_the_program_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "from bot.cli import main\n"
        "main(['sandbox'], standalone_mode=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "dms-bot[sandbox]" in done.stderr
