"""The lock by which others see that a replica lives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.requests import presence
from bot.requests.presence import Presence
from bot.requests.runner import replica_lock
from bot.store import Store, open_store
from tests.waiting import until


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "bot.db"))
    yield opened
    opened.close()


def test_an_error_in_a_recovery_does_not_end_what_keeps_the_lock(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "_EVERY_S", 0.05)
    calls: list[int] = []

    def fails() -> None:
        calls.append(1)
        raise KeyError("a fault of ours")

    kept = Presence(store, "r1", fails)
    kept.start()
    try:
        until(lambda: calls)
        for path in (tmp_path / "bot.db.locks").glob("replica*"):
            path.unlink()
        until(lambda: store.is_locked(replica_lock("r1")))
    finally:
        kept.stop()
    assert not store.is_locked(replica_lock("r1"))
