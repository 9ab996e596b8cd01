"""Pairs of engines that DMS migrates between; its documentation has a guide for each. Pure functions."""

from __future__ import annotations

from enum import StrEnum

from bot.dms.model import Job


class Engines(StrEnum):
    """A source and a destination; the value is what people read."""

    POSTGRESQL_TO_ALLOYDB = "PostgreSQL → AlloyDB"
    POSTGRESQL_TO_CLOUD_SQL = "PostgreSQL → Cloud SQL"
    MYSQL_TO_CLOUD_SQL = "MySQL → Cloud SQL"
    SQLSERVER_TO_CLOUD_SQL = "SQL Server → Cloud SQL"
    ORACLE_TO_CLOUD_SQL = "Oracle → Cloud SQL for PostgreSQL"
    ORACLE_TO_ALLOYDB = "Oracle → AlloyDB"
    SQLSERVER_TO_POSTGRESQL = "SQL Server → Cloud SQL for PostgreSQL"
    SQLSERVER_TO_ALLOYDB = "SQL Server → AlloyDB"
    UNKNOWN = "other or unknown engines"
    """The connection profiles cannot be read, or name another pair. No guide is known to be the right one."""


_PAIRS = {
    ("POSTGRESQL", "ALLOYDB"): Engines.POSTGRESQL_TO_ALLOYDB,
    ("POSTGRESQL", "POSTGRESQL"): Engines.POSTGRESQL_TO_CLOUD_SQL,
    ("SQLSERVER", "SQLSERVER"): Engines.SQLSERVER_TO_CLOUD_SQL,
    ("SQLSERVER", "POSTGRESQL"): Engines.SQLSERVER_TO_POSTGRESQL,
    ("SQLSERVER", "ALLOYDB"): Engines.SQLSERVER_TO_ALLOYDB,
    ("ORACLE", "POSTGRESQL"): Engines.ORACLE_TO_CLOUD_SQL,
    ("ORACLE", "ALLOYDB"): Engines.ORACLE_TO_ALLOYDB,
}


def engines_of(job: Job) -> Engines:
    """The pair that the job's connection profiles name. MySQL is the source in one pair only."""
    if job.source.engine == "MYSQL":
        return Engines.MYSQL_TO_CLOUD_SQL
    to = job.destination.engine
    if job.destination.is_alloydb and to in ("", "POSTGRESQL"):
        to = "ALLOYDB"
    return _PAIRS.get((job.source.engine, to), Engines.UNKNOWN)
