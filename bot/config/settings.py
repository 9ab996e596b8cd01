"""Settings, from the environment and an optional TOML file; the environment wins."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from bot.config import values
from bot.config.unknown import strange, unknown_variables
from bot.config.values import BadValue, Reader

SLACK_API_URL = "https://slack.com/api/"
CONFIG_FILE = "DMS_BOT_CONFIG"
LONGEST_CONFIRM_S = 900.0
"""A confirmation speaks of the job as its requester has just seen it, so no setting makes it last longer."""


class ConfigError(Exception):
    """The settings are not right. `faults` has one sentence for each thing to mend."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a start needs. Times are in seconds."""

    project: str
    locations: tuple[str, ...]
    notify_channel: str
    slack_bot_token: str = field(repr=False)
    slack_app_token: str = field(default="", repr=False)
    """Set: Socket Mode. Empty: signed HTTP."""
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
    host: str = "0.0.0.0"  # noqa: S104 - a server in a container listens on all interfaces
    confirm_expires_s: float = LONGEST_CONFIRM_S
    """How long the requester's own confirmation can be pressed."""
    approval_expires_s: float = 4 * 3600.0
    """How long a request waits for other people's approval, unless a rule says otherwise."""
    poll_fast_s: float = 5.0
    poll_slow_s: float = 60.0
    stuck_after_s: float = 1800.0
    """No change for so long in a changing state: stuck."""
    delay_alert_s: float = 900.0
    """Replication delay above this is told."""
    bulk_parallel: int = 4
    """Runs of one bulk request that go on at once."""
    dms_deadline_s: float = 20.0
    workers: int = 16
    cores: str = "all"
    """Deprecated and ignored: kept so that deployments that set it go on starting."""
    log_level: str = "INFO"
    log_format: str = "auto"
    """json, console, or auto: console on a terminal and json elsewhere."""
    shutdown_s: float = 20.0
    """How long a stop waits for what is under way before it hands it over."""
    keep_s: float = 90 * 86400.0
    """How long unused buttons' ids, events and sent messages' rows are kept. The audit always is."""
    metrics_token: str = field(default="", repr=False)
    """Set: `/metrics` wants it as a bearer token."""
    summary_at: str = ""
    """Daily summary, `HH:MM` in `summary_zone`; empty: none."""
    summary_zone: str = "UTC"

    @property
    def socket_mode(self) -> bool:
        return bool(self.slack_app_token)

    @property
    def db_without_password(self) -> str:
        """The database without its password, fit for logs."""
        return values.without_password(self.db)

    def secrets(self) -> tuple[str, ...]:
        """Values that must never be written anywhere."""
        found = (
            self.slack_bot_token,
            self.slack_app_token,
            self.slack_signing_secret,
            self.metrics_token,
            *values.passwords(self.db),
        )
        return tuple(each for each in found if each)


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: its name in the environment, in the file, and how its text is read."""

    name: str
    """The field of `Settings`."""
    env: str
    read: Reader
    help: str
    secret: bool = False
    """Also read from the file that `<env>_FILE` names; not allowed in the TOML file itself."""

    @property
    def key(self) -> str:
        """Its key in the TOML file."""
        return self.name.removesuffix("_s")

    @property
    def env_file(self) -> str:
        return f"{self.env}_FILE"


OPTIONS = (
    Option("project", "GOOGLE_CLOUD_PROJECT", values.project, "Google Cloud project of the migration jobs"),
    Option("locations", "DMS_LOCATIONS", values.locations, "Regions of the jobs, comma separated"),
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
        "Pause between looks at DMS while something is changing",
    ),
    Option(
        "poll_slow_s",
        "DMS_BOT_POLL_SLOW",
        values.duration(0.1, 86400),
        "Pause between looks at DMS while nothing is changing",
    ),
    Option(
        "stuck_after_s",
        "DMS_BOT_STUCK_AFTER",
        values.duration(1, 30 * 86400),
        "A job that stays in a changing state this long is told as stuck",
    ),
    Option(
        "delay_alert_s",
        "DMS_BOT_DELAY_ALERT",
        values.duration(1, 30 * 86400),
        "A replication delay above this is told",
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
        "Bearer token that `/metrics` asks for; unset: open",
        secret=True,
    ),
    Option(
        "summary_at",
        "DMS_BOT_SUMMARY_AT",
        values.time_of_day,
        "Time of the daily summary, `HH:MM`; unset: none",
    ),
    Option("summary_zone", "DMS_BOT_SUMMARY_ZONE", values.zone, "Time zone of the daily summary"),
)

_NAMES = {CONFIG_FILE} | {each.env for each in OPTIONS} | {each.env_file for each in OPTIONS if each.secret}
_DEFAULTS = {each.name: each.default for each in fields(Settings)}
_REQUIRED = {
    "project": "the Google Cloud project with the migration jobs; for example: acme-databases",
    "locations": "the regions of the migration jobs, comma separated; for example: europe-west3,us-central1",
    "notify_channel": "the id of the channel for status changes; for example: C0123ABCDEF",
    "slack_bot_token": "the bot token (in Slack: the app's page, OAuth & Permissions); for example: xoxb-…",
}


def load(environ: Mapping[str, str]) -> Settings:
    """Read and check all settings.

    Raises:
        ConfigError: with every fault there is, not only the first.
    """
    faults = [unknown_variables(name, _NAMES) for name in strange(environ, _NAMES)]
    table = _table(environ.get(CONFIG_FILE, "").strip(), faults)
    found: dict[str, Any] = {}
    broken: set[str] = set()
    for option in OPTIONS:
        text, source = _text(option, environ, table, faults)
        if not text:
            broken |= {option.name} if source else set()
            continue
        try:
            found[option.name] = option.read(text)
        except BadValue as error:
            faults.append(f"{source} {error}.")
            broken.add(option.name)
    _check_combinations(found, broken, faults)
    if faults:
        raise ConfigError(tuple(faults))
    return Settings(**found)


def load_database(environ: Mapping[str, str]) -> str:
    """The database alone, for who only looks at what is in it.

    Raises:
        ConfigError: that one setting, or the settings file, is not right.
    """
    faults: list[str] = []
    table = _table(environ.get(CONFIG_FILE, "").strip(), faults)
    option = next(each for each in OPTIONS if each.name == "db")
    text, source = _text(option, environ, table, faults)
    found = _DEFAULTS["db"]
    if text:
        try:
            found = option.read(text)
        except BadValue as error:
            faults.append(f"{source} {error}.")
    if faults:
        raise ConfigError(tuple(faults))
    return str(found)


def redacted(settings: Settings) -> str:
    """One line a setting, as `NAME=value`; secrets are only said to be there."""
    return "\n".join(f"{each.env}={_redacted(each, getattr(settings, each.name))}" for each in OPTIONS)


def _redacted(option: Option, value: Any) -> str:
    if option.name == "db":
        return values.without_password(value)
    if option.secret:
        return "(set)" if value else ""
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, float):
        return f"{value:g}s"
    return "" if value is None else str(value)


def _table(path: str, faults: list[str]) -> Mapping[str, Any]:
    if not path:
        return {}
    try:
        table = tomllib.loads(Path(os.path.expanduser(path)).read_text(encoding="utf-8"))
    except OSError as error:
        faults.append(f"{CONFIG_FILE} names {path!r}, which cannot be read: {error.strerror}.")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(f"{CONFIG_FILE} names {path!r}, which is not valid TOML: {error}.")
        return {}
    known = {each.key for each in OPTIONS} | {f"{each.key}_file" for each in OPTIONS if each.secret}
    faults += [unknown_variables(key, known, f" in {path}") for key in sorted(set(table) - known)]
    return table


def _text(
    option: Option, environ: Mapping[str, str], table: Mapping[str, Any], faults: list[str]
) -> tuple[str, str]:
    """The setting's text and where it stands; a source without a text means a fault was found."""
    direct = environ.get(option.env, "").strip()
    named = environ.get(option.env_file, "").strip() if option.secret else ""
    if direct and named:
        faults.append(f"{option.env} and {option.env_file} are both set; keep one of them.")
        return "", option.env
    if direct:
        return direct, option.env
    if named:
        return _from_file(option.env_file, named, faults), option.env_file
    return _from_table(option, table, faults)


