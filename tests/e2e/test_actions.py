"""Every verb in every state and phase of the table: allowed ones are sent once, others say why not.

The jobs migrate from PostgreSQL to AlloyDB; the last test has those of engines whose pages say otherwise.
"""

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
    ("UPDATING", "CDC"),
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
            "COMPLETED",
            "DELETING",
            "MAINTENANCE",
        )
    ),
)
PASSING = {"CREATING", "STARTING", "STOPPING", "RESUMING", "RESTARTING", "DELETING"}
NO_PAGE = {"UPDATING", "MAINTENANCE"}
"""States of which "Migration job statuses" says nothing."""
VERBS = ("start", "stop", "resume", "restart", "promote", "verify", "delete")


def unlisted(verb: str, state: str, phase: str | None) -> bool:
    """Where sources differ or are silent: it is sent after a warning, and the service decides.

    "Manage migration jobs" starts every job that does not run or start, REST restarts a job that was stopped;
    "Migration job statuses" lists neither. A state that passes by itself ends first. No page says whether a
    job in the failback phase can be promoted to its destination.
    """
    if verb == "start":
        return state not in ("NOT_STARTED", "RUNNING", *PASSING)
    if verb in ("stop", "resume", "restart", "promote") and state in NO_PAGE:
        return True
    return (verb, state, phase) in (
        ("restart", "STOPPED", "CDC"),
        ("promote", "RUNNING", "PHASE_FAILBACK"),
    )


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
    decides = ("The service decides",) if unlisted(verb, state, phase) else ()
    if verb in ("start", "resume"):
        return decides
    if verb == "restart":
        return ("wiped", "sales", "billing", *decides)
    if verb == "promote":
        return ("cannot be undone", "primary", "sales", "billing", *decides)
    if verb == "delete":
        return deletion(state, phase)
    if verb == "stop":
        return (*STOPS.get(phase or "", ("DMS does not document",)), *decides)
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
        return ("Removes only the record",)
    if phase == "PROMOTE_IN_PROGRESS":
        return ("being promoted", "neither stopped nor undone", "connection profile", "destination")
    passing = (
        (f"The job is {state.lower()}", "only if it is stuck") if state in {*PASSING, "UPDATING"} else ()
    )
    return (*passing, "connection profile", "destination")


def asks_by(verb: str, state: str) -> str:
    return "Delete job only" if verb == "delete" and state != "COMPLETED" else f"Confirm {verb}"


def is_typed(verb: str, state: str, phase: str | None) -> bool:
    """A stopped or failed job has no replication delay that could be known to be zero."""
    if (verb, phase) == ("delete", "PROMOTE_IN_PROGRESS"):
        return True
    measured = state in ("RUNNING", "UPDATING") and phase in ("CDC", "READY_FOR_PROMOTE")
    return (
        verb == "restart"
        or (verb == "start" and unlisted(verb, state, phase))
        or (verb == "promote" and not measured)
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
    until(lambda: env.writes(verb, job))
    assert len(env.writes(verb, job)) == 1


MYSQL = {"source_engine": "MYSQL", "destination_engine": "MYSQL", "destination_provider": "CLOUDSQL"}
SQLSERVER = {
    "source_engine": "SQLSERVER",
    "destination_engine": "SQLSERVER",
    "destination_provider": "CLOUDSQL",
}
ORACLE = {"source_engine": "ORACLE", "destination_provider": "CLOUDSQL"}
CLOUD_SQL = {"destination_provider": "CLOUDSQL"}
FAILED = {"state": "FAILED", "phase": "CDC"}
FAULTY = {"databases": ["sales", {"name": "billing", "state": "FAILED"}]}


@pytest.mark.parametrize(
    ("job", "command", "decides"),
    [
        # "Migration job statuses": Failed lists Promote in the guides of MySQL and Oracle; in that of SQL
        # Server, its actions are missing.
        (MYSQL | FAILED, "promote {}", ""),
        (ORACLE | FAILED, "promote {}", ""),
        (SQLSERVER | FAILED, "promote {}", "does not say that a job that has failed can be promoted"),
        # It has a status Running with errors in all guides but that of MySQL.
        (SQLSERVER | FAULTY, "restart {}", ""),
        (MYSQL | FAULTY, "restart {}", "only some guides say that a job that runs with errors can restart"),
        # "Promote a migration" (PostgreSQL) and "Finalize a migration" (SQL Server) name selected databases.
        (CLOUD_SQL, "promote {} --databases sales", ""),
        (SQLSERVER, "promote {} --databases sales", ""),
        (ORACLE, "promote {} --databases sales", "does not mention promoting only some of a job's databases"),
        # "Manage migration jobs": PostgreSQL in any state; of SQL Server and Oracle, no edit of databases.
        (CLOUD_SQL, "edit {} --remove sales", ""),
        (SQLSERVER, "edit {} --remove sales", "DMS does not document that the databases of a job like this"),
        # REST `migrationJobs.delete`: `force` deletes the Cloud SQL replica.
        (SQLSERVER, "delete {} --with-destination", ""),
        ({}, "delete {} --with-destination", "documented for Cloud SQL only"),
    ],
)
def test_where_the_pages_of_other_engines_differ(
    env: Env, job: dict[str, object], command: str, decides: str
) -> None:
    values = {"phase": "CDC", "databases": ["sales", "billing"], "frozen": True, **CAUGHT_UP, **job}
    name = env.add_job("engines", **values)
    card = plain(env.shows(env.type(command.format(name)), step="cancel"))
    assert ("The service decides" in card) is bool(decides)
    assert decides in card
