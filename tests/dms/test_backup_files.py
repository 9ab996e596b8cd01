"""What SQL Server has left to restore. Expected values are worked out by hand from the samples."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.dms.backup_files import BackupLags, backup_files
from bot.dms.delay import BackupFiles
from bot.dms.model import DelayPoint, Lag

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BOTH = ("hr", "payroll")


def at(minutes: float, value: float) -> DelayPoint:
    return DelayPoint(NOW - timedelta(minutes=minutes), value)


def lag(**newest: DelayPoint) -> Lag:
    return Lag(tuple(newest.values()), {name.replace("_", ""): point for name, point in newest.items()})


@pytest.mark.parametrize(
    ("size", "names", "expected"),
    [
        (lag(hr=at(1, 10), payroll=at(3, 5)), BOTH, at(3, 15)),
        (lag(hr=at(1, 10), payroll=at(3, 5)), ("hr",), at(1, 10)),
        (lag(hr=at(1, 0), payroll=at(3, 0)), BOTH, at(3, 0)),
        # Series of other names: one of them may be the sum of the others.
        (lag(a=at(1, 10), b=at(1, 15)), BOTH, at(1, 15)),
        (lag(_=at(1, 15)), BOTH, at(1, 15)),
        # One of the databases was not measured: what it has left is not known.
        (lag(hr=at(1, 0)), BOTH, None),
        (lag(hr=at(1, 0), payroll=at(6, 0)), BOTH, None),
        (lag(hr=at(1, -1)), ("hr",), None),
        (Lag(), BOTH, None),
    ],
)
def test_what_is_left_is_the_sum_of_the_databases(
    size: Lag, names: tuple[str, ...], expected: DelayPoint | None
) -> None:
    found = backup_files(BackupLags(size, size, Lag()), names, NOW)
    assert (found.files, found.bytes) == (expected, expected)
    assert bool(found.note) == (expected is None)


def test_the_last_log_is_as_old_as_its_measurement_and_the_delay() -> None:
    """Metrics list: the seconds since a transaction log was uploaded; the oldest of the databases counts."""
    upload = lag(hr=at(1, 240), payroll=at(1, 60))
    found = backup_files(BackupLags(Lag(), Lag(), upload), BOTH, NOW)
    assert found.last_log == NOW - timedelta(minutes=5)
    assert found.note == "nothing was measured in the last hour"


def test_an_old_zero_is_none() -> None:
    old = lag(hr=at(6, 0))
    found = backup_files(BackupLags(old, old, Lag()), ("hr",), NOW)
    assert found == BackupFiles(note="the newest figure is negative or too old")
    one = backup_files(BackupLags(old, lag(hr=at(1, 0)), Lag()), BOTH, NOW)
    assert one.note == "it was not measured for payroll"
