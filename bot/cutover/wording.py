"""Words for cutovers that more than one place says."""

from __future__ import annotations

from bot.store.cutover import Cutover, CutoverPlan, CutoverState
from bot.store.terms import CutoverTerms
from bot.util.durations import bytes_text, humanize

VERB = "cutover"
"""The verb, and the first part of the names of its buttons."""
MOVED = "It was moved to another time."
"""Why a plan ended whose place another one has taken."""
GOES_ON = "The downtime goes on: nobody has said yet that the source is open for writes again"
"""Of an aborted cutover, whose downtime nobody knows yet."""
WHEN_READY = "ready"
"""What `--at` says where the commander starts it, without a time."""
_STATE_TEXT = {
    CutoverState.DRAFT: "is not confirmed yet",
    CutoverState.AWAITING_APPROVAL: "waits for approval",
    CutoverState.SCHEDULED: "is scheduled",
    CutoverState.READY: "is ready to start",
    CutoverState.STOPPING: "waits until the writes are stopped",
    CutoverState.DRAINING: "is draining",
    CutoverState.DRAINED: "has drained",
    CutoverState.PROMOTING: "is being promoted",
    CutoverState.CHECKLIST: "has been promoted",
    CutoverState.DONE: "is done",
    CutoverState.HELD: "is held",
    CutoverState.ABORTED: "has been aborted",
    CutoverState.EXPIRED: "has expired",
    CutoverState.UNKNOWN: "may or may not have been promoted: the service is asked",
}


_STATE_REHEARSED = {
    CutoverState.STOPPING: "waits for the rehearsed stop of the writes",
    CutoverState.CHECKLIST: "is at its checklist: nothing was sent",
}
"""Where a rehearsal, which stops no writes and promotes nothing, is not what a cutover is."""


def state_text(state: CutoverState, *, rehearsal: bool = False) -> str:
    """The state of a cutover, to follow “the cutover”."""
    return (_STATE_REHEARSED if rehearsal else {}).get(state) or _STATE_TEXT[state]


def standing(cutover: Cutover) -> str:
    """`the cutover is held`, or `the rehearsal is held`."""
    what = "rehearsal" if cutover.rehearsal else "cutover"
    return f"the {what} {state_text(cutover.state, rehearsal=cutover.rehearsal)}"


def drained_text(cutover: Cutover) -> str:
    """What its samples have shown, in a clause. In a rehearsal, any will do."""
    if cutover.rehearsal:
        return "measured three times: any value counts in a rehearsal"
    return missing_text(cutover.plan)


def missing_text(plan: CutoverPlan | CutoverTerms) -> str:
    """What is missing once it has drained, in a clause: with a limit in the plan, never nothing."""
    limit = allowed_text(plan)
    return f"at most {limit} is missing" if limit else "nothing is missing"


def allowed_text(plan: CutoverPlan | CutoverTerms) -> str:
    """What a plan lets be missing: `10 s`, or `64 KiB`; empty for nothing."""
    seconds = humanize(plan.most_seconds) if plan.most_seconds else ""
    size = bytes_text(plan.most_bytes) if plan.most_bytes else ""
    return " or ".join(filter(None, (seconds, size)))


EVENT_TEXT = {
    "aborted": "aborted",
    "adopted": "a promotion from outside was adopted",
    "approved": "approved",
    "asked": "asked to promote",
    "budget": "the downtime runs long",
    "cancelled": "cancelled",
    "checked": "checks run",
    "confirmed": "confirmed",
    "drained": "drained",
    "expired": "expired",
    "held": "held",
    "here": "is here",
    "item": "checklist",
    "left_out": "went on without what is not promoted",
    "moved": "moved",
    "not_drained": "drains again",
    "not_sent": "nothing was sent",
    "objection": "the promotion was not sent",
    "opened": "writes are open on the destination",
    "override": "a check was overridden",
    "promoted": "promoted",
    "promoting": "the promotion is sent",
    "ready": "ready to start",
    "rehearsal": "a rehearsal was planned",
    "rehearsed": "the promotion was rehearsed",
    "renamed": "jobs have other names",
    "reopened": "the source is open for writes again",
    "resumed": "resumed",
    "started": "started: the writes are being stopped",
    "stopped": "the writes are stopped",
    "unknown": "it is not known whether the promotion was sent",
    "writer": "writers",
}


REHEARSAL_NOTE = "In a rehearsal, which sends nothing."
"""What the audit says of each event of a rehearsal, before anything else."""
_EVENT_REHEARSED = {
    "asked": "asked to rehearse the promotion",
    "opened": "opening the writes was rehearsed",
    "started": "started: nobody stops any writes",
    "stopped": "the stop of the writes was rehearsed",
}


def event_text(event: str, *, rehearsal: bool = False) -> str:
    """What an entry of the log is about, in a few words. In a rehearsal, nothing happens to the databases."""
    said = (_EVENT_REHEARSED if rehearsal else {}).get(event) or EVENT_TEXT.get(event)
    return said or event.replace("_", " ")
