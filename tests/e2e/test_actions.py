"""Every verb in every state and phase of the table: allowed ones act once, others say why not."""

from __future__ import annotations

import pytest

from sandbox.slack import plain
from tests.e2e.scene import CAUGHT_UP, Scene, fresh

PHASES = (
    "FULL_DUMP",
    "CDC",
    "PROMOTE_IN_PROGRESS",
    "WAITING_FOR_SOURCE_WRITES_TO_STOP",
    "PREPARING_THE_DUMP",
    "READY_FOR_PROMOTE",
    "PHASE_FAILBACK",
)
STATUSES = (
    *(("RUNNING", phase) for phase in PHASES),
    ("STOPPED", "FULL_DUMP"),
    ("STOPPED", "CDC"),
    ("FAILED", "FULL_DUMP"),
    ("FAILED", "CDC"),
    *(
        (state, None)
        for state in (
            "DRAFT",
            "CREATING",
            "NOT_STARTED",
            "STARTING",
            "STOPPING",
            "RESUMING",
            "RESTARTING",
            "UPDATING",
            "COMPLETED",
            "DELETING",
            "MAINTENANCE",
        )
    ),
)
CHANGING = {"CREATING", "STARTING", "STOPPING", "RESUMING", "RESTARTING", "UPDATING", "DELETING"}
VERBS = ("start", "stop", "resume", "restart", "promote", "verify", "delete")


def allowed(verb: str, state: str, phase: str | None) -> bool:
    """The table of the facts, written down once more."""
    if verb in ("verify", "delete"):
        return state not in CHANGING
    return (state, phase) in {
        "start": {("NOT_STARTED", None)},
        "stop": {("RUNNING", "FULL_DUMP"), ("RUNNING", "CDC")},
        "resume": {("STOPPED", "CDC")},
        "restart": {("FAILED", "FULL_DUMP"), ("FAILED", "CDC"), ("STOPPED", "FULL_DUMP")},
        "promote": {("RUNNING", "CDC"), ("RUNNING", "READY_FOR_PROMOTE"), ("STOPPED", "CDC")},
    }[verb]


def words(verb: str, state: str, phase: str | None) -> tuple[str, ...]:
    """What the confirmation must say; empty where none is asked for."""
    if verb == "restart":
        return ("wiped", "sales", "billing")
    if verb == "promote":
        return ("cannot be undone", "primary", "sales", "billing")
    if verb == "delete":
        return ("Only the record",) if state == "COMPLETED" else ("connection profile", "destination")
    if verb == "stop" and phase == "FULL_DUMP":
        return ("WAL", "restarted", "deleted")
    return ()


def asks_by(verb: str, state: str) -> str:
    return "Delete job only" if verb == "delete" and state != "COMPLETED" else f"Confirm {verb}"


def is_typed(verb: str, state: str) -> bool:
    """A stopped job has no replication delay that could be known to be zero."""
    return verb == "restart" or (verb, state) == ("promote", "STOPPED")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("state", "phase"), STATUSES)
def test_table(stage: Scene, verb: str, state: str, phase: str | None) -> None:
    job = fresh(verb)
    stage.dms.add_job(job, state=state, phase=phase, databases=["sales", "billing"], frozen=True, **CAUGHT_UP)
    answer = stage.type(f"{verb} {job}")
    if not allowed(verb, state, phase):
        assert "Possible now" in plain(answer) or "wait until" in plain(answer), plain(answer)
        assert job in plain(answer)
        assert stage.writes(verb, job) == []
        return
    wanted = words(verb, state, phase)
    if wanted:
        card = stage.shows(answer, *wanted, "Cancel")
        assert stage.writes(verb, job) == []
        stage.confirm(card, asks_by(verb, state), typed=job if is_typed(verb, state) else "")
    stage.shows(answer, "✅", job)
    # A completed job's own sign is on the card, too: what ends the wait is the call itself.
    stage.slack.wait_for(lambda _: stage.writes(verb, job), 15)
    assert len(stage.writes(verb, job)) == 1
