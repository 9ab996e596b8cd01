"""Filters of `/dms list` and of bulk actions: `state=running`, `location=…`, `label.env=prod`, text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.dms.model import Job, JobList
from commands.base import Context

_FIELDS = {"state": "state", "phase": "phase", "type": "type", "location": "location"}


def all_matching(ctx: Context, filters: Mapping[str, str], words: Sequence[str]) -> JobList:
    """All jobs that match, from all locations that need to be asked.

    Raises:
        DmsError: no location answered.
    """
    found = ctx.dms.list_jobs(location=filters.get("location"))
    return replace(found, jobs=tuple(job for job in found.jobs if matches(job, filters, words)))


def matches(job: Job, filters: Mapping[str, str], words: Sequence[str] = ()) -> bool:
    """Whether a job fits every filter and holds every word (in id, name, labels, ends)."""
    return all(_fits(job, key, value) for key, value in filters.items()) and _holds(job, words)


def _fits(job: Job, key: str, value: str) -> bool:
    if key.startswith("label."):
        return job.label(key.removeprefix("label.")) == value
    wanted = {each.strip().casefold() for each in re.split(r"[|,]", value)}
    return str(getattr(job, _FIELDS[key])).casefold() in wanted


def _holds(job: Job, words: Sequence[str]) -> bool:
    if not words:
        return True
    hay = " ".join(
        (
            job.id,
            job.display_name,
            job.location,
            *(f"{key}={value}" for key, value in job.labels),
            job.source.host,
            job.destination.host,
            job.source.engine,
            job.destination.provider,
        )
    ).casefold()
    return all(word.casefold() in hay for word in words)
