"""The replication delay among a request's facts: looked at, how old, and whether it is zero.

The fact `delay` is, by job name, `{"seconds", "bytes", "at", "note"}`: seconds and bytes behind (None
where they are not known), the moment of the look (ISO), and why nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot import together
from bot.amounts import bytes_text
from bot.dms.errors import DmsError
from bot.dms.model import Job
from bot.dms.port import Dms
from bot.timespan import humanize

DELAY = "delay"
"""The fact's name."""
LASTS = timedelta(minutes=5)
"""A figure that was measured, or looked at, longer ago says nothing about now."""


def look(dms: Dms, jobs: Sequence[Job], clock: Callable[[], datetime]) -> dict[str, Any]:
    """The fact for these jobs, as Cloud Monitoring says now; what goes wrong stands in its `note`."""
    found = together.each(lambda job: _look(dms, job, clock), jobs)
    return {DELAY: {job.name: fact for job, fact in zip(jobs, found, strict=True)}}


def _look(dms: Dms, job: Job, clock: Callable[[], datetime]) -> dict[str, Any]:
    seen: dict[str, Any] = {"at": clock().isoformat(), "seconds": None, "bytes": None, "note": ""}
    try:
        delay = dms.delay(job)
    except DmsError as error:
        return seen | {"note": str(error)}
    if delay.seconds and clock() - delay.seconds[-1].time > LASTS:
        return seen | {"note": f"the newest figure is from {delay.seconds[-1].time:%Y-%m-%d %H:%M} UTC"}
    return seen | {"seconds": delay.latest_seconds, "bytes": delay.latest_bytes}


def is_old(facts: Mapping[str, Any], jobs: Sequence[Job], now: datetime) -> bool:
    """Whether somebody looked too long ago at the delay of one of the jobs, or nobody did."""
    known = _by_job(facts)
    return any(_is_old(known.get(job.name), now) for job in jobs)


def _by_job(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fact's values by job name; none where nobody has looked."""
    found = facts.get(DELAY)
    return found if isinstance(found, Mapping) else {}


def _is_old(fact: object, now: datetime) -> bool:
    try:
        at = datetime.fromisoformat(fact["at"]) if isinstance(fact, Mapping) else None
    except (KeyError, TypeError, ValueError):
        return True
    return at is None or now - at > LASTS


def trouble(facts: Mapping[str, Any]) -> str:
    """Why promoting now may lose data, in a clause; empty where the delay of every job is zero."""
    found: Mapping[str, Mapping[str, Any]] = facts[DELAY]
    late = {name: amounts for name, fact in found.items() if (amounts := behind(fact))}
    if late:
        one = next(iter(late.values()))
        return f"it is *not zero* ({one if len(late) == 1 else f'for {len(late)} of {len(found)} jobs'})"
    if not all(is_zero(fact) for fact in found.values()):
        return "it is *not known*"
    return ""


def all_zero(facts: Mapping[str, Any], jobs: Sequence[Job]) -> bool:
    """Whether the delay of each of the jobs is known, and zero, as far as the facts tell."""
    known = _by_job(facts)
    return all(isinstance(fact := known.get(job.name), Mapping) and is_zero(fact) for job in jobs)


def is_zero(fact: Mapping[str, Any]) -> bool:
    """Whether the delay is known, and nothing is left to replicate."""
    seconds, size = _number(fact.get("seconds")), _number(fact.get("bytes"))
    known = [value for value in (seconds, size) if value is not None]
    return seconds is not None and not any(value > 0 for value in known)


def behind(fact: Mapping[str, Any]) -> str:
    """How far behind in words; empty where it is not, or where that is not known."""
    seconds, size = _number(fact.get("seconds")), _number(fact.get("bytes"))
    if (seconds or 0) <= 0 and (size or 0) <= 0:
        return ""
    parts = (
        humanize(seconds) if seconds is not None else "",
        bytes_text(size) if size is not None else "",
    )
    return " · ".join(part for part in parts if part)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
