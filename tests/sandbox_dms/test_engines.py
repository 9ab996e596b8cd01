"""What the engines of a job decide, against a table of the docs pages: each verb, in the states and phases in
which people ask for it.

Sources: "Migration job statuses", "Manage migration jobs" and "Promote a migration" of each guide; the
reference
of `demoteDestination` (MySQL to Cloud SQL, PostgreSQL to Cloud SQL, PostgreSQL to AlloyDB) and of
`fetchSourceObjects` (PostgreSQL to Cloud SQL, PostgreSQL to AlloyDB).
"""

from typing import Any

import pytest

from sandbox.dms import DmsControl

from .conftest import PARENT, Rest
from .engines import ENGINES

NAME = f"{PARENT}/migrationJobs/shop"
SITUATIONS: dict[str, dict[str, Any]] = {
    "not started": {"state": "NOT_STARTED"},
    "starting": {"state": "STARTING"},
    "waiting for writes to stop": {"phase": "WAITING_FOR_SOURCE_WRITES_TO_STOP"},
    "full dump": {"phase": "FULL_DUMP"},
    "CDC": {"phase": "CDC"},
    "CDC with errors": {"phase": "CDC", "error": "lost"},
    "ready for promote": {"phase": "READY_FOR_PROMOTE"},
    "promoting": {"phase": "PROMOTE_IN_PROGRESS"},
    "failback": {"phase": "PHASE_FAILBACK"},
    "stopped in CDC": {"state": "STOPPED", "phase": "CDC"},
    "stopped in full dump": {"state": "STOPPED", "phase": "FULL_DUMP"},
    "failed in CDC": {"state": "FAILED", "phase": "CDC", "error": "lost"},
    "failed in full dump": {"state": "FAILED", "phase": "FULL_DUMP", "error": "lost"},
    "completed": {"state": "COMPLETED"},
}
ANY = frozenset(SITUATIONS)
RUNNING = frozenset(name for name, values in SITUATIONS.items() if "state" not in values)
IDLE = frozenset({"stopped in CDC", "stopped in full dump", "failed in CDC", "failed in full dump"})
NEVER: frozenset[str] = frozenset()
POSTGRES = ("PostgreSQL", "PostgreSQL to AlloyDB")
CONFIG = {
    "sourceObjectsConfig": {
        "objectsSelectionType": "SPECIFIED_OBJECTS",
        "objectConfigs": [{"objectIdentifier": {"type": "DATABASE", "database": "a"}}],
    }
}


def allowed(verb: str, engine: str) -> frozenset[str]:
    if verb == "start":
        return frozenset({"not started"})
    if verb == "stop":
        # "Promote a migration": a promotion cannot be stopped.
        return RUNNING - {"promoting"}
    if verb == "resume":
        return frozenset({"stopped in CDC"})
    if verb == "restart":
        # Running with errors: Restart. The page of MySQL has no such row.
        idle = IDLE - {"stopped in CDC"}
        return idle if engine == "MySQL" else idle | {"CDC with errors"}
    if verb == "promote":
        # Failed in CDC: Promote. The cell of SQL Server is empty, its text asks for a restart.
        ready = frozenset({"CDC", "CDC with errors", "ready for promote", "stopped in CDC"})
        return ready if engine == "SQL Server" else ready | {"failed in CDC"}
    if verb == "demoteDestination":
        return IDLE | {"not started"} if engine in (*POSTGRES, "MySQL") else NEVER
    if verb == "fetchSourceObjects":
        return ANY if engine in POSTGRES else NEVER
    if verb == "edit databases":
        # PostgreSQL: any state or phase. MySQL: Not started, Stopped, Failed.
        return IDLE | {"not started"} if engine == "MySQL" else ANY
    if verb == "edit parallelism":
        # PostgreSQL alone: "of a running migration job".
        return RUNNING if engine in POSTGRES else NEVER
    return ANY


VERBS = (
    "start", "stop", "resume", "restart", "promote", "demoteDestination", "fetchSourceObjects",
    "edit databases", "edit parallelism", "delete",
)  # fmt: skip


def send(rest: Rest, verb: str) -> Any:
    if verb == "delete":
        return rest.raw("DELETE", NAME)
    if verb == "fetchSourceObjects":
        return rest.raw("GET", f"{NAME}:{verb}")
    edits = {
        "edit databases": ("objectsConfig", {"objectsConfig": CONFIG}),
        "edit parallelism": ("performanceConfig", {"performanceConfig": {"dumpParallelLevel": "MAX"}}),
    }
    if verb in edits:
        mask, body = edits[verb]
        return rest.raw("PATCH", NAME, params={"updateMask": mask}, json=body)
    return rest.raw("POST", f"{NAME}:{verb}", json={})


@pytest.mark.parametrize("engine", ENGINES)
def test_a_verb_is_taken_exactly_where_the_pages_of_the_engine_allow_it(
    engine: str, rest: Rest, control: DmsControl
) -> None:
    taken: dict[str, set[str]] = {verb: set() for verb in VERBS}
    for situation, values in SITUATIONS.items():
        changed = True
        for verb in VERBS:
            if changed:
                control.add_job("shop", databases=["a", "b"], frozen=True, **values, **ENGINES[engine])
            answer = send(rest, verb)
            changed = answer.status_code == 200
            if changed:
                taken[verb].add(situation)
            else:
                assert answer.json()["error"]["status"] == "FAILED_PRECONDITION", answer.text
    assert taken == {verb: allowed(verb, engine) for verb in VERBS}
