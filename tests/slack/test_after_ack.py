"""Work begins after the acknowledgement of what asked for it, and it does begin."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from bot.slack.inbound.after_ack import AfterAck
from tests.waiting import PATIENCE_S


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


def _so_far(pool: ThreadPoolExecutor, done: list[str]) -> list[str]:
    """What was done; the pool has one thread, so that all that it was given before is done now."""
    return pool.submit(lambda: list(done)).result(PATIENCE_S)


def test_at_once_where_nothing_is_to_be_acknowledged(pool: ThreadPoolExecutor) -> None:
    done: list[str] = []
    AfterAck(pool).submit(lambda: done.append("work"))
    assert _so_far(pool, done) == ["work"]


def test_only_after_the_acknowledgement(pool: ThreadPoolExecutor) -> None:
    done: list[str] = []
    afterwards = AfterAck(pool)
    with afterwards.acknowledged():
        afterwards.submit(lambda: done.append("first"))
        afterwards.submit(lambda: done.append("second"))
        assert _so_far(pool, done) == []
    assert _so_far(pool, done) == ["first", "second"]
    afterwards.submit(lambda: done.append("third"))
    assert _so_far(pool, done) == ["first", "second", "third"]


def test_even_when_the_acknowledgement_fails(pool: ThreadPoolExecutor) -> None:
    done: list[str] = []
    afterwards = AfterAck(pool)
    with suppress(ConnectionError), afterwards.acknowledged():
        afterwards.submit(lambda: done.append("work"))
        raise ConnectionError
    assert _so_far(pool, done) == ["work"]


def test_other_threads_are_not_held_up(pool: ThreadPoolExecutor) -> None:
    done: list[str] = []
    afterwards = AfterAck(pool)
    with afterwards.acknowledged(), ThreadPoolExecutor(1) as other:
        other.submit(afterwards.submit, lambda: done.append("other")).result(PATIENCE_S)
        assert _so_far(pool, done) == ["other"]
