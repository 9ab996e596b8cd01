"""Which places the watcher has polled before: what its first poll of a place finds is not announced."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from bot.config.projects import ALL_LOCATIONS, Place
from bot.store import Store

_ADOPTED = "watcher:baselines-by-project"
"""Says when the keys of the time before several projects were adopted: after that they mean nothing."""


def baseline_key(place: Place) -> str:
    """The key in the store that says when a place was polled for the first time."""
    return f"watcher:baseline:{place.project}/{place.location}"


def unseen(store: Store, place: Place) -> frozenset[str]:
    """Locations of a place that were unreachable in its first poll, and in each since.

    Raises:
        StoreError.
    """
    return frozenset(filter(None, (store.value(_unseen_key(place)) or "").split(",")))


def save_unseen(store: Store, place: Place, locations: Collection[str]) -> None:
    """Raises: StoreError."""
    store.put_value(_unseen_key(place), ",".join(sorted(locations)))


def _unseen_key(place: Place) -> str:
    return f"watcher:unseen:{place.project}/{place.location}"


def adopt(store: Store, places: Sequence[Place], known: Collection[Place]) -> None:
    """Give the keys that name no project to the places that they were written for. Does so once.

    Before there were several projects, a key named a location alone. Its project is that of the jobs that the
    store knows (`known` has their places); if it knows none, it is the only one that is configured. If there
    are several then, nobody can tell, and all places are new: their jobs are not announced as new ones.

    Raises:
        StoreError.
    """
    if store.value(_ADOPTED) is not None:
        return
    configured = {each.project for each in places}
    owners = {each.project for each in known} or (configured if len(configured) == 1 else set())
    with store.transaction():
        # Also of a project that is not configured now: it may come back.
        for place in {*places, *known, *(Place(each, ALL_LOCATIONS) for each in owners)}:
            before = store.value(f"watcher:baseline:{place.location}")
            if before is not None and place.project in owners:
                store.put_value(baseline_key(place), before)
        store.put_value(_ADOPTED, datetime.now(UTC).isoformat())
