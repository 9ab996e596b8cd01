"""Fields of a job that only the REST API has. Pure functions.

Sources: REST schema `MigrationJob` of `datamigration.v1`: `purpose` ("Migration jobs can be standard
forward jobs or failback migration jobs"), `originalMigrationName` ("A failback replication pointer to the
resource name (URI) of the original migration job"),
`sqlserverHomogeneousMigrationJobConfig.promoteWhenReady` ("Promote databases when ready"),
`sqlserverHomogeneousMigrationJobConfig.dagConfig` ("Configuration for distributed availability group (DAG)"),
`postgresHomogeneousConfig.isNativeLogical` ("Whether the migration is native logical"). The gRPC client
`google-cloud-dms` 1.17.0 has none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_SQLSERVER = "sqlserverHomogeneousMigrationJobConfig"


@dataclass(frozen=True, slots=True)
class RestFields:
    """Fields of a job that gRPC lacks."""

    failback: bool = False
    """It replicates from the promoted destination back to the source (`purpose` FAILBACK)."""
    original: str = ""
    """Full resource name of the job that a failback job belongs to."""
    promotes_when_ready: bool = False
    """Its databases are promoted by themselves when they are ready."""
    availability_group: bool = False
    """It replicates through a distributed availability group of SQL Server, of which no page speaks."""
    native_logical: bool = False
    """A quick-start migration: native logical replication, without pglogical.

    Source: "Known limitations" (PostgreSQL).
    """


def rest_fields(job_body: Mapping[str, Any]) -> RestFields:
    """Those of a REST `MigrationJob`."""
    original = str(job_body.get("originalMigrationName") or "")
    return RestFields(
        failback=job_body.get("purpose") == "FAILBACK" or bool(original),
        original=original,
        promotes_when_ready=_flag(job_body, _SQLSERVER, "promoteWhenReady"),
        availability_group=bool((job_body.get(_SQLSERVER) or {}).get("dagConfig")),
        native_logical=_flag(job_body, "postgresHomogeneousConfig", "isNativeLogical"),
    )


def _flag(body: Mapping[str, Any], config: str, field: str) -> bool:
    return (body.get(config) or {}).get(field) is True
