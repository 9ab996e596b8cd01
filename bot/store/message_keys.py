"""Keys of outbox messages that more than one room writes or looks up."""

from __future__ import annotations

from datetime import datetime


def timeline_key(job: str, create_time: datetime, run: int, target: str) -> str:
    """The message that follows a run of a job, by its full resource name, in a channel."""
    return f"timeline:{job}:{create_time.isoformat()}:{run}:{target}"
