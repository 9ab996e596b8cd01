"""Settings, from the environment and an optional TOML file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a start needs. Times are in seconds."""

    project: str
    locations: tuple[str, ...]
    notify_channel: str
    slack_bot_token: str
    slack_app_token: str = ""
    """Set: Socket Mode. Empty: signed HTTP."""
    slack_signing_secret: str = ""
    slack_api_url: str = "https://slack.com/api/"
    dms_emulator_host: str = ""
    dms_emulator_rest_host: str = ""
    db: str = "dms-bot.db"
    """A file path, or `postgresql://…`."""
    policy_file: Path | None = None
    approval_channel: str = ""
    """Where approvals are asked for; empty: the channel of the request."""
    port: int = 8080
    """HTTP: `/slack/events`, `/healthz`, `/readyz`, `/metrics`."""
    host: str = "0.0.0.0"  # noqa: S104 - a server in a container listens on all interfaces
    confirm_expires_s: float = 900
    poll_fast_s: float = 5
    poll_slow_s: float = 60
    stuck_after_s: float = 1800
    """No change for so long in a changing state: stuck."""
    delay_alert_s: float = 900
    """Replication delay above this is told."""
    bulk_parallel: int = 4
    """Runs of one bulk request that go on at once."""
    dms_deadline_s: float = 20
    workers: int = 16
    log_level: str = "INFO"
    summary_at: str = ""
    """Daily summary, `HH:MM` in `summary_zone`; empty: none."""
    summary_zone: str = "UTC"
