"""When each place was last polled, as the leader keeps it for all replicas.

Snapshots are saved only when a job changes, so they do not say whether anybody still looks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.config.projects import Place
from bot.store import Store, StoreError

log = structlog.get_logger(__name__)

_KEY = "watcher:polled"
_EVERY_S = 15.0
"""How often the times are saved."""
_LEAST_AGE = timedelta(minutes=5)
_SLOW_POLLS = 3
"""A place that has missed so many slow polls is not known any more, nor is one of `_LEAST_AGE` and older."""


class PollTimes:
    """Saves the times of the leader's polls. `slow_s` is the longest time between two polls, in seconds."""

    def __init__(self, store: Store, slow_s: float) -> None:
        self._store = store
        self._slow_s = slow_s
        self._saved_at = -_EVERY_S

    def keep(self, polled: Iterable[tuple[Place, datetime | None]], now: float) -> None:
        """Save them, unless that was done a moment ago. `now` is in seconds of the monotonic clock."""
        if now - self._saved_at < _EVERY_S:
            return
        times = {f"{place.project}/{place.location}": at for place, at in polled if at is not None}
        if not times:
            return
        self._saved_at = now
        shown = {name: at.isoformat() for name, at in times.items()}
        try:
            self._store.put_value(_KEY, json.dumps({"slow_s": self._slow_s, "places": shown}))
        except StoreError as error:
            log.warning("poll_times_not_saved", error=str(error))


def last_polls(store: Store, places: Sequence[Place]) -> dict[Place, datetime | None]:
    """When each place was last polled; None: never, as far as is known.

    Raises:
        StoreError.
    """
    times = _read(store).get("places", {})
    found = {place: times.get(f"{place.project}/{place.location}") for place in places}
    return {place: datetime.fromisoformat(at) if at else None for place, at in found.items()}


def not_looked_at(store: Store, places: Sequence[Place], now: datetime) -> dict[Place, datetime | None]:
    """The places that nobody has polled for so long that their jobs are not known, each with its last poll.

    Raises:
        StoreError.
    """
    slow_s = float(_read(store).get("slow_s", 0))
    most = max(_LEAST_AGE, timedelta(seconds=_SLOW_POLLS * slow_s))
    return {place: at for place, at in last_polls(store, places).items() if at is None or now - at > most}


def _read(store: Store) -> dict[str, Any]:
    """Nothing where it cannot be read: then no place counts as polled. The leader soon writes it anew."""
    try:
        found = json.loads(store.value(_KEY) or "{}")
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}
