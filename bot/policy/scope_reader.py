"""Reads which jobs a table of the policy file is about: `jobs`, `labels` and `projects`."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from bot.config.projects import Projects
from bot.policy.fields import TableReader, shown
from bot.policy.scope import Scope
from bot.util.suggest import or_similar

SCOPE_KEYS = ("jobs", "labels", "projects")
_EXAMPLES = {"jobs": '["prod-*", "europe-west3/*"]', "labels": '["env=prod"]', "projects": '["prod"]'}
_JOB_PART = re.compile(r"[a-z0-9*?\[\]!.:-]+")
_LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_LABEL_VALUE = re.compile(r"[\w*?\[\]!-]{0,63}")
_ALL = "*"


def read_scope(table: TableReader, projects: Projects) -> Scope:
    """The jobs that match any of `jobs`, all of `labels`, and are in any of `projects`."""
    for key in SCOPE_KEYS:
        if table.has(key) and not table.value(key):
            table.error(
                key,
                "is empty: leave it out where every job is meant",
                f"{key} = {_EXAMPLES[key]}",
            )
    typed = (_pattern(table, each) for each in table.texts("jobs", _EXAMPLES["jobs"]))
    patterns = tuple(each for pattern in typed if pattern for each in _by_id(pattern, projects))
    return Scope(patterns, _labels(table), read_projects(table, projects))


def read_projects(table: TableReader, projects: Projects) -> tuple[str, ...]:
    """The IDs of the projects that `projects` names by alias, ID or pattern; empty: every project.

    A name that fits no project is an error, so an empty result never comes from a wrong name alone.
    """
    words = table.texts("projects", _EXAMPLES["projects"])
    found: dict[str, None] = {}
    for word in words:
        ids = named_projects(word, projects)
        if not ids:
            table.error("projects", unknown_project(word, projects), f"projects = {_EXAMPLES['projects']}")
        found.update(dict.fromkeys(ids))
    return () if _ALL in words else tuple(found)


def named_projects(text: str, projects: Projects) -> tuple[str, ...]:
    """The IDs of the projects whose alias or ID fits a glob; none if there is no such project."""
    exact = projects.named(text)
    if exact is not None:
        return (exact.id,)
    return tuple(each.id for each in projects if fnmatchcase(each.id, text) or fnmatchcase(each.alias, text))


def unknown_project(text: str, projects: Projects) -> str:
    """Says that a bot with these projects has none of this name."""
    names = [each.shown for each in projects]
    near = or_similar(text, [*names, *(each.id for each in projects)])
    served = f": it serves {', '.join(names)}" if names else ""
    return f"names {shown(text)}, which is no project of this bot{near}{served}"


def _by_id(pattern: str, projects: Projects) -> tuple[str, ...]:
    """The pattern with the IDs of the projects that it names by alias; a job's name has its project's ID."""
    project, slash, rest = pattern.partition("/")
    if pattern.count("/") < 2 or project == _ALL:
        return (pattern,)
    ids = named_projects(project, projects)
    return tuple(f"{each}{slash}{rest}" for each in ids) or (pattern,)


def _pattern(table: TableReader, text: str) -> str:
    parts = _short_name(text).split("/")
    wrong = [part for part in parts if not _JOB_PART.fullmatch(part) or part.count("[") != part.count("]")]
    if len(parts) <= 3 and not wrong:
        return "/".join(parts)
    what = (
        f"{shown(text)} is no pattern for jobs: write `id`, `location/id` or `project/location/id` "
        "in lower case, with `*` and `?` where anything may stand"
    )
    table.error("jobs", what, f"jobs = {_EXAMPLES['jobs']}")
    return ""


def _labels(table: TableReader) -> tuple[tuple[str, str], ...]:
    value = table.value("labels")
    if isinstance(value, dict):
        pairs = [(key, each) for key, each in value.items()]
    else:
        pairs = [_pair(each) for each in table.texts("labels", _EXAMPLES["labels"])]
    found: list[tuple[str, str]] = []
    for key, wanted in pairs:
        if isinstance(wanted, str) and _LABEL_KEY.fullmatch(key) and _label_value(wanted):
            found.append((key, wanted))
        else:
            what = f"{shown(_joined(key, wanted))} is no label: write `key=value` in lower case"
            table.error("labels", what, f"labels = {_EXAMPLES['labels']}")
    return tuple(found)


def _pair(text: str) -> tuple[str, str | None]:
    key, mark, value = text.partition("=")
    return key.strip(), value.strip() if mark else None


def _label_value(text: str) -> bool:
    return text == text.lower() and _LABEL_VALUE.fullmatch(text) is not None


def _joined(key: str, wanted: object) -> str:
    return key if wanted is None else f"{key}={wanted}"


def _short_name(text: str) -> str:
    """`project/location/id` of a full resource name; any other text unchanged."""
    parts = text.split("/")
    if len(parts) == 6 and parts[0::2] == ["projects", "locations", "migrationJobs"]:
        return "/".join(parts[1::2])
    return text
