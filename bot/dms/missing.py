"""Locations whose jobs are missing from an answer, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.config.projects import Place, Projects
from bot.dms.errors import Denied, DmsError, NotFound, Refused

_NO_ANSWER = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"})


class Why(StrEnum):
    """Why a location is missing; the codes are those of `google.rpc.Code`."""

    SILENT = "silent"
    """It could not be reached or did not answer in time."""
    QUOTA = "quota"
    """RESOURCE_EXHAUSTED: a quota is used up, or the service is overloaded."""
    REFUSED = "refused"
    """The bot may not look: a permission is missing, the API is off, the location does not exist."""
    FAILED = "failed"
    """The answer was an error of the service, or cannot be used."""


@dataclass(frozen=True, slots=True)
class MissingLocation:
    """One location. Its jobs may be there all the same."""

    location: str
    why: Why
    reason: str = ""
    """What the service said, without a full stop; empty if it said nothing that helps."""
    project: str = ""
    """The project's ID."""
    called: str = ""
    """How people call the place where a bot serves several projects: `alias/location`, or the alias alone if
    all of the project is missing; else empty."""

    @property
    def passes(self) -> bool:
        """Whether it may answer soon, without a change of permissions or settings."""
        return self.why is not Why.REFUSED

    @property
    def shown(self) -> str:
        """The name for people."""
        return self.called or self.location


def missing_location(place: Place, error: DmsError) -> MissingLocation:
    """The place as missing because of this error."""
    whole = error.code == "UNAUTHENTICATED"  # it says how to log in
    reason = str(error).rstrip(".") if whole or not error.reason else error.reason
    return MissingLocation(place.location, _why(error), reason, place.project)


def called_by_project(missing: Sequence[MissingLocation], projects: Projects) -> tuple[MissingLocation, ...]:
    """The same, with the names that people need where there are several projects."""
    if not projects.several:
        return tuple(missing)
    return tuple(
        replace(each, called=projects.called(Place(each.project, each.location))) for each in missing
    )


def _why(error: DmsError) -> Why:
    if error.code == "RESOURCE_EXHAUSTED":
        return Why.QUOTA
    if error.code in _NO_ANSWER:
        return Why.SILENT
    return Why.REFUSED if isinstance(error, Denied | Refused | NotFound) else Why.FAILED
