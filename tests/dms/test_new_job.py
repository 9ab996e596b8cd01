"""Jobs that are made without the dataclass's own constructor are the same."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from bot.dms.model import Endpoint, Fault, Job
from bot.dms.new_job import new_job, with_duration
from bot.dms.rest_fields import RestFields

VALUES: tuple[Any, ...] = (
    "projects/p/locations/l/migrationJobs/a",
    datetime(2026, 1, 1, tzinfo=UTC),
    "RUNNING",
    "CDC",
    "CONTINUOUS",
    "A",
    (("env", "prod"),),
    Endpoint("source", "MYSQL"),
    Endpoint("destination", "POSTGRESQL"),
    datetime(2026, 1, 2, tzinfo=UTC),
    datetime(2026, 1, 3, tzinfo=UTC),
    4.5,
    Fault(9, "broken"),
    "MAX",
    "gs://dump",
    RestFields(failback=True),
)


def test_every_field_is_there_and_in_its_place() -> None:
    made = new_job(*VALUES)
    assert [getattr(made, each.name) for each in fields(Job)] == list(VALUES)
    assert made == Job(*VALUES)
    assert hash(made) == hash(Job(*VALUES))


def test_another_duration_changes_nothing_else() -> None:
    assert with_duration(Job(*VALUES), 7.0) == replace(Job(*VALUES), duration_s=7.0)
