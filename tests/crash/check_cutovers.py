"""Cutovers went through each step once, and promoted nothing twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bot.cutover.states import has_ended
from bot.dms.rules import Action
from bot.store.cutover import Cutover, CutoverState, Mark
from tests.crash.evidence import Evidence
from tests.crash.killer import CUTOVER as AIM

LONG_RUN = 100
"""Kills after which one has to have been in a cutover: each thirteenth aims at one, and may find no press."""
_ONCE = ("ready", "started", "stopped", "opened")
_BACK = frozenset({"stopped", "resumed", "held", "not_sent", "not_drained"})
"""Events after which it has to drain (again) before anything is sent."""


def happened(e: Evidence, kills: int) -> Iterator[str]:
    """There were cutovers to look at, in a run of so many kills: else all other checks prove nothing."""
    done = [each for each in e.cutovers if each.state is CutoverState.DONE]
    if not done:
        yield f"of {len(e.cutovers)} cutovers, none came to its end"
    if kills >= LONG_RUN and not any(kill.kind == AIM for kill in e.kills):
        yield f"of {len(e.kills)} kills, none was in a cutover"


def ended(e: Evidence) -> Iterator[str]:
    """Every night came to its end, whoever was killed."""
    for each in e.cutovers:
        if not has_ended(each):
            yield f"{each.id} is still {each.state}: {each.progress.why}"


def once(e: Evidence) -> Iterator[str]:
    """No step happened twice, and each job was promoted by one call, after a press for each try."""
    for each in e.cutovers:
        events = [entry.event for entry in e.cutover_logs[each.id]]
        counts = Counter(events)
        yield from (f"{counts[step]} times {step}: {each.id}" for step in _ONCE if counts[step] > 1)
        yield from _calls(e, each, counts["promoting"])
        yield from _order(each, events)


def _calls(e: Evidence, cutover: Cutover, presses: int) -> Iterator[str]:
    marks = {each.job: each.mark for each in cutover.progress.jobs}
    for job in cutover.plan.jobs:
        made = [call for call in e.calls if call.job == job and call.verb == Action.PROMOTE]
        applied = sum(call.applied for call in made)
        if len(made) > presses:
            yield f"{len(made)} calls for {presses} presses: {job}"
        if applied > 1 or (marks.get(job) is Mark.PROMOTED and applied != 1):
            yield f"promoted {applied} times, and the cutover says {marks.get(job)}: {job}"
        if cutover.state is CutoverState.DONE and marks.get(job) is not Mark.PROMOTED:
            yield f"done, and {job} is {marks.get(job)}"


def _order(cutover: Cutover, events: Sequence[str]) -> Iterator[str]:
    """Each promotion was sent in the time after it had drained."""
    drained = False
    for event in events:
        if event == "promoting" and not drained:
            yield f"promoted before it had drained: {cutover.id}: {events}"
        drained = event == "drained" or (drained and event not in _BACK)


def cards(e: Evidence) -> Iterator[str]:
    """The card says how it ended."""
    texts = {each.key: each.text for each in e.posted}
    for each in e.cutovers:
        text = texts.get(f"cutover:{each.id}", "")
        if has_ended(each) and str(each.state).capitalize() not in text:
            yield f"the card of {each.id} does not say {each.state}: {text!r}"
