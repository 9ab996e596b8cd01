"""Which counters tell of rows that are written to a source.

Source: "Cloud SQL metrics": `cloudsql.googleapis.com/database/postgresql/tuples_processed_count` (DELTA, by
`operation_type`: insert, update, delete, and by `database`), sampled every 60 seconds and visible up to 165
seconds later, on the resource `cloudsql_database`. MySQL has `mysql/innodb/row_operations_count`, which
counts the rows of the whole server, those that Cloud SQL writes itself among them, and names no database: it
would warn in every cutover. SQL Server has no such counter.

What is counted is shown to whoever promotes, and keeps a promotion from being sent by itself, but holds
nothing back. "Cloud SQL metrics" says no more than "rows processed for a given database", and PostgreSQL adds
the rows of every table to those of its database, its own catalogs among them (`pgstat_relation.c`). So an
ANALYZE of autovacuum counts, and what an extension such as pg_cron notes in a migrated database: an idle
source may count some rows for ever, and would never drain. What an application writes to a migrated table
arrives on the destination, where the delay and `write_rows_count` lead back to draining.
"""

from __future__ import annotations

from bot.dms.model import Job
from bot.dms.resource_names import cloud_sql_instance

TUPLES = "cloudsql.googleapis.com/database/postgresql/tuples_processed_count"
_UNCOUNTED = {
    "MYSQL": "Cloud SQL counts rows of the whole MySQL server alone, its own among them",
    "SQLSERVER": "Cloud SQL does not count them for SQL Server",
}


def source_instance(job: Job) -> tuple[str, str] | None:
    """Project and ID of the Cloud SQL instance for PostgreSQL that a job migrates from; None for any other
    source. Without a project in its connection profile, it is in the job's."""
    source = job.source
    if source.provider != "CLOUDSQL" or source.engine != "POSTGRESQL":
        return None
    return cloud_sql_instance(source.host, job.project)


def not_counted(job: Job) -> str:
    """Why nobody counts the rows that are written to the source, in a clause; empty if Cloud SQL does."""
    if source_instance(job) is not None:
        return ""
    if job.source.provider == "CLOUDSQL":
        return _UNCOUNTED.get(job.source.engine, "its Cloud SQL instance is not known")
    return "it is no Cloud SQL instance"
