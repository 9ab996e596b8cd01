"""How fast Slack lets an app speak, and how long it may take to answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Slack's limits for one app in one workspace.

    Source: https://docs.slack.dev/apis/web-api/rate-limits
    """

    posts_per_s: float = 1.0
    """To one channel."""
    updates_per_s: float = 50 / 60
    """In the whole workspace: tier 3."""
    updates_burst: float = 10.0
    response_url_every_s: int = 10
    """How long an answer of Slack is waited for, in seconds."""
    ping_every_s: float = 2.0
    """How often, in seconds, a WebSocket is asked for a sign of life. So soon a broken one is noticed, and
    one gone silent after four times as long; what people type until then is lost."""
    in_flight_timeout_s: float = 5.0
    """How long, in seconds, Slack may take for a call whose answer nobody waits for any more. Another
    replica can take over within milliseconds: it would find nothing yet and post a second message, or
    be overtaken by an older update."""
