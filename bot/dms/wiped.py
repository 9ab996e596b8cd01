"""What a restart of a whole job wipes on the destination, in words by engine. Pure functions.

Sources: "Manage migration jobs" of each guide, Restart, which differ; REST `migrationJobs.restart`:
"resetting the destination instance to its original state".
"""

from __future__ import annotations

from bot.dms.engines import Engines, engines_of
from bot.dms.model import Job, State

_WITH_ERRORS = frozenset({State.FAILED, State.RUNNING})
"""States in which a job restarts because of errors; one that is STOPPED need not have any."""
_POSTGRESQL = frozenset({Engines.POSTGRESQL_TO_CLOUD_SQL, Engines.POSTGRESQL_TO_ALLOYDB})
_BY_DATABASE = frozenset({Engines.MYSQL_TO_CLOUD_SQL, Engines.SQLSERVER_TO_CLOUD_SQL}) | _POSTGRESQL


def wiped_text(job: Job) -> str:
    """At least and at most, to follow “that”: `wipes at least …, at most the whole destination`."""
    return f"wipes at least {_least(job)}, at most the whole destination"


def wiped_of(job: Job, databases: str, *, stop_first: bool = False) -> str:
    """The least that is wiped of `databases`, such as `the databases named above`; to follow “in”. Of a job
    that loads tables, these: it lists them, and no databases.

    With `stop_first`, it is stopped before, and restarts from the beginning: it need not have errors.
    """
    if _only_what_an_error_hit(job) and not (stop_first and job.error is None):
        return f"those of {databases} that an error has hit"
    if engines_of(job) in _BY_DATABASE:
        return databases
    return f"some of {databases}" if engines_of(job) is Engines.UNKNOWN else "the job's tables"


def _only_what_an_error_hit(job: Job) -> bool:
    """Whether the guide names only databases "that are impacted by the errors" (PostgreSQL, AlloyDB)."""
    return engines_of(job) in _POSTGRESQL and job.state in _WITH_ERRORS


def _least(job: Job) -> str:
    if _only_what_an_error_hit(job):
        return "the destination databases that an error has hit"
    if engines_of(job) in _BY_DATABASE:
        return "the destination databases of the job"
    return "part of the destination" if engines_of(job) is Engines.UNKNOWN else "the job's tables"
