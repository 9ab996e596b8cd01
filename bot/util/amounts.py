"""Amounts of time and of data, short enough for the axis of a chart."""

from __future__ import annotations

import math

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


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
    return f"{shown:.0f} {_UNITS[step]}" if shown >= 100 else f"{shown:.3g} {_UNITS[step]}"
