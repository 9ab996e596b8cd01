"""How long to wait before Slack is called again: the header `Retry-After`, in seconds.

Source: https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

from slack_sdk.http_retry import HttpResponse, RetryState
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

RETRY_AFTER_S = 5.0
"""Used when Slack sends none, or one that cannot be read."""
_MOST_S = 3600.0
"""Upper bound: Slack counts its limits by the minute, so more than an hour does not come from Slack."""


def retry_after(headers: Mapping[str, Any]) -> float:
    """Seconds, from the header."""
    value = next((each for name, each in headers.items() if name.lower() == "retry-after"), None)
    if isinstance(value, list):
        value = value[0] if value else None
    try:
        seconds = float(value) if value is not None else RETRY_AFTER_S
    except ValueError:
        return RETRY_AFTER_S
    return min(max(0.0, seconds), _MOST_S) if math.isfinite(seconds) else RETRY_AFTER_S


class RateLimitRetries(RateLimitErrorRetryHandler):
    """The SDK's handler reads whole seconds alone, and raises on others: the call would not be repeated."""

    def prepare_for_next_attempt(
        self, *, state: RetryState, response: HttpResponse | None = None, **_rest: Any
    ) -> None:
        time.sleep(retry_after(response.headers if response is not None else {}))
        state.next_attempt_requested = True
        state.increment_current_attempt()
