"""Words for cutovers that more than one place says."""

from __future__ import annotations

from bot.store.cutover import CutoverState

_STATE_TEXT = {
    CutoverState.DRAFT: "is not confirmed yet",
    CutoverState.AWAITING_APPROVAL: "waits for approval",
    CutoverState.SCHEDULED: "is scheduled",
    CutoverState.READY: "is ready to start",
    CutoverState.STOPPING: "waits until the writes are stopped",
    CutoverState.DRAINING: "waits until nothing is missing",
    CutoverState.DRAINED: "has drained",
    CutoverState.PROMOTING: "is being promoted",
    CutoverState.CHECKLIST: "has been promoted",
    CutoverState.DONE: "is done",
    CutoverState.HELD: "is held",
    CutoverState.ABORTED: "has been aborted",
    CutoverState.EXPIRED: "has expired",
    CutoverState.UNKNOWN: "may or may not have been promoted: the service is asked",
}


def state_text(state: CutoverState) -> str:
    """The state of a cutover, to follow “the cutover”."""
    return _STATE_TEXT[state]
