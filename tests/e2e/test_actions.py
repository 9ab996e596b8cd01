"""Every verb in every state and phase of the table: allowed ones are sent once, others say why not."""

from __future__ import annotations

import pytest

from sandbox.slack import plain
from tests.e2e.env import CAUGHT_UP, Env
from tests.waiting import until

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
PASSING = {"CREATING", "STARTING", "STOPPING", "RESUMING", "RESTARTING", "UPDATING", "DELETING"}
VERBS = ("start", "stop", "resume", "restart", "promote", "verify", "delete")


def unlisted(verb: str, state: str, phase: str | None) -> bool:
    """Where sources differ: it is sent after a warning, and the service decides.

    "Manage migration jobs" starts every job that does not run or start, REST restarts a job that was stopped;
    "Migration job statuses" lists neither. A state that passes by itself ends first.
    """
    if verb == "start":
        return state not in ("NOT_STARTED", "RUNNING", *PASSING)
    return (verb, state, phase) == ("restart", "STOPPED", "CDC")


def allowed(verb: str, state: str, phase: str | None) -> bool:
    """The table of the facts, written down once more."""
    if verb == "verify":
        return True
    if verb == "delete":
        return state != "DELETING"
    if verb == "stop":
        return state == "RUNNING" and phase != "PROMOTE_IN_PROGRESS"
    possible: dict[str, set[tuple[str, str | None]]] = {
        "start": {("NOT_STARTED", None)},
        "resume": {("STOPPED", "CDC")},
        "restart": {("FAILED", "FULL_DUMP"), ("FAILED", "CDC"), ("STOPPED", "FULL_DUMP")},
        "promote": {
            ("RUNNING", "CDC"),
            ("RUNNING", "READY_FOR_PROMOTE"),
            ("STOPPED", "CDC"),
            ("FAILED", "CDC"),
        },
    }
    return (state, phase) in possible[verb]


def words(verb: str, state: str, phase: str | None) -> tuple[str, ...]:
    """What the confirmation must say; empty where none is asked for."""
    if verb == "start" and state != "NOT_STARTED":
        return ("The service decides",)
    if verb == "restart":
        decides = ("The service decides",) if unlisted(verb, state, phase) else ()
        return ("wiped", "sales", "billing", *decides)
    if verb == "promote":
        return ("cannot be undone", "primary", "sales", "billing")
    if verb == "delete":
        return deletion(state, phase)
    if verb == "stop":
        return STOPS.get(phase or "", ("No page says",))
    return ()


STOPS = {
    "FULL_DUMP": ("WAL", "restarted", "deleted"),
    "WAITING_FOR_SOURCE_WRITES_TO_STOP": ("not begun", "restarted or deleted", "may resume"),
    "PREPARING_THE_DUMP": ("not begun", "restarted or deleted", "may resume"),
    "CDC": (),
    "READY_FOR_PROMOTE": ("resumed or deleted",),
}


def deletion(state: str, phase: str | None) -> tuple[str, ...]:
    if state == "COMPLETED":
        return ("Only the record",)
    if phase == "PROMOTE_IN_PROGRESS":
        return ("being promoted", "neither stopped nor undone", "connection profile", "destination")
    passing = (f"It is {state}", "a job that is stuck") if state in PASSING else ()
    return (*passing, "connection profile", "destination")


def asks_by(verb: str, state: str) -> str:
    return "Delete job only" if verb == "delete" and state != "COMPLETED" else f"Confirm {verb}"


def is_typed(verb: str, state: str, phase: str | None) -> bool:
    """A stopped or failed job has no replication delay that could be known to be zero."""
    if (verb, phase) == ("delete", "PROMOTE_IN_PROGRESS"):
        return True
    return (
        verb == "restart"
        or unlisted(verb, state, phase)
        or (verb == "promote" and state in ("STOPPED", "FAILED"))
    )


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("state", "phase"), STATUSES)
def test_table(env: Env, verb: str, state: str, phase: str | None) -> None:
    job = env.add_job(verb, state=state, phase=phase, databases=["sales", "billing"], **CAUGHT_UP)
    answer = env.type(f"{verb} {job}")
    if not allowed(verb, state, phase) and not unlisted(verb, state, phase):
        assert "Possible now" in plain(answer) or "wait until" in plain(answer), plain(answer)
        assert job in plain(answer)
        assert env.writes(verb, job) == []
        return
    wanted = words(verb, state, phase)
    if wanted:
        card = env.shows(answer, *wanted, asks_by(verb, state), step="cancel")
        assert env.writes(verb, job) == []
        env.confirm(card, typed=job if is_typed(verb, state, phase) else "")
    if unlisted(verb, state, phase):
        # The local DMS follows "Migration job statuses", so it refuses; its reason is shown.
        env.shows_as(answer, "failed", job, "not allowed in state")
    else:
        env.shows_as(answer, "done", job)
    # A completed job's own sign is on the card, too: what ends the wait is the call itself.
    until(lambda: env.writes(verb, job), timeout=15)
    assert len(env.writes(verb, job)) == 1
