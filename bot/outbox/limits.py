"""Slack's rate limits, and how long the bot waits for Slack."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Rates and timeouts for one app in one workspace.

    Source of the rates: https://docs.slack.dev/apis/web-api/rate-limits
    """

    posts_per_s: float = 1.0
    """Posts to one channel."""
    updates_per_s: float = 50 / 60
    """Updates in the whole workspace: `chat.update` is in tier 3, 50 a minute."""
    updates_burst: float = 10.0
    call_timeout_s: int = 10
    """Timeout of a call to Slack, in seconds."""
    ping_every_s: float = 2.0
    """Interval of the pings on a WebSocket, in seconds. A broken connection is noticed after one interval, a
    silent one after four. What people type in between is lost."""
    looking_after_s: float = 1.0
    """How long an answer may take before the bot says that it is looking, in seconds."""
    in_flight_timeout_s: float = 5.0
    """How long a call whose response was lost may still be in flight, in seconds. Another replica can take
    over within milliseconds. It would find no message yet and post a second one, or its update would be
    overtaken by the older one."""
