"""Delayed calls, on a machine that has no thread for them at first."""

from __future__ import annotations

import threading

import pytest

from bot.slack.inbound.looking import DelayedCalls


def test_a_call_that_got_no_thread_is_made_with_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = DelayedCalls(0.01)

    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refused)
        with pytest.raises(RuntimeError):
            calls.add(lambda: None)
    made = threading.Event()
    calls.add(made.set)
    assert made.wait(10)
