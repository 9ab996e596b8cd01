"""Reads `[[webhook]]` of the settings file: one table for each receiver, described in `docs/webhooks.md`."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.config.project_tables import read_labels
from bot.config.projects import Projects
from bot.config.unknown import unknown_setting
from bot.config.values import BadValue, path_shown
from bot.config.webhooks import ALL, PAGERDUTY_URL, Format, Webhook

KEY = "webhook"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9a-fA-F:.]+")
_PATH = re.compile(r"[!-~]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KIND = re.compile(r"[a-z][a-z0-9_]*")
_INTEGRATION_KEY = re.compile(r"[A-Za-z0-9]{32}")
_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)
"""Source: "Signature scheme" of Standard Webhooks: at least 192 bits, at most 512."""
_MOST_KEYS = 2
_KEYS = (
    "name",
    "url",
    "secret_file",
    "secret_env",
    "format",
    "events",
    "audit",
    "projects",
    "labels",
    "allow_private",
)


class _Table:
    """One table; what is wrong in it is added to `faults`, one sentence each."""

    def __init__(self, table: Mapping[str, Any], where: str, faults: list[str]) -> None:
        self._table = table
        self.where = where
        self._faults = faults

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def read(self, key: str, reader: Callable[[Any], Any], default: Any) -> Any:
        if key not in self._table:
            return default
        try:
            return reader(self._table[key])
        except BadValue as error:
            self._faults.append(f"{key} in {self.where} {error}.")
            return default

    def fault(self, text: str) -> None:
        self._faults.append(f"{self.where} {text}")


def read(
    tables: Any, environ: Mapping[str, str], projects: Projects, faults: list[str]
) -> tuple[Webhook, ...]:
    """The webhooks, with their secrets; what is wrong is added to `faults`, one sentence each."""
    if not isinstance(tables, list):
        faults.append(
            'webhook must be [[webhook]] tables; for example: [[webhook]] with name = "siem" in it.'
        )
        return ()
    found = [_webhook(table, index, environ, projects, faults) for index, table in enumerate(tables, start=1)]
    webhooks = tuple(each for each in found if each is not None)
    counts = Counter(each.name for each in webhooks)
    faults += [
        f"{name!r} names two webhooks in the settings file; each name may stand there once."
        for name, count in counts.items()
        if count > 1
    ]
    return webhooks


def secret_variables(tables: Any) -> set[str]:
    """The environment variables that the tables take secrets from."""
    found = tables if isinstance(tables, list) else []
    return {str(each["secret_env"]) for each in found if isinstance(each, Mapping) and "secret_env" in each}


def _webhook(
    table: Any, index: int, environ: Mapping[str, str], projects: Projects, faults: list[str]
) -> Webhook | None:
    where = f"[[webhook]] {index}"
    if not isinstance(table, Mapping):
        faults.append(f'{where} must be a table; for example: name = "siem".')
        return None
    before = len(faults)
    at = _Table(table, where, faults)
    if "secret" in table:
        at.fault("has its secret in the settings file, which people share; name a file in secret_file.")
    unknown = sorted(set(table) - {*_KEYS, "secret"})
    faults += [unknown_setting(key, _KEYS, f" in {where}") for key in unknown]
    format = at.read("format", _format, Format.CLOUDEVENTS)
    found = Webhook(
        name=at.read("name", _name, ""),
        url=at.read("url", _url, PAGERDUTY_URL if format is Format.PAGERDUTY else ""),
        secrets=_secrets(at, format, environ),
        format=format,
        events=at.read("events", _events, (ALL,)),
        audit=at.read("audit", _boolean, False),
        projects=at.read("projects", lambda value: _projects(value, projects), ()),
        labels=read_labels(table.get("labels", {}), where, faults),
        allow_private=at.read("allow_private", _boolean, False),
    )
    _check(at, found)
    return found if len(faults) == before else None


def _check(at: _Table, found: Webhook) -> None:
    if "name" not in at:
        at.fault('has no name; for example: name = "siem".')
    if not found.url and "url" not in at:
        at.fault('has no url; for example: url = "https://siem.example.com/dms".')
    if found.format is Format.PAGERDUTY and found.audit:
        at.fault("has audit = true, and PagerDuty takes alerts alone; remove one of format and audit.")
    if not found.events and not found.audit:
        at.fault('gets nothing: events is empty and audit is not true; for example: events = "all".')


def _format(value: Any) -> Format:
    try:
        return Format(value)
    except ValueError:
        words = " or ".join(Format)
        raise BadValue(f"must be {words}, not {value!r}") from None


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise BadValue(
            f"must be at most 40 lower-case letters, digits and hyphens, not {value!r}; for example: siem"
        )
    return value


def _url(value: Any) -> str:
    """An https URL. Errors repeat none of it, as it may hold a token."""
    if not isinstance(value, str) or not _is_url(value):
        raise BadValue(
            "must be an https:// URL without user, password and #; for example: https://siem.example.com/dms"
        )
    return value


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    sound = bool(_HOST.fullmatch(parts.hostname or "")) and bool(_PATH.fullmatch(text))
    return sound and parts.scheme == "https" and "@" not in parts.netloc and "#" not in text and port != 0


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadValue(f"must be true or false, not {value!r}")
    return value


def _texts(value: Any, example: str) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise BadValue(f"must be a list of texts, not {value!r}; for example: {example}")
    return tuple(dict.fromkeys(given))


def _events(value: Any) -> tuple[str, ...]:
    found = tuple(each.lower() for each in _texts(value, '["failed", "stuck"], or "all"'))
    wrong = [each for each in found if not _KIND.fullmatch(each)]
    if wrong or (ALL in found and len(found) > 1):
        raise BadValue(f'must be kinds of events, or "all" alone, not {value!r}; for example: ["failed"]')
    return found


def _projects(value: Any, projects: Projects) -> tuple[str, ...]:
    names = _texts(value, '["prod"]')
    if not projects.all:
        return ()  # what is wrong with them is said already
    found = {name: projects.named(name) for name in names}
    unknown = [name for name, project in found.items() if project is None]
    if unknown or not names:
        known = ", ".join(each.shown for each in projects)
        what = ", ".join(map(repr, unknown)) or "nothing"
        raise BadValue(f"names {what}, and the bot serves {known}; for example: [{projects.all[0].shown!r}]")
    return tuple(project.id for project in found.values() if project is not None)


def _secrets(at: _Table, format: Format, environ: Mapping[str, str]) -> tuple[str, ...]:
    if ("secret_file" in at) == ("secret_env" in at):
        both = "secret_file" in at
        what = "has both secret_file and secret_env; keep one of them" if both else "has no secret_file"
        example = "" if both else '; for example: secret_file = "/etc/dms-bot/siem.secret"'
        at.fault(f"{what}{example}.")
        return ()
    read_one = _integration_key if format is Format.PAGERDUTY else _signing_keys
    if "secret_env" in at:
        found = at.read("secret_env", lambda value: read_one(_variable(value, environ)), ())
    else:
        found = at.read("secret_file", lambda value: read_one(_file(value)), ())
    return tuple(found)


def _variable(value: Any, environ: Mapping[str, str]) -> str:
    if not isinstance(value, str) or not _VARIABLE.fullmatch(value):
        raise BadValue("must be the name of an environment variable; for example: SIEM_SECRET")
    text = environ.get(value, "").strip()
    if not text:
        raise BadValue(f"names {value}, which is not set; it must hold the secret")
    return text


def _file(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadValue("must be the path of a file; for example: /etc/dms-bot/siem.secret")
    try:
        return Path(os.path.expanduser(value)).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise BadValue(f"names {path_shown(value)}, which cannot be read: {why}") from None


def _signing_keys(text: str) -> tuple[str, ...]:
    """One key, or two while they are exchanged, one in each line. Errors never repeat them."""
    keys = tuple(text.split())
    if not keys or len(keys) > _MOST_KEYS or not all(map(_is_signing_key, keys)):
        raise BadValue(
            "must hold whsec_ and the Base64 of 24 to 64 random bytes (while keys are exchanged, the new "
            "and the old one, each in its line); for example: echo whsec_$(openssl rand -base64 32)"
        )
    return keys


def _is_signing_key(key: str) -> bool:
    try:
        secret = base64.b64decode(key.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return False
    return key.startswith(_PREFIX) and len(secret) in _KEY_BYTES


def _integration_key(text: str) -> tuple[str, ...]:
    if not _INTEGRATION_KEY.fullmatch(text):
        raise BadValue(
            "must hold the integration key of an Events API v2 integration, which has 32 characters"
        )
    return (text,)
