"""What leads from one state of a cutover to the next: presses by whom, and times that run out.

Everything is data or a pure function: nothing here reads the clock, the store or the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.cutover.guards import OVERRIDABLE, blockers
from bot.store.cutover import (
    ENDED_CUTOVERS,
    CheckLine,
    Cutover,
    CutoverState,
    Mark,
)

S = CutoverState


class CutoverRole(StrEnum):
    """What a person is in a cutover."""

    PLANNER = "planner"
    COMMANDER = "commander"
    DEPUTY = "deputy"
    APP_OWNER = "app owner"


EVERYBODY = frozenset(CutoverRole)
NOBODY: frozenset[CutoverRole] = frozenset()
"""For a press that no role gives: who may is judged apart, and it is in no card."""
LEADERS = frozenset({CutoverRole.COMMANDER, CutoverRole.DEPUTY})
BEFORE_PROMOTING = (S.READY, S.STOPPING, S.DRAINING, S.DRAINED, S.HELD)
"""States of the night in which it can be aborted: nothing has been sent."""
WRITES_STOPPED = (S.DRAINING, S.DRAINED, S.PROMOTING, S.CHECKLIST, S.UNKNOWN)
"""States in which the applications cannot write: the downtime runs."""


@dataclass(frozen=True, slots=True)
class Press:
    """A button of a cutover: in which states it is there, for whom, and where it leads."""

    step: str
    label: str
    states: tuple[CutoverState, ...]
    roles: frozenset[CutoverRole]
    to: CutoverState | None = None
    """None: it stays in its state, or where it leads depends on more than the press."""


PRESSES = (
    Press("check", "Run checks", (S.SCHEDULED, S.READY, S.STOPPING), EVERYBODY),
    Press(
        "move",
        "Move…",
        (S.AWAITING_APPROVAL, S.SCHEDULED),
        frozenset({CutoverRole.PLANNER, CutoverRole.COMMANDER}),
    ),
    Press(
        "cancel",
        "Cancel…",
        (S.DRAFT, S.AWAITING_APPROVAL, S.SCHEDULED),
        frozenset({CutoverRole.PLANNER, CutoverRole.COMMANDER}),
        S.ABORTED,
    ),
    Press("override", "Override…", (S.SCHEDULED, S.READY), NOBODY),
    Press("here", "I'm here", (S.READY,), EVERYBODY),
    Press("start", "Start", (S.READY,), LEADERS, S.STOPPING),
    Press("writer", "Tick writers", (S.STOPPING,), frozenset({CutoverRole.APP_OWNER, *LEADERS})),
    Press("stopped", "Writes are stopped", (S.STOPPING,), frozenset({CutoverRole.APP_OWNER}), S.DRAINING),
    Press("hold", "Hold", (S.STOPPING, S.DRAINING, S.DRAINED), EVERYBODY, S.HELD),
    Press("resume", "Resume", (S.HELD,), LEADERS),
    Press("without", "Go on without it…", (S.HELD,), LEADERS, S.CHECKLIST),
    Press("promote", "Promote…", (S.DRAINED,), LEADERS, S.PROMOTING),
    Press("second", "Confirm the promotion…", (S.DRAINED,), EVERYBODY, S.PROMOTING),
    Press("abort", "Abort…", BEFORE_PROMOTING, EVERYBODY, S.ABORTED),
    Press("reopened", "Source is open again", (S.ABORTED,), frozenset({CutoverRole.APP_OWNER, *LEADERS})),
    Press("adopt", "Look again", (S.UNKNOWN,), LEADERS),
    Press("item", "Tick the checklist", (S.CHECKLIST,), EVERYBODY),
    Press(
        "open_writes",
        "Open writes",
        (S.CHECKLIST,),
        frozenset({CutoverRole.APP_OWNER, *LEADERS}),
        S.DONE,
    ),
)
"""In the order in which a card shows them."""
BY_STEP = {each.step: each for each in PRESSES}
ASKED_IN = {"silent": S.STOPPING, "slow": S.PROMOTING, "very_slow": S.PROMOTING}
"""Reasons to ask somebody that are no press, and the state in which they count."""
BUDGET_CALLS = frozenset({"near_budget", "over_budget"})
"""Reasons to call that count while the downtime runs, in whatever state."""
BUDGET_WARNS = 0.8
"""Share of the longest downtime at which its leaders are told, before it is passed."""


@dataclass(frozen=True, slots=True)
class StateLimit:
    """How long a state may last, and where it leads then."""

    after: timedelta
    to: CutoverState
    why: str


STATE_LIMITS = {
    S.READY: StateLimit(timedelta(minutes=30), S.EXPIRED, "nobody started it"),
    S.STOPPING: StateLimit(
        timedelta(minutes=15), S.HELD, "nobody confirmed the stop of writes in 15 minutes"
    ),
}
"""DRAFT ends with its request; DRAINING ends by `DRAIN_LIMIT`; READY is counted from the planned
time; AWAITING_APPROVAL ends an hour before it."""
EXPIRES_TO = {
    S.DRAINING: S.HELD,
    S.AWAITING_APPROVAL: S.EXPIRED,
    **dict.fromkeys((S.DRAINED, S.HELD, S.CHECKLIST), S.EXPIRED),
}
"""Where the states lead to that `STATE_LIMITS` does not have; the last three only in a rehearsal."""
REHEARSAL_LASTS = timedelta(days=1)
"""How long a rehearsal may stay where only people lead on: one that nobody ends keeps others from theirs."""
APPROVED_BEFORE = timedelta(hours=1)
"""How long before its time a plan has to be approved."""
WHEN_READY_LASTS = timedelta(days=7)
"""How long a plan without a time can be started."""
PRE_CHECK = timedelta(minutes=30)
"""How long before its time a cutover gets ready."""
CHECK_EVERY = timedelta(minutes=5)
"""How often the checks are run again while a cutover is ready."""
CHECKS_LAST = 2 * CHECK_EVERY
"""Older checks no longer let it start."""
EVIDENCE_LASTS = timedelta(minutes=5)
"""Older samples no longer show that nothing is missing."""
DRAIN_LIMIT = timedelta(minutes=30)
"""Longest time from the stop of the writes, or from *Resume*, until nothing is missing. It is the same for
every plan, as it ends nothing: *Resume* measures for as long again."""
THREE_SAMPLES = timedelta(minutes=8)
"""What three samples take at most until they can be seen (6 minutes), and two minutes more: a cutover that
has to drain again gets at least this, whatever is left of its limit."""
PROMOTE_WARNS = timedelta(minutes=15)
PROMOTE_ESCALATES = timedelta(minutes=60)
REMINDS = timedelta(minutes=15)
"""How often the open items of a checklist are named."""


def participants(cutover: Cutover) -> Mapping[CutoverRole, str]:
    """User IDs of those who take part, in the order of the roles; roles that nobody has are left out."""
    plan = cutover.plan
    held = {
        CutoverRole.PLANNER: cutover.by.user,
        CutoverRole.COMMANDER: plan.commander,
        CutoverRole.DEPUTY: plan.deputy,
        CutoverRole.APP_OWNER: plan.app_owner,
    }
    return {role: user for role, user in held.items() if user}


def crew(cutover: Cutover) -> tuple[str, ...]:
    """User IDs of those who have to be there in the night, each once."""
    held = participants(cutover)
    return tuple(dict.fromkeys(user for role, user in held.items() if role is not CutoverRole.PLANNER))


def roles_of(cutover: Cutover, user: str) -> frozenset[CutoverRole]:
    """What a person is in it; empty for everybody else."""
    return frozenset(role for role, whose in participants(cutover).items() if whose == user)


def presses(cutover: Cutover, user: str) -> tuple[Press, ...]:
    """The buttons that lead anywhere now for this person."""
    roles = roles_of(cutover, user)
    fits = (each for each in PRESSES if cutover.state in each.states and roles & each.roles)
    return tuple(each for each in fits if _is_open(cutover, each))


def _is_open(cutover: Cutover, press: Press) -> bool:
    """Whether what a press needs besides the state is there."""
    progress = cutover.progress
    needs = {
        "reopened": source_is_closed(cutover),
        "writer": bool(progress.writers),
        "stopped": all(each.by for each in progress.writers),
        "start": bool(progress.here) and not objections(cutover),
        "resume": not lacks_request(cutover),
        "without": bool(not_promoted(cutover)),
        "promote": not progress.asked_by,
        "second": bool(progress.asked_by),
        "abort": not is_promoted_in_part(cutover),
        "open_writes": not open_items(cutover),
    }
    return needs.get(press.step, True)


def source_is_closed(cutover: Cutover) -> bool:
    """Whether an aborted cutover leaves a source that somebody has to open for writes again: a rehearsal
    closes none."""
    progress = cutover.progress
    return not cutover.rehearsal and progress.stopping is not None and not progress.reopened_by


def ask_of(cutover: Cutover) -> str:
    """Names the ask that a second person has to confirm: a dialog about an older one does not count."""
    asked = cutover.progress.asked
    return f"{cutover.progress.asked_by}@{'' if asked is None else asked.isoformat()}"


def is_over(cutover: Cutover, step: str, person: str) -> bool:
    """Whether a press that somebody was asked for is no longer awaited; False where it only is not open yet,
    and where the reason to ask was no press."""
    if step in BUDGET_CALLS:
        return not downtime_runs(cutover)
    if step not in BY_STEP:
        return cutover.state is not ASKED_IN.get(step, cutover.state)
    progress = cutover.progress
    done = {
        "here": person in progress.here,
        "promote": bool(progress.asked_by),
        "second": not progress.asked_by,
        "reopened": bool(progress.reopened_by),
        "resume": lacks_request(cutover),
        "without": not not_promoted(cutover),
        "abort": is_promoted_in_part(cutover),
    }
    return cutover.state not in BY_STEP[step].states or done.get(step, False)


def objections(cutover: Cutover) -> tuple[CheckLine, ...]:
    """The checks that keep it from being started, without those that were overridden."""
    return blockers(cutover.progress.checks, cutover.progress.overrides)


def overridable(cutover: Cutover) -> tuple[CheckLine, ...]:
    """The objecting checks that somebody can override."""
    return tuple(each for each in objections(cutover) if each.guard in OVERRIDABLE)


def override_key(line: CheckLine) -> str:
    """Names a check in the input of the press `override`."""
    return f"{line.guard}@{line.job}"


def is_promoted_in_part(cutover: Cutover) -> bool:
    """Whether a job of it has been promoted, or may have been: there is no way back then. A rehearsal, which
    sends nothing, can always be left."""
    gone = (Mark.PROMOTED, Mark.PROMOTING, Mark.UNCLEAR)
    return not cutover.rehearsal and any(each.mark in gone for each in cutover.progress.jobs)


def lacks_request(cutover: Cutover) -> bool:
    """Whether it is held because its request has ended without it: nothing can be sent by it any more."""
    return cutover.state is S.HELD and not cutover.progress.held_from


def not_promoted(cutover: Cutover) -> tuple[str, ...]:
    """Full names of the jobs without which it can go on: others have been promoted, and nothing is under way.
    Empty if it cannot."""
    marks = {each.mark for each in cutover.progress.jobs}
    if Mark.PROMOTED not in marks or marks & {Mark.PROMOTING, Mark.UNCLEAR}:
        return ()
    gone = {each.job for each in cutover.progress.jobs if each.mark is Mark.PROMOTED}
    return tuple(name for name in cutover.plan.jobs if name not in gone)


def evidence_from(cutover: Cutover) -> datetime | None:
    """Samples that end later count; None before the writes were stopped."""
    times = (cutover.progress.stopped, cutover.progress.resumed)
    return max((each for each in times if each is not None), default=None)


def went_on(cutover: Cutover) -> bool:
    """Whether samples count from a time after the stop, when it was resumed."""
    stopped, resumed = cutover.progress.stopped, cutover.progress.resumed
    return resumed is not None and (stopped is None or resumed > stopped)


def counts_from(cutover: Cutover) -> str:
    """From when on samples count, and rows at the source."""
    return "*Resume*" if went_on(cutover) else "the stop"


def open_items(cutover: Cutover) -> tuple[str, ...]:
    """The items of the checklist that keep writes from being opened."""
    return tuple(each.text for each in cutover.progress.checklist if each.blocking and not each.by)


def expires(cutover: Cutover) -> datetime | None:
    """When its state runs out; None where it does not."""
    from_when = evidence_from(cutover)
    if cutover.state is S.DRAINING and from_when is not None:
        limit = from_when + DRAIN_LIMIT
        return max(limit, cutover.since + THREE_SAMPLES)
    at = cutover.plan.at
    if cutover.state is S.AWAITING_APPROVAL and at is not None:
        early = at - APPROVED_BEFORE
        return early if early > cutover.created else at
    if cutover.rehearsal and cutover.state in (S.DRAINED, S.HELD, S.CHECKLIST):
        return cutover.since + REHEARSAL_LASTS
    state_limit = STATE_LIMITS.get(cutover.state)
    if state_limit is None:
        return None
    if cutover.state is S.READY and at is None:
        return cutover.since + WHEN_READY_LASTS
    begins = at if cutover.state is S.READY and at is not None else cutover.since
    return max(begins, cutover.since) + state_limit.after


def resumes_in(cutover: Cutover) -> CutoverState:
    """The state that a held cutover goes on in: what was measured before does not count any more."""
    return S.STOPPING if cutover.progress.held_from == S.STOPPING else S.DRAINING


def drain_anew(resumed: datetime | None) -> Mapping[str, Any]:
    """The fields of `Progress` of a cutover that drains from the beginning: nothing that was measured before
    counts. `resumed` is the time that samples count from, None where that is the stop of the writes."""
    measured = {"samples": (), "measured": None, "drained": None}
    return {"resumed": resumed, **measured, "asked_by": "", "seconded_by": ""}


def downtime(cutover: Cutover, now: datetime) -> timedelta | None:
    """How long the applications could not write, or cannot by now; None where writes were never stopped.

    An aborted cutover leaves the source closed until somebody opens it again; an aborted rehearsal is over.
    """
    progress = cutover.progress
    if progress.stopped is None:
        return None
    over = cutover.ended if cutover.rehearsal else None
    return (progress.opened or progress.reopened or over or now) - progress.stopped


def downtime_runs(cutover: Cutover) -> bool:
    """Whether the applications cannot write now; in a rehearsal, whether they could not."""
    progress = cutover.progress
    if cutover.rehearsal and cutover.ended is not None:
        return False
    if progress.stopped is None or progress.opened is not None or progress.reopened is not None:
        return False
    return cutover.state not in (S.DONE, S.EXPIRED)


def downtime_s(cutover: Cutover) -> int | None:
    """The downtime of one that has ended, in whole seconds; None where writes were never stopped, and while
    the downtime goes on."""
    span = downtime(cutover, cutover.ended or cutover.since)
    return None if span is None or downtime_runs(cutover) else round(span.total_seconds())


def has_ended(cutover: Cutover) -> bool:
    return cutover.state in ENDED_CUTOVERS
