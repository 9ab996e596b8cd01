"""Settings that can change while the sandbox runs. The defaults are Slack's own values."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Settings:
    """All times are seconds. Source: Slack's pages on interactivity, rate limits and the Events API."""

    ack_seconds: float = 3.0
    trigger_seconds: float = 3.0
    response_url_seconds: float = 1800.0
    response_url_uses: int = 5
    rate_limits: bool = True
    post_per_second: float = 1.0
    post_burst: int = 5
    tier_limits: bool = True
    event_retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0)
    max_connections: int = 10
    people_per_page: int = 1000
    """The most that `users.list` gives; Slack may give fewer than were asked for."""
    duplicate_deliveries: int = 0
    mode: str = "auto"
    request_url: str = ""
    lacks_in_messages: tuple[str, ...] = ()
    lacks_in_modals: tuple[str, ...] = ()
    lacks_on_home: tuple[str, ...] = ()
    """Types of blocks that this workspace does not know, or not there."""
    org: bool = False
    """An organisation of two workspaces with an org-wide installation; counts at the start or a reset."""

    def changed(self, **changes: Any) -> "Settings":
        """A copy with these values. Raises ValueError for a name that does not exist."""
        known = {field.name for field in fields(self)}
        unknown = sorted(set(changes) - known)
        if unknown:
            raise ValueError(f"no such setting: {', '.join(unknown)}")
        tidy: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()
        }
        return replace(self, **tidy)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
