"""Which other requests for the same jobs are open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.store import Store
from bot.store.records import Request

_FIRST = 3
"""As many as a card names: a request of many jobs is large, and only a few are worth reading."""


@dataclass(frozen=True, slots=True)
class RelatedRequests:
    """Other open requests that share a job with one."""

    first: tuple[Request, ...] = ()
    """The newest."""
    more: int = 0
    """How many there are beside those."""


ALONE = RelatedRequests()


def find_related_open(store: Store, request: Request, now: datetime) -> RelatedRequests:
    """Those that are open at `now`; newest first.

    Raises:
        StoreError.
    """
    ids = store.open_beside(request.id, request.by.team, now)
    found = (store.request(id) for id in ids[:_FIRST])
    return RelatedRequests(tuple(each for each in found if each is not None), len(ids[_FIRST:]))
