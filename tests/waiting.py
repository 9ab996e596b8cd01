"""Waiting for what must come: the one place where tests poll."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

PATIENCE_S = 60.0
"""For what comes within a second on an idle machine. Nothing is waited for longer than it takes, so a long
deadline costs time in a failing test alone."""
_FIRST_PAUSE_S = 0.01
_GROWTH = 1.2
_LONGEST_PAUSE_S = 0.1
_SHOWN = 2000


@overload
def until(
    look: Callable[[], T | None],
    *,
    timeout: float = ...,
    every_s: float | None = ...,
    passing: tuple[type[Exception], ...] = ...,
    unless: Callable[[], str] = ...,
) -> T: ...


@overload
def until(
    look: Callable[[], T],
    good: Callable[[T], object],
    *,
    timeout: float = ...,
    every_s: float | None = ...,
    passing: tuple[type[Exception], ...] = ...,
    unless: Callable[[], str] = ...,
) -> T: ...


def until(
    look: Callable[[], Any],
    good: Callable[[Any], object] = bool,
    *,
    timeout: float = PATIENCE_S,
    every_s: float | None = None,
    passing: tuple[type[Exception], ...] = (),
    unless: Callable[[], str] = str,
) -> Any:
    """What `look` returns, once it is `good`: true, if nothing else is said.

    `timeout` and `every_s`, the pause between two looks, are in seconds; without one, it grows, as a look
    may cost more than what is waited for. Errors in `passing` count as nothing
    seen yet. `unless` returns why waiting is pointless, or an empty string.

    Raises:
        TimeoutError: It did not come in time, or it cannot come any more; with what was seen last.
    """
    deadline = time.monotonic() + timeout
    pause_s = _FIRST_PAUSE_S if every_s is None else every_s
    while True:
        try:
            seen = look()
            if good(seen):
                return seen
        except passing as error:
            seen = error
        if reason := unless():
            raise TimeoutError(f"{reason}; last seen: {_short(seen)}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:g} s; last seen: {_short(seen)}")
        time.sleep(pause_s)
        if every_s is None:
            pause_s = min(pause_s * _GROWTH, _LONGEST_PAUSE_S)


def _short(seen: object) -> str:
    text = repr(seen)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"
