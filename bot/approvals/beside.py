"""Which other requests for the same jobs are open."""

from __future__ import annotations

from datetime import datetime

from bot.store.port import Store
from bot.store.records import OPEN_REQUESTS, Request

_MOST = 1000


def open_beside(store: Store, request: Request, now: datetime) -> tuple[Request, ...]:
    """Those that are open at `now` and share a job with `request`, itself left out; newest first.

    Raises:
        StoreError.
    """
    names = {job.name for job in request.jobs}
    one = request.jobs[0].name if len(request.jobs) == 1 else ""
    return tuple(
        each
        for each in store.requests(OPEN_REQUESTS, job=one, limit=_MOST)
        if each.id != request.id
        and each.by.team == request.by.team
        and each.expires > now
        and not names.isdisjoint(job.name for job in each.jobs)
    )
