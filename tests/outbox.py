"""Whether the outbox is empty, for tests that count messages."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.store import Store

_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)


def all_sent(store: Store) -> bool:
    """Whether all is sent but what waits for minutes until a job that flapped has been quiet. A job flaps
    where the watcher happens to see it twice in a state that it passes through."""
    waits = store.messages("settled:", "settled", _BEFORE_ALL)
    return store.outbox_depth() == sum(not (each.ts or each.error) for each in waits)
