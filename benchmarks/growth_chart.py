"""Draws how what the bot costs grows, as SVG: a panel for each figure, both axes logarithmic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from benchmarks.report import number

_PANEL_W, _PANEL_H, _COLUMNS = 300, 220, 3
_LEFT, _TOP, _RIGHT, _BOTTOM = 20, 46, 60, 30
_OURS, _BARE, _TEXT, _LINE = "#1264a3", "#8a8a8a", "#1d1c1d", "#d0d0d0"

Points = Sequence[tuple[float, float]]


def drawn(found: dict[str, Any]) -> str:
    """`found` is what `growth.json` has."""
    sizes = found["sizes"]
    figures = [[each["figures"][number] for each in sizes] for number in range(len(sizes[0]["figures"]))]
    rows = math.ceil(len(figures) / _COLUMNS)
    width, height = _COLUMNS * _PANEL_W, rows * _PANEL_H + 24
    jobs = [each["jobs"] for each in sizes]
    panels = [
        f'<g transform="translate({at % _COLUMNS * _PANEL_W} {at // _COLUMNS * _PANEL_H})">'
        f"{_panel(each, jobs)}</g>"
        for at, each in enumerate(figures)
    ]
    legend = _text(20, height - 8, "the bot", _OURS) + _text(80, height - 8, "bare", _BARE)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="sans-serif" font-size="12">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(panels)}{legend}</svg>\n'
    )


def _panel(figures: Sequence[dict[str, Any]], jobs: Sequence[int]) -> str:
    bare = [each["bare"] for each in figures if each["bare"] is not None]
    ours = [each["ours"] for each in figures]
    low, high = _decades([*ours, *bare])
    unit = figures[0]["unit"]

    def points(values: Sequence[float]) -> list[tuple[float, float]]:
        return [(_x(each, jobs), _y(value, low, high)) for each, value in zip(jobs, values, strict=True)]

    parts = [_text(_LEFT, 20, f"{figures[0]['what']} ({unit})", _TEXT)]
    parts += [_grid(10.0**power, low, high) for power in range(low, high + 1)]
    parts += [
        _text(_x(each, jobs), _PANEL_H - 10, f"{each:,}", _TEXT, "middle" if each != jobs[0] else "start")
        for each in jobs
    ]
    parts += [_series(points(bare), bare, _BARE)] if bare else []
    return "".join([*parts, _series(points(ours), ours, _OURS)])


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around all values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _x(jobs: float, all_jobs: Sequence[int]) -> float:
    first, last = math.log(all_jobs[0]), math.log(all_jobs[-1])
    return round(_LEFT + (math.log(jobs) - first) / (last - first) * (_PANEL_W - _LEFT - _RIGHT), 1)


def _y(value: float, low: int, high: int) -> float:
    share = (math.log10(value) - low) / (high - low)
    return round(_PANEL_H - _BOTTOM - share * (_PANEL_H - _TOP - _BOTTOM), 1)


def _grid(value: float, low: int, high: int) -> str:
    y = _y(value, low, high)
    line = f'<path d="M{_LEFT} {y}H{_PANEL_W - _RIGHT}" stroke="{_LINE}"/>'
    return line + _text(_PANEL_W - _RIGHT + 4, y + 4, f"{value:,g}", "#8a8a8a")


def _series(points: Points, values: Sequence[float], colour: str) -> str:
    path = "M" + "L".join(f"{x} {y}" for x, y in points)
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in points)
    above = -7 if colour == _OURS else 15
    labels = "".join(
        _text(x, y + above, number(value), colour, "start" if x == _LEFT else "middle")
        for (x, y), value in zip(points, values, strict=True)
    )
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}{labels}'


def _text(x: float, y: float, text: str, colour: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" fill="{colour}" text-anchor="{anchor}">{escape(text)}</text>'
