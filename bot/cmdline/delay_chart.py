"""The replication delay as a chart: seconds above, bytes below, times in UTC."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import matplotlib.dates as dates
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, FuncFormatter, Locator, MultipleLocator

from bot.cmdline.delay_points import segments
from bot.dms.model import Delay, DelayPoint
from bot.util.durations import DAY, HOUR, MINUTE, bytes_text, seconds_text

_SIZE = (8.0, 5.0)
_DPI = 150
"""1200 × 750 pixels: sharp in Slack's preview and when it is opened."""
_INK, _FAINT, _GRID = "#1d1c1d", "#616061", "#dddddd"
_SECONDS, _BYTES, _ALERT = "#1264a3", "#6b4fbb", "#c0392b"
_HEADROOM = 1.15
_TICKS = 5
_NICE_SECONDS = (
    *(0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0),
    *(each * MINUTE for each in (1, 2, 5, 10, 15, 30)),
    *(each * HOUR for each in (1, 2, 3, 6, 12)),
    *(each * DAY for each in (1, 2, 5, 10)),
)
_NICE_BYTES = tuple(2.0**power for power in range(60))

_number: Callable[[datetime], float] = dates.date2num
_locator: Callable[..., Locator] = dates.AutoDateLocator
_formatter: Callable[..., Formatter] = dates.DateFormatter


def delay_chart(job: str, delay: Delay, hours: float, now: datetime, alert_s: float = 0.0) -> bytes:
    """A PNG of the last `hours`. `job` is an id; a line marks `alert_s`, in seconds, if it is not 0."""
    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True)
    span = "hour" if hours == 1 else f"{hours:g} hours"
    figure.suptitle(f"{job}: replication delay, last {span}", color=_INK, fontsize=15, fontweight="bold")
    begin = now.astimezone(UTC) - timedelta(hours=hours)
    seconds = [each for each in delay.seconds.points if each.time >= begin]
    size = [each for each in delay.bytes.points if each.time >= begin]
    _panel(above, seconds, _Kind("Time behind", _SECONDS, seconds_text, _NICE_SECONDS))
    _panel(below, size, _Kind("Data behind", _BYTES, bytes_text, _NICE_BYTES))
    _threshold(above, seconds, alert_s)
    _time_axis(below, begin, max([now, *(each.time for each in (*seconds, *size))]).astimezone(UTC))
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


@dataclass(frozen=True)
class _Kind:
    """How one of the two panels is drawn, labelled and divided."""

    label: str
    color: str
    text: Callable[[float], str]
    nice: Sequence[float]


def _panel(axes: Axes, points: Sequence[DelayPoint], kind: _Kind) -> None:
    axes.set_ylabel(kind.label, color=_INK, fontsize=12)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: kind.text(value)))
    axes.tick_params(labelsize=11, colors=_FAINT)
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    top = max((each.value for each in points), default=0.0)
    axes.set_ylim(0, top * _HEADROOM if top > 0 else 1.0)
    axes.yaxis.set_major_locator(MultipleLocator(tick_step(top * _HEADROOM, kind.nice) if top > 0 else 1.0))
    if not points:
        axes.set_yticks([])
        axes.text(
            0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center", color=_FAINT, size=14
        )
        return
    if top == 0:
        axes.set_yticks([0.0])
    _draw(axes, points, kind.color)
    _newest(axes, points[-1], kind.color, kind.text)


def _draw(axes: Axes, points: Sequence[DelayPoint], color: str) -> None:
    for part in segments(points):
        times = [_number(each.time) for each in part]
        values = [each.value for each in part]
        marker = "o" if len(part) == 1 else ""
        axes.plot(times, values, color=color, linewidth=2, marker=marker, markersize=5, clip_on=False)
        axes.fill_between(times, values, color=color, alpha=0.12, linewidth=0)


def _newest(axes: Axes, point: DelayPoint, color: str, text: Callable[[float], str]) -> None:
    at = point.time.astimezone(UTC)
    axes.plot([_number(at)], [point.value], marker="o", markersize=6, color=color, clip_on=False, zorder=5)
    axes.set_title(
        f"{text(point.value)} at {at:%H:%M}", loc="right", color=color, fontsize=12, fontweight="bold"
    )


def tick_step(top: float, nice: Sequence[float]) -> float:
    """The smallest of `nice`, or a multiple of the last one, that gives few enough ticks up to `top`."""
    found = next((each for each in nice if top / each <= _TICKS), None)
    return found if found is not None else math.ceil(top / _TICKS / nice[-1]) * nice[-1]


def _threshold(axes: Axes, points: Sequence[DelayPoint], alert_s: float) -> None:
    """The line of the alert; left out if the axis would have to grow so much that small delays vanish."""
    top = max((each.value for each in points), default=0.0)
    if not alert_s or top < alert_s / 2:
        return
    high = max(top, alert_s) * _HEADROOM
    axes.set_ylim(0, high)
    axes.yaxis.set_major_locator(MultipleLocator(tick_step(high, _NICE_SECONDS)))
    axes.axhline(alert_s, color=_ALERT, linewidth=1.2, linestyle="--")
    axes.annotate(
        f"alert above {seconds_text(alert_s)}",
        (0.01, alert_s),
        xycoords=("axes fraction", "data"),
        xytext=(0, 3),
        textcoords="offset points",
        color=_ALERT,
        fontsize=10,
    )


def _time_axis(axes: Axes, begin: datetime, end: datetime) -> None:
    axes.set_xlim(_number(begin), _number(end))
    axes.xaxis.set_major_locator(_locator(tz=UTC, minticks=4, maxticks=9))
    axes.xaxis.set_major_formatter(_formatter("%H:%M", tz=UTC))
    days = sorted({begin.date(), end.date()})
    axes.set_xlabel(f"UTC, {' to '.join(each.isoformat() for each in days)}", color=_FAINT, fontsize=11)
