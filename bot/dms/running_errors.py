"""RUNNING with errors: a status of its own, which the API shows as RUNNING. Pure functions.

"Migration job statuses" (AlloyDB, PostgreSQL, SQL Server, Oracle), Running with errors: "faulty operations
will be retried, and errors clear automatically". The reference of `MigrationJob.error` speaks of FAILED
alone, so an error of one of the job's databases (`MigrationJobObject.state`, `error`) counts as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from rapidfuzz import fuzz

from bot.dms.display import names_tables
from bot.dms.engines import Engines, Family, engines_of, family
from bot.dms.known_errors import find
from bot.dms.model import Database, Fault, Job, ObjectId
from bot.dms.states import ObjectState, State

WITH_ERRORS = "RUNNING with errors"
"""Replaces RUNNING in the status of such a job, as people see it: `RUNNING with errors/CDC`."""

_ERROR = "error: "
_STORED = 200
"""Characters of a database's error that are stored, to recognize it later."""
_ALIKE = 75
"""Minimum similarity, 0 to 100, of two texts of the same error."""
_VARYING = re.compile(r"[0-9a-f]{8,}|\d+", re.IGNORECASE)
"""What differs between two texts of one error: times, counters, positions in a log, IDs."""


def is_faulty(database: Database) -> bool:
    """Whether the database has failed, or has an error while it goes on."""
    if database.state == ObjectState.NOT_SELECTED:
        return False
    return database.state == ObjectState.FAILED or database.error is not None


def runs_with_errors(job: Job, databases: Sequence[Database] = ()) -> bool:
    """Whether the job's status is Running with errors; `databases` are those of the job, if known."""
    return job.state == State.RUNNING and (job.error is not None or any(map(is_faulty, databases)))


def shown_status(job: Job, *, with_errors: bool) -> str:
    """`Job.status` for people: a job with errors has a status of its own."""
    if not with_errors or job.state != State.RUNNING:
        return job.status
    return job.status.replace(State.RUNNING, WITH_ERRORS, 1)


def errors_are_retried(job: Job) -> bool:
    """Whether DMS retries what is faulty, so that errors clear once their cause is fixed.

    Source: "Migration job statuses" (AlloyDB, PostgreSQL, SQL Server, Oracle), Running with errors. The guide
    for MySQL has no such status; those for Oracle to AlloyDB and SQL Server to PostgreSQL have no such page,
    nor has the one for failback to SQL Server.
    """
    retried = (Engines.SQLSERVER_TO_CLOUD_SQL, Engines.ORACLE_TO_CLOUD_SQL)
    return family(job) is Family.POSTGRESQL or engines_of(job) in retried


def same_error(one: str, other: str) -> bool:
    """Whether two texts are of the same error, although times, counters or names in them may differ."""
    one, other = one[:_STORED], other[:_STORED]
    if one == other:
        return True
    known = find(one)
    if known is not None and known is find(other):
        return True
    return fuzz.ratio(_VARYING.sub("0", one), _VARYING.sub("0", other)) >= _ALIKE


def database_status(database: Database) -> str:
    """State, phase and error of a database in one text, for a snapshot: `RUNNING/CDC/error: disk is full`.

    Without an error it ends with the second slash, which older versions did not write: of what they saved,
    `error_of` does not know.
    """
    fault = database.error if is_faulty(database) else None
    error = f"{_ERROR}{fault.message[:_STORED]}" if fault is not None else ""
    return f"{database.state}/{database.phase}/{error}"


def error_of(status: str) -> str | None:
    """The error in a `database_status`; empty without one, None if an older version did not save it."""
    parts = status.split("/", 2)
    return parts[2].removeprefix(_ERROR) if len(parts) == 3 else None


def has_failed(status: str) -> bool:
    """Whether a `database_status` is a failure."""
    return status.partition("/")[0] == ObjectState.FAILED


def faulty_databases(statuses: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the databases that have failed or have an error, sorted; `statuses` by database."""
    return tuple(sorted(name for name, status in statuses.items() if _is_faulty(status)))


def databases_of(statuses: Mapping[str, str], job: Job | None = None) -> tuple[Database, ...]:
    """The databases as a snapshot of the job holds them, without their resource names."""
    return tuple(_database(name, status, job) for name, status in sorted(statuses.items()))


def faulty_of(statuses: Mapping[str, str], job: Job | None = None) -> tuple[Database, ...]:
    """The databases that have failed or have an error, as a snapshot of the job holds them."""
    return tuple(filter(is_faulty, databases_of(statuses, job)))


def any_failed(databases: Iterable[Database]) -> bool:
    return any(each.state == ObjectState.FAILED for each in databases)


def _is_faulty(status: str) -> bool:
    return has_failed(status) or "/" + _ERROR in status


def _database(name: str, status: str, job: Job | None) -> Database:
    state, _, rest = status.partition("/")
    phase, _, error = rest.partition("/")
    fault = Fault(0, error.removeprefix(_ERROR)) if error else None
    kind = "" if names_tables(name, job) else "DATABASE"  # a snapshot has the name alone
    return Database("", ObjectId(name, kind), state, phase, fault)
