"""How far a full dump is, and about how long it still takes."""

from __future__ import annotations

from bot.dms.dump_forecast import DumpForecast
from bot.dms.model import DelayPoint
from bot.slack.render import mrkdwn
from bot.util.durations import rough


def dump_text(dump: DumpForecast) -> str:
    """`62% (measured 1 min ago) · about 3 h left`, or what of it is not known and why; mrkdwn."""
    why = mrkdwn.verbatim(dump.why)
    if dump.percent is None:
        return f"*not known*: {why}"
    shown = f"{percent_text(dump.percent)} (measured {mrkdwn.date(dump.percent.time, '{ago}')})"
    if dump.left_s is not None:
        return f"{shown} · {rough(dump.left_s)} left"
    if why:
        return f"{shown} · time left *not known*: {why}"
    return f"{shown} · all is copied, DMS is ending the dump"


def percent_text(percent: DelayPoint) -> str:
    """Rounded down, as 99.7% is not yet 100%."""
    return f"{int(percent.value + 1e-9)}%"
