"""Reads `[[checklist]]`: what a team does after a cutover, instead of the list by engine."""

from __future__ import annotations

from collections.abc import Iterable

from bot.config.projects import Projects
from bot.policy.fields import TableReader
from bot.policy.model import ChecklistItem
from bot.policy.scope_reader import SCOPE_KEYS, read_scope

_KEYS = ("item", "before_writes", *SCOPE_KEYS)
_EXAMPLE = 'item = "Restart the connection pools"'
_MAX_LENGTH = 75
"""Characters of an option in Slack, which is what an item becomes.

Source: https://docs.slack.dev/reference/block-kit/composition-objects/option-object
"""
MAX_ITEMS = 40
"""A dialog shows ten options a group; more than four groups is no list for a night."""


def read_checklist(tables: Iterable[TableReader], projects: Projects) -> tuple[ChecklistItem, ...]:
    """All items, in the order of the file."""
    found: list[ChecklistItem] = []
    for number, table in enumerate(tables, start=1):
        item = _item(table, projects)
        if number == MAX_ITEMS + 1:
            table.error("item", f"is one too many: a checklist has at most {MAX_ITEMS} items", _EXAMPLE)
        elif any(each.text == item.text and each.scope == item.scope for each in found) and item.text:
            table.error("item", "is there already, for the same jobs", _EXAMPLE)
        found.append(item)
    return tuple(found)


def _item(table: TableReader, projects: Projects) -> ChecklistItem:
    table.reject_unknown(_KEYS)
    text = table.text("item", needed=_EXAMPLE)
    if len(text) > _MAX_LENGTH:
        table.error("item", f"has more than {_MAX_LENGTH} characters", _EXAMPLE)
    return ChecklistItem(text, read_scope(table, projects), table.boolean("before_writes") is not False)
