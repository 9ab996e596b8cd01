"""The replication delay since the writes were stopped, as a chart that Slack draws."""

from __future__ import annotations

from datetime import datetime

from bot.cmdline.delay_points import LineChart, seconds_chart
from bot.store.cutover import Cutover

_LEAST = 2
"""Points that make a line."""


def drain_chart(cutover: Cutover, now: datetime) -> LineChart | None:
    """The largest delay of all databases at each measurement; None before there are two of them."""
    stopped, points = cutover.progress.stopped, cutover.progress.delays
    if stopped is None or len(points) < _LEAST:
        return None
    return seconds_chart(points, stopped, max(now, points[-1].time), 0.0)
