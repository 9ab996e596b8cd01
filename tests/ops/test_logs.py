"""Logs as they come out of a process: JSON lines, request ids, no secrets."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from bot.util.redact import redact

START = """
import logging, sys, threading, warnings
import structlog
from bot.runtime import logs
logs.configure("INFO", {format!r}, ["s3cr3t-value"])
log = structlog.get_logger("bot.test")
"""


def output(code: str, log_format: str = "json") -> str:
    program = START.format(format=log_format) + code
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == ""
    return done.stderr


def lines(code: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output(code).splitlines()]


def test_both_ways_of_logging_come_out_alike() -> None:
    one, two = lines(
        'log.info("Started", port=8080)\n'
        'logging.getLogger("bot.test").info("Started %d", 1, extra={"port": 1})\n'
    )
    assert set(one) == set(two) == {"severity", "message", "logger", "time", "port"}
    assert (one["severity"], one["message"], one["port"]) == ("INFO", "Started", 8080)
    assert (two["message"], two["logger"], two["port"]) == ("Started 1", "bot.test", 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", one["time"])


def test_lines_of_one_request_carry_its_id_and_so_does_the_reference() -> None:
    found = lines(
        'with logs.request_context(user="U1") as id:\n'
        '    log.info("first")\n'
        '    logging.getLogger("x").warning(logs.reference() == id)\n'
        'log.info("outside")\n'
    )
    assert found[0]["request"] == found[1]["request"]
    assert found[1]["message"] == "True"
    assert found[0]["user"] == "U1"
    assert "request" not in found[2]


def test_a_reference_outside_of_requests_is_in_the_following_lines() -> None:
    found = lines('log.info("x", shown=logs.reference())\nlog.info("y")')
    assert found[0]["shown"] == found[0]["request"] == found[1]["request"]
    assert re.fullmatch(r"[2-9a-z]{8}", found[0]["request"])


def test_other_threads_carry_the_request_that_sent_them() -> None:
    (found,) = lines(
        'with logs.request_context("abcd2345"):\n'
        '    work = logs.with_request_id(lambda: log.info("there"))\n'
        "thread = threading.Thread(target=work); thread.start(); thread.join()\n"
    )
    assert found["request"] == "abcd2345"


def test_secrets_are_taken_out_everywhere() -> None:
    text = output(
        'log.info("token s3cr3t-value", deep={"list": ["xoxb-12345-abcdef"]}, url="postgresql://u:pass9@h/d")\n'
        "try:\n    raise ValueError('s3cr3t-value')\nexcept ValueError:\n    log.exception('failed')\n"
    )
    assert "s3cr3t-value" not in text
    assert "xoxb-12345" not in text
    assert "pass9" not in text
    assert text.count("[secret]") >= 4


def test_uncaught_errors_are_logged() -> None:
    (found,) = lines("raise RuntimeError('oh')")
    assert found["severity"] == "CRITICAL"
    assert "RuntimeError: oh" in found["exception"]
    (found,) = lines(
        "def f():\n    raise RuntimeError('oh')\n"
        "t = threading.Thread(target=f, name='loop'); t.start(); t.join()\n"
    )
    assert found["message"].startswith("Thread loop ended")


def test_warnings_and_loud_libraries() -> None:
    found = lines(
        'warnings.warn("old")\nlogging.getLogger("slack_sdk.web").info("chatter")\n'
        'logging.getLogger("slack_sdk.web").warning("trouble")\n'
    )
    assert [each["logger"] for each in found] == ["py.warnings", "slack_sdk.web"]


def test_people_get_plain_lines() -> None:
    text = output('log.info("Started", port=8080)', "console")
    assert "Started" in text
    assert "port=8080" in text
    assert not text.startswith("{")


def test_what_cannot_be_written_as_json_is_written_all_the_same() -> None:
    (found,) = lines('log.info("x", odd={1: object(), "bytes": b"\\xff"}, set={1})')
    assert found["set"] == [1]
    assert "object object" in found["odd"]["1"]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("xoxb-1234-abcd", "[secret]"),
        ("xapp-1-A0-123-abc", "[secret]"),
        ("xoxe.xoxb-1-abcd", "[secret]"),
        ("https://hooks.slack.com/commands/T1/2/x", "https://hooks.slack.com/[secret]"),
        ("ya29.a0Af_byC", "[secret]"),
        ("Authorization: Bearer abcdefgh12345", "Authorization: Bearer [secret]"),
        ("postgresql://bot:p%40ss@db/x", "postgresql://bot:[secret]@db/x"),
        ('{"password": "x y"}', '{"password": "[secret]"}'),
        ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----", "[secret]"),
    ],
)
def test_secrets_are_recognised(text: str, left: str) -> None:
    assert redact(text) == left
    assert redact(left) == left


@pytest.mark.parametrize(
    "text",
    [
        "projects/demo/locations/europe-west1/migrationJobs/orders-db",
        "datamigration.googleapis.com:443",
        "password authentication failed for user bot",
        "https://console.cloud.google.com/dbmigration?project=demo",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == text
