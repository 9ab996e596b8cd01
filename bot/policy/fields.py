"""Reads one table of a policy file, field by field. An error is collected, and reading goes on."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot.policy.model import Role, Subjects
from bot.policy.permissions import PARTS, Permission, Permissions, verb_sets, verbs_with
from bot.util.durations import parse_duration, parse_time
from bot.util.suggest import or_similar

MIN_DURATION = timedelta(minutes=1)
MAX_DURATION = timedelta(days=30)
"""Bounds of how long a request may wait for approvals."""

_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_GROUP = re.compile(r"S[A-Z0-9]{2,20}")
_WORKSPACE = re.compile(r"T[A-Z0-9]{2,20}")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,20}")
_HANDLE = re.compile(r"@[a-z0-9][a-z0-9._-]{0,80}")
_SUBJECT_EXAMPLE = '["operator", "U0123ABCD", "S0123ABCD", "@dba-team"]'
_ROLES = {role.name.lower(): role for role in Role}
_NO_ROLE = Role.NONE.name.lower()


ANY_TEXT = r"\S"
"""Pattern of any text."""


class ErrorCollector:
    """The errors found so far, one sentence each."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.found: list[str] = []
        self.places: set[str] = set()
        """Names of the tables, and of the keys outside of tables, in which something is wrong."""

    def add(self, where: str, what: str, example: str) -> None:
        place = f"{self.source}, {where}" if where else self.source
        self.places.add(where.partition(" ")[0].strip("`,"))
        self.found.append(f"{place}: {what}; for example: {example}.")


