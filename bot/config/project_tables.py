"""Reads `[[project]]` of the settings file: one table for each project, described in `docs/projects.md`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bot.config import values
from bot.config.projects import ALL_LOCATIONS, Project
from bot.config.unknown import unknown_setting
from bot.config.values import BadValue

KEY = "project"
"""The name of the tables; a text under the same key is the ID of one project."""
_ALIAS = re.compile(r"[a-z][a-z0-9-]{0,39}")
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]*@[a-z0-9][a-z0-9.-]*\.[a-z]{2,}")
_LABEL = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_KEYS = (
    "id",
    "alias",
    "locations",
    "notify_channel",
    "approval_channel",
    "impersonate",
    "labels",
    "production",
)


def read(tables: Sequence[Any], faults: list[str]) -> tuple[Project, ...]:
    """The projects; what is wrong is added to `faults`, one sentence each."""
    found = [_project(table, index, faults) for index, table in enumerate(tables, start=1)]
    projects = tuple(each for each in found if each is not None)
    faults += _clashes(projects)
    return projects


def _project(table: Any, index: int, faults: list[str]) -> Project | None:
    where = f"[[project]] {index}"
    if not isinstance(table, Mapping):
        faults.append(f'{where} must be a table; for example: id = "acme-databases".')
        return None
    faults += [unknown_setting(key, _KEYS, f" in {where}") for key in sorted(set(table) - set(_KEYS))]
    before = len(faults)

    def read_text(key: str, reader: Callable[[str], Any], default: Any) -> Any:
        if key not in table:
            return default
        try:
            return reader(_text(table[key]))
        except BadValue as error:
            faults.append(f"{key} in {where} {error}.")
            return default

    project_id = read_text("id", values.project, "")
    if "id" not in table:
        faults.append(f'{where} has no id; for example: id = "acme-databases".')
    found = Project(
        id=project_id,
        alias=read_text("alias", _alias, ""),
        locations=read_text("locations", _locations, ()),
        notify_channel=read_text("notify_channel", values.channel, ""),
        approval_channel=read_text("approval_channel", values.channel, ""),
        impersonate=read_text("impersonate", _account, ""),
        labels=read_labels(table.get("labels", {}), where, faults),
        production=_production(table.get("production"), where, faults),
    )
    return found if len(faults) == before else None


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    if not isinstance(value, str) or not value.strip():
        raise BadValue(f"must be a text that is not empty, not {value!r}")
    return value.strip()


def _locations(text: str) -> tuple[str, ...]:
    return values.locations(text) or (ALL_LOCATIONS,)


def _alias(text: str) -> str:
    if not _ALIAS.fullmatch(text):
        raise BadValue(
            f"must be at most 40 lower-case letters, digits and hyphens, not {text!r}; for example: prod"
        )
    return text


def _account(text: str) -> str:
    if not _ACCOUNT.fullmatch(text):
        raise BadValue(
            f"must be a service account's e-mail address, not {text!r}; "
            "for example: dms-bot@acme-databases.iam.gserviceaccount.com"
        )
    return text


def read_labels(value: Any, where: str, faults: list[str]) -> tuple[tuple[str, str], ...]:
    """Labels and their values, sorted; what is wrong is added to `faults`."""
    is_table = isinstance(value, Mapping)
    if not is_table or not all(_LABEL.fullmatch(key) and isinstance(value[key], str) for key in value):
        faults.append(
            f'labels in {where} must be a table of texts, not {value!r}; for example: {{ env = "prod" }}.'
        )
        return ()
    return tuple(sorted(value.items()))


def _production(value: Any, where: str, faults: list[str]) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    faults.append(f"production in {where} must be true or false, not {value!r}.")
    return None


def _clashes(projects: Sequence[Project]) -> list[str]:
    """Names that would mean two projects, or a project and a location."""
    counts = Counter(name for each in projects for name in {each.id, each.alias} - {""})
    regions = {location for each in projects for location in each.locations}
    twice = [
        f"{name!r} names two projects in the settings file; each ID and alias may stand there once."
        for name, count in counts.items()
        if count > 1
    ]
    return twice + [
        f"The alias {each.alias!r} of {each.id} is also a location; choose another, for example: prod."
        for each in projects
        if each.alias in regions
    ]
