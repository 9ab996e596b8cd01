"""Whether a figure that was sampled for long stays as it is: pure functions of the samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import median, median_low

Point = tuple[float, float]
"""Seconds since the start, and the figure."""

WINDOWS = 4
_FEWEST = 2 * WINDOWS
_STEADY = 1 / 8
"""A rise counts as going on in a window that has at least this share of the whole."""


@dataclass(frozen=True, slots=True)
class Trend:
    """How a figure went after the warm-up."""

    first: float
    """Median of the first window."""
    last: float
    """Median of the last window."""
    most: float
    slope_per_h: float
    """Theil and Sen's: the median of the slopes between all pairs of samples."""
    rose_in: int
    """Windows whose median is clearly above that of the window before."""
    span_s: float

    def grows(self, allowed: float) -> bool:
        """Whether it went up by more than `allowed`, by its medians and by its slope, and more than once.

        So a step to a new level does not count, nor a sawtooth, nor a single outlier.
        """
        by_slope = self.slope_per_h * self.span_s / 3600
        return self.last - self.first > allowed and by_slope > allowed and self.rose_in > 1


def trend(points: Sequence[Point], warm_up_s: float = 0.0) -> Trend | None:
    """Of the samples since the warm-up; None where they are too few to say anything."""
    kept = [point for point in points if point[0] >= warm_up_s]
    if len(kept) < _FEWEST:
        return None
    medians = _window_medians(kept)
    steps = [after - before for before, after in pairwise(medians)]
    whole = medians[-1] - medians[0]
    return Trend(
        first=medians[0],
        last=medians[-1],
        most=max(value for _, value in kept),
        slope_per_h=3600 * theil_sen(kept),
        rose_in=sum(step >= whole * _STEADY for step in steps) if whole > 0 else 0,
        span_s=kept[-1][0] - kept[0][0],
    )


def theil_sen(points: Sequence[Point]) -> float:
    """The slope in units per second: robust, as up to a quarter of the samples may be anything."""
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2) if x2 > x1]
    return median(slopes) if slopes else 0.0


def _window_medians(points: Sequence[Point]) -> list[float]:
    """Medians that were sampled: a step within a window is before or after its middle, not half-way."""
    size = len(points) / WINDOWS
    bounds = [round(size * index) for index in range(WINDOWS + 1)]
    return [median_low(value for _, value in points[begin:end]) for begin, end in pairwise(bounds)]
