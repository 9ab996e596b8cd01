"""The replication delay since the writes were stopped, as a chart that Slack draws."""

from __future__ import annotations

from datetime import UTC

from bot.cmdline.delay_points import MAX_POINTS, LineChart
from bot.store.cutover import Cutover

_LEAST = 2
"""Points that make a line."""


def drain_chart(cutover: Cutover) -> LineChart | None:
    """The newest measurements of the largest delay of all databases; None before there are two of them.

    Slack refuses a chart that has a label twice, so the seconds are added where minutes are.
    """
    points = [(each.time.astimezone(UTC), round(each.value, 1)) for each in cutover.progress.delays]
    short = len({f"{at:%H:%M}" for at, _ in points}) == len(points)
    found = {f"{at:{'%H:%M' if short else '%H:%M:%S'}}": value for at, value in points}
    newest = list(found.items())[-MAX_POINTS:]
    if cutover.progress.stopped is None or len(newest) < _LEAST:
        return None
    labels, values = zip(*newest, strict=True)
    return LineChart("Replication delay", "seconds", labels, {"delay": values})
