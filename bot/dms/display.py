"""States, phases and endpoints in words for people, as plain text without markup."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.dms.engines import loads_tables
from bot.dms.model import Database, Endpoint, Job, ObjectPhase, Phase, State
from bot.util.text import count_of

ENGINES = {"POSTGRESQL": "PostgreSQL", "MYSQL": "MySQL", "SQLSERVER": "SQL Server", "ORACLE": "Oracle"}
PROVIDERS = {
    "CLOUDSQL": "Cloud SQL",
    "ALLOYDB": "AlloyDB",
    "RDS": "Amazon RDS",
    "AURORA": "Amazon Aurora",
    "AZURE_DATABASE": "Azure Database",
}

PHASES: dict[str, str] = {
    Phase.FULL_DUMP: "full dump",
    Phase.CDC: "CDC",
    Phase.PROMOTE_IN_PROGRESS: "promote in progress",
    Phase.WAITING_FOR_SOURCE_WRITES_TO_STOP: "waiting for source writes to stop",
    Phase.PREPARING_THE_DUMP: "preparing the dump",
    Phase.READY_FOR_PROMOTE: "ready for promote",
    Phase.PHASE_FAILBACK: "failback",
    ObjectPhase.PROMOTED: "promoted",
    ObjectPhase.DIFF_BACKUP: "differential backup",
    ObjectPhase.CREATING_BACKUP: "creating the backup",
    ObjectPhase.RESTORING_BACKUP: "restoring the backup",
}
"""Of jobs, and of their databases (`ObjectPhase`)."""


_KINDS = {"DATABASE": "database", "SCHEMA": "schema", "TABLE": "table"}
_DOTTED = re.compile(r"\S\.\S")


def kind_of(objects: Sequence[Database]) -> str:
    """What a job's objects are, in the singular: jobs from Oracle list tables.

    Source: REST `MigrationJobObject` ("e.g. a specifc DB Table") and `SourceObjectIdentifier.type`.
    """
    kinds = {each.id.type for each in objects} or {"DATABASE"}
    return _KINDS.get(kinds.pop(), "object") if len(kinds) == 1 else "object"


def counted_objects(count: int, objects: Sequence[Database]) -> str:
    """`3 databases`, or what else the job's objects are."""
    return count_of(count, kind_of(objects))


def kind_in(*jobs: Job) -> str:
    """What the objects of these jobs are, in the singular, where only the names are known; else `kind_of`."""
    return "object" if any(map(loads_tables, jobs)) else "database"


def kinds_named(names: str, job: Job | None = None) -> str:
    """What objects are of which only the names are known, in the plural."""
    return "objects" if names_tables(names, job) else "databases"


def names_tables(names: str, job: Job | None = None) -> bool:
    """Whether these names are those of tables, or of schemas. The job's engines decide: a database's name may
    have a dot. Where they are not known, names with dots are (`str(ObjectId)`)."""
    if job is not None and job.source.engine and job.destination.engine:
        return loads_tables(job)
    return _DOTTED.search(names) is not None


def status_text(text: str) -> str:
    """`Job.status`, such as `RUNNING/FULL_DUMP`, for people: `Running · full dump`.

    Filters and the audit's export keep the API's value. Within a sentence: `in_sentence`.
    """
    state, _, phase = text.partition("/")
    return f"{state_text(state)} · {phase_text(phase)}" if phase else state_text(state)


def state_text(state: str) -> str:
    """A state of a job or of a database in sentence case: `Not started`. New ones of the service, too."""
    words = state.replace("_", " ")
    return "State not known" if state in ("", State.UNSPECIFIED) else words[:1] + words[1:].lower()


def in_sentence(shown: str) -> str:
    """A status or state of these functions with a small first letter: `3 running · CDC`."""
    return shown[:1].lower() + shown[1:]


def phase_text(phase: str) -> str:
    """A phase in words; an unknown one by its API name."""
    return PHASES.get(phase, phase)


def engine_text(endpoint: Endpoint) -> str:
    return ENGINES.get(endpoint.engine, endpoint.engine)


def provider_text(endpoint: Endpoint) -> str:
    return PROVIDERS.get(endpoint.provider, endpoint.provider)


def endpoint_text(endpoint: Endpoint) -> str:
    """`PostgreSQL (Amazon RDS)`."""
    if endpoint.engine and endpoint.provider:
        return f"{engine_text(endpoint)} ({provider_text(endpoint)})"
    return engine_text(endpoint) or provider_text(endpoint) or endpoint.profile_id or "unknown"
