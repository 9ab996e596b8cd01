"""When everything has arrived: only samples from after the stop, three in a row, of all databases.

Expected values from the Google Cloud metrics list (a sample every 60 seconds, visible up to 180 seconds
later) and from "Promote a migration" and "Finalize a migration" of each guide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.dms.drain_samples import DrainSamples, Written
from bot.dms.drained import SourceCount, go_by, is_drained, judge, rule_of
from bot.dms.model import DelayPoint, Endpoint, Job
from tests.jobs import a_job

STOP = datetime(2026, 12, 5, 2, 7, tzinfo=UTC)


def minute(count: float) -> datetime:
    return STOP + timedelta(minutes=count)


def row(*values: float | None, first: float = 1) -> tuple[DelayPoint, ...]:
    """A sample a minute, the first `first` minutes after the stop; None where one is absent."""
    return tuple(DelayPoint(minute(first + n), value) for n, value in enumerate(values) if value is not None)


def wrote(*at: float, rows: int = 5) -> tuple[Written, ...]:
    """Rows that were written in the minute that ends then."""
    return tuple(Written(minute(each - 1), minute(each), rows) for each in at)


def job(engine: str = "POSTGRESQL", to: str = "POSTGRESQL", phase: str = "CDC") -> Job:
    ends: dict[str, Any] = {"source": Endpoint("p/s", engine), "destination": Endpoint("p/d", to)}
    return a_job("orders", "RUNNING", phase, **ends)


PG, MYSQL = job(), job("MYSQL", "MYSQL")
ORACLE, TO_PG = job("ORACLE"), job("SQLSERVER")
FILES = job("SQLSERVER", "SQLSERVER")
READY = job("SQLSERVER", "SQLSERVER", "READY_FOR_PROMOTE")


@dataclass
class Case:
    samples: DrainSamples
    drained: bool
    job: Job = PG
    at: float = 5
    """Minutes after the stop."""
    databases: Sequence[str] = ("app",)
    why: str = ""
    options: dict[str, Any] = field(default_factory=dict)


def pg(seconds: Any = None, size: Any = None, written: Any = ()) -> DrainSamples:
    """Samples of the database `app`."""
    return DrainSamples(
        {} if seconds is None else {"app": seconds},
        {} if size is None else {"app": size},
        written={"app": written} if written else {},
    )


def counted(*late: Written) -> DrainSamples:
    """Zeros, of a source that counts what is written to it: nothing but `late`, in each of three minutes."""
    quiet = wrote(2, 3, 4, rows=0)
    zeros = row(0, 0, 0, 0, 0, 0)
    return DrainSamples({"app": zeros}, {}, source={"app": (*quiet, *late), "postgres": wrote(3)})


def files(count: Any, size: Any = None, upload: Any = None) -> DrainSamples:
    """Samples of a job that restores backup files; its delay is never zero."""
    late = {"app": row(300, 300, 300)}
    return DrainSamples(
        late,
        {},
        {} if count is None else {"app": count},
        {} if size is None else {"app": size},
        {} if upload is None else {"app": upload},
    )


NEW_LOG = row(30, 30, 30)
"""Uploaded half a minute before each sample: after the stop."""
OLD_LOG = row(120, 180, 240)
"""Uploaded a minute before the stop."""

CASES = {
    "three zeros after the stop": Case(pg(row(0, 0, 0), row(0, 0, 0)), True),
    "MySQL, too": Case(pg(row(0, 0, 0), row(0, 0, 0)), True, MYSQL),
    "seconds alone, where no bytes exist": Case(pg(row(0, 0, 0)), True),
    "two zeros": Case(pg(row(0, 0), row(0, 0)), False),
    "zeros from before the stop do not count": Case(pg(row(0, 0, 0, 0, 0, first=-3)), False),
    "a sample that ends at the stop does not count": Case(pg(row(0, 0, 0, first=0)), False),
    "the delay came down": Case(pg(row(40, 7, 0, 0, 0), row(9, 9, 0, 0, 0)), True, at=6),
    "not three in a row": Case(pg(row(0, 0, 5, 0, 0)), False, at=6),
    "not zero": Case(pg(row(1, 1, 1)), False),
    "bytes are left": Case(pg(row(0, 0, 0), row(8, 8, 8)), False),
    "bytes are zero for too short": Case(pg(row(0, 0, 0, 0), row(8, 8, 0, 0)), False),
    "bytes were measured only before the stop": Case(pg(row(0, 0, 0), row(0, 0, 0, first=-5)), False),
    "so few bytes count as zero in this plan": Case(
        pg(row(0, 0, 0), row(80, 80, 80)), True, options={"most_bytes": 100}
    ),
    "no bytes may be left where the server does not write by itself": Case(
        pg(row(0, 0, 0), row(80, 80, 80)), False, MYSQL, options={"most_bytes": 100}
    ),
    "few bytes at a delay above zero": Case(
        pg(row(1, 1, 1), row(80, 80, 80)), False, options={"most_bytes": 100}
    ),
    "seconds above zero never pass for PostgreSQL": Case(
        pg(row(2, 2, 2)), False, options={"most_seconds": 10}
    ),
    "negative": Case(pg(row(0, 0, -1)), False, why="negative"),
    "negative bytes": Case(pg(row(0, 0, 0), row(0, 0, -1)), False, why="negative"),
    "negative before": Case(pg(row(-1, 0, 0)), False),
    "nothing is measured": Case(pg(), False, why="nothing was measured"),
    "an old sample": Case(pg(row(0, 0, 0)), False, at=9, why="too old"),
    "a sample from the future": Case(pg(row(0, 0, 0)), False, at=2, why="from the future"),
    "bytes from the future": Case(pg(row(0, 0, 0), row(0, 0, 0, 0)), False, at=3, why="from the future"),
    "four minutes old is how late samples can be": Case(pg(row(0, 0, 0)), True, at=7),
    "a sample is absent in between": Case(pg(row(0, 0, None, None, 0)), False, at=6),
    "a sample that is a little late is in the row": Case(pg(row(0, 0, None, 0)), True, at=6),
    "another database is behind": Case(
        DrainSamples({"app": row(0, 0, 0), "crm": row(0, 0, 4)}), False, databases=("app", "crm")
    ),
    "another database is not measured": Case(
        pg(row(0, 0, 0)), False, databases=("app", "crm"), why="not measured"
    ),
    "of all databases": Case(
        DrainSamples({"app": row(0, 0, 0), "crm": row(0, 0, 0)}), True, databases=("app", "crm")
    ),
    "series that are named otherwise all count": Case(
        DrainSamples({"ORCL": row(3, 3, 3)}), True, ORACLE, databases=("HR",), options={"most_seconds": 5}
    ),
    "rows of the backlog do not matter": Case(pg(row(9, 0, 0, 0), written=wrote(1, 2)), True),
    "rows were written afterwards": Case(pg(row(0, 0, 0), written=wrote(2.5)), False),
    "rows of a database, where the delay is of the whole job": Case(
        DrainSamples({"": row(0, 0, 0)}, written={"app": wrote(2.5), "crm": wrote(2)}), False
    ),
    "rows of the whole job, where the delay is of a database": Case(
        DrainSamples({"app": row(0, 0, 0)}, written={"": wrote(2.5)}), False
    ),
    "rows of another database": Case(
        DrainSamples({"app": row(0, 0, 0), "crm": row(0, 0, 0)}, written={"crm": wrote(2.5)}), True
    ),
    "a zero of rows is none": Case(pg(row(0, 0, 0), written=wrote(2.5, rows=0)), True),
    "three more zeros after the rows": Case(pg(row(0, 0, 0, 0, 0, 0, 0), written=wrote(3.5)), True, at=8),
    "two more zeros after the rows": Case(pg(row(0, 0, 0, 0, 0, 0), written=wrote(4.5)), False, at=7),
    "a source that counts what is written to it": Case(counted(), True, at=7),
    "rows are written to the source before the stop": Case(counted(*wrote(0.5)), True, at=7),
    "the source counts rows after the stop, which may be the server's own": Case(
        counted(*wrote(4.5)), True, at=7
    ),
    "Oracle: above the threshold of the plan": Case(
        pg(row(9, 9, 9)), False, ORACLE, options={"most_seconds": 5}
    ),
    "Oracle: within the threshold of the plan": Case(
        pg(row(5, 4, 5)), True, ORACLE, options={"most_seconds": 5}
    ),
    "SQL Server to PostgreSQL, too": Case(pg(row(5, 4, 5)), True, TO_PG, options={"most_seconds": 5}),
    "no files are left, with a log from after the stop": Case(
        files(row(0, 0, 0), row(0, 0, 0), NEW_LOG), True, FILES
    ),
    "the last log is from before the stop": Case(
        files(row(0, 0, 0), row(0, 0, 0), OLD_LOG), False, FILES, why="before the writes were stopped"
    ),
    "when the last log was uploaded is not known": Case(
        files(row(0, 0, 0), row(0, 0, 0)), False, FILES, why="not known"
    ),
    "a file is left": Case(files(row(1, 1, 1), row(9, 9, 9), NEW_LOG), False, FILES),
    "bytes of files are left": Case(files(row(0, 0, 0), row(9, 9, 9), NEW_LOG), False, FILES),
    "a delay of zero says nothing there": Case(
        DrainSamples({"app": row(0, 0, 0)}), False, FILES, why="nothing was measured"
    ),
    "ready for promote, with a log from after the stop": Case(files(None, None, NEW_LOG), True, READY),
    "ready for promote, with an older final log": Case(
        files(None, None, OLD_LOG), False, READY, why="before the writes were stopped"
    ),
    "a rehearsal takes what is measured": Case(
        pg(row(7, 9, 8), row(5, 5, 5), wrote(1, 2, 3)), True, options={"anything": True}
    ),
    "but not what is not": Case(pg(row(7, 9)), False, options={"anything": True}),
}


@pytest.mark.parametrize("name", CASES)
def test_whether_all_has_arrived(name: str) -> None:
    case = CASES[name]
    rule = rule_of(case.job, STOP, case.databases, **case.options)
    found = judge(case.samples, rule, minute(case.at))
    assert is_drained(found) is case.drained, found
    assert case.why in " ".join(each.why for each in found)
    assert bool(case.why) is any(each.why for each in found), found


def test_rows_that_were_written_afterwards_are_counted() -> None:
    (found,) = judge(pg(row(0, 0, 0, 0), written=wrote(2.5, 3.5)), rule_of(PG, STOP, ["app"]), minute(5))
    assert (found.database, found.written, found.zeros) == ("app", 10, 1)


@pytest.mark.parametrize(
    ("values", "by"),
    [((), 6 + 0.5), ((9,), 6 + 1.5), ((0,), 1 + 2 + 3), ((0, 0), 2 + 1 + 3), ((0, 0, 0), 3.5)],
)
def test_go_by(values: tuple[float, ...], by: float) -> None:
    """The samples that are left, a minute each, and three minutes until the last can be seen."""
    now = minute(len(values) + 0.5)
    found = judge(pg(row(*values) if values else None), rule_of(PG, STOP, ["app"]), now)
    assert go_by(found, now) == minute(by)


def test_rows_at_the_source_are_told_with_their_time() -> None:
    """Those of minutes that began after the stop, and how far it was counted."""
    (quiet,) = judge(counted(*wrote(0.5)), rule_of(PG, STOP, ("app",)), minute(7))
    assert quiet.counted == SourceCount(0, minute(4))
    (late,) = judge(counted(*wrote(3, 4.5, rows=7)), rule_of(PG, STOP, ("app",)), minute(7))
    assert late.counted == SourceCount(14, minute(4.5), minute(4.5))
    (unknown,) = judge(pg(row(0, 0, 0)), rule_of(PG, STOP, ("app",)), minute(5))
    assert unknown.counted is None