class TableReader:
    """One table. `where` names it in errors, and is empty for the whole file."""

    def __init__(self, where: str, data: dict[str, Any], errors: ErrorCollector) -> None:
        self.where = where
        self._data = data
        self._errors = errors

    # ---- around the fields

    def has(self, key: str) -> bool:
        return key in self._data

    def value(self, key: str) -> Any:
        return self._data.get(key)

    def error(self, key: str, what: str, example: str) -> None:
        where = f"{self.where}, `{key}`" if self.where else f"`{key}`"
        self._errors.add(where, what, example)

    def reject_unknown(self, known: Collection[str]) -> None:
        """Report every key that is not in `known`."""
        for key in self._data:
            if key not in known:
                near = or_similar(key, known)
                self.error(shorter(key), f"is not known here{near}", " or ".join(list(known)[:3]))

    def table(self, key: str) -> TableReader | None:
        """The table at `key`; None if it is missing."""
        value = self._data.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.error(key, f"must be a table, not {shown(value)}", f"[{key}]")
            return None
        return TableReader(f"[{key}]", value, self._errors)

    def tables(self, key: str) -> list[TableReader]:
        """The array of tables at `key`; empty if it is missing."""
        value = self._data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.error(key, f"must be written as tables, not as {shown(value)}", f"[[{key}]]")
            return []
        return [
            TableReader(_place(key, number, each), each, self._errors)
            for number, each in enumerate(value, start=1)
        ]

    # ---- plain fields

    def text(self, key: str, *, needed: str = "") -> str:
        """A string of one line. With `needed` (an example for the error), it is required."""
        value = self._data.get(key, "")
        if not isinstance(value, str):
            self.error(key, f"must be a text, not {shown(value)}", needed or f'{key} = "production"')
            return ""
        if needed and not value.strip():
            self.error(key, "is missing or empty", needed)
        if len(value) > 200 or not value.isprintable():
            self.error(key, "must be one line of at most 200 characters", needed or f'{key} = "production"')
            return ""
        return value.strip()

    def texts(self, key: str, example: str) -> tuple[str, ...]:
        """A list of strings, or a single string."""
        value = self._data.get(key, [])
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(each, str) for each in items):
            self.error(key, f"must be a list of texts, not {shown(value)}", f"{key} = {example}")
            return ()
        return tuple(dict.fromkeys(each.strip() for each in items))

    def integer(self, key: str, low: int, high: int) -> int | None:
        value = self._data.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            what = f"must be a whole number from {low} to {high}, not {shown(value)}"
            self.error(key, what, f"{key} = 1")
            return None
        return value

    def boolean(self, key: str) -> bool | None:
        value = self._data.get(key)
        if value is not None and not isinstance(value, bool):
            self.error(key, f"must be true or false, without quotes, not {shown(value)}", f"{key} = false")
            return None
        return value

    def pattern(self, key: str) -> str:
        """A regular expression, or `true` for any text; empty if it is missing or false."""
        value, example = self._data.get(key, False), f'{key} = true, or {key} = "CHG-[0-9]+"'
        if isinstance(value, bool):
            return ANY_TEXT if value else ""
        if not isinstance(value, str) or not 0 < len(value) <= 200:
            self.error(key, f"must be true, or a regular expression, not {shown(value)}", example)
            return ""
        try:
            re.compile(value)
        except re.error as error:
            self.error(key, f"is no regular expression: {error}", example)
            return ""
        return value

    def duration(self, key: str) -> timedelta | None:
        value = self._data.get(key)
        if value is None:
            return None
        try:
            span = parse_duration(value) if isinstance(value, str) else None
        except ValueError:
            span = None
        if span is None or not MIN_DURATION <= span <= MAX_DURATION:
            what = f"must be a duration from 1m to 30d in quotes, not {shown(value)}"
            self.error(key, what, f'{key} = "2h"')
            return None
        return span

    def timestamp(self, key: str) -> datetime | None:
        """A time in UTC; a time without a zone counts as UTC. Required."""
        value = self._data.get(key)
        try:
            found = _timestamp(value)
        except (ValueError, OverflowError):
            found = None
        if found is None:
            what = "is missing" if value is None else f"must be a date with a time, not {shown(value)}"
            self.error(key, what, f"{key} = 2026-12-20T18:00:00Z")
        return found

    # ---- fields of a policy

    def role(self, key: str, default: Role) -> Role:
        value = self._data.get(key)
        if value is None:
            return default
        if isinstance(value, str) and value in _ROLES:
            return _ROLES[value]
        near = or_similar(value, _ROLES) if isinstance(value, str) else ""
        what = f"must be one of {', '.join(_ROLES)}, not {shown(value)}{near}"
        self.error(key, what, f'{key} = "viewer"')
        return default

    def channel(self, key: str) -> str:
        """A channel ID, or empty."""
        value = self._data.get(key, "")
        if isinstance(value, str) and (not value or _CHANNEL.fullmatch(value)):
            return value
        what = f"must be a channel's id (in Slack: the channel's name, About, at the end), not {shown(value)}"
        self.error(key, what, f'{key} = "C0123ABCD"')
        return ""

    def workspace(self, key: str) -> str:
        """The ID of a workspace, or empty."""
        value = self._data.get(key, "")
        if isinstance(value, str) and (not value or _WORKSPACE.fullmatch(value)):
            return value
        self.error(key, f"must be a workspace's id, not {shown(value)}", f'{key} = "T0123ABCD"')
        return ""

    def workspaces(self, key: str) -> tuple[str, ...]:
        """The IDs of workspaces; empty if the key is missing. An empty list is an error, as it means any."""
        example = '["T0123ABCD"]'
        if self.has(key) and not self._data[key]:
            self.error(key, "is empty: leave it out where every workspace is meant", f"{key} = {example}")
        words = self.texts(key, example)
        for word in words:
            if not _WORKSPACE.fullmatch(word):
                self.error(key, f"names {shown(word)}, which is no workspace's id (T…)", f"{key} = {example}")
        return words

    def target(self, key: str) -> str:
        """The ID of a channel or a person. Required."""
        value = self._data.get(key, "")
        if isinstance(value, str) and (_CHANNEL.fullmatch(value) or _USER.fullmatch(value)):
            return value
        what = "is missing" if value == "" else f"must be a channel's or a person's id, not {shown(value)}"
        self.error(key, what, f'{key} = "C0123ABCD"')
        return ""

    def verbs(self, key: str, permissions: Permissions) -> frozenset[str]:
        """The verbs of a rule, with words such as `destroy` resolved. Required."""
        example = 'verbs = ["promote", "delete"], or ["destroy"]'
        words = self.texts(key, '["promote", "delete"]')
        # A value of another type has been reported already.
        if not words and isinstance(self._data.get(key, ""), str | list):
            self.error(key, "is missing or empty: say which verbs the rule is for", example)
        known = verbs_with(permissions, *(set(Permission) - {Permission.NOBODY})) | PARTS.keys()
        sets = verb_sets(permissions)
        found: set[str] = set()
        for word in words:
            if word in sets:
                found |= sets[word]
            elif word in known:
                found.add(word)
            else:
                hint = or_similar(word, [*sorted(known), *sets])
                self.error(key, f"names {shown(word)}, which is no verb{hint}", example)
        return frozenset(found)

    def subjects(self, key: str, *, roles_too: bool = True) -> Subjects:
        """Roles (with `roles_too`), users, groups and channels, distinguished by the form of their IDs."""
        example = _SUBJECT_EXAMPLE if roles_too else '["U0123ABCD", "@dba-team"]'
        roles: list[Role] = []
        users: list[str] = []
        groups: list[str] = []
        channels: list[str] = []
        for word in self.texts(key, example):
            if _USER.fullmatch(word):
                users.append(word)
            elif group := _group(word):
                groups.append(group)
            elif _CHANNEL.fullmatch(word):
                channels.append(word)
            elif roles_too and word == _NO_ROLE:
                # Everybody has it or a higher one, guests too: whoever writes it means the contrary.
                self.error(
                    key, "names none, which everybody has, guests too; nobody is written as []", f"{key} = []"
                )
            elif roles_too and word in _ROLES:
                roles.append(_ROLES[word])
            else:
                self.error(key, _no_subject(word, roles_too), f"{key} = {example}")
        return Subjects(min(roles, default=None), tuple(users), tuple(groups), tuple(channels))


