"""Reads `[[escalate]]`: whom an alert mentions until somebody acknowledges it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.config.projects import Projects
from bot.policy.fields import TableReader, shown
from bot.policy.model import Escalate
from bot.policy.scope_reader import SCOPE_KEYS, read_scope
from bot.policy.subscriptions import ALERT_TOPICS
from bot.util.suggest import or_similar

_KEYS = ("name", *SCOPE_KEYS, "events", "group", "repeat", "channel")
_EVENTS = '["failed", "stuck", "stop_writes"]'
MIN_REPEAT = timedelta(minutes=5)
"""More often than this would be noise, and Slack's limits are shared by all messages."""


def read_escalations(tables: Iterable[TableReader], projects: Projects) -> tuple[Escalate, ...]:
    """All tables, in order: the first that fits an alert decides."""
    return tuple(_escalate(table, number, projects) for number, table in enumerate(tables, start=1))


def _escalate(table: TableReader, number: int, projects: Projects) -> Escalate:
    table.reject_unknown(_KEYS)
    return Escalate(
        name=table.text("name") or f"escalate {number}",
        scope=read_scope(table, projects),
        events=_events(table),
        group=_group(table),
        repeat=_repeat(table),
        channel=table.channel("channel"),
    )


def _events(table: TableReader) -> tuple[str, ...]:
    words = tuple(word.lower() for word in table.texts("events", _EVENTS))
    if not words and isinstance(table.value("events"), str | list | None):
        table.error("events", "is missing or empty: say which alerts", f"events = {_EVENTS}")
    for word in words:
        if word not in ALERT_TOPICS:
            near, known = or_similar(word, ALERT_TOPICS), ", ".join(sorted(ALERT_TOPICS))
            what = f"names {shown(word)}, which is no alert{near}; there are {known}"
            table.error("events", what, f"events = {_EVENTS}")
    return words


def _group(table: TableReader) -> str:
    found = table.subjects("group", roles_too=False)
    if len(found.groups) == 1 and not (found.users or found.channels):
        return found.groups[0]
    what = f"must be one user group, by its id (S…) or @handle, not {shown(table.value('group'))}"
    what = what if table.has("group") else "is missing: name a user group, by its id (S…) or @handle"
    table.error("group", what, 'group = "@dba-oncall"')
    return ""


def _repeat(table: TableReader) -> timedelta | None:
    span = table.duration("repeat")
    if span is not None and span < MIN_REPEAT:
        what = f"must be at least 5m, not {shown(table.value('repeat'))}"
        table.error("repeat", what, 'repeat = "15m"')
    return span
