"""Deletes old deliveries, callback tokens, events and messages; never the audit."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.store import Store

log = structlog.get_logger(__name__)

_INTERVAL = timedelta(hours=1)


class RetentionJob:
    """Deletes what is older than `keep_s` seconds, once an hour, or ten times within `keep_s`."""

    def __init__(self, store: Store, keep_s: float) -> None:
        self._store = store
        self._keep = timedelta(seconds=keep_s)
        self._every = min(_INTERVAL, self._keep / 10)
        self._last: datetime | None = None

    def tick(self, now: datetime) -> None:
        """Purge if it is time again. Raises: StoreError."""
        if self._last is not None and timedelta(0) <= now - self._last < self._every:
            return
        dropped = self._store.purge(now - self._keep)
        self._last = now
        if dropped:
            log.info("old_rows_deleted", rows=dropped, before=(now - self._keep).isoformat())
