"""What is over is cleared away after its time, and not looked for more than once an hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.store import Store, open_store
from bot.store.retention import RetentionJob

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(str(tmp_path / "bot.db"))
    yield made
    made.close()


def test_only_what_is_older_than_it_is_kept(store: Store) -> None:
    store.claim_delivery("old", NOW - 31 * DAY)
    store.claim_delivery("new", NOW - 29 * DAY)
    RetentionJob(store, keep_s=30 * 86400).tick(NOW)
    assert store.claim_delivery("old", NOW)
    assert not store.claim_delivery("new", NOW)


def test_ten_times_within_what_is_kept(store: Store) -> None:
    tidying = RetentionJob(store, keep_s=600)
    tidying.tick(NOW)
    store.claim_delivery("old", NOW - timedelta(minutes=10))
    tidying.tick(NOW + timedelta(seconds=59))
    assert not store.claim_delivery("old", NOW)
    tidying.tick(NOW + timedelta(seconds=60))
    assert store.claim_delivery("old", NOW)


def test_once_an_hour_and_after_a_clock_was_set_back(store: Store) -> None:
    tidying = RetentionJob(store, keep_s=30 * 86400)
    tidying.tick(NOW)
    store.claim_delivery("old", NOW - 31 * DAY)
    tidying.tick(NOW + timedelta(minutes=59))
    assert not store.claim_delivery("old", NOW)
    tidying.tick(NOW + timedelta(minutes=60))
    assert store.claim_delivery("old", NOW)
    store.claim_delivery("older", NOW - 40 * DAY)
    tidying.tick(NOW - DAY)
    assert store.claim_delivery("older", NOW)
