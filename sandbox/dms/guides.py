"""Which guide of the service's documentation a job belongs to, by its source and its destination.

Each guide has its own pages "Migration job statuses", "Manage migration jobs" and "Promote a migration", and
they differ.
"""

from __future__ import annotations

from enum import Enum

from sandbox.dms.enums import ENGINES, PROVIDERS
from sandbox.dms.model import Job


class Guide(Enum):
    """A guide, by its name in the addresses of its pages."""

    POSTGRES = "postgres"
    POSTGRES_TO_ALLOYDB = "postgresql-to-alloydb"
    MYSQL = "mysql"
    SQLSERVER = "sqlserver"
    SQLSERVER_TO_POSTGRES = "sqlserver-to-csql-pgsql"
    SQLSERVER_TO_ALLOYDB = "sqlserver-to-alloydb"
    ORACLE_TO_POSTGRES = "oracle-to-postgresql"
    ORACLE_TO_ALLOYDB = "oracle-to-alloydb"
    FAILBACK = "sqlserver-to-alloydb/failback"


POSTGRES = frozenset({Guide.POSTGRES, Guide.POSTGRES_TO_ALLOYDB})
"""PostgreSQL to PostgreSQL."""
HETEROGENEOUS = frozenset(
    {
        Guide.SQLSERVER_TO_POSTGRES,
        Guide.SQLSERVER_TO_ALLOYDB,
        Guide.ORACLE_TO_POSTGRES,
        Guide.ORACLE_TO_ALLOYDB,
        Guide.FAILBACK,
    }
)
"""Another engine at the destination than at the source."""


def guide_of(job: Job) -> Guide:
    """A job that names no engine counts as one of PostgreSQL."""
    source, destination = job.pb.source_database.engine, job.pb.destination_database
    alloydb = destination.provider == PROVIDERS["ALLOYDB"]
    if source == ENGINES["MYSQL"]:
        return Guide.MYSQL
    if source == ENGINES["ORACLE"]:
        return Guide.ORACLE_TO_ALLOYDB if alloydb else Guide.ORACLE_TO_POSTGRES
    if source == ENGINES["SQLSERVER"]:
        if destination.engine == ENGINES["SQLSERVER"]:
            return Guide.SQLSERVER
        return Guide.SQLSERVER_TO_ALLOYDB if alloydb else Guide.SQLSERVER_TO_POSTGRES
    if destination.engine == ENGINES["SQLSERVER"]:
        return Guide.FAILBACK
    return Guide.POSTGRES_TO_ALLOYDB if alloydb else Guide.POSTGRES
