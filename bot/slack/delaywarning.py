"""The replication delay on the card of a promote: red words while it is above zero."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.slack import escape, words
from bot.store.records import Request

_JOBS = 25


def delay_lines(request: Request) -> list[str]:
    """One line a job, from `request.facts["delay"]`; mrkdwn, none where nobody looked.

    The fact is `{"seconds", "bytes", "at", "note"}`, or such a value by job name.
    """
    facts = request.facts.get("delay")
    if not isinstance(facts, Mapping):
        return []
    if "at" in facts or "seconds" in facts:
        return [_line(facts, "")]
    several = len(facts) > 1
    lines = [
        _line(fact, f"{words.job_code(name)}: " if several else "")
        for name, fact in list(facts.items())[:_JOBS]
        if isinstance(fact, Mapping)
    ]
    rest = len(facts) - _JOBS
    return [*lines, f"… and {rest} more"] if rest > 0 else lines


def is_zero(fact: Mapping[str, Any]) -> bool:
    """Whether the delay is known, and nothing is left to replicate."""
    seconds, size = _number(fact.get("seconds")), _number(fact.get("bytes"))
    known = [value for value in (seconds, size) if value is not None]
    return seconds is not None and not any(value > 0 for value in known)


def _line(fact: Mapping[str, Any], job: str) -> str:
    seconds, size = _number(fact.get("seconds")), _number(fact.get("bytes"))
    at = _looked(fact.get("at"))
    if is_zero(fact):
        return f"✅ {job}*Replication delay: zero*{at}. Stop the writes to the source before you confirm."
    amounts = " · ".join(
        part
        for part in (
            words.duration(seconds) if seconds is not None else "",
            words.amount(size) if size is not None else "",
        )
        if part
    )
    if (seconds or 0) > 0 or (size or 0) > 0:
        return (
            f":rotating_light: {job}*The replication delay is NOT ZERO: {amounts}*{at}. "
            "*What has not arrived yet is lost if you promote now.* Stop the writes to the source, "
            "wait, and check again."
        )
    note = fact.get("note")
    why = f": {escape.outside(note)}" if isinstance(note, str) and note else ""
    return (
        f":rotating_light: {job}*The replication delay is not known*{at}{why}. "
        "Make sure that it is zero before you promote."
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _looked(value: object) -> str:
    if not isinstance(value, str):
        return ""
    try:
        return f" (looked {escape.date(datetime.fromisoformat(value))})"
    except (ValueError, OverflowError):
        return ""
