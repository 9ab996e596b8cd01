"""The replication delay since the writes were stopped, as a chart that Slack draws."""

from __future__ import annotations

from datetime import UTC

from bot.cmdline.delay_points import MAX_POINTS, LineChart
from bot.store.cutover import Cutover

_LEAST = 2
"""Points that make a line."""


def drain_chart(cutover: Cutover) -> LineChart | None:
    """The newest measurements of the largest delay of all databases; None before there are two of them.

    Each label is there once, as Slack refuses a chart otherwise: so it has the second, too.
    """
    found = {
        f"{each.time.astimezone(UTC):%H:%M:%S}": round(each.value, 1) for each in cutover.progress.delays
    }
    newest = list(found.items())[-MAX_POINTS:]
    if cutover.progress.stopped is None or len(newest) < _LEAST:
        return None
    labels, values = zip(*newest, strict=True)
    return LineChart("Replication delay", "seconds", labels, {"delay": values})
