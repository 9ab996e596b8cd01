"""Secrets that people type and services say reach neither the log, nor the audit, nor Slack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.dms.control import DmsControl
from sandbox.run import Plan, environment
from sandbox.slack import SlackControl
from tests.e2e.env import input_of
from tests.e2e.helpers import APPROVALS, ROLES, open_servers, policy
from tests.waiting import until

TOKEN = "xoxb-999-typed-by-somebody"
PASSWORD = "hunter2-of-the-freeze"
IN_URL = "s3cret-in-a-url"
IN_OPERATION = "s3cret-in-an-operation"
IN_JOB = "s3cret-in-a-job"
IN_DATABASE = "s3cret-in-a-database"
SECRETS = (TOKEN, PASSWORD, IN_URL, IN_OPERATION, IN_JOB, IN_DATABASE)


@dataclass
class Program:
    """A bot as its own process, as it runs in production."""

    slack: SlackControl
    dms: DmsControl
    folder: Path
    tokens: tuple[str, ...]

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def port(self) -> int:
        for line in self.log.splitlines():
            row = json.loads(line)
            if row.get("message") == "started":
                return int(row["port"])
        return 0


@contextmanager
def program(folder: Path) -> Iterator[Program]:
    with open_servers() as (slack, dms):
        made = Program(slack.control, dms.control, folder, (slack.bot_token, slack.signing_secret))
        environ = environment(Plan(http_port=0), slack, dms) | {
            "DMS_BOT_DB": str(folder / "bot.db"),
            "DMS_BOT_POLICY": str(policy(folder, ROLES)),
            "DMS_BOT_LOG_FORMAT": "json",
            "DMS_BOT_LOG_LEVEL": "DEBUG",
            "PATH": os.environ["PATH"],
        }
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "bot"],
                env=environ,
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parents[2],
            )
            try:
                port = until(made.port)
                assert slack.control.set_request_url(f"http://127.0.0.1:{port}/slack/events")
                yield made
            finally:
                process.terminate()
                process.wait(30)


def content(folder: Path) -> str:
    """What the database holds, byte for byte, with what is not yet in its main file."""
    files = (folder / "bot.db", folder / "bot.db-wal")
    return "".join(each.read_bytes().decode("latin-1") for each in files if each.exists())


def test_nothing_that_is_secret_is_written_anywhere(tmp_path: Path) -> None:
    with program(tmp_path) as bot:
        slack, dms = bot.slack, bot.dms
        dms.add_job("denied", phase="CDC", frozen=True)
        dms.add_job("broken", phase="CDC", frozen=True)
        dms.add_job("fails", phase="CDC", frozen=True)
        dms.add_job(
            "failed",
            state="FAILED",
            phase="CDC",
            error=f"cannot connect to postgres://admin:{IN_JOB}@10.0.0.1/app",
            databases=[{"name": "sales", "state": "FAILED", "error": f"FATAL: password={IN_DATABASE}"}],
            frozen=True,
        )
        slack.command(f'freeze denied --until 2h --reason "db password={PASSWORD}"')
        slack.wait_message(channel="dms", contains=["is frozen until", "[secret]"])
        slack.command("unfreeze denied")
        slack.wait_message(channel="dms", contains="unfroze")

        slack.command("delete denied")
        slack.press(slack.wait_message(channel="dms", contains="[Delete job only]"), text="Delete job only")
        ask = slack.wait_message(channel=APPROVALS, contains=["denied", "[Deny…]"])
        slack.press(ask, text="Deny…", user="alex")
        view = slack.wait_view("alex", "Why not?")
        slack.submit(view, {input_of(view): f"use {TOKEN} instead"}, user="alex")
        slack.wait_message(channel=APPROVALS, contains=["Denied", "[secret]"])

        dms.fault("StopMigrationJob", "FAILED_PRECONDITION", message=f"mysql://root:{IN_URL}@db is away")
        slack.command("stop broken")
        slack.wait_message(channel="dms", contains=["broken", "[secret]"])
        dms.operation_outcome("fails", "stop", "INTERNAL", f"login with password={IN_OPERATION} failed")
        slack.command("stop fails")
        slack.wait_message(channel="dms", contains=["fails", "[secret]"])

        slack.command(f"stop {TOKEN}")
        slack.command("show failed")
        slack.wait_message(channel="dms", contains=["failed", "cannot connect"])
        slack.command("databases failed")
        slack.wait_message(channel="dms", contains=["sales", "FATAL"])
        slack.command("history --export jsonl")
        file = until(slack.files)[0]
        written = {
            "log": bot.log,
            "audit": slack.download(file).decode(),
            "messages": json.dumps(slack.messages()),
            "calls": json.dumps([each["args"] for each in slack.calls()]),
            "database": content(tmp_path),
        }
    found = [
        (place, secret)
        for place, text in written.items()
        for secret in (*SECRETS, *bot.tokens)
        if secret in text
    ]
    assert found == []
    assert written["audit"].count("[secret]") >= 4
