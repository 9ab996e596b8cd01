"""What people call the engines and providers that `ConnectionProfile` names."""

from __future__ import annotations

from bot.dms.model import Endpoint

ENGINES = {"POSTGRESQL": "PostgreSQL", "MYSQL": "MySQL", "SQLSERVER": "SQL Server", "ORACLE": "Oracle"}
PROVIDERS = {
    "CLOUDSQL": "Cloud SQL",
    "ALLOYDB": "AlloyDB",
    "RDS": "Amazon RDS",
    "AURORA": "Amazon Aurora",
    "AZURE_DATABASE": "Azure Database",
}


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
