"""Native charts.
Source: https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block"""

from typing import Any

from sandbox.slack.rules.shapes import (
    Check,
    Faults,
    block,
    by_type,
    fault,
    items,
    may,
    need,
    number,
    one_of,
    record,
    string,
)

PER_MESSAGE = 2


def _positive(value: Any, pointer: str, faults: Faults) -> None:
    before = len(faults)
    number(value, pointer, faults)
    if len(faults) == before and value <= 0:
        fault(faults, pointer, "must be more than 0")


_SEGMENT = record({"label": need(string(20)), "value": need(_positive)})
_POINT = record({"label": need(string(20)), "value": need(number)})
_SERIES = record({"name": need(string(20)), "data": need(items(_POINT, 20))})
_AXES = record(
    {
        "categories": need(items(string(20), 20)),
        "x_label": may(string(50, 0)),
        "y_label": may(string(50, 0)),
    }
)


def _names(value: Any, pointer: str, faults: Faults) -> None:
    names = [series["name"] for series in value["series"]]
    if len(set(names)) < len(names):
        fault(faults, f"{pointer}/series", "series names must be unique")
    categories = value["axis_config"]["categories"]
    if len(set(categories)) < len(categories):
        fault(faults, f"{pointer}/axis_config/categories", "categories must be unique")


def _no_gaps(value: Any, pointer: str, faults: Faults) -> None:
    """Each series has exactly one point for each category."""
    categories = sorted(value["axis_config"]["categories"])
    for index, series in enumerate(value["series"]):
        if sorted(point["label"] for point in series["data"]) != categories:
            words = "must have exactly one point for every category"
            fault(faults, f"{pointer}/series/{index}/data", words)


def _over_axes(kind: str) -> Check:
    fields = {"type": need(one_of(kind)), "series": need(items(_SERIES, 12)), "axis_config": need(_AXES)}
    return record(fields, _names, _no_gaps)


data_visualization = block(
    "data_visualization",
    {
        "title": need(string(50)),
        "chart": need(
            by_type(
                {
                    "pie": record({"type": need(one_of("pie")), "segments": need(items(_SEGMENT, 12))}),
                    **{kind: _over_axes(kind) for kind in ("line", "area", "bar")},
                }
            )
        ),
    },
)
