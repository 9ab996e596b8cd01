"""The verdict of a soak on made-up series: what grows is caught, what only moves is not."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from tests.soak.bounds import Bound, bounds, judged
from tests.soak.faults import Fault, going_on
from tests.soak.plan import Plan
from tests.soak.report import figure_lines
from tests.soak.sampling import CONNECTIONS, FILES, HEAPS, LASTING, MEMORY, THREADS, rows_of
from tests.soak.verdict import Point, theil_sen, trend

PLAN = Plan()
BY_FIGURE = {each.figure: each for each in bounds(PLAN)}


def series(value: Callable[[float], float], noise: float = 0.0) -> list[Point]:
    """Half an hour, a sample every 10 seconds; `value` of the hours since the start."""
    rng = random.Random(1)
    return [(at, value(at / 3600) + rng.uniform(-noise, noise)) for at in range(0, 1800, 10)]


GROWING = {
    "a leak of 4 MB in the time": (HEAPS, lambda h: 35 + 8 * h, 0.3),
    "a leak of small steps": (HEAPS, lambda h: 35 + math.floor(h * 16) / 2, 0.1),
    "a leak below a sawtooth": (HEAPS, lambda h: 35 + 8 * h + 2 * (h * 20 % 1), 0.1),
    "a process that takes more and more": (MEMORY, lambda h: 140 + 24 * h, 2.0),
    "files that stay open, one in two minutes": (FILES, lambda h: 110 + math.floor(30 * h), 0.0),
    "a connection in four minutes": (CONNECTIONS, lambda h: 15 + math.floor(15 * h), 0.0),
    "a thread in four minutes": (THREADS, lambda h: 100 + math.floor(15 * h), 1.0),
    "rows that nobody deletes": (rows_of("events"), lambda h: 200 * h, 5.0),
}
STEADY = {
    "flat": (HEAPS, lambda _: 35.0, 0.5),
    "a step, then flat": (HEAPS, lambda h: 35 + (4 if h > 0.2 else 0), 0.2),
    "a late step": (FILES, lambda h: 110 + (6 if h > 0.35 else 0), 0.0),
    "filled during the warm-up": (MEMORY, lambda h: 100 + 60 * min(h, 0.1) / 0.1, 0.5),
    "sawtooth": (HEAPS, lambda h: 35 + 6 * (h * 10 % 1), 0.3),
    "rows that come and go": (rows_of("events"), lambda h: 150 + 100 * (h * 12 % 1), 10.0),
    "one peak": (THREADS, lambda h: 100 + (40 if 0.4 < h < 0.41 else 0), 0.0),
    "going down": (MEMORY, lambda h: 160 - 30 * h, 1.0),
    "the record of what was done": (rows_of(LASTING[0]), lambda h: 4000 * h, 0.0),
}


@pytest.mark.parametrize("name", GROWING)
def test_what_grows_is_caught(name: str) -> None:
    figure, value, noise = GROWING[name]
    finding = judged(BY_FIGURE[figure], series(value, noise), PLAN.warm_up_s)
    assert "it grows" in finding.fault
    assert finding.fault in "\n".join(figure_lines([finding]))


@pytest.mark.parametrize("name", STEADY)
def test_what_only_moves_is_not(name: str) -> None:
    figure, value, noise = STEADY[name]
    assert judged(BY_FIGURE[figure], series(value, noise), PLAN.warm_up_s).fault == ""


def test_one_sample_above_the_ceiling_is_one_too_many() -> None:
    points = series(lambda h: 20.0 if 0.399 < h < 0.401 else 4.0)
    assert judged(Bound("the log", ceiling=16.0), points, 0.0).fault == "20.0 is above 16"


def test_too_few_samples_are_no_all_clear() -> None:
    short = series(lambda _: 140.0)[:7]
    assert trend(short) is None
    assert "too few" in judged(BY_FIGURE[MEMORY], short, 0.0).fault


def test_the_slope_is_that_of_a_line_with_outliers() -> None:
    points = series(lambda h: 100 + 10 * h)
    assert theil_sen(points) * 3600 == pytest.approx(10)
    wild = [(at, 900.0 if index % 9 == 0 else value) for index, (at, value) in enumerate(points)]
    assert theil_sen(wild) * 3600 == pytest.approx(10, rel=0.2)


def test_a_late_acknowledgement_names_the_faults_of_its_time() -> None:
    faults = [Fault("dropped", 100.0, 104.0), Fault("slow", 108.0, 112.0), Fault("restarted", 130.0, 134.0)]
    assert going_on(99.0, faults) == []
    assert going_on(103.0, faults) == ["dropped"]
    assert going_on(112.0, faults) == ["dropped", "slow"]
    assert going_on(123.0, faults) == []
