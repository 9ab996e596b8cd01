"""A crash run's outcome as a table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from bot.store.records import RunState
from tests.crash.harness import Outcome

_SHOWN = 12
"""Breaches of one promise that are shown in full."""


def report(outcome: Outcome) -> str:
    parts = (_kills(outcome), _work(outcome), _excused(outcome), _verdicts(outcome))
    return "\n\n".join("\n".join(part) for part in parts)


def _kills(outcome: Outcome) -> Iterator[str]:
    kills = outcome.evidence.kills
    plan = outcome.plan
    yield f"{plan.database}, {plan.replicas} bot(s), seed {plan.seed}: {len(kills)} kills"
    yield ""
    yield f"{'killed':<22}{'times':>6}{'leader':>8}{'calling':>9}{'following':>11}{'queued':>8}{'posting':>9}"
    by_kind = Counter(kill.kind for kill in kills)
    for kind, times in sorted(by_kind.items()):
        of = [kill for kill in kills if kill.kind == kind]
        hits = (
            sum(kill.led for kill in of),
            sum(kill.calling > 0 for kill in of),
            sum(kill.following > 0 for kill in of),
            sum(kill.queued > 0 for kill in of),
            sum(kill.posting > 0 for kill in of),
        )
        yield f"{kind:<22}{times:>6}{hits[0]:>8}{hits[1]:>9}{hits[2]:>11}{hits[3]:>8}{hits[4]:>9}"
    if outcome.missed:
        yield f"traps that did not spring, so that it was killed at any time instead: {outcome.missed}"


def _work(outcome: Outcome) -> Iterator[str]:
    e = outcome.evidence
    states = Counter(run.state for run in e.runs)
    requests = Counter(request.state for request in e.requests.values())
    applied = sum(call.applied for call in e.calls)
    yield f"commands typed       {outcome.typed}, buttons pressed by the crowd {outcome.presses}"
    yield f"requests             {len(e.requests)} ({_counted(requests)})"
    yield f"runs                 {len(e.runs)} ({_counted(states)})"
    yield f"write calls          {len(e.calls)}, applied {applied}"
    yield f"audit rows           {len(e.audit)}"
    ended = Counter(each.state for each in e.cutovers)
    yield f"cutovers             {len(e.cutovers)} ({_counted(ended)})"
    yield f"events               {len(e.events)}"
    yield f"messages             {len(e.outbox)} in the outbox, {len(e.posted)} in Slack"
    yield f"unclear              {states[RunState.UNCLEAR]} told with the service's own state"
    yield f"back after           {_spread(outcome.recoveries)}"
    yield f"taken over after     {_spread(outcome.takeovers)}"
    yield f"it took              {outcome.seconds:.0f} s, of which {outcome.settled_s:.0f} s to settle"


def _excused(outcome: Outcome) -> Iterator[str]:
    """What Slack complained of because a bot was dead, or had only just begun to lead."""
    found = Counter(f"{each.code}: {each.detail}" for each in outcome.evidence.violations)
    yield f"excused in Slack     {found.total()}"
    yield from (f"  {times:>4} × {detail}" for detail, times in found.most_common())


def _verdicts(outcome: Outcome) -> Iterator[str]:
    for promise, breaches in outcome.breaches.items():
        yield f"{'BROKEN' if breaches else 'kept':<8}{promise}{f': {len(breaches)}' if breaches else ''}"
        yield from (f"        {each}" for each in breaches[:_SHOWN])


def _counted(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "-"


def _spread(seconds: Sequence[float]) -> str:
    if not seconds:
        return "-"
    return f"{median(seconds):.1f} s in the middle, {max(seconds):.1f} s at most ({len(seconds)} times)"
