"""Where events and audit rows are sent outside Slack. Source of `[[webhook]]`: `docs/webhooks.md`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
"""Source: https://developer.pagerduty.com/docs/send-alert-event"""
ALL = "all"
_HTTPS_PORT = 443


class Format(StrEnum):
    """What a request to a webhook looks like."""

    CLOUDEVENTS = "cloudevents"
    PAGERDUTY = "pagerduty"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One receiver, as the settings describe it."""

    name: str
    url: str = field(repr=False)
    """It may hold a token, so it is printed nowhere: `host` is."""
    secrets: tuple[str, ...] = field(repr=False)
    """CloudEvents: keys that requests are signed with (`whsec_…`). PagerDuty: one integration key."""
    format: Format = Format.CLOUDEVENTS
    events: tuple[str, ...] = (ALL,)
    """Kinds of events, in the words of `/dms watch --only`; `all` alone: every one; empty: none."""
    audit: bool = False
    """Whether it gets each row of the audit."""
    projects: tuple[str, ...] = ()
    """IDs of projects; empty: all."""
    labels: tuple[tuple[str, str], ...] = ()
    """Labels that a job must have."""
    allow_private: bool = False
    """Whether addresses of private networks may be connected to."""

    @property
    def parts(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def host(self) -> str:
        """The host's name or address, for people and for TLS."""
        return self.parts.hostname or ""

    @property
    def port(self) -> int:
        return self.parts.port or _HTTPS_PORT

    @property
    def path(self) -> str:
        """What is asked for: path and query."""
        query = f"?{self.parts.query}" if self.parts.query else ""
        return (self.parts.path or "/") + query

    @property
    def filtered(self) -> bool:
        """Whether it gets only what is about some jobs."""
        return bool(self.projects or self.labels)
