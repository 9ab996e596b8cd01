"""Reads jobs, and turns a page of a thousand of them into values in little more time than the call."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from bot.dms import convert
from bot.dms.calls import Calls
from bot.dms.client import Client
from bot.dms.errors import DmsError, NotFound
from bot.dms.model import Job, job_name, short_name
from bot.dms.numbers import Numbers
from bot.dms.objects import Objects
from bot.dms.profiles import Profiles

_log = logging.getLogger(__name__)
_ASIDE_S = 5.0
"""Deadline, in seconds, of the calls that look for the name of a new number."""


@dataclass(slots=True)
class Part:
    """What one location answered."""

    location: str
    jobs: list[Job]
    unreachable: list[str]
    calls: int = 0
    error: DmsError | None = None


class Jobs:
    """Jobs of one project; safe to share between threads. Raises `bot.dms.errors` alone."""

    def __init__(
        self,
        project: str,
        calls: Calls,
        client: Client,
        objects: Objects,
        numbers: Numbers,
        profiles: Profiles,
    ) -> None:
        self.project = project
        self._calls = calls
        self._client = client
        self._objects = objects
        self._numbers = numbers
        self._profiles = profiles
        self._seen: dict[str, tuple[int, dict[bytes, Job]]] = {}

    def get(self, name: str) -> Job:
        """One job, with its endpoints resolved."""
        doing = f"read {short_name(name)}"
        message = self._calls.read("GetMigrationJob", doing, lambda t: self._client.job(name, t))
        self._profiles.ensure((message.source, message.destination))
        return self._job(message)[0]

    def named(self, location: str, job_id: str) -> Part:
        """The location's job with this id, if it has one."""
        part = Part(location, [], [], calls=1)
        try:
            part.jobs.append(self.get(job_name(self.project, location, job_id)))
        except NotFound:
            return part
        except DmsError as error:
            part.error = error
            part.unreachable.append(location)
        return part

    def at(self, location: str, filter: str) -> Part:
        part = Part(location, [], [])
        messages: list[Any] = []
        parent = f"projects/{self.project}/locations/{location}"
        token = ""
        try:
            while True:
                part.calls += 1
                page = self._jobs_page(location, parent, filter, token)
                messages.extend(page.migration_jobs)
                part.unreachable += [each.rpartition("/")[2] for each in page.unreachable]
                token = page.next_page_token
                if not token:
                    break
        except DmsError as error:
            part.error = error
            part.unreachable.append(location)
        part.jobs = self._jobs(location, messages, whole=not filter and part.error is None)
        return part

    def _jobs_page(self, location: str, parent: str, filter: str, token: str) -> Any:
        where = "all locations" if location == "-" else location
        return self._calls.read(
            "ListMigrationJobs",
            f"list the jobs of {where}",
            lambda t: self._client.jobs_page(parent, filter, token, t),
            again=False,
        )

    def _jobs(self, location: str, messages: list[Any], *, whole: bool) -> list[Job]:
        """Convert a location's jobs; those that are as they were at the last look are taken from it,
        because on most looks nearly all of them are."""
        raws = [message.SerializeToString() for message in messages]
        seen = {} if self._profiles.expired() else self._seen_at(location)
        if len(seen) == len(raws) and all(raw in seen for raw in raws):
            return [seen[raw] for raw in raws]
        new = (message for raw, message in zip(raws, messages, strict=True) if raw not in seen)
        self._profiles.ensure({name for each in new for name in (each.source, each.destination)})
        generation = self._profiles.generation
        seen = self._seen_at(location)
        jobs: list[Job] = []
        now: dict[bytes, Job] = {}
        for raw, message in zip(raws, messages, strict=True):
            job = seen.get(raw)
            named = job is not None
            if job is None:
                job, named = self._job(message)
            if named:
                now[raw] = job
            jobs.append(job)
        if whole:
            self._seen[location] = (generation, now)
        return jobs

    def _seen_at(self, location: str) -> dict[bytes, Job]:
        generation, seen = self._seen.get(location, (-1, {}))
        return seen if generation == self._profiles.generation else {}

    def _job(self, message: Any) -> tuple[Job, bool]:
        """The job, and whether all its enum numbers had names."""
        endpoint = self._profiles.endpoint
        try:
            return convert.job(message, self._numbers.names, endpoint), True
        except KeyError:
            self._learn(message)
        named = not self._numbers.unknown(message)
        return convert.job(message, self._numbers.shown(), endpoint), named

    def _learn(self, message: Any) -> None:
        """Ask REST for the names of numbers that the generated enums lack, once per number."""
        try:
            self._numbers.learn(message, self._job_over_rest, self._job_over_grpc)
        except DmsError as error:
            _log.warning("names of new states are not to be had: %s", error)

    def _job_over_rest(self, name: str) -> dict[str, Any]:
        return self._calls.read(
            "migrationJobs.get",
            f"read {short_name(name)}",
            lambda t: self._objects.job(name, min(t, _ASIDE_S)),
            again=False,
        )

    def _job_over_grpc(self, name: str) -> Any:
        return self._calls.read(
            "GetMigrationJob",
            f"read {short_name(name)}",
            lambda t: self._client.job(name, min(t, _ASIDE_S)),
            again=False,
        )
