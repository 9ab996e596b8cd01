"""What usually lies behind an error message of DMS, and what helps. Pure functions.

Sources: the DMS docs pages "Diagnose issues" and "Migration job statuses" of the guides.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.dms.engines import family, recovery_clause
from bot.dms.error_causes import PGLOGICAL_CAUSES, KnownError
from bot.dms.known_errors import find
from bot.dms.model import Fault, Job, Phase, State
from bot.dms.running_errors import errors_are_retried

_DOCS = "https://cloud.google.com/database-migration/docs"
_GUIDES = {
    ("MYSQL", ""): "mysql",
    ("SQLSERVER", ""): "sqlserver",
    ("POSTGRESQL", "ALLOYDB"): "postgresql-to-alloydb",
    ("POSTGRESQL", "SQLSERVER"): "sqlserver-to-alloydb",  # which has the pages about failback
    ("POSTGRESQL", ""): "postgres",
    ("ORACLE", "ALLOYDB"): "oracle-to-alloydb",
    ("ORACLE", ""): "oracle-to-postgresql",
    ("SQLSERVER", "ALLOYDB"): "sqlserver-to-alloydb",
    ("SQLSERVER", "POSTGRESQL"): "sqlserver-to-csql-pgsql",
}


@dataclass(frozen=True, slots=True)
class LikelyCause:
    """The usual cause of an error."""

    text: str
    """One or two sentences: the cause, and what helps."""
    url: str
    """The docs page about it."""
    documented: bool = True
    """Whether the docs name this remedy; else it is the bot's own."""


def likely_cause(error: Fault | str, job: Job | None = None) -> LikelyCause | None:
    """The usual cause of the error, or None if neither its code nor its text is known."""
    known = find(error if isinstance(error, str) else error.message)
    if known is None or (known.cause in PGLOGICAL_CAUSES and job and job.rest and job.rest.native_logical):
        return None
    return explain(known, job)


def explain(known: KnownError, job: Job | None = None) -> LikelyCause:
    """The cause and what helps, as far as the job's state allows it."""
    text = known.text if job is None else known.by_family.get(family(job), known.text)
    text = text.replace("{go_on}", _go_on(job)).replace("{start_over}", _start_over(job))
    return LikelyCause(text, docs_url(job, known.page), known.documented)


def recovery_of(job: Job) -> str:
    """Whether a failed job continues on its own once the cause is fixed, as a clause; empty if it needs a
    restart.

    Source: "Diagnose issues": "some are unrecoverable, such as a lost binlog position" (MySQL), "errors in
    data replication" (PostgreSQL), "data corruption or schema incompatibilities" (AlloyDB), "meaning the
    migration job needs to be restarted from the beginning".
    """
    known = find(job.error.message) if job.error is not None else None
    if known is not None and "{start_over}" in known.by_family.get(family(job), known.text):
        return ""
    return recovery_clause(job)


def _go_on(job: Job | None) -> str:
    """What a job's state allows once the cause is mended, to follow “then”."""
    match job and job.state:
        case State.DRAFT | State.NOT_STARTED:
            return "verify and start"
        case State.FAILED if job and recovery_clause(job):
            return "wait, and restart only if it stays failed"
        case State.FAILED:
            return "restart"
        case State.RUNNING if job and errors_are_retried(job):
            # The same, Running with errors: "faulty operations will be retried".
            return "wait for DMS to retry, and restart only what stays failed"
        case State.RUNNING:
            return "restart what stays failed"
        case State.STOPPED if job and job.phase == Phase.CDC:
            return "resume"
        case State.STOPPED:
            return "restart"
        case _:
            return "try again"


def _start_over(job: Job | None) -> str:
    """How to begin anew where replication cannot go on, as a sentence."""
    if job is not None and job.state == State.STOPPED and job.phase == Phase.CDC:
        # "Migration job statuses": stopped in CDC lists Resume, Promote and Delete.
        return "It cannot continue from here: delete the job and create another, or promote what has arrived."
    what = "restart" if job is not None and job.state == State.FAILED else _go_on(job)
    return f"It cannot continue from here: {what}."


def docs_url(job: Job | None = None, page: str = "diagnose-issues") -> str:
    """The URL of a page of the guide for the job's engines; that of all guides if they are not known."""
    guide = _guide(job)
    return f"{_DOCS}/{guide}/{page}" if guide else _DOCS


def _guide(job: Job | None) -> str:
    """The guide of the job's engines; empty if they are not known."""
    if job is None:
        return ""
    engine = job.source.engine or job.destination.engine
    to = "ALLOYDB" if job.destination.is_alloydb else job.destination.engine
    return _GUIDES.get((engine, to)) or _GUIDES.get((engine, "")) or ""
