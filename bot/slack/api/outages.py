"""Tells temporary faults of Slack or the network from refusals, and waits until they are over.

Source: https://docs.slack.dev/apis/web-api/rate-limits, and the errors that every method's page lists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from slack_sdk.errors import SlackApiError

from bot.runtime.shutdown import Stopped
from bot.slack.api.client import SLACK_ERRORS
from bot.slack.api.retry_after import retry_after
from bot.util.ratelimit import back_off

log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")

_MOST_S = 30.0
"""Upper bound of the pause, in seconds, unless Slack's Retry-After is longer."""
_RATE_LIMITED = frozenset({"ratelimited", "rate_limited"})
_TRANSIENT = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
_MIGRATING = frozenset({"team_added_to_org", "org_login_required"})
"""The workspace becomes part of an organisation: until then, Slack's platform "will be intermittently
unavailable". Source: https://docs.slack.dev/reference/methods/auth.test, under "Errors"."""
PASSING = _RATE_LIMITED | _TRANSIENT | _MIGRATING
"""Error codes of what ends by itself."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A temporary fault of Slack, or of the network on the way to it."""

    reason: str
    """Slack's error code, the HTTP status, or the network error: for people."""
    code: str
    """The same as a short name: `ratelimited`, `internal_error`, `HTTP 503`."""
    retry_after_s: float | None = None
    """Slack's Retry-After; None: it did not say."""


def outage(error: Exception) -> Outage | None:
    """The temporary fault behind an error of `SLACK_ERRORS`; None: Slack has refused the call."""
    if not isinstance(error, SlackApiError):
        return Outage(f"Slack cannot be reached ({error or type(error).__name__})", "unreachable")
    response = error.response
    status = int(getattr(response, "status_code", 200) or 200)
    word = str(response.get("error") or error)
    if status == 429 or word in _RATE_LIMITED:
        seconds = retry_after(getattr(response, "headers", {}))
        return Outage("Slack limits the app's calls (ratelimited)", "ratelimited", seconds)
    if status >= 500:
        return Outage(f"Slack has a fault (HTTP {status})", f"HTTP {status}")
    if word in _TRANSIENT:
        return Outage(f"Slack has a fault ({word})", word)
    if word in _MIGRATING:
        return Outage(f"Slack is moving the workspace into an organisation ({word})", word)
    return None


def wait_s(found: Outage, failures: int) -> float:
    """Seconds until Slack is asked again, after this many failures in a row (1 or more)."""
    return max(min(back_off(failures), _MOST_S), found.retry_after_s or 0.0)


def through_outages(call: Callable[[], Answer], pause: Callable[[float], object]) -> Answer:
    """Make the call until it succeeds; `pause` waits so many seconds, and returns True to stop waiting.

    Raises:
        Stopped: `pause` has said so.
        SlackApiError: Slack refuses the call.
    """
    failures = 0
    while True:
        try:
            return call()
        except SLACK_ERRORS as error:
            found = outage(error)
            if found is None:
                raise
            failures += 1
            seconds = wait_s(found, failures)
            log.warning("slack_not_ready", reason=found.reason, retry_in_s=round(seconds, 1))
        if pause(seconds):
            raise Stopped
