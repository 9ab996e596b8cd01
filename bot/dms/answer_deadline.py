"""How long an answer may still take.

Slack shows nothing until the bot answers, and people who wait for longer than a few seconds type again. So an
answer that looks something up has a limit, which all of its reads share.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

ANSWER_S = 2.5
"""Seconds that the reads of one answer may take together; the rest of 3 is for the store and Slack."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long people who ask wait for the service, in seconds."""

    answer_s: float = ANSWER_S
    read_s: float = 2.2
    """For one read. It is less, so that the rest of the answer has some time left."""
    silent_s: float = 0.8
    """For a new read of what did not answer the last one."""
    others_s: float = 0.8
    """For other places once a job is found: one with the same ID is rare."""


PATIENCE = Patience()


_until: ContextVar[float] = ContextVar("until", default=math.inf)


@contextmanager
def answer_within(seconds: float) -> Iterator[None]:
    """Let the reads that begin meanwhile, in this context, end within `seconds` from now."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def at_least(seconds: float) -> None:
    """Let the present answer go on for this long from now: it has waited for what the service does."""
    _until.set(max(_until.get(), time.monotonic() + seconds))


def until() -> float:
    """When the answer must be ready, by `time.monotonic`; infinite outside of an answer."""
    return _until.get()


def left() -> float:
    """Seconds until then, not below zero."""
    return max(0.0, _until.get() - time.monotonic())
