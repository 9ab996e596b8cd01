"""Slack's rate limits: about one message a second in a channel, and calls per minute by tier.
Source: https://docs.slack.dev/apis/web-api/rate-limits"""

import math
import time
from collections import deque
from dataclasses import dataclass, field

from sandbox.slack.errors import RateLimited
from sandbox.slack.settings import Settings

# Slack promises at least "50+ per minute" and allows short bursts above it.
TIER_PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
TOLERANCE = 1.5
_TIERS = {
    2: ("auth.teams.list", "conversations.list", "users.list", "usergroups.list", "usergroups.users.list"),
    3: (
        "chat.update",
        "chat.delete",
        "chat.deleteScheduledMessage",
        "chat.scheduleMessage",
        "chat.scheduledMessages.list",
        "chat.unfurl",
        "dnd.info",
        "conversations.history",
        "conversations.replies",
        "conversations.info",
        "conversations.join",
        "conversations.open",
        "reactions.add",
        "bots.info",
        "team.info",
        "users.conversations",
    ),
    4: (
        "chat.postEphemeral",
        "conversations.members",
        "users.info",
        "files.getUploadURLExternal",
        "files.completeUploadExternal",
        "views.open",
        "views.push",
        "views.update",
        "views.publish",
    ),
}
TIER_OF = {method: tier for tier, methods in _TIERS.items() for method in methods}


@dataclass
class _Bucket:
    tokens: float
    at: float
    refused_until: float = 0.0


@dataclass
class Limiter:
    _channels: dict[str, _Bucket] = field(default_factory=dict)
    _calls: dict[str, deque[float]] = field(default_factory=dict)
    _refused_until: dict[str, float] = field(default_factory=dict)

    def check_post(self, channel: str, settings: Settings) -> None:
        """Take one message from the channel's bucket. Raises RateLimited."""
        if not settings.rate_limits:
            return
        now = time.monotonic()
        bucket = self._channels.setdefault(channel, _Bucket(float(settings.post_burst), now))
        earned = (now - bucket.at) * settings.post_per_second
        bucket.tokens = min(float(settings.post_burst), bucket.tokens + earned)
        bucket.at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return
        ignored = now < bucket.refused_until
        wait = max(1, math.ceil((1 - bucket.tokens) / settings.post_per_second))
        bucket.refused_until = max(bucket.refused_until, now + wait - 0.05)
        raise RateLimited(wait, breach=ignored, detail=_words(ignored, f"messages to {channel}"))

    def check_tier(self, method: str, settings: Settings) -> None:
        """Count one call. Raises RateLimited if there were too many in the last minute."""
        tier = TIER_OF.get(method)
        if tier is None or not (settings.rate_limits and settings.tier_limits):
            return
        now = time.monotonic()
        calls = self._calls.setdefault(method, deque())
        while calls and calls[0] < now - 60:
            calls.popleft()
        if len(calls) < TIER_PER_MINUTE[tier] * TOLERANCE:
            calls.append(now)
            return
        ignored = now < self._refused_until.get(method, 0.0)
        wait = max(1, math.ceil(calls[0] + 60 - now))
        self._refused_until[method] = now + wait - 0.05
        raise RateLimited(wait, breach=ignored, detail=_words(ignored, f"{method} (tier {tier})"))


def _words(ignored: bool, what: str) -> str:
    return f"{what}: called again before Retry-After was over" if ignored else f"{what}: too many"
