"""The rows of `/dms history`: one for a request, whatever it took, and one for anything else in the audit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.cmdline.answers import RichPart, Time, User, Verbatim
from bot.cmdline.quoted import quoted
from bot.requests.job_names import JobNamer
from bot.store.records import AuditEntry
from bot.util.durations import humanize
from bot.util.text import and_more

_MAX_TEXT = 90
_JOBS = 2
_REASON = re.compile(r"(?:^|; )reason: (?P<reason>.+)", re.DOTALL)
_ENDS = {
    "succeeded": ("✅", "done"),
    "failed": ("🔴", "failed"),
    "refused": ("🚫", "refused"),
    "unclear": ("❓", "unclear"),
}
"""How the action on a job can end."""
_WITHOUT_A_CALL = {
    "denied": "🚫 denied",
    "cancelled": "🚫 cancelled",
    "expired": "⌛ expired",
    "outdated": "🚫 out of date",
}
"""How a request can end before anything is sent."""


def keys_of(rows: Iterable[AuditEntry]) -> list[str]:
    """What the rows are about, each once: the ID of a request, or the number of any other row."""
    return list(dict.fromkeys(key_of(each) for each in rows))


def key_of(row: AuditEntry) -> str:
    return row.request or str(row.seq)


def request_line(rows: Sequence[AuditEntry], calls: JobNamer | None) -> tuple[RichPart, ...]:
    """A request in a line, from all of its rows, oldest first:
    `14:02 *restart* orders-db · ✅ 6 min · @dana, approved by @alex · "bad dump, CHG-12"`.

    `calls` gives the jobs' display names; None leaves them out.
    """
    first = rows[0]
    jobs = _jobs(rows, calls) if calls is not None else ""
    parts: list[tuple[RichPart, ...]] = [
        (Time(first.at), f" *{first.action}*{jobs}"),
        _outcome(rows),
        _people(rows),
    ]
    why = _reason(rows)
    if why:
        parts.append(("“", Verbatim(_cut(why)), "”"))
    found = [part for part in parts if part]
    return tuple(piece for at, part in enumerate(found) for piece in ((" · ", *part) if at else part))


def _jobs(rows: Sequence[AuditEntry], calls: JobNamer) -> str:
    names = list(dict.fromkeys(each.job for each in rows if each.job))
    shown = ", ".join(f"`{calls(name)}`" for name in names[:_JOBS])
    return f" {shown}{and_more(len(names), _JOBS)}" if names else ""


def _outcome(rows: Sequence[AuditEntry]) -> tuple[RichPart, ...]:
    ended = {each.job: each for each in rows if each.event in _ENDS}
    called = {each.job for each in rows if each.event == "calling"}
    if not ended and not called:
        return _without_a_call(rows)
    going = len(called - set(ended))
    counts = Counter(each.event for each in ended.values())
    several = len(ended) + going > 1
    parts = [
        f"{sign} {counts[event]:,} {word}" if several else _alone(sign, word, rows, ended)
        for event, (sign, word) in _ENDS.items()
        if counts[event]
    ]
    if going:
        parts.append(f"⏳ {going:,} running" if several else "⏳ running")
    failed = next((each for each in ended.values() if each.event != "succeeded" and each.detail), None)
    return (", ".join(parts), ": ", *quoted(_cut(failed.detail))) if failed else (", ".join(parts),)


def _alone(sign: str, word: str, rows: Sequence[AuditEntry], ended: dict[str, AuditEntry]) -> str:
    """The outcome of one job: of a success, only how long it took."""
    (end,) = ended.values()
    took = _took(rows, end.at)
    if end.event == "succeeded":
        return f"{sign} {took or word}"
    return f"{sign} {word} after {took}" if took and end.event == "failed" else f"{sign} {word}"


def _took(rows: Sequence[AuditEntry], ended: datetime) -> str:
    called = next((each.at for each in rows if each.event == "calling"), None)
    return humanize(max(1.0, (ended - called).total_seconds())) if called else ""


def _without_a_call(rows: Sequence[AuditEntry]) -> tuple[RichPart, ...]:
    for each in reversed(rows):
        if each.event in _WITHOUT_A_CALL:
            by_other = each.user and each.user != rows[0].user
            who: tuple[RichPart, ...] = (" by ", User(each.user)) if by_other else ()
            # Without a detail of its own, a row repeats the options of the request.
            why = each.detail if each.detail != rows[0].detail else ""
            return (_WITHOUT_A_CALL[each.event], *who, *((": ", *quoted(_cut(why))) if why else ()))
    return ("⏳ waiting",)


def _people(rows: Sequence[AuditEntry]) -> tuple[RichPart, ...]:
    asked = next((each.user for each in rows if each.event == "requested"), rows[0].user)
    if not asked:
        return ()
    approved = list(dict.fromkeys(each.user for each in rows if each.event == "approved"))
    found: list[RichPart] = [User(asked)]
    for at, user in enumerate(approved):
        found += [", " if at else ", approved by ", User(user)]
    return tuple(found)


def _reason(rows: Sequence[AuditEntry]) -> str:
    """What the requester wrote; a reason in the confirmation replaces the first one."""
    found = [said["reason"] for each in rows if (said := _REASON.search(each.detail))]
    return found[-1] if found else ""


def _cut(text: str) -> str:
    line = " ".join(text.replace("`", "").split())
    return line if len(line) <= _MAX_TEXT else f"{line[:_MAX_TEXT]}…"
