"""Which events are about the errors of a job that goes on, or goes on again. Pure functions.

Source: "Migration job statuses" (AlloyDB, PostgreSQL, Oracle): Running with errors, whose "errors clear
automatically", and Failed, from where some jobs resume by themselves once the cause is fixed.
"""

from __future__ import annotations

from typing import Protocol

from bot.dms.model import BEFORE_CDC, Phase, State
from bot.dms.source_writes import StatusChange

TOLD = "told"
"""`before` of an error of a job that people know to have errors: it is no alert."""
OF_DATABASES = frozenset({"database_failed", "database_error"})
_WITH_ERRORS = frozenset({State.RUNNING, State.UPDATING})
"""A change of its settings does not end the errors of a job."""
ERRORS = OF_DATABASES | {"error"}
"""Kinds of events that report errors, and what `before` of a `cleared` event names."""


class AttributedChange(StatusChange, Protocol):
    """The part of an event that says who made a change; `by` is empty where nobody did."""

    @property
    def by(self) -> str: ...


def brings_errors(event: StatusChange) -> bool:
    """Whether a running job runs with errors from this event on, or with one more."""
    if event.kind == "error":
        return _state(event.after) == State.RUNNING
    return event.kind in OF_DATABASES


def ends_errors(event: StatusChange) -> bool:
    """Whether the job runs without any error from this event on."""
    return event.kind == "cleared" and event.before in ERRORS and _state(event.after) == State.RUNNING


def goes_on_with_errors(state: str) -> bool:
    """Whether a job in this state may run with errors now or in a moment."""
    return state in _WITH_ERRORS


def stops_running(event: StatusChange) -> bool:
    """Whether a job that may have run with errors runs no longer."""
    changed = event.kind in ("changed", "deleted")
    goes_on_after = goes_on_with_errors(_state(event.after))
    return changed and goes_on_with_errors(_state(event.before)) and not goes_on_after


def recovers(event: AttributedChange) -> bool:
    """Whether a failed job goes on without a restart from here or from outside."""
    return event.kind == "changed" and not event.by and goes_on(event.before, event.after)


def goes_on(before: str, after: str) -> bool:
    """Whether a failed job runs again where it had failed, or further on; both have the form of `Job.status`.

    A restart begins with the full dump again. From a failure in the full dump, the two look the same.
    """
    state, _, phase = before.partition("/")
    new_state, _, new_phase = after.partition("/")
    if state != State.FAILED or new_state != State.RUNNING:
        return False
    return phase == new_phase or (phase in BEFORE_CDC and new_phase == Phase.CDC)


def may_be_restarted(event: StatusChange) -> bool:
    """Whether a job that goes on may have been restarted outside: its full dump goes on, or begins again."""
    return event.before.partition("/")[2] not in (Phase.CDC, Phase.READY_FOR_PROMOTE)


def _state(status: str) -> str:
    return status.partition("/")[0]
