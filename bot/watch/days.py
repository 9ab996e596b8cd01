"""What is written once a day, and marks the day in the store."""

from __future__ import annotations

from datetime import date, timedelta

_DAY = timedelta(days=1)


def is_done(marked: str, today: date) -> bool:
    """Whether the `marked` day (ISO 8601, empty for none) is today. One that is just ahead counts, as a local
    day goes back with its time zone; one far ahead comes from a wrong clock and does not."""
    return today.isoformat() <= marked <= (today + _DAY).isoformat()
