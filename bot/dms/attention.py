"""Which jobs people should look at, and which run, change or rest: the parts of a list. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from bot.dms import source_writes
from bot.dms.states import CHANGING, Phase, State


class Part(StrEnum):
    """The parts of a list, in their order; the value says what their jobs do."""

    ATTENTION = "need attention"
    STOPPED = "stopped"
    """Changes pile up on the source."""
    RUNNING = "running"
    CHANGING = "changing"
    RESTING = "done or not started"


_PARTS: Mapping[str, Part] = {
    State.RUNNING: Part.RUNNING,
    State.STOPPED: Part.STOPPED,
    **dict.fromkeys((*CHANGING, State.MAINTENANCE), Part.CHANGING),
    **dict.fromkeys((State.NOT_STARTED, State.DRAFT, State.COMPLETED, State.DELETED), Part.RESTING),
}


@lru_cache(maxsize=512)
def part_of(status: str) -> Part:
    """The part of a job with this status as people see it (`running_errors.shown_status`).

    Somebody should look at a job that failed, runs with errors, was stopped in its full dump, waits for the
    writes to its source to stop, or has a state that the bot does not know.
    """
    state, _, phase = status.partition("/")
    stopped_in_dump = state == State.STOPPED and phase == Phase.FULL_DUMP
    if stopped_in_dump or source_writes.waits_for_stop(status):
        return Part.ATTENTION
    return _PARTS.get(state, Part.ATTENTION)
