"""What the bot logs while a test runs."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

from bot.runtime import logs
from bot.util.command import DEFAULT

TRACES = (
    "Traceback (most recent call last)",
    '"unhandled_error"',
    '"home_error"',
    '"requeue_error"',
    '"listener_error"',
    '"run_error"',
    '"leader_task_error"',
)
_REPLACED = "Failed to send a message as the connection is no longer active"
"""Slack's client says so of an acknowledgement when it has just taken a new connection, as it does where a
busy machine answers pings late. Slack delivers again."""


class LogLines:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def named(self, event: str) -> list[dict[str, Any]]:
        return [each for each in self.all() if each["message"] == event]

    def forget(self) -> None:
        self.stream.truncate(0)
        self.stream.seek(0)

    def traces(self) -> list[str]:
        """Lines that speak of an exception that nobody expected."""
        lines = (line for line in self.stream.getvalue().splitlines() if _REPLACED not in line)
        return [line for line in lines if any(word in line for word in TRACES)]


@contextmanager
def log_lines(command: str = DEFAULT) -> Iterator[LogLines]:
    """Collect the log of a bot with this slash command, and put everything back as it was."""
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    level, hooks = root.level, (sys.excepthook, threading.excepthook)
    lines = LogLines()
    logs.configure("INFO", "json", stream=lines.stream, command=command)
    try:
        yield lines
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        sys.excepthook, threading.excepthook = hooks
        logging.captureWarnings(False)
        structlog.reset_defaults()
