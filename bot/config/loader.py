"""Reads the settings from the environment and an optional TOML file; the environment wins."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from bot.config import project_tables, values, webhook_tables
from bot.config.projects import Project, Projects
from bot.config.settings import OPTIONS, SLACK_API_URL, Option, Settings
from bot.config.unknown import unknown_setting, unknown_variables
from bot.config.values import BadValue

CONFIG_FILE = "DMS_BOT_CONFIG"


class ConfigError(Exception):
    """The settings are wrong. `faults` has one sentence for each fault."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


_NAMES = {CONFIG_FILE} | {each.env for each in OPTIONS} | {each.env_file for each in OPTIONS if each.secret}
_DEFAULTS = {each.name: each.default for each in fields(Settings)}
_REQUIRED = {
    "project": "the Google Cloud project with the migration jobs; for example: acme-databases",
    "locations": "the regions of the migration jobs, comma separated; for example: europe-west3,us-central1, "
    "or * for all",
    "notify_channel": "the id of the channel for status changes; for example: C0123ABCDEF",
    "slack_bot_token": "the bot token (in Slack: the app's page, OAuth & Permissions); for example: xoxb-…",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """Those settings that could be read, by name, and a sentence for each fault."""

    found: Mapping[str, Any]
    faults: tuple[str, ...]

    @property
    def projects(self) -> Projects | None:
        """None if they could not be read."""
        return _projects_of(self.found) if "project" in self.found else None


def load(environ: Mapping[str, str]) -> Settings:
    """Read and check all settings.

    Raises:
        ConfigError: with every fault there is, not only the first.
    """
    reading = read(environ)
    if reading.faults:
        raise ConfigError(reading.faults)
    return Settings(**reading.found)


def read(environ: Mapping[str, str]) -> Reading:
    """All settings, as far as they are right."""
    of_table: list[str] = []
    table = _table(environ.get(CONFIG_FILE, "").strip(), of_table)
    names = _NAMES | webhook_tables.secret_variables(table.get(webhook_tables.KEY))
    faults = [*(unknown_setting(name, names) for name in unknown_variables(environ, names)), *of_table]
    found: dict[str, Any] = {}
    broken: set[str] = set()
    tables = _project_tables(table, environ, found, broken, faults)
    for option in OPTIONS:
        if tables and option.name == project_tables.KEY:
            continue
        text, source = _text(option, environ, table, faults)
        if not text:
            broken |= {option.name} if source else set()
            continue
        try:
            found[option.name] = option.read(text)
        except BadValue as error:
            faults.append(f"{source} {error}.")
            broken.add(option.name)
    _check_combinations(found, broken, table, faults)
    if webhook_tables.KEY in table:
        named = _projects_of(found)
        found["webhooks"] = webhook_tables.read(table[webhook_tables.KEY], environ, named, faults)
    return Reading(found, tuple(faults))


def load_database(environ: Mapping[str, str]) -> str:
    """The database alone, for commands that need nothing else.

    Raises:
        ConfigError: this setting or the settings file is wrong.
    """
    return str(_load_some(environ, "db")["db"])


def load_command(environ: Mapping[str, str]) -> str:
    """The slash command alone.

    Raises:
        ConfigError: this setting or the settings file is wrong.
    """
    return str(_load_some(environ, "command")["command"])


def load_probes_port(environ: Mapping[str, str]) -> int:
    """The port of the health pages alone, for the health check.

    Raises:
        ConfigError: these settings or the settings file are wrong.
    """
    found = _load_some(environ, "probes_port", "port")
    return int(found["port"] if found["probes_port"] is None else found["probes_port"])


def _load_some(environ: Mapping[str, str], *names: str) -> dict[str, Any]:
    faults: list[str] = []
    table = _table(environ.get(CONFIG_FILE, "").strip(), faults)
    found = {name: _DEFAULTS[name] for name in names}
    for option in OPTIONS:
        text, source = _text(option, environ, table, faults) if option.name in found else ("", "")
        if not text:
            continue
        try:
            found[option.name] = option.read(text)
        except BadValue as error:
            faults.append(f"{source} {error}.")
    if faults:
        raise ConfigError(tuple(faults))
    return found


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
    known.add(webhook_tables.KEY)
    faults += [unknown_setting(key, known, f" in {path}") for key in sorted(set(table) - known)]
    return table


def _projects_of(found: Mapping[str, Any]) -> Projects:
    """The projects that other settings may name; none where they could not be read."""
    named = found.get("project_tables") or map(Project, filter(None, found.get("project", "").split(",")))
    return Projects(tuple(each.with_locations(found.get("locations", ())) for each in named))


def _project_tables(
    table: Mapping[str, Any],
    environ: Mapping[str, str],
    found: dict[str, Any],
    broken: set[str],
    faults: list[str],
) -> bool:
    """Read `[[project]]`, if it is there, in place of `GOOGLE_CLOUD_PROJECT`. Hosts may set that variable by
    themselves, so it may stay, but it must not name a project that the tables leave out."""
    tables = table.get(project_tables.KEY)
    if not isinstance(tables, list) or not any(isinstance(each, Mapping) for each in tables):
        return False
    before = len(faults)
    projects = project_tables.read(tables, faults)
    found |= {"project": "", "project_tables": projects}
    if len(faults) > before:
        broken.add("locations")
        return True
    ids = {each.id for each in projects}
    for each in environ.get("GOOGLE_CLOUD_PROJECT", "").split(","):
        if each.strip() and each.strip() not in ids:
            faults.append(
                f"GOOGLE_CLOUD_PROJECT names {each.strip()!r}, which has no [[project]] in the settings "
                "file; add one, or leave out the variable."
            )
    if all(each.locations for each in projects):
        found["locations"] = ()
    return True


def _text(
    option: Option, environ: Mapping[str, str], table: Mapping[str, Any], faults: list[str]
) -> tuple[str, str]:
    """The text of a setting and the name of its source; a source without a text means a fault was found."""
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
            f"{source} names {shown_as}, which is empty; it must hold the secret, and nothing else."
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
            f"{option.key} must not be in the settings file, which people share; "
            f"set {option.env}, or name a file in {file_key}."
        )
        return "", option.key
    if isinstance(value, list):
        value = ",".join(str(each) for each in value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        found = "what is there" if option.secret else repr(value)
        faults.append(f"{option.key} in the settings file must be a text or a number, not {found}.")
        return "", option.key
    text = str(value).strip()
    return text, option.key if text else ""


def _check_combinations(
    found: Mapping[str, Any], broken: set[str], table: Mapping[str, Any], faults: list[str]
) -> None:
    by_name = {each.name: each for each in OPTIONS}
    for name, what in _REQUIRED.items():
        if name not in found and name not in broken:
            key, env = by_name[name].key, by_name[name].env
            missing = f"{key} in the settings file is empty" if key in table else f"{env} is not set"
            faults.append(f"{missing}; it must be {what}.")
    connections = {"slack_app_token", "slack_signing_secret"}
    if not connections & (set(found) | broken):
        faults.append(
            "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set; set the first for Socket Mode "
            "(for example: xapp-…) or the second for HTTP (in Slack: the app's page, Basic Information)."
        )
    _check_slack_prefix(found, faults)
    port, probes = found.get("port", _DEFAULTS["port"]), found.get("probes_port")
    if probes and probes == port:
        faults.append(f"DMS_BOT_PROBES_PORT and PORT are both {port}; leave out the first to use one port.")
    fast, slow = (found.get(name, _DEFAULTS[name]) for name in ("poll_fast_s", "poll_slow_s"))
    if fast > slow and not broken & {"poll_fast_s", "poll_slow_s"}:
        faults.append(
            f"DMS_BOT_POLL_FAST ({fast:g}s) must not be above DMS_BOT_POLL_SLOW ({slow:g}s); "
            "for example: 5s and 60s."
        )


def _check_slack_prefix(found: Mapping[str, Any], faults: list[str]) -> None:
    # The sandbox may use tokens of any form; Slack's own have these prefixes.
    if found.get("slack_api_url", SLACK_API_URL) != SLACK_API_URL:
        return
    for name, env, prefix in (
        ("slack_bot_token", "SLACK_BOT_TOKEN", "xoxb-"),
        ("slack_app_token", "SLACK_APP_TOKEN", "xapp-"),
    ):
        if name in found and not found[name].startswith(prefix):
            faults.append(f"{env} must start with {prefix}, and it does not; for example: {prefix}….")
