"""Scaled time."""

import pytest

from sandbox.dms.clock import ScaledClock, rfc3339
from tests.waiting import until


def test_scaled_time_runs_ahead_of_the_wall() -> None:
    clock = ScaledClock(1000.0)
    before, wall = clock.now(), clock.wall()
    passed = until(lambda: clock.wall() - wall, lambda seconds: seconds >= 0.02)
    assert clock.now() - before >= passed * 1000.0


def test_a_jump_moves_scaled_time_but_not_the_wall() -> None:
    clock = ScaledClock(1.0)
    scaled, wall = clock.now(), clock.wall()
    clock.change(advance_seconds=5000.0)
    assert clock.now() - scaled >= 5000.0
    assert clock.wall() - wall < 5000.0


def test_what_happened_within_a_jump_is_stamped_with_the_moment_of_the_jump() -> None:
    clock = ScaledClock(1.0)
    start, wall = clock.now(), clock.wall()
    clock.change(advance_seconds=5000.0)
    assert wall <= clock.wall_of(start + 2500.0) <= clock.wall()


def test_before_the_clock_began_both_times_run_alike() -> None:
    clock = ScaledClock(60.0)
    first = clock.now()
    past = first - 86400.0
    assert clock.wall_of(past) == pytest.approx(clock.wall() - 86400.0, abs=5.0)
    assert clock.scaled_of(clock.wall_of(past)) == pytest.approx(past)


def test_times_translate_back_and_forth_across_a_change_of_speed() -> None:
    clock = ScaledClock(10.0)
    clock.change(factor=500.0)
    clock.change(advance_seconds=77.0)
    scaled = clock.now() + 300.0
    assert clock.scaled_of(clock.wall_of(scaled)) == pytest.approx(scaled, abs=0.01)


@pytest.mark.parametrize("factor", [0.0, -1.0])
def test_a_clock_must_run_forwards(factor: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        ScaledClock(factor)
    with pytest.raises(ValueError, match="positive"):
        ScaledClock().change(factor=factor)


def test_a_clock_does_not_jump_back() -> None:
    with pytest.raises(ValueError, match="backwards"):
        ScaledClock().change(advance_seconds=-1.0)


def test_stamps_are_rfc3339_in_utc() -> None:
    assert rfc3339(0.25) == "1970-01-01T00:00:00.250000Z"
