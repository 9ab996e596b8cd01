"""Locations whose jobs are missing from an answer, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

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


def missing_location(location: str, error: DmsError) -> MissingLocation:
    """The location as missing because of this error."""
    whole = error.code == "UNAUTHENTICATED"  # it says how to log in
    reason = str(error).rstrip(".") if whole or not error.reason else error.reason
    return MissingLocation(location, _why(error), reason)


def _why(error: DmsError) -> Why:
    if error.code == "RESOURCE_EXHAUSTED":
        return Why.QUOTA
    if error.code in _NO_ANSWER:
        return Why.SILENT
    return Why.REFUSED if isinstance(error, Denied | Refused | NotFound) else Why.FAILED
