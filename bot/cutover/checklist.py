"""What is to do after a promotion: by engine, as the pages of DMS say, or as the team's policy says.

Items are texts for people; those with a `check` are ticked by the bot where an API tells that they are done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.dms.engines import Engines, engines_of, goes_back, is_postgresql, loads_tables, reads_backup_files
from bot.dms.model import Job
from bot.policy.model import ChecklistItem
from bot.store.cutover import Tick

_LIMITS = "Known limitations"
_PROMOTE = "Promote a migration"
_FIDELITY = "Migration fidelity"
_DEFINER = "Create and run a MySQL migration job containing metadata with a DEFINER clause"
_TRIGGERS = "Configure your destination: foreign keys and triggers considerations"
"""Pages below https://cloud.google.com/database-migration/docs, in the guide of each engine:

- `_LIMITS`: `postgres/known-limitations`, `oracle-to-postgresql/known-limitations`
- `_PROMOTE`: `promote-migration`, in `postgres`, `postgresql-to-alloydb` and `mysql`
- `_FIDELITY`: `postgres/migration-fidelity`, `mysql/migration-fidelity`
- `_DEFINER`: `mysql/mysql-definer`
- `_TRIGGERS`: `oracle-to-postgresql/configure-your-destination-postgresql-database`
"""
MAX_LINES, MAX_LINE = 20, 75
"""Of writers, and of the items of a checklist: each becomes a box to tick. A group has ten boxes, whose texts
have 75 characters.

Source: https://docs.slack.dev/reference/block-kit/block-elements/checkboxes-element
"""


@dataclass(frozen=True, slots=True)
class Item:
    """What the pages of DMS say, or what any cutover needs."""

    text: str
    """At most 75 characters: it is an option in Slack."""
    page: str = ""
    """The page of DMS's documentation that asks for it; empty: the habit of careful people."""
    blocking: bool = True
    check: str = ""


_ALWAYS = (
    Item("Each job has completed", _PROMOTE, check="completed"),
    Item("The destination is ready", check="destination_ready"),
    Item("Log in, read and write as each application's user"),
    Item("Point the applications at the destination, restart their pools", _PROMOTE),
    Item("No application is connected to the source any more", blocking=False),
)
_POSTGRESQL = (
    Item("Create users and grants: they are not migrated", _FIDELITY),
    Item("Check the sequences: the promotion sets them", _LIMITS),
    Item("Refresh materialized views: their data is not migrated", _LIMITS),
    Item("Copy large objects, unlogged tables: they do not replicate", _LIMITS),
    Item("Apply DDL that was run since the full dump", _LIMITS),
    Item("Recreate pg_cron and its jobs", _LIMITS, blocking=False),
    Item("Run ANALYZE", blocking=False),
)
_NO_KEYS = Item("Tables without primary key: bring UPDATE, DELETE over by hand", _LIMITS)
"""Not of quick-start jobs with a replica identity: there it is a thing to check."""
_KEYS_QUICK = Item("Tables without primary key: check their REPLICA IDENTITY", _LIMITS)
_MYSQL = (
    Item("Create users and grants: they are not migrated", _FIDELITY),
    Item("Check DEFINER of views, routines, triggers and events", _DEFINER),
    Item("Apply Terraform again: DMS changes settings of an instance", "Diagnose issues", blocking=False),
)
_TABLES = (
    Item("Create users and permissions: they are not migrated", _LIMITS),
    Item("Recreate foreign keys and triggers that were dropped", _TRIGGERS),
    Item("Check the sequences and identity columns"),
    Item("Run ANALYZE", blocking=False),
)
_SQLSERVER = (
    Item("Create logins, and map the users to them"),
    Item("Recreate agent jobs and linked servers", blocking=False),
)
_ALLOYDB = (
    Item("Backups are on", check="backups", blocking=False),
    Item("Read pools are there", check="replicas", blocking=False),
)
_CLOUD_SQL = (
    Item("Backups and point-in-time recovery are on", _PROMOTE, check="backups", blocking=False),
    Item("Read replicas and high availability are set up", _PROMOTE, check="replicas", blocking=False),
)


def checklist(jobs: Sequence[Job], own: Iterable[ChecklistItem] = ()) -> tuple[Tick, ...]:
    """What is to do for these jobs, each item once. `own` is the team's list: where it has items for a job,
    they take the place of what the pages say for its engine."""
    items = tuple(own)
    found: dict[tuple[str, str], Tick] = {}
    for job in jobs:
        for tick in _of(job, items):
            key = (tick.text, tick.job)
            found[key] = tick if key not in found or tick.blocking else found[key]
    return tuple(found.values())


def _of(job: Job, own: Sequence[ChecklistItem]) -> list[Tick]:
    teams = [Tick(each.text, blocking=each.before_writes) for each in own if each.scope.matches(job)]
    checked = [_tick(each, job) for each in _ALWAYS if each.check]
    if teams:
        return [*checked, *teams]
    return [_tick(each, job) for each in (*_ALWAYS, *_by_engine(job), *_by_destination(job))]


def _tick(item: Item, job: Job) -> Tick:
    """What an API tells is told of each job; what people do, they do for all."""
    return Tick(item.text, blocking=item.blocking, check=item.check, job=job.name if item.check else "")


def _by_engine(job: Job) -> tuple[Item, ...]:
    if is_postgresql(job):
        quick = job.rest is not None and job.rest.native_logical
        return (*_POSTGRESQL, _KEYS_QUICK if quick else _NO_KEYS)
    if engines_of(job) is Engines.MYSQL_TO_CLOUD_SQL:
        return _MYSQL
    if loads_tables(job):
        return _TABLES
    return _SQLSERVER if reads_backup_files(job) else ()


def _by_destination(job: Job) -> tuple[Item, ...]:
    if goes_back(job):
        return ()  # to the old source ("Failback migrations", SQL Server to AlloyDB), not to Google Cloud
    return _ALLOYDB if job.destination.is_alloydb else _CLOUD_SQL


def source_open(name: str) -> Tick:
    """For a job (the name that people read) that people went on without: its writes were stopped, too."""
    return Tick(f"The source of {name} is open for writes again")


def pages() -> dict[str, str]:
    """By the text of an item, the page of DMS's documentation that asks for it."""
    every = (*_ALWAYS, *_POSTGRESQL, _NO_KEYS, _KEYS_QUICK, *_MYSQL, *_TABLES, *_SQLSERVER)
    return {each.text: each.page for each in (*every, *_ALLOYDB, *_CLOUD_SQL) if each.page}