def _group(word: str) -> str:
    """A user group as `Subjects` has it: an ID or `@handle`, after `T…/` where its workspace is named. Empty
    if it is none."""
    place, mark, name = word.rpartition("/")
    if mark and not _WORKSPACE.fullmatch(place):
        return ""
    group = name if _GROUP.fullmatch(name) else name.lower()
    known = _GROUP.fullmatch(group) or _HANDLE.fullmatch(group)
    return f"{place}{mark}{group}" if known else ""


def _place(key: str, number: int, data: dict[str, Any]) -> str:
    name = data.get("name")
    return f"{key} {number} “{shorter(name)}”" if isinstance(name, str) and name else f"{key} {number}"


def _no_subject(word: str, roles_too: bool) -> str:
    if word.lower() in _ROLES and not roles_too:
        return f"{shown(word)} is a role, and roles are given to people, groups and channels"
    kinds = "a role, a user's id (U…), a user group's id (S…) or @handle, or a channel's id (C…)"
    if not roles_too:
        return f"{shown(word)} is not {kinds.removeprefix('a role, ')}"
    return f"{shown(word)} is not {kinds}{or_similar(word, _ROLES.keys() - {_NO_ROLE})}"


def _timestamp(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, str) and value[:1].isdigit() and "-" in value:
        return parse_time(value, datetime.now(UTC))
    return None


def shown(value: object) -> str:
    """A value of the file, for a sentence; cut if it is long."""
    text = f'"{value}"' if isinstance(value, str) and value.isprintable() else repr(value)
    return shorter(text)


def shorter(text: str) -> str:
    """At most 60 printable characters of a text."""
    clean = text if text.isprintable() else repr(text)
    return clean if len(clean) <= 60 else f"{clean[:57]}…"
