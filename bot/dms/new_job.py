"""Makes jobs by thousands: several times faster than the dataclass does itself, which assigns by name.

`tests/dms/test_new_job.py` compares both for every field.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.dms.model import Endpoint, Fault, Job
from bot.dms.rest_fields import RestFields

_SLOTS: Mapping[str, Any] = vars(Job)
_name = _SLOTS["name"].__set__
_create_time = _SLOTS["create_time"].__set__
_state = _SLOTS["state"].__set__
_phase = _SLOTS["phase"].__set__
_type = _SLOTS["type"].__set__
_display_name = _SLOTS["display_name"].__set__
_labels = _SLOTS["labels"].__set__
_source = _SLOTS["source"].__set__
_destination = _SLOTS["destination"].__set__
_update_time = _SLOTS["update_time"].__set__
_end_time = _SLOTS["end_time"].__set__
_duration_s = _SLOTS["duration_s"].__set__
_error = _SLOTS["error"].__set__
_parallelism = _SLOTS["parallelism"].__set__
_dump_path = _SLOTS["dump_path"].__set__
_rest = _SLOTS["rest"].__set__


def new_job(
    name: str,
    create_time: datetime,
    state: str,
    phase: str,
    type: str,
    display_name: str,
    labels: tuple[tuple[str, str], ...],
    source: Endpoint,
    destination: Endpoint,
    update_time: datetime | None,
    end_time: datetime | None,
    duration_s: float,
    error: Fault | None,
    parallelism: str,
    dump_path: str,
    rest: RestFields | None = None,
) -> Job:
    """`Job` with all its fields, in their order."""
    new = object.__new__(Job)
    _name(new, name)
    _create_time(new, create_time)
    _state(new, state)
    _phase(new, phase)
    _type(new, type)
    _display_name(new, display_name)
    _labels(new, labels)
    _source(new, source)
    _destination(new, destination)
    _update_time(new, update_time)
    _end_time(new, end_time)
    _duration_s(new, duration_s)
    _error(new, error)
    _parallelism(new, parallelism)
    _dump_path(new, dump_path)
    _rest(new, rest)
    return new


def with_duration(job: Job, seconds: float) -> Job:
    """A copy of the job with another duration, in seconds."""
    return new_job(
        job.name,
        job.create_time,
        job.state,
        job.phase,
        job.type,
        job.display_name,
        job.labels,
        job.source,
        job.destination,
        job.update_time,
        job.end_time,
        seconds,
        job.error,
        job.parallelism,
        job.dump_path,
        job.rest,
    )
