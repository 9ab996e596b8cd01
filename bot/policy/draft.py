"""A first policy from three answers: who operates, who approves, and what is production."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.config.projects import Project, Projects
from bot.policy.fields import ErrorCollector, TableReader
from bot.policy.model import NO_PROJECTS, PolicyError
from bot.policy.scope_reader import read_scope

_GUARDED = ("stop", "restart", "promote", "demote", "edit", "cancel", "delete")
"""Verbs that need an approval in production: they lose data or the position in the replication, or change
what is copied. Elsewhere the defaults apply: one approval for restart, promote, demote and delete."""


_PROJECT = re.compile(r"project:([a-z][a-z0-9:.-]*)")


@dataclass(frozen=True, slots=True)
class Draft:
    """The three answers, as they are written into the file."""

    operators: tuple[str, ...]
    approvers: tuple[str, ...]
    production: tuple[str, ...] = ()
    """Labels as `key=value`, and projects as `project:NAME`; a job with any of them is production. Empty:
    every job is."""

    @property
    def projects(self) -> Projects:
        """The projects that are named; whether the bot serves them is checked with its settings."""
        named = (_project(each) for each in self.production)
        return Projects(tuple(Project(each) for each in named if each))


def people(text: str, role: str) -> tuple[str, ...]:
    """IDs and handles of those who get `role`, separated by commas or spaces.

    Raises:
        PolicyError: there are none, or one of them has no valid form.
    """
    words, errors = _words(text), ErrorCollector("")
    fields = TableReader("", {role: words}, errors)
    fields.subjects(role, roles_too=False)
    if not words:
        fields.error(role, "is empty: name somebody", f'{role} = ["U0123ABCD", "@dba-team"]')
    return _checked(words, errors)


def labels(text: str) -> tuple[str, ...]:
    """Labels and projects, separated by commas or spaces; there may be none.

    Raises:
        PolicyError: one of them is neither `key=value` nor `project:NAME`.
    """
    words, errors = _words(text), ErrorCollector("")
    others = [each for each in words if not _project(each)]
    if others:
        read_scope(TableReader("", {"labels": others}, errors), NO_PROJECTS)
    return _checked(words, errors)


def _project(word: str) -> str:
    """The project in `project:NAME`; empty for any other word."""
    found = _PROJECT.fullmatch(word)
    return found[1] if found else ""


def _checked(words: Sequence[str], errors: ErrorCollector) -> tuple[str, ...]:
    if errors.found:
        # An error begins with the name of its file, which is empty here.
        raise PolicyError(each.removeprefix(", ") for each in errors.found)
    return tuple(words)


def _words(text: str) -> list[str]:
    return list(dict.fromkeys(filter(None, re.split(r"[,\s]+", text))))


def written(draft: Draft) -> str:
    """The text of the policy file."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    yield "# Who may do what with dms-bot; docs/policy.md explains every key."
    yield "# A change takes effect at the next start; `dms-bot config check` checks it first."
    yield ""
    yield "# Everybody may look."
    yield 'default_role = "viewer"'
    yield ""
    yield "# Users (U…), user groups (S… or @handle), and channels (C…: whoever speaks there)."
    yield "[roles]"
    yield f"operator = {_listed(draft.operators)}"
    yield f"approver = {_listed(draft.approvers)}  # may operate, too; nobody approves their own request"
    for label in draft.production or ("",):
        yield ""
        yield from _rule(label)
    yield ""
    yield "# Where no rule matches: operators act, and restart, promote, demote and delete need one approval."
    yield "# A rule for `delete` also decides about `delete --with-destination`. A rule that names"
    yield "# `delete-with-destination` can make that stricter: who may, how many approve, and who."


def _rule(label: str) -> Iterator[str]:
    """A rule by which production needs a second person. Without a label or project, it is for every job."""
    what = f"production ({label})" if label else "every job"
    yield "[[rule]]"
    yield f"name = {json.dumps(f'{what} needs a second person', ensure_ascii=False)}"
    yield f"verbs = {_listed(_GUARDED)}"
    project = _project(label)
    if label:
        yield f"projects = {_listed([project])}" if project else f"labels = {_listed([label])}"
    yield "approvals = 1"


def _listed(words: Sequence[str]) -> str:
    """A TOML list. TOML quotes these strings as JSON does."""
    return json.dumps(list(words), ensure_ascii=False)
