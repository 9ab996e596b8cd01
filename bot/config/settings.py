"""The settings: their values, and the names that they have in the environment and in the settings file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from bot.config import values
from bot.config.projects import Project, Projects
from bot.config.values import Reader
from bot.config.webhooks import Webhook
from bot.util.command import DEFAULT
from bot.util.durations import seconds_as_typed

SLACK_API_URL = "https://slack.com/api/"
LONGEST_CONFIRM_S = 900.0
"""Upper bound of `confirm_expires_s`: a confirmation describes the job as it was when it was shown."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Times are in seconds."""

    project: str
    """The Google Cloud project, or several, comma separated; empty where `project_tables` are."""
    locations: tuple[str, ...]
    """Of every project that names none itself; empty: all that the service offers."""
    notify_channel: str
    slack_bot_token: str = field(repr=False)
    slack_app_token: str = field(default="", repr=False)
    """Set: Socket Mode. Empty: HTTP with signed requests."""
    slack_signing_secret: str = field(default="", repr=False)
    slack_api_url: str = SLACK_API_URL
    dms_emulator_host: str = ""
    dms_emulator_rest_host: str = ""
    db: str = field(default="dms-bot.db", repr=False)
    """A file path, or `postgresql://…` (which may hold a password)."""
    policy_file: Path | Literal["open"] | None = None
    """None: everybody may look, and nobody may change anything. `open`: every member may do everything."""
    approval_channel: str = ""
    """Where approvals are asked for; empty: the channel of the request."""
    port: int = 8080
    """HTTP: `/slack/events`, `/healthz`, `/readyz`, `/metrics`. 0: any free port."""
    probes_port: int | None = None
    """Port of `/healthz`, `/readyz` and `/metrics`; None: `port`. 0: any free port."""
    host: str = "0.0.0.0"  # noqa: S104 - a server in a container listens on all interfaces
    confirm_expires_s: float = LONGEST_CONFIRM_S
    """How long the requester can confirm a request."""
    approval_expires_s: float = 4 * 3600.0
    """How long a request waits for other people's approval, unless a rule says otherwise."""
    poll_fast_s: float = 5.0
    poll_slow_s: float = 60.0
    stuck_after_s: float = 1800.0
    """A job that stays this long in a changing state is reported as stuck."""
    delay_alert_s: float = 900.0
    """A replication delay above this is reported."""
    bulk_parallel: int = 4
    """Jobs of one bulk request that are worked on at the same time."""
    dms_deadline_s: float = 20.0
    workers: int = 48
    cores: str = "all"
    """Deprecated and ignored; kept so that deployments that set it still start."""
    log_level: str = "INFO"
    log_format: str = "auto"
    """json, console, or auto (console on a terminal, else json)."""
    schedule_grace_s: float = 900.0
    """How long after its time a scheduled request may still be sent, if the bot could not send it then."""
    max_open_requests: int = 20
    """Open requests of one person: those that wait to be confirmed or approved."""
    commands_per_minute: int = 300
    """Commands and presses of one person that are answered in a minute."""
    shutdown_s: float = 20.0
    """How long a shutdown waits for work in progress; the next process takes over the rest."""
    command: str = DEFAULT
    """The slash command that people type; the manifest of the Slack app has the same."""
    keep_s: float = 90 * 86400.0
    """Retention of unused button tokens, events and sent messages. The audit is never deleted."""
    metrics_token: str = field(default="", repr=False)
    """If set, `/metrics` requires it as a bearer token."""
    metrics: str = "local"
    """Who may read `/metrics` without a token: `local` (this machine) or `open` (everybody)."""
    summary_at: str = ""
    """Daily summary, `HH:MM` in `summary_zone`; empty: none."""
    summary_zone: str = "UTC"
    audit_anchor_at: str = "09:00"
    """When the audit's last hash goes to the notification channel, `HH:MM` in `summary_zone`; empty: never.

    On by default: what is kept nowhere but in the database proves nothing about it.
    """

    project_tables: tuple[Project, ...] = ()
    """`[[project]]` of the settings file."""
    webhooks: tuple[Webhook, ...] = ()
    """`[[webhook]]` of the settings file."""

    @property
    def projects(self) -> Projects:
        """The projects that the bot serves."""
        named = self.project_tables or tuple(Project(each) for each in self.project.split(","))
        return Projects(tuple(each.with_locations(self.locations) for each in named))

    @property
    def dms_write_deadline_s(self) -> float:
        """Longer than that of reads: after a timeout, the outcome of a write is unknown."""
        return self.dms_deadline_s * 1.5

    @property
    def socket_mode(self) -> bool:
        return bool(self.slack_app_token)

    @property
    def db_without_password(self) -> str:
        """The database without its password, for logs."""
        return values.without_password(self.db)

    def secrets(self) -> tuple[str, ...]:
        """Values that must never appear in logs or messages."""
        found = (
            self.slack_bot_token,
            self.slack_app_token,
            self.slack_signing_secret,
            self.metrics_token,
            *values.passwords(self.db),
            *(secret for webhook in self.webhooks for secret in webhook.secrets),
        )
        return tuple(each for each in found if each)


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: its name in the environment and in the file, and how its text is parsed."""

    name: str
    """The field of `Settings`."""
    env: str
    read: Reader
    help: str
    secret: bool = False
    """Can also be read from the file that `<env>_FILE` names; not allowed in the settings file."""

    @property
    def key(self) -> str:
        """Its key in the settings file."""
        return self.name.removesuffix("_s")

    @property
    def env_file(self) -> str:
        return f"{self.env}_FILE"


OPTIONS = (
    Option(
        "project",
        "GOOGLE_CLOUD_PROJECT",
        values.projects,
        "Google Cloud project of the migration jobs; several: comma separated, or `[[project]]` in the file",
    ),
    Option(
        "locations",
        "DMS_LOCATIONS",
        values.locations,
        "Regions of the jobs, comma separated; `*`: all that DMS offers",
    ),
    Option("notify_channel", "DMS_NOTIFY_CHANNEL", values.channel, "Channel for status changes"),
    Option("slack_bot_token", "SLACK_BOT_TOKEN", values.bot_token, "Bot token (`xoxb-…`)", secret=True),
    Option(
        "slack_app_token",
        "SLACK_APP_TOKEN",
        values.app_token,
        "App-level token (`xapp-…`): Socket Mode",
        secret=True,
    ),
    Option(
        "slack_signing_secret",
        "SLACK_SIGNING_SECRET",
        values.secret,
        "Signing secret: HTTP mode, where no app token is set",
        secret=True,
    ),
    Option("slack_api_url", "SLACK_API_URL", values.api_url, "Slack's Web API"),
    Option("dms_emulator_host", "DMS_EMULATOR_HOST", values.host_port, "gRPC server instead of Google's"),
    Option(
        "dms_emulator_rest_host",
        "DMS_EMULATOR_REST_HOST",
        values.host_port,
        "REST server instead of Google's; unset: the port after the gRPC one",
    ),
    Option("db", "DMS_BOT_DB", values.database, "SQLite file, or `postgresql://…`", secret=True),
    Option("policy_file", "DMS_BOT_POLICY", values.policy, "TOML file that says who may do what, or `open`"),
    Option(
        "approval_channel",
        "DMS_APPROVAL_CHANNEL",
        values.channel,
        "Channel for approvals; unset: the channel of the request",
    ),
    Option("port", "PORT", values.integer(0, 65535), "Port of the HTTP server"),
    Option(
        "probes_port",
        "DMS_BOT_PROBES_PORT",
        values.integer(0, 65535),
        "Port of `/healthz`, `/readyz` and `/metrics`; unset: PORT",
    ),
    Option("host", "DMS_BOT_HOST", values.address, "Address that the HTTP server listens on"),
    Option(
        "confirm_expires_s",
        "DMS_BOT_CONFIRM_EXPIRES",
        values.duration(1, LONGEST_CONFIRM_S),
        "How long a confirmation can be pressed, 15m at most",
    ),
    Option(
        "approval_expires_s",
        "DMS_BOT_APPROVAL_EXPIRES",
        values.duration(60, 30 * 86400),
        "How long a request waits for approvals, unless a rule of the policy says otherwise",
    ),
    Option(
        "poll_fast_s",
        "DMS_BOT_POLL_FAST",
        values.duration(0.1, 3600),
        "Pause between polls of DMS while something is changing",
    ),
    Option(
        "poll_slow_s",
        "DMS_BOT_POLL_SLOW",
        values.duration(0.1, 86400),
        "Pause between polls of DMS while nothing is changing",
    ),
    Option(
        "stuck_after_s",
        "DMS_BOT_STUCK_AFTER",
        values.duration(1, 30 * 86400),
        "A job that stays in a changing state this long is reported as stuck",
    ),
    Option(
        "delay_alert_s",
        "DMS_BOT_DELAY_ALERT",
        values.duration(1, 30 * 86400),
        "A replication delay above this is reported",
    ),
    Option(
        "bulk_parallel",
        "DMS_BOT_BULK_PARALLEL",
        values.integer(1, 100),
        "Jobs of one bulk request that are worked on at once",
    ),
    Option(
        "dms_deadline_s", "DMS_BOT_DMS_DEADLINE", values.duration(1, 300), "Longest wait for a call to DMS"
    ),
    Option("workers", "DMS_BOT_WORKERS", values.integer(1, 256), "Commands that are answered at once"),
    Option(
        "schedule_grace_s",
        "DMS_BOT_SCHEDULE_GRACE",
        values.duration(60, 86400),
        "How long after its time a scheduled request may still be sent, if the bot was down then",
    ),
    Option(
        "max_open_requests",
        "DMS_BOT_MAX_OPEN_REQUESTS",
        values.integer(1, 10_000),
        "Requests of one person that may wait to be confirmed or approved",
    ),
    Option(
        "command",
        "DMS_BOT_COMMAND",
        values.slash_command,
        "Slash command that people type, as in the app's manifest (`dms-bot manifest` prints one)",
    ),
    Option(
        "commands_per_minute",
        "DMS_BOT_COMMANDS_PER_MINUTE",
        values.integer(10, 1_000_000),
        "Commands and presses of one person that are answered in a minute",
    ),
    Option(
        "cores",
        "DMS_BOT_CORES",
        values.choice(("one", "all")),
        "Deprecated: accepted and ignored, the process uses all processor cores",
    ),
    Option(
        "keep_s",
        "DMS_BOT_KEEP",
        values.duration(7 * 86400, 3650 * 86400),
        "How long buttons that nobody uses, events and sent messages are kept; the audit always is",
    ),
    Option(
        "log_level", "DMS_BOT_LOG_LEVEL", values.choice(values.LOG_LEVELS), "DEBUG, INFO, WARNING or ERROR"
    ),
    Option(
        "log_format",
        "DMS_BOT_LOG_FORMAT",
        values.choice(values.LOG_FORMATS),
        "json, console, or auto: console on a terminal",
    ),
    Option(
        "shutdown_s",
        "DMS_BOT_SHUTDOWN",
        values.duration(1, 600),
        "How long a stop may take; what is not done by then is handed over",
    ),
    Option(
        "metrics_token",
        "DMS_BOT_METRICS_TOKEN",
        values.secret,
        "Bearer token that `/metrics` asks for",
        secret=True,
    ),
    Option(
        "metrics",
        "DMS_BOT_METRICS",
        values.choice(values.METRICS_READERS),
        "Who may read `/metrics` without a token: local (this machine), or open (everybody)",
    ),
    Option(
        "summary_at",
        "DMS_BOT_SUMMARY_AT",
        values.time_of_day,
        "Time of the daily summary, `HH:MM`; unset: none",
    ),
    Option(
        "summary_zone",
        "DMS_BOT_SUMMARY_ZONE",
        values.zone,
        "Time zone of the daily summary and of the audit's daily hash",
    ),
    Option(
        "audit_anchor_at",
        "DMS_BOT_AUDIT_ANCHOR_AT",
        values.time_of_day_or_off,
        "Time at which the audit's last hash goes to the notification channel, `HH:MM`, or `off`",
    ),
)


def redacted(settings: Settings) -> str:
    """One line for each setting, as `NAME=value`; of a secret only whether it is set."""
    return "\n".join(f"{each.env}={_redacted(each, getattr(settings, each.name))}" for each in OPTIONS)


def _redacted(option: Option, value: Any) -> str:
    if option.name == "db":
        return values.without_password(value)
    if option.secret:
        return "(set)" if value else ""
    if option.name == "locations":
        return ",".join(value) or "*"
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, float):
        return seconds_as_typed(value)
    return "" if value is None else str(value)
