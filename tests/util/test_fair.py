"""One person's share of a pool, and one person's commands in a minute."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.util.fair import FairShare
from bot.util.ratelimit import PersonalLimit
from tests.waiting import until


def test_who_sends_much_leaves_room_for_others() -> None:
    gate, done = threading.Event(), list[str]()
    with ThreadPoolExecutor(4) as pool:
        share = FairShare(pool, 2)

        def patiently() -> None:
            assert gate.wait(20)
            done.append("dana")

        for _ in range(10):
            share.submit("dana", patiently)
        share.submit("sam", lambda: done.append("sam"))
        until(lambda: done == ["sam"])
        gate.set()
        until(lambda: len(done) == 11)
    assert done[1:] == ["dana"] * 10


def test_what_fails_gives_its_place_to_the_next() -> None:
    done = threading.Event()

    def fail() -> None:
        raise ValueError("on purpose")

    with ThreadPoolExecutor(2) as pool:
        share = FairShare(pool, 1)
        for _ in range(5):
            share.submit("dana", fail)
        share.submit("dana", done.set)
        assert done.wait(20)


@pytest.mark.parametrize(
    ("sent_at", "waits"),
    [
        # 60 a minute: 30 at once, then one a second.
        ([0.0] * 31, [0.0] * 30 + [1.0]),
        ([0.0] * 30 + [0.25, 1.0, 1.0], [0.0] * 30 + [0.75, 0.0, 1.0]),
        ([0.0] * 30 + [60.0] * 31, [0.0] * 60 + [1.0]),
    ],
)
def test_each_person_has_a_limit(sent_at: list[float], waits: list[float]) -> None:
    now = [0.0]
    limit = PersonalLimit(60, lambda: now[0])
    found = []
    for at in sent_at:
        now[0] = at
        found.append(limit.take("dana"))
    assert found == pytest.approx(waits)
    assert limit.take("sam") == 0
