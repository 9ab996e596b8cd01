"""What people call engines, providers, states and phases; plain text."""

from __future__ import annotations

from bot.dms.model import Endpoint, Phase

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
}


def status_plain(text: str) -> str:
    """`RUNNING/FULL_DUMP`, as it stands in events and groups, for people: `RUNNING · full dump`."""
    state, _, phase = text.partition("/")
    return f"{state or 'unknown'} · {phase_words(phase)}" if phase else state or "unknown"


def phase_words(phase: str) -> str:
    """A phase in words; one that nobody here has heard of by its name."""
    return PHASES.get(phase, phase)


def engine(endpoint: Endpoint) -> str:
    return ENGINES.get(endpoint.engine, endpoint.engine)


def provider(endpoint: Endpoint) -> str:
    return PROVIDERS.get(endpoint.provider, endpoint.provider)


def side(endpoint: Endpoint) -> str:
    """`PostgreSQL (Amazon RDS)`."""
    if endpoint.engine and endpoint.provider:
        return f"{engine(endpoint)} ({provider(endpoint)})"
    return engine(endpoint) or provider(endpoint) or endpoint.profile_id or "unknown"


def place(endpoint: Endpoint) -> str:
    """Engine, provider, and where it is, with the place as `code`."""
    where = endpoint.host or endpoint.profile_id
    return f"{side(endpoint)} `{where}`" if where else side(endpoint)
