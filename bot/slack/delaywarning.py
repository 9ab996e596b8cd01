"""The replication delay on the card of a promote: red words while it is above zero."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.delayfacts import DELAY, behind, is_zero
from bot.slack import escape, words
from bot.slack.words import called_code
from bot.store.records import Request

_JOBS = 10
"""Jobs with a line each; more are grouped."""
_NAMED = 25


def delay_lines(request: Request) -> list[str]:
    """A line for each of a few jobs, from `request.facts["delay"]`; mrkdwn, none where nobody looked.

    The fact is `{"seconds", "bytes", "at", "note"}`, or such a value by job name.
    """
    facts = request.facts.get(DELAY)
    if not isinstance(facts, Mapping):
        return []
    if "at" in facts or "seconds" in facts:
        return [_line(facts, "")]
    found = {name: fact for name, fact in facts.items() if isinstance(fact, Mapping)}
    if len(found) > _JOBS:
        return _grouped(request, found)
    several = len(found) > 1
    return [_line(fact, f"{called_code(request, name)}: " if several else "") for name, fact in found.items()]


def _grouped(request: Request, facts: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The same for many jobs: a line for those behind, those not known, and those at zero."""
    zero = [name for name, fact in facts.items() if is_zero(fact)]
    late = {name: amounts for name, fact in facts.items() if (amounts := behind(fact))}
    unknown = [name for name in facts if name not in late and name not in zero]
    lines = []
    if late:
        shown = [f"{called_code(request, name)} {amounts}" for name, amounts in list(late.items())[:_NAMED]]
        lines.append(
            f":rotating_light: *The replication delay is NOT ZERO for {words.many(len(late), 'job')}*: "
            f"{', '.join(shown)}{_more(len(late))}. *What has not arrived yet is lost if you promote now.* "
            "Stop the writes to the source, wait, and check again."
        )
    if unknown:
        lines.append(
            f":rotating_light: *The replication delay is not known for {words.many(len(unknown), 'job')}*: "
            f"{_codes(request, unknown)}. Make sure that it is zero before you promote."
        )
    if zero:
        lines.append(
            f"✅ *Replication delay: zero for {words.many(len(zero), 'job')}*. "
            "Stop the writes to the source before you confirm."
        )
    return lines


def _codes(request: Request, names: list[str]) -> str:
    return f"{', '.join(called_code(request, name) for name in names[:_NAMED])}{_more(len(names))}"


def _more(count: int) -> str:
    return f" and {count - _NAMED} more" if count > _NAMED else ""


def _line(fact: Mapping[str, Any], job: str) -> str:
    at = _looked(fact.get("at"))
    if is_zero(fact):
        return f"✅ {job}*Replication delay: zero*{at}. Stop the writes to the source before you confirm."
    amounts = behind(fact)
    if amounts:
        return (
            f":rotating_light: {job}*The replication delay is NOT ZERO: {amounts}*{at}. "
            "*What has not arrived yet is lost if you promote now.* Stop the writes to the source, "
            "wait, and check again."
        )
    note = fact.get("note")
    why = f": {escape.outside(note.rstrip('.'))}" if isinstance(note, str) and note else ""
    return (
        f":rotating_light: {job}*The replication delay is not known*{at}{why}. "
        "Make sure that it is zero before you promote."
    )


def _looked(value: object) -> str:
    if not isinstance(value, str):
        return ""
    try:
        return f" (looked {escape.date(datetime.fromisoformat(value))})"
    except (ValueError, OverflowError):
        return ""
