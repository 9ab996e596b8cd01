"""The jobs of places: of each as it answered, and of all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from bot.config.projects import ALL_LOCATIONS, Place
from bot.dms.errors import DmsError, NotFound, Refused, Unavailable
from bot.dms.missing import MissingLocation, missing_location
from bot.dms.model import Job, JobList


@dataclass(slots=True)
class LocationJobs:
    """The answer of one place."""

    place: Place
    jobs: list[Job] = field(default_factory=list)
    missing: list[MissingLocation] = field(default_factory=list)
    calls: int = 0
    error: DmsError | None = None

    def fail(self, error: DmsError) -> None:
        """The place did not answer, or not with all of its jobs."""
        self.error = error
        self.missing.append(missing_location(self.place, error))


def merged(parts: Sequence[LocationJobs]) -> JobList:
    """The answers of all places as one."""
    return JobList(
        jobs=tuple(chain.from_iterable(part.jobs for part in parts)),
        missing=tuple(
            {(each.project, each.location): each for part in parts for each in part.missing}.values()
        ),
        calls=sum(part.calls for part in parts),
    )


def raise_if_none_answered(parts: Sequence[LocationJobs]) -> None:
    """Unavailable locations of a project are listed in the result, not raised.

    Other errors, such as an invalid filter or a missing permission, concern all its locations.

    Raises:
        DmsError: no location answered, and the error is not about one location.
    """
    errors = [part.error for part in parts if part.error is not None]
    if len(errors) < len(parts):
        return
    for part in parts:
        failed = isinstance(part.error, (Unavailable, NotFound))
        if part.error is not None and (not failed or part.place.location == ALL_LOCATIONS):
            raise part.error


def of_several_projects(parts: Sequence[LocationJobs]) -> bool:
    """Whether the parts are of more than one project."""
    return len({part.place.project for part in parts}) > 1


def raise_if_all_refused(parts: Sequence[LocationJobs]) -> None:
    """What concerns one project is listed in the result, as others may answer; only a request that every
    place refuses, such as an invalid filter, is raised.

    Raises:
        Refused: every place refused.
    """
    refused = [part.error for part in parts if isinstance(part.error, Refused)]
    if refused and len(refused) == len(parts):
        raise refused[0]
