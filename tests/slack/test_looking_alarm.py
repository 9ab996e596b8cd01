"""What calls late answers late, on a machine that has no thread for it at first."""

from __future__ import annotations

import threading

import pytest

from bot.slack.inbound.looking import Alarm


def test_an_alarm_that_got_no_thread_rings_with_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    alarm = Alarm(0.01)

    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refused)
        with pytest.raises(RuntimeError):
            alarm.set(lambda: None)
    rung = threading.Event()
    alarm.set(rung.set)
    assert rung.wait(10)
