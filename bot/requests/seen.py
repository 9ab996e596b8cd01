"""Which databases a request touches, as people see them: read, compared with what was shown, warned of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.dms.errors import DmsError
from bot.dms.model import ConfigSnapshot, Database, Job, ObjectPhase, ObjectState, Options, State
from bot.dms.port import Reads
from bot.dms.rules import DESTRUCTIVE, Action, affected, at_risk, lacks_data
from bot.dms.running_errors import any_failed, is_faulty
from bot.requests.fingerprint import selection_edits, selection_matters, shown_selection
from bot.store.facts import UNREAD
from bot.store.records import Request
from bot.util import parallel
from bot.util.text import first_few

T = TypeVar("T")

_NAMED = 20
"""Maximum number of databases named in a line of a warning."""


@dataclass(frozen=True, slots=True)
class SeenDatabases:
    """What an action does to the databases that were listed, by job name."""

    affected: Mapping[str, tuple[str, ...]]
    """Of a job whose databases cannot be listed, those that people have named."""
    at_risk: Mapping[str, tuple[Database, ...]]
    none_affected: tuple[str, ...]
    """Names of the jobs whose databases were listed, and of which none is affected."""
    faulty: Mapping[str, bool]
    """By job name, whether a database of it has failed; jobs of which none has, nor has an error, are left
    out."""

    @property
    def risk_names(self) -> dict[str, tuple[str, ...]]:
        """Names of the databases at risk."""
        return {name: tuple(str(each.id) for each in found) for name, found in self.at_risk.items() if found}


def find_seen(
    action: Action, options: Options, jobs: Sequence[Job], listed: Mapping[str, Sequence[Database]]
) -> SeenDatabases:
    """What `action` does to the databases `listed` by job name."""
    found = {job.name: affected(action, options, listed.get(job.name, ())) for job in jobs}
    risks = listed if action in DESTRUCTIVE else {}
    return SeenDatabases(
        found,
        {name: at_risk(action, options, each) for name, each in risks.items()},
        tuple(name for name in listed if not found[name]),
        {name: any_failed(each) for name, each in listed.items() if any(map(is_faulty, each))},
    )


def list_databases(dms: Reads, jobs: Sequence[Job]) -> dict[str, tuple[Database, ...]]:
    """The databases of each job by its name, without the jobs where they cannot be listed."""
    return read_by_job(dms.databases, jobs)


def read_selections(dms: Reads, jobs: Sequence[Job]) -> dict[str, ConfigSnapshot]:
    """The selection of databases of each job by its name; `UNREAD` where it cannot be read."""
    found = read_by_job(dms.objects_config, jobs)
    return {job.name: found[job.name].snapshot() if job.name in found else UNREAD for job in jobs}


def read_by_job(read: Callable[[str], T], jobs: Sequence[Job]) -> dict[str, T]:
    """What `read` returns for the name of each job, by that name, without the jobs where it fails.

    The jobs are read side by side; only a `DmsError` of `read` is left out.
    """

    def attempt(job: Job) -> tuple[str, T] | None:
        try:
            return job.name, read(job.name)
        except DmsError:
            return None

    return dict(filter(None, parallel.map_concurrently(attempt, jobs)))


def selection_changes(dms: Reads, request: Request, job: Job) -> tuple[str, ...]:
    """How the job's selection of databases differs from the one that people saw; empty where they saw none.

    Where it does not matter for the action, and cannot be read now, it counts as the same.

    Raises:
        DmsError: it cannot be read, and matters.
    """
    seen = shown_selection(request, job.name)
    if seen is None or (seen == UNREAD and request.facts.config is None):
        return ()
    try:
        return selection_edits(seen, dms.objects_config(job.name).snapshot())
    except DmsError:
        if selection_matters(request.action):
            raise
        return ()


def risk_lines(action: Action, jobs: Sequence[Job], found: Mapping[str, Sequence[Database]]) -> Iterator[str]:
    """A warning for each job with databases at risk; `found` are these databases by job name."""
    for job in jobs:
        databases = found.get(job.name, ())
        if action is Action.PROMOTE and job.state == State.FAILED:
            if databases:
                names = _names(databases)
                yield f"*The data of {names} may be incomplete*: failed with the job (`{job.id}`)."
        elif action is Action.PROMOTE:
            for each in databases:
                yield f"{_incomplete(each)} (`{job.id}`)."
        elif databases and job.state != State.COMPLETED:
            yield from _in_use(job, databases)


def _incomplete(database: Database) -> str:
    """What is wrong with a database that is promoted all the same, without a full stop."""
    where = f"{database.state} in {database.phase or 'no phase'}"
    if database.state == ObjectState.FAILED or lacks_data(database):
        return f"*The data of `{database.id}` is incomplete*: it is {where}"
    return f"*The data of `{database.id}` may be incomplete*: it is {where}, with an error"


def _in_use(job: Job, databases: Sequence[Database]) -> Iterator[str]:
    """Those that have been promoted, and those that are being promoted now."""
    now = [each for each in databases if each.phase == ObjectPhase.PROMOTE_IN_PROGRESS]
    done = [each for each in databases if each not in now]
    if done:
        have = "has" if len(done) == 1 else "have"
        yield (
            f"*{_names(done)} {have} been promoted already* and may be in use "
            f"on the destination (`{job.id}`)."
        )
    if now:
        yield f"*{_names(now)} {'is' if len(now) == 1 else 'are'} being promoted now* (`{job.id}`)."


def _names(databases: Sequence[Database]) -> str:
    return first_few([f"`{each.id}`" for each in databases], _NAMED)
