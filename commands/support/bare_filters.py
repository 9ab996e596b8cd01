"""Filters as people say them: `list failed`, `list state = not started`, `list full dump`, `list all`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.cmdline.invocation import Invocation, UsageError
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
_CONNECTING = frozenset({"in", "and", "or", "state", "status", "phase"})
"""What may stand beside bare filters: looked for as text, it would leave jobs out of the list."""
_LEAVES_OUT = re.compile(r"(?:state|status|phase|type|location|project|label[.:][\w.-]+)!=.*", re.IGNORECASE)
_MOST_WORDS = 3


def with_bare_filters(invocation: Invocation, states: Mapping[str, str] = _STATES) -> Invocation:
    """The same with states and phases among its words as filters, and with values of several words.

    With a filter of the same kind, words are text to look for.

    Raises:
        UsageError: they say what is to be left out, which no filter does.
    """
    found = _with_spaced_values(invocation)
    if found.words and _EVERYTHING.issuperset(word.casefold() for word in found.words):
        return replace(found, words=())
    bare = _with_bare(_with_bare(found, "state", states), "phase", _PHASES)
    negated = bare != found and "not" in map(str.casefold, bare.words)
    if negated or any(map(_LEAVES_OUT.fullmatch, found.words)):
        raise UsageError(
            "A filter says what to show, and leaves nothing out: name all that you want, as in "
            "`state=failed,stopped`."
        )
    if bare == found:
        return found
    # `all failed jobs`: looked for as text, the other words would find none of them.
    beside = _EVERYTHING | _CONNECTING
    return replace(
        bare, words=tuple(each for each in bare.words if each.casefold().rstrip(":") not in beside)
    )


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
    words = [part for word in invocation.words for part in _parts(word, known)]
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


def _parts(word: str, known: Mapping[str, str]) -> list[str]:
    """The values of `failed,stopped`; any other word as it is."""
    parts = [each for each in word.split(",") if each]
    return parts if all(_plain(each) in known for each in parts) else [word]


def _plain(value: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", value.casefold()).strip("_").removeprefix("phase_")
