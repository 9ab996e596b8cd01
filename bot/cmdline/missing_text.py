"""Sentences about locations whose jobs are missing from an answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from bot.cmdline.answers import RichPart, Verbatim
from bot.config.projects import ALL_LOCATIONS
from bot.dms.missing import MissingLocation, Why

_MAX_REASON = 300
_MAX_GROUPS = 6


def grouped(missing: Sequence[MissingLocation]) -> dict[tuple[Why, str], list[str]]:
    """Locations by why they are missing and what the service said, in the order of `Why`.

    If there are many reasons, they are left out, so that every location can be named.
    """
    groups = _grouped(missing, _reason)
    if len(groups) > _MAX_GROUPS:
        groups = _grouped(missing, lambda _: "")
    return {(why, reason): [each.shown for each in places] for (why, reason), places in groups.items()}


def _grouped(
    missing: Sequence[MissingLocation], reason_of: Callable[[MissingLocation], str]
) -> dict[tuple[Why, str], list[MissingLocation]]:
    order = list(Why)
    groups: dict[tuple[Why, str], list[MissingLocation]] = {}
    for each in sorted(missing, key=lambda one: order.index(one.why)):
        groups.setdefault((each.why, reason_of(each)), []).append(each)
    # What was said of one location alone is quoted as it was said.
    return {
        (why, _cut(places[0].reason) if reason and len(places) == 1 else reason): places
        for (why, reason), places in groups.items()
    }


def _reason(missing: MissingLocation) -> str:
    """The same for locations that differ in their names alone."""
    if missing.why is Why.SILENT:
        return ""
    if missing.location == ALL_LOCATIONS:
        return _cut(missing.reason)
    name = rf"{re.escape(missing.location)}(?![\w-])"
    without = re.sub(rf"(?<=locations/){name}", "…", missing.reason)
    return _cut(re.sub(rf"(?<![\w-]){name}", "this location", without))


def _cut(reason: str) -> str:
    """What a sentence can hold."""
    return reason if len(reason) <= _MAX_REASON else reason[: _MAX_REASON - 1] + "…"


def why_missing(missing: Sequence[MissingLocation]) -> tuple[RichPart, ...]:
    """Clauses that name each location, without a full stop: `a and b do not answer; the quota of c is …`."""
    parts: list[RichPart] = []
    for (why, reason), places in grouped(missing).items():
        parts.append("; " if parts else "")
        parts.append(_clause(why, places))
        if reason:
            parts += [" (", Verbatim(reason), ")"]
    return tuple(part for part in parts if part)


def _clause(why: Why, places: Sequence[str]) -> str:
    several = len(places) > 1
    named = f"{', '.join(places[:-1])} and {places[-1]}" if several else places[0]
    match why:
        case Why.SILENT:
            return f"{named} {'do' if several else 'does'} not answer"
        case Why.QUOTA:
            return f"the quota of {named} is used up"
        case Why.REFUSED:
            return f"{named} {'refuse' if several else 'refuses'} to answer"
        case Why.FAILED:
            return f"{named} {'answer' if several else 'answers'} with an error"
