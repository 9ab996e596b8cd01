"""What can go wrong with a call to DMS, by what there is to do about it."""

from __future__ import annotations

MAX_SERVICE_TEXT = 20_000
"""Characters of what the service says that are read at all: the rest is cut before anything is searched."""


class DmsError(Exception):
    """A call to the service did not do what was asked. `str()` is one clear sentence."""

    def __init__(self, message: str, *, code: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        """What the service or the client library said, without a full stop; empty if nothing."""
        self.code = code
        """The canonical status name, for example `FAILED_PRECONDITION`."""


class NotFound(DmsError):
    """There is no such job, operation or location."""


class Refused(DmsError):
    """The service rejected the request (FAILED_PRECONDITION, INVALID_ARGUMENT, ABORTED …).

    Nothing was changed.
    """


class Denied(DmsError):
    """The bot's own credentials lack the permission (PERMISSION_DENIED, UNAUTHENTICATED)."""


class Unavailable(DmsError):
    """The service could not be reached or is overloaded, and nothing was changed: try again later.

    A write raises this only if it was certainly not applied.
    """


class Unclear(DmsError):
    """A write was sent and its answer was lost: it may or may not have been applied.

    Look at the job and its operations before trying again.
    """
