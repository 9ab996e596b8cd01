"""The lock by which others see that a replica lives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.requests import presence
from bot.requests.presence import Presence
from bot.requests.runner import replica_lock
from bot.store import Store, StoreError, open_store
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

    kept = Presence(store, "r1", "T1/U1", fails)
    kept.start()
    try:
        until(lambda: calls)
        for path in (tmp_path / "bot.db.locks").glob("replica*"):
            path.unlink()
        until(lambda: store.is_locked(replica_lock("r1")))
    finally:
        kept.stop()
    assert not store.is_locked(replica_lock("r1"))


def alive(store: Store, replica: str, app: str) -> Presence:
    found = Presence(store, replica, app, lambda: None)
    found.start()
    return found


def test_a_bot_of_another_app_does_not_start_beside_one_that_runs(store: Store) -> None:
    first = alive(store, "r1", "T1/U1")
    for app in ("T1/U2", "T2/U1"):
        with pytest.raises(StoreError, match=r"another Slack app .* bot user is U1, in T1\. .* DMS_BOT_DB"):
            alive(store, "r2", app)
        assert not store.is_locked(replica_lock("r2"))
    second = alive(store, "r3", "T1/U1")
    first.stop()
    with pytest.raises(StoreError, match="another Slack app"):
        alive(store, "r4", "T1/U2")
    second.stop()
    alive(store, "r5", "T1/U2").stop()


def test_a_bot_that_died_keeps_no_other_app_away(store: Store) -> None:
    store.put_value("app:r1", "T1/U1")
    alive(store, "r2", "T1/U2").stop()
    assert store.values("app:") == {"r2": "T1/U2"}
