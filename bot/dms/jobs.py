"""Reads jobs, and turns a page of a thousand of them into values in little more time than the call."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError

from bot.dms import convert
from bot.dms.calls import Calls
from bot.dms.connection_profiles import Profiles
from bot.dms.enum_names import Numbers
from bot.dms.errors import DmsError, NotFound, Unavailable
from bot.dms.grpc_client import Client, job_message
from bot.dms.list_cache import Look, Page, Unread, durations, lasting, take_apart
from bot.dms.model import Job, job_name, short_name
from bot.dms.rest import Objects

_log = logging.getLogger(__name__)
_ASIDE_S = 5.0
"""Deadline, in seconds, of the call that looks for the name of a new number."""


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
        self._looks: dict[str, Look] = {}

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

    def at(self, location: str, filter: str, *, durations: bool = True) -> Part:
        """All jobs of a location (`-` for all of them) that match an AIP-160 filter.

        What did not change since the last look without a filter is the very same object as then;
        without `durations` also a job that has only run on.
        """
        part = Part(location, [], [])
        last, look = self._last(location), Look()
        try:
            while not look.pages or look.pages[-1].token:
                part.calls += 1
                index = len(look.pages)
                raw = self._raw_page(location, filter, look.pages[-1].token if look.pages else "")
                look.pages.append(last.same(index, raw) or self._page(raw, index, last, durations))
                if len(look.pages) == 1:
                    look.version = self._profiles.version(location)
        except DmsError as error:
            _log.warning("%s", error)
            part.error = error
            part.unreachable.append(location)
        for page in look.pages:
            part.jobs += page.jobs_now() if durations else page.jobs
            part.unreachable += page.unreachable
        if not filter and part.error is None:
            self._looks[location] = look
        return part

    def _last(self, location: str) -> Look:
        look = self._looks.get(location)
        current = look is not None and look.version == self._profiles.version(location)
        return look if look is not None and current and not self._profiles.expired() else Look()

    def _raw_page(self, location: str, filter: str, token: str) -> bytes:
        where = "all locations" if location == "-" else location
        parent = f"projects/{self.project}/locations/{location}"
        return self._calls.read(
            "ListMigrationJobs",
            f"list the jobs of {where}",
            lambda t: self._client.jobs_page(parent, filter, token, t),
            again=False,
        )

    def _page(self, raw: bytes, index: int, last: Look, durations: bool) -> Page:
        try:
            unread = take_apart(raw, durations=durations)
            return last.lasting(index, raw, unread) or self._read_page(raw, unread, last)
        except DecodeError as error:
            raise Unavailable(
                "DMS answered the list of jobs with something else.", code="INTERNAL"
            ) from error

    def _read_page(self, raw: bytes, unread: Unread, last: Look) -> Page:
        found = last.jobs(unread.contents)
        pairs = list(zip(unread.contents, found, strict=True))
        new = {content: job_message(content) for content, job in pairs if job is None}
        self._profiles.ensure({name for each in new.values() for name in (each.source, each.destination)})
        lasted = unread.lasted or (durations(raw) if new else ())
        known: dict[bytes, Job] = {}
        jobs: list[Job] = []
        for index, (content, job) in enumerate(pairs):
            named = True
            if job is None:
                job, named = self._job(new[content])
                job = lasting(job, lasted[index])
            if named:
                known[content] = job
            jobs.append(job)
        return Page(raw, unread.contents, tuple(jobs), known, unread.unreachable, unread.token, unread.lasted)

    def _job(self, message: Any) -> tuple[Job, bool]:
        """The job, and whether all its enum numbers have names: others show as numbers (`STATE_17`)."""
        unknown = self._numbers.unknown(message)
        if unknown:
            self._learn(message)
            unknown = self._numbers.unknown(message)
        return convert.job(message, self._numbers.names, self._profiles.endpoint), not unknown

    def _learn(self, message: Any) -> None:
        """Ask REST for the names of numbers that the generated enums lack, once per number."""
        try:
            self._numbers.learn(message, lambda: self._described(message))
        except DmsError as error:
            _log.warning("names of new states are not to be had: %s", error)

    def _described(self, message: Any) -> Mapping[str, Any]:
        """The same job over REST; empty when it has changed since, as its names may be of other numbers."""
        body = self._calls.read(
            "migrationJobs.get",
            f"read {short_name(message.name)}",
            lambda t: self._objects.job(message.name, min(t, _ASIDE_S)),
            again=False,
        )
        updated = convert.utc(message.update_time) if message.HasField("update_time") else None
        return body if convert.utc_from_json(body.get("updateTime")) == updated else {}