def _from_file(source: str, path: str, faults: list[str]) -> str:
    try:
        text = Path(os.path.expanduser(path)).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        faults.append(f"{source} names {values.path_shown(path)}, which cannot be read: {why}.")
        return ""
    if not text:
        shown_as = values.path_shown(path)
        faults.append(
            f"{source} names {shown_as}, which is empty; the secret must stand in it, and nothing else."
        )
    return text


def _from_table(option: Option, table: Mapping[str, Any], faults: list[str]) -> tuple[str, str]:
    file_key = f"{option.key}_file"
    if option.secret and file_key in table:
        return _from_file(file_key, str(table[file_key]), faults), file_key
    if option.key not in table:
        return "", ""
    value = table[option.key]
    if option.secret and option.name != "db":
        faults.append(
            f"{option.key} must not stand in the settings file, which people share; "
            f"set {option.env}, or name a file in {file_key}."
        )
        return "", option.key
    if isinstance(value, list):
        value = ",".join(str(each) for each in value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        found = "what is there" if option.secret else repr(value)
        faults.append(f"{option.key} in the settings file must be a text or a number, not {found}.")
        return "", option.key
    return str(value).strip(), option.key


def _check_combinations(found: Mapping[str, Any], broken: set[str], faults: list[str]) -> None:
    by_name = {each.name: each for each in OPTIONS}
    for name, what in _REQUIRED.items():
        if name not in found and name not in broken:
            faults.append(f"{by_name[name].env} is not set; it must be {what}.")
    connections = {"slack_app_token", "slack_signing_secret"}
    if not connections & (set(found) | broken):
        faults.append(
            "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set; set the first for Socket Mode "
            "(for example: xapp-…) or the second for HTTP (in Slack: the app's page, Basic Information)."
        )
    _check_slack_prefix(found, faults)
    fast, slow = (found.get(name, _DEFAULTS[name]) for name in ("poll_fast_s", "poll_slow_s"))
    if fast > slow and not broken & {"poll_fast_s", "poll_slow_s"}:
        faults.append(
            f"DMS_BOT_POLL_FAST ({fast:g}s) must not be above DMS_BOT_POLL_SLOW ({slow:g}s); "
            "for example: 5s and 60s."
        )


def _check_slack_prefix(found: Mapping[str, Any], faults: list[str]) -> None:
    # A stand-in for Slack may hand out tokens of any look; Slack's own look one way.
    if found.get("slack_api_url", SLACK_API_URL) != SLACK_API_URL:
        return
    for name, env, prefix in (
        ("slack_bot_token", "SLACK_BOT_TOKEN", "xoxb-"),
        ("slack_app_token", "SLACK_APP_TOKEN", "xapp-"),
    ):
        if name in found and not found[name].startswith(prefix):
            faults.append(f"{env} must start with {prefix}, and it does not; for example: {prefix}….")
