"""The engines that the service migrates, as values for jobs of the sandbox."""

from typing import Any

_CLOUD_SQL = {"destination_provider": "CLOUDSQL"}
_TO_SQLSERVER = {"destination_engine": "SQLSERVER"}
ENGINES: dict[str, dict[str, Any]] = {
    "PostgreSQL to AlloyDB": {},
    "PostgreSQL": _CLOUD_SQL,
    "MySQL": {"source_engine": "MYSQL", "destination_engine": "MYSQL", **_CLOUD_SQL},
    "SQL Server": {"source_engine": "SQLSERVER", **_TO_SQLSERVER, **_CLOUD_SQL},
    "SQL Server to PostgreSQL": {"source_engine": "SQLSERVER", **_CLOUD_SQL},
    "SQL Server to AlloyDB": {"source_engine": "SQLSERVER"},
    "Oracle to PostgreSQL": {"source_engine": "ORACLE", **_CLOUD_SQL},
    "Oracle to AlloyDB": {"source_engine": "ORACLE"},
    "PostgreSQL to SQL Server": {**_TO_SQLSERVER, **_CLOUD_SQL},
}
