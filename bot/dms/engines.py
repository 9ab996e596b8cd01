"""Pairs of engines that DMS migrates between, and what depends on them. Pure functions.

Its documentation has a guide for each pair.
"""

from __future__ import annotations

from enum import StrEnum

from bot.dms.model import Job, Phase


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


class Family(StrEnum):
    """Kinds of engines whose errors mean the same."""

    POSTGRESQL = "from PostgreSQL"
    MYSQL = "from MySQL"
    TABLES = "tables of Oracle or SQL Server to PostgreSQL"
    BACKUP_FILES = "backup files of SQL Server"
    UNKNOWN = "not known"


def family(job: Job) -> Family:
    if goes_back(job):
        return Family.UNKNOWN
    if job.source.engine in ("POSTGRESQL", "MYSQL"):
        return Family[job.source.engine]
    if loads_tables(job):
        return Family.TABLES
    return Family.BACKUP_FILES if reads_backup_files(job) else Family.UNKNOWN


def reads_backup_files(job: Job) -> bool:
    """Whether the job restores backup files of SQL Server, so that its delay has no zero to wait for.

    Source: "Migration job metrics" (SQL Server): the delay counts from the time in a backup file's name.
    """
    return job.source.engine == "SQLSERVER" and not _to_postgresql(job)


def has_final_log(job: Job) -> bool:
    """Whether the job has restored its final log backup, and loads no more files.

    Source: "Finalize a migration" (SQL Server).
    """
    return reads_backup_files(job) and job.phase == Phase.READY_FOR_PROMOTE


def loads_tables(job: Job) -> bool:
    """Whether the job loads tables of another engine into PostgreSQL: those of Oracle or SQL Server."""
    return job.source.engine == "ORACLE" or (job.source.engine == "SQLSERVER" and _to_postgresql(job))


def goes_back(job: Job) -> bool:
    """Whether the job replicates from PostgreSQL to SQL Server, as failback jobs do."""
    return job.source.engine == "POSTGRESQL" and job.destination.engine == "SQLSERVER"


def is_postgresql(job: Job) -> bool:
    """Whether the job migrates PostgreSQL to PostgreSQL, and not back to SQL Server."""
    return job.source.engine == "POSTGRESQL" and _to_postgresql(job)


def _to_postgresql(job: Job) -> bool:
    return job.destination.engine == "POSTGRESQL" or job.destination.is_alloydb


def recovery_clause(job: Job) -> str:
    """Whether a failed job continues on its own once the cause is fixed; empty if it needs a restart.

    Sources: "Migration job statuses" (AlloyDB, PostgreSQL, Oracle) and "Diagnose issues" (MySQL, PostgreSQL,
    AlloyDB, Oracle to AlloyDB): after some errors, "the migration job resumes automatically". "Migration job
    statuses" (SQL Server): "You need to restart the migration job". SQL Server to PostgreSQL, and "Failback
    migrations" (SQL Server to AlloyDB): silent.
    """
    if reads_backup_files(job):
        return ""
    if not goes_back(job) and job.source.engine in ("POSTGRESQL", "MYSQL", "ORACLE"):
        return "the job may continue on its own then"
    return "DMS does not document whether the job then continues on its own"
