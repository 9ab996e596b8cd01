"""Questions to Slack: errors become DirectoryUnavailable, and answers are cached for a while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog
from slack_sdk.errors import SlackApiError

from bot.policy.principal import DirectoryUnavailable
from bot.slack.api.client import SLACK_ERRORS

T = TypeVar("T")

RETRY_S = 5.0
"""Seconds that a failure is cached, as each try may take the client's whole time-out."""
NOT_GRANTED = "team_access_not_granted"
"""The error for a workspace of the organisation that the app was not added to, or was removed from."""
ADD_THE_APP = "an admin of the organisation adds the app to it"
_LASTING_ERRORS = {
    "missing_scope": "",
    "unknown_method": "",
    "not_allowed_token_type": "",
    "paid_teams_only": "",
    "no_permission": "",
    NOT_GRANTED: f" (the app is not in that workspace: {ADD_THE_APP})",
}
"""Errors that last until somebody changes the app or the workspace, with what to add."""

log = structlog.get_logger(__name__)


class SlackLookup:
    """Turns Slack's errors into DirectoryUnavailable, and logs each lasting one once."""

    def __init__(self, what: str, scope: str, logged: set[str]) -> None:
        self._what = what
        self._scope = scope
        self._logged = logged

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SlackApiError):
            code = str(error.response.get("error", ""))
            lasts = code in _LASTING_ERRORS
            raise DirectoryUnavailable(self._log_lasting(code), lasts=lasts) from error
        if isinstance(error, (*SLACK_ERRORS, KeyError, TypeError, AttributeError)):
            raise DirectoryUnavailable(f"Slack does not say {self._what} at the moment.") from error

    def _log_lasting(self, code: str) -> str:
        if code not in _LASTING_ERRORS:
            return f"Slack does not say {self._what} ({code or 'no reason given'})."
        why = (
            f"the app lacks the scope `{self._scope}`"
            if code == "missing_scope"
            else f"`{code}`{_LASTING_ERRORS[code]}"
        )
        if self._what not in self._logged:
            self._logged.add(self._what)
            log.warning("slack_lookup_refused", what=self._what, reason=why)
        return f"Slack does not say {self._what}: {why}."


def lacks_method(error: SlackApiError) -> bool:
    """Whether the local server has no such method. From Slack or a proxy, the errors say nothing."""
    answer = error.response
    return bool(answer.get("error") == "unknown_method" or answer.status_code == 404)


class CachedValue(Generic[T]):
    """A value that is read on demand, by one thread at a time, and cached for `seconds`."""

    def __init__(self, read: Callable[[], T], seconds: float, clock: Callable[[], float]) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._value: T | None = None
        self._fault: DirectoryUnavailable | None = None
        self._until = float("-inf")

    def get(self) -> T:
        """The value; never an expired one.

        Raises:
            DirectoryUnavailable: it cannot be read, or could not less than `RETRY_S` ago.
        """
        with self._lock:
            if self._clock() >= self._until:
                self._refresh()
            if self._value is None:
                lasts = self._fault is not None and self._fault.lasts
                raise DirectoryUnavailable(str(self._fault), lasts=lasts)
            return self._value

    def _refresh(self) -> None:
        try:
            self._value, self._fault = self._read(), None
        except DirectoryUnavailable as fault:
            self._value, self._fault = None, fault
        self._until = self._clock() + (RETRY_S if self._value is None else self._seconds)
