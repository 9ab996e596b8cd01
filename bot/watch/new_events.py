"""Makes the events of what a poll found."""

from __future__ import annotations

from datetime import datetime

from bot.dms.model import Job
from bot.store.records import Event
from bot.util.redact import redact


def new_event(
    job: Job, now: datetime, kind: str, before: str = "", after: str = "", detail: str = ""
) -> Event:
    """An event of the job. `bot.watch.transitions` describes the kinds, and what they hold."""
    return Event(
        job=job.name,
        create_time=job.create_time,
        at=now,
        kind=kind,
        before=before,
        after=after,
        detail=redact(detail),
    )
