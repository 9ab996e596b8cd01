"""Who changed a job: a run of this bot, somebody outside, or the service in the job's normal course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.dms.error_news import goes_on
from bot.dms.model import BEFORE_CDC, CHANGING, Job, JobType, Phase, State
from bot.dms.rules import Action
from bot.store.records import Run, RunState

OUTSIDE = "outside"
"""`Event.by` of a change that was not made through this bot: by the console, gcloud or another program."""

PROMOTING = frozenset({Phase.PROMOTE_IN_PROGRESS})

_CALLED = (RunState.CALLING, RunState.FOLLOWING, RunState.SUCCEEDED, RunState.FAILED, RunState.UNCLEAR)
_EFFECT_DELAY = timedelta(seconds=60)
"""The service may show the effect of a run a little after the run has ended."""

_TO_STOP = frozenset({Action.STOP, Action.RESTART})
"""A restart may stop the job first."""
_BY_STATE = {
    State.STARTING: frozenset({Action.START}),
    State.RESTARTING: frozenset({Action.RESTART}),
    State.RESUMING: frozenset({Action.RESUME}),
    State.STOPPING: _TO_STOP,
    State.STOPPED: _TO_STOP,
    State.UPDATING: frozenset({Action.EDIT}),
    State.DELETING: frozenset({Action.DELETE}),
    State.DELETED: frozenset({Action.DELETE}),
}
_TO_RUNNING = {
    State.NOT_STARTED: frozenset({Action.START}),
    State.STARTING: frozenset({Action.START}),
    State.FAILED: frozenset({Action.RESTART}),
    State.RESTARTING: frozenset({Action.RESTART}),
    State.RESUMING: frozenset({Action.RESUME}),
    State.UPDATING: frozenset({Action.EDIT}),
}
_NONE: frozenset[Action] = frozenset()


def actions_explaining(before: Job, after: Job) -> frozenset[Action]:
    """The actions that can lead from `before` to `after`; none if the service goes there by itself."""
    if after.phase in PROMOTING and before.phase not in PROMOTING:
        return frozenset({Action.PROMOTE})
    if after.state == State.COMPLETED:
        return _NONE if _ends_by_itself(before, after) else frozenset({Action.PROMOTE})
    if after.state == State.RUNNING:
        return _to_running(before, after)
    if after.state == before.state:
        return _NONE
    return _by_state(_BY_STATE, after.state)


def _ends_by_itself(before: Job, after: Job) -> bool:
    """Whether it is a one-time job; one whose type is not known ends by itself after its full dump."""
    return after.type == JobType.ONE_TIME or (not after.type and before.phase in BEFORE_CDC)


def _to_running(before: Job, after: Job) -> frozenset[Action]:
    if before.state == State.STOPPED:
        return frozenset({Action.RESUME if before.phase == Phase.CDC == after.phase else Action.RESTART})
    if before.state == State.RUNNING:
        back = before.phase == Phase.CDC and after.phase in BEFORE_CDC
        return frozenset({Action.RESTART}) if back else _NONE
    return _by_state(_TO_RUNNING, before.state)


def _by_state(table: Mapping[State, frozenset[Action]], state: str) -> frozenset[Action]:
    return next((found for each, found in table.items() if each == state), _NONE)


def changed_by(before: Job, after: Job | None, runs: Sequence[Run], since: datetime) -> str:
    """`Event.by` for a change seen now: a user ID, `outside`, or empty if the service made it by itself.

    `runs` are those of this job, `since` is the time of the previous poll; `after` is None for a deleted job.
    """
    wanted = frozenset({Action.DELETE}) if after is None else actions_explaining(before, after)
    if not wanted:
        return ""
    by = next((run.by for run in reversed(runs) if run.action in wanted and _can_explain(run, since)), None)
    if by is not None:
        return by
    by_itself = after is not None and goes_on(before.status, after.status)
    return "" if by_itself or _already_in_progress(before) else OUTSIDE


def _can_explain(run: Run, since: datetime) -> bool:
    stopped_first = run.state is RunState.QUEUED and run.called is not None
    if run.state not in _CALLED and not stopped_first:
        return False
    return run.ended is None or run.ended >= since - _EFFECT_DELAY


def _already_in_progress(before: Job) -> bool:
    """Whether the change only ends a transition that already has an event, with who caused it."""
    return before.state in CHANGING or before.phase in PROMOTING
