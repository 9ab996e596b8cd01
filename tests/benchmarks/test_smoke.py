"""Every benchmark works, from its far ends to its table; its quick figures mean nothing."""

from __future__ import annotations

import math

import pytest

from benchmarks import report
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
