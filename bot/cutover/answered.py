"""What became of a call: whether it is still awaited, and if not, what ended it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.cutover.ledger import RENAMED, SAMPLE
from bot.cutover.states import BUDGET_CALLS, is_over
from bot.store import Store
from bot.store.cutover import Cutover, CutoverEntry

_STAYS = frozenset(
    {
        "asked",
        "budget",
        "checked",
        "here",
        "item",
        "objection",
        "override",
        "reopened",
        "writer",
        RENAMED,
        SAMPLE,
    }
)
"""Events that leave a cutover in its state: every other one ends the calls of the state that it leaves."""
_DOES = {
    "here": ("here",),
    "start": ("started",),
    "stopped": ("stopped",),
    "silent": ("stopped",),
    "promote": ("asked", "promoting", "rehearsed"),
    "second": ("promoting",),
    "resume": ("resumed", "left_out"),
    "without": ("left_out",),
    "abort": ("aborted",),
    "reopened": ("reopened",),
    "adopt": ("not_sent", "promoted", "adopted", "held"),
    "item": ("opened",),
}
"""The events that show that the press was made, by the kind of call."""
_ASKED_ANEW = {"promote": "asked", "second": "asked", "reopened": "reopened"}
"""Events that end a call although the cutover stays in its state."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What ended a call."""

    entry: CutoverEntry | None = None
    """The line of the log; None where only the state of the cutover tells that it is over."""
    done: bool = False
    """Whether somebody did what was asked."""


def ending(
    cutover: Cutover, what: str, person: str, log: Sequence[CutoverEntry] = (), after: int | None = None
) -> Ending | None:
    """What ended a call; None while it is awaited. The first event that ends it counts: asking for the same
    again makes a new call, and this one stays ended.

    `after` is the ID of the last line of the log when the call was made; None in a call that an older version
    made: then only the cutover's state says whether it is over.
    """
    later = [each for each in log if after is not None and each.id > after]
    found = next((each for each in later if _ends(each, what, person)), None)
    if found is not None:
        return Ending(found, bool(found.user) and found.event in _DOES.get(what, ()))
    return Ending() if is_over(cutover, what, person) else None


def _ends(entry: CutoverEntry, what: str, person: str) -> bool:
    if what in BUDGET_CALLS:
        return entry.event in ("opened", "reopened")
    if entry.event == "here":
        return what == "here" and entry.user == person
    return entry.event not in _STAYS or entry.event == _ASKED_ANEW.get(what)


def ending_of(store: Store, subject: Mapping[str, Any]) -> Ending | None:
    """What ended the call with this subject of the outbox; None while it is awaited.

    Raises:
        StoreError.
    """
    cutover = store.cutover(subject["cutover"])
    if cutover is None:
        return Ending()
    log = store.cutover_log(cutover.id)
    return ending(cutover, subject["what"], subject["person"], log, subject.get("after"))
