"""Migration jobs as values: the one place where tests make them by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.dms.model import Job, job_name

BORN = datetime(2026, 1, 1, tzinfo=UTC)


def a_job(
    id: str = "orders-db",
    state: str = "RUNNING",
    phase: str = "PHASE_UNSPECIFIED",
    *,
    project: str = "acme",
    location: str = "europe-west1",
    **fields: Any,
) -> Job:
    """A job with what every job has; `fields` are fields of `Job`."""
    given: dict[str, Any] = {"create_time": BORN, "type": "CONTINUOUS"}
    return Job(name=job_name(project, location, id), state=state, phase=phase, **(given | fields))
