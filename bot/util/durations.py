"""Durations, times and sizes as people type and read them."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, tzinfo

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
"""Seconds."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(?:\d{1,6}[smhdw])+")
_PART = re.compile(r"(\d{1,6})([smhdw])")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:?\d{2})?)?")
_NUMBER = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|m|h|d)?")
_MAX_SPAN = timedelta(days=3660)
_BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SIZE = re.compile(r"([0-9]{1,9}) ?(|B|KiB|MiB)", re.IGNORECASE)


def parse_duration(text: str) -> timedelta:
    """`90m`, `2h`, `3d`, `1h30m`; the units are s, m, h, d and w.

    Raises:
        ValueError: it is not a duration, is zero, or is longer than ten years.
    """
    compact = text.strip().lower().replace(" ", "")
    if not _DURATION.fullmatch(compact):
        raise ValueError(f"`{text}` is not a duration: write for example `90m`, `2h` or `3d`")
    seconds = sum(int(count) * _UNITS[unit] for count, unit in _PART.findall(compact))
    if seconds == 0:
        raise ValueError(f"`{text}` is no time at all: write for example `90m`, `2h` or `3d`")
    if seconds > _MAX_SPAN.total_seconds():
        raise ValueError(f"`{text}` is more than ten years: write for example `90m`, `2h` or `3d`")
    return timedelta(seconds=seconds)


def parse_seconds(text: str) -> float:
    """Seconds from a number with one unit, as settings have it: `90`, `90s`, `1.5h`, `1d` or `500ms`.

    Raises:
        ValueError: it is not such a number.
    """
    match = _NUMBER.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is not a duration: write for example 90s, 15m or 2h")
    if match["unit"] == "ms":
        return float(match["number"]) / 1000
    return float(match["number"]) * _UNITS[match["unit"] or "s"]


def seconds_as_typed(seconds: float) -> str:
    """What `parse_seconds` reads, in the largest unit that leaves no fraction: `90s`, `15m`, `2h`."""
    for unit in ("d", "h", "m"):
        if seconds >= _UNITS[unit] and seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:g}{unit}"
    return f"{seconds:g}s"


def parse_time(text: str, now: datetime, zone: tzinfo = UTC) -> datetime:
    """A duration from `now`, or a time such as `2026-12-01T08:00Z`; in `zone` if it names none.

    Raises:
        ValueError: it is neither.
    """
    stripped = text.strip()
    if _DURATION.fullmatch(stripped.lower().removeprefix("+").replace(" ", "")):
        return now + parse_duration(stripped.removeprefix("+"))
    if not _TIME.fullmatch(stripped.upper()):
        raise ValueError(_not_a_time(text))
    try:
        moment = datetime.fromisoformat(stripped.upper())
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(_not_a_time(text)) from None


def humanize(span: timedelta | float) -> str:
    """The two largest units, for example `2 h 5 min`. A number is in seconds."""
    seconds = span.total_seconds() if isinstance(span, timedelta) else span
    if not math.isfinite(seconds):
        return "unknown"
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _pair(whole, 60, "min", 1, "s")
    if whole < 86_400:
        return _pair(whole, 3600, "h", 60, "min")
    return _pair(whole, 86_400, "d", 3600, "h")


def age(span: timedelta) -> str:
    """The largest unit alone, for example `3 d`: how old something is, at a glance."""
    first, unit = humanize(span).split(" ")[:2]
    return f"{first} {unit}"


def rough(seconds: float) -> str:
    """A duration that is an estimate, for example `about 2 h`: never more precise than it can be known."""
    if seconds < 10 * MINUTE:
        return "less than 10 min"
    if seconds < 55 * MINUTE:
        return f"about {_nearest(seconds, 10 * MINUTE) / MINUTE:.0f} min"
    if seconds < 9.5 * HOUR:
        return f"about {_nearest(seconds, HOUR) / HOUR:.0f} h"
    if seconds < 36 * HOUR:
        return f"about {_nearest(seconds, 5 * HOUR) / HOUR:.0f} h"
    if seconds <= 30 * DAY:
        return f"about {_nearest(seconds, DAY) / DAY:.0f} days"
    return "more than 30 days"


def _nearest(value: float, step: float) -> float:
    return math.floor(value / step + 0.5) * step


def seconds_text(value: float) -> str:
    """`42 s`, `3.5 min`, `2 h`: short enough for an axis."""
    if value < 60:
        return f"{value:.3g} s"
    if value < 7200:
        return f"{value / MINUTE:.3g} min"
    if value < 2 * DAY:
        return f"{value / HOUR:.3g} h"
    return f"{value / DAY:.3g} days"


def bytes_text(value: float) -> str:
    """`512 B`, `1.5 MiB`: binary units, as the service's console shows them."""
    if value < 1:
        return "0 B" if value == 0 else f"{value:.2g} B"
    step = min(5, int(math.log(value, 1024)))
    shown = value / 1024**step
    return f"{shown:.0f} {_BYTE_UNITS[step]}" if shown >= 100 else f"{shown:.3g} {_BYTE_UNITS[step]}"


def parse_bytes(text: str) -> int:
    """The number of bytes in `512 B`, `64KiB` or `1 MiB`; without a unit, they are bytes.

    Raises:
        ValueError: it is nothing of the kind.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"`{text}` is not a number of bytes: write for example `64KiB`")
    step = {"": 0, "b": 0, "kib": 1, "mib": 2}[found[2].lower()]
    size: int = int(found[1]) * 1024**step
    return size


def _pair(whole: int, large: int, large_name: str, small: int, small_name: str) -> str:
    first, rest = divmod(whole, large)
    second = rest // small
    return f"{first} {large_name} {second} {small_name}" if second else f"{first} {large_name}"


def _not_a_time(text: str) -> str:
    return f"`{text}` is not a time: write for example `2h` (from now) or `2026-12-01T08:00Z`"
