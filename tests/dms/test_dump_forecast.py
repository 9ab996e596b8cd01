"""How long a full dump still takes. Each expected time is worked out by hand from the samples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.dms.dump_forecast import forecast
from bot.dms.model import DelayPoint

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = 3600.0


def samples(*found: tuple[float, float]) -> list[DelayPoint]:
    """Age in minutes and percentage, oldest first."""
    return [DelayPoint(NOW - timedelta(minutes=age), value) for age, value in found]


def each_minute(minutes: int, begin: float, per_minute: float, until: int = 0) -> list[DelayPoint]:
    return samples(*((age, begin + (minutes - age) * per_minute) for age in range(minutes, until - 1, -1)))


@pytest.mark.parametrize(
    ("points", "left_h"),
    [
        # 50 % in 10 minutes, 50 % to go: 10 minutes.
        (samples((10, 0), (5, 25), (0, 50)), 10 / 60),
        # 62 %, 12 points an hour: 38 points take 3 h 10 min.
        (each_minute(60, 50, 0.2), 38 / 12),
        # The last quarter of an hour counts: 15 points in it, so 70 points take 70 minutes.
        ([*each_minute(60, 0, 1 / 3, until=16), *each_minute(15, 15, 1)], 70 / 60),
        # Half a point in a quarter of an hour is little: 2 points in the hour, so 40 points take 20 h.
        (each_minute(60, 58, 2 / 60), 20),
        # Whole points only, one in 50 minutes: 7 points in 6 h (60 to 67 %), so 33 take 28.3 h.
        (samples(*((age, 67 - (age + 10) // 50) for age in range(360, -1, -1))), 33 * 6 / 7),
        # It began anew 20 minutes ago, 1 point a minute: 80 points take 80 minutes.
        ([*each_minute(60, 50, 0.2, until=21), *each_minute(20, 0, 1)], 80 / 60),
        # Five minutes are enough.
        (samples((5, 10), (0, 20)), 40 / 60),
    ],
)
def test_the_time_left_is_what_the_rise_says(points: list[DelayPoint], left_h: float) -> None:
    found = forecast(points, NOW)
    assert found.percent == points[-1]
    assert found.left_s is not None
    assert found.left_s / HOUR == pytest.approx(left_h)
    assert found.why == ""


@pytest.mark.parametrize(
    ("points", "why"),
    [
        (samples((20, 40), (10, 40), (0, 40)), "it has not risen for 20 min"),
        (samples((20, 40), (10, 35), (0, 30)), "it fell a short time ago"),
        ([*each_minute(60, 50, 0.2, until=4), *each_minute(3, 0, 1)], "it fell a short time ago"),
        (samples((4, 40), (0, 50)), "it is too early to tell"),
        (samples((0, 40)), "it is too early to tell"),
        (each_minute(60, 50, 0.2, until=6), "the figure is too old"),
        (each_minute(300, 40, 0.1 / 60), "it rises too slowly to tell"),
        # It rose each minute for 20 minutes, and then not for 40.
        ([*each_minute(60, 50, 0.5, until=40), *each_minute(39, 60, 0)], "it has not risen for 40 min"),
    ],
)
def test_where_nobody_can_tell_it_says_so(points: list[DelayPoint], why: str) -> None:
    found = forecast(points, NOW)
    assert (found.percent, found.left_s, found.why) == (points[-1], None, why)


@pytest.mark.parametrize("points", [[], samples((0, float("nan"))), samples((0, -1))])
def test_without_a_percentage_it_says_so(points: list[DelayPoint]) -> None:
    found = forecast(points, NOW)
    assert (found.percent, found.left_s, found.why) == (None, None, "nothing was measured lately")


@pytest.mark.parametrize("age", [0, 50])
def test_at_a_hundred_percent_no_time_is_left_to_name(age: int) -> None:
    """However old: it does not become less."""
    found = forecast(samples((age + 10, 90), (age, 100.4)), NOW)
    assert (found.percent, found.left_s, found.why) == (samples((age, 100))[0], None, "")
