"""Filters as people say them: `list failed`, `list state = not started`, `list full dump`, `list all`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.cmdline.invocation import Invocation
from bot.dms.model import Phase, State

_STATES = {
    **{each.value.casefold(): each.value.casefold().replace("_", "-") for each in State},
    **dict.fromkeys(("with_errors", "running_with_errors", "errors"), "with-errors"),
}
"""What stands for a state without `state=`, written as a filter."""
_PHASES = {"full_dump": "full-dump", "cdc": "cdc"}
"""The same for phases; the others are no words to filter by."""
_IN_FILTERS: Mapping[str, Mapping[str, str]] = {
    "state": _STATES,
    "phase": {each.value.casefold(): each.value.casefold().replace("_", "-") for each in Phase},
}
_EVERYTHING = frozenset({"all", "the", "job", "jobs", "migration", "migrations", "everything"})
_MOST_WORDS = 3


def with_bare_filters(invocation: Invocation) -> Invocation:
    """The same with states and phases among its words as filters, and with values of several words.

    With a filter of the same kind, words are text to look for.
    """
    found = _with_spaced_values(invocation)
    if found.words and _EVERYTHING.issuperset(word.casefold() for word in found.words):
        return replace(found, words=())
    bare = _with_bare(_with_bare(found, "state", _STATES), "phase", _PHASES)
    if bare == found:
        return found
    # `all failed jobs`: looked for as text, the other words would find none of them.
    return replace(bare, words=tuple(word for word in bare.words if word.casefold() not in _EVERYTHING))


def _with_spaced_values(invocation: Invocation) -> Invocation:
    """`state=not started` as one value: the parser has taken the rest of it for words."""
    filters, words = dict(invocation.filters), invocation.words
    for key, known in _IN_FILTERS.items():
        before, comma, last = filters.get(key, "").rpartition(",")
        for count in range(min(_MOST_WORDS - 1, len(words)), 0, -1):
            value = known.get(_plain(" ".join([last, *words[:count]]))) if last.strip() else None
            if value:
                filters[key], words = f"{before}{comma}{value}", words[count:]
                break
    return replace(invocation, filters=filters, words=words)


def _with_bare(invocation: Invocation, key: str, known: Mapping[str, str]) -> Invocation:
    if key in invocation.filters:
        return invocation
    words = list(invocation.words)
    values: list[str] = []
    for count in range(_MOST_WORDS, 0, -1):
        for at in range(len(words) - count, -1, -1):
            value = known.get(_plain(" ".join(words[at : at + count])))
            if value:
                values.insert(0, value)
                del words[at : at + count]
    if not values:
        return invocation
    filters = {**invocation.filters, key: ",".join(dict.fromkeys(values))}
    return replace(invocation, filters=filters, words=tuple(words))


def _plain(value: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", value.casefold()).strip("_").removeprefix("phase_")
