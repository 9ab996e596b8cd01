"""Every benchmark works, from its far ends to its table; its quick figures mean nothing."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from xml.etree import ElementTree

import pytest

from benchmarks import growth, growth_chart, report
from benchmarks.__main__ import BENCHMARKS
from benchmarks.figures import QUICK

NEEDS_POSTGRES = {"scale-out"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(each, marks=pytest.mark.postgres if each in NEEDS_POSTGRES else ()) for each in BENCHMARKS],
)
def test_a_quick_run_finds_figures(name: str) -> None:
    figures = BENCHMARKS[name](QUICK)
    for figure in figures:
        assert math.isfinite(figure.ours), figure
        assert figure.ours > 0, figure
        assert figure.bare is None or figure.bare > 0, figure
    lines = report.table(figures).splitlines()
    assert [figure.what in line for figure, line in zip(figures, lines[2:], strict=True)].count(True) == len(
        figures
    )


def test_growth_is_measured_and_drawn() -> None:
    figures = [asdict(each) for each in growth.of(replace(QUICK, repeats=1))]
    assert all(each["ours"] > 0 for each in figures)
    found = {"sizes": [{"jobs": jobs, "figures": figures} for jobs in growth.JOBS]}
    lines = growth.table(found).splitlines()
    assert [each["what"] in line for each, line in zip(figures, lines[2:], strict=True)].count(True) == len(
        figures
    )
    drawing = ElementTree.fromstring(growth_chart.drawn(found))
    words = " ".join(drawing.itertext())
    assert [each["what"] for each in figures if each["what"] not in words] == []
