"""What a benchmark finds: two sides, measured in turn, and the ratio between them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report. `ours` and `bare` are in `unit`; without `bare` the figure stands alone."""

    benchmark: str
    what: str
    unit: str
    ours: float
    bare: float | None = None
    goal: float | None = None
    """The most that the ratio (or, without `bare`, `ours`) may be."""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours / self.bare if self.bare else None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.goal is None:
            return None
        measured = self.ours if self.ratio is None else self.ratio
        return measured <= self.goal


@dataclass(frozen=True, slots=True)
class Scale:
    """How much to measure. The quick scale proves that the benchmarks work; its figures mean nothing."""

    jobs: int
    """That the watcher follows, over all locations and projects."""
    locations: int
    """Of each project."""
    projects: int
    """Where there are several."""
    listed: int
    """Jobs of the one location that is listed."""
    rounds: int
    """How often each side has its turn."""
    round_s: float
    """Seconds of one turn under load."""
    per_s: int
    """Commands a second."""
    burst: int
    """Commands within one second."""
    warm_up_s: float
    repeats: int
    """Single calls measured for each side."""
    starts: int
    """Cold starts of each side."""
    replicas: tuple[int, ...]
    """How many share the commands, where several do."""


FULL = Scale(
    jobs=10_000,
    locations=20,
    projects=5,
    listed=1_000,
    rounds=6,
    round_s=4.0,
    per_s=100,
    burst=1_000,
    warm_up_s=3.0,
    repeats=32,
    starts=5,
    replicas=(1, 2, 4),
)
QUICK = Scale(
    jobs=40,
    locations=2,
    projects=3,
    listed=20,
    rounds=1,
    round_s=0.5,
    per_s=20,
    burst=40,
    warm_up_s=0.2,
    repeats=3,
    starts=1,
    replicas=(1, 2),
)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; `share` is between 0 and 1."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def in_turn(rounds: int, *sides: Callable[[], None]) -> None:
    """Give each side its turn, `rounds` times; the one that begins changes, so that drift hits all."""
    for number in range(rounds):
        first = number % len(sides)
        for side in (*sides[first:], *sides[:first]):
            side()
