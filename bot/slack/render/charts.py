"""Line charts that Slack draws.

Limits: two charts a message, 20 points a line, and a value for each category in each line
(https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block).
"""

from __future__ import annotations

from typing import Any

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import ChartPage
from bot.cmdline.delay_points import LineChart
from bot.slack.render import message as m
from bot.slack.render import mrkdwn
from bot.slack.render.message import Message

_MAX_CHARTS = 2
_MAX_TITLE = 50


def chart_page(page: ChartPage) -> Message:
    """The text, the charts and the buttons; the classic layout has the text and the buttons."""
    shown = mrkdwn.rich_text(page.text)
    drawn: list[Block] = [m.WholeBlock(line_chart(each)) for each in page.charts[:_MAX_CHARTS]]
    classic = m.message(shown, [*m.sections(shown), *m.buttons(page.buttons)])
    return m.message(shown, [*m.sections(shown), *drawn, *m.buttons(page.buttons)], classic)


def line_chart(chart: LineChart) -> dict[str, Any]:
    """A block of the type `data_visualization`."""
    return {
        "type": "data_visualization",
        "title": mrkdwn.clip_plain(f"{chart.title}, in {chart.unit}", _MAX_TITLE),
        "chart": {
            "type": "line",
            "series": [{"name": name, "data": _data(chart, values)} for name, values in chart.lines.items()],
            "axis_config": {"categories": list(chart.labels), "x_label": chart.zone, "y_label": chart.unit},
        },
    }


def _data(chart: LineChart, values: tuple[float, ...]) -> list[dict[str, Any]]:
    return [{"label": at, "value": value} for at, value in zip(chart.labels, values, strict=True)]
