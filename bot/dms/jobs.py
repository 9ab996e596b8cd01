"""Reads jobs. Conversion of a page of a thousand jobs takes little more time than the call itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from google.protobuf.message import DecodeError

from bot.config.projects import ALL_LOCATIONS, Place
from bot.dms import answer_deadline, convert
from bot.dms.calls import Calls
from bot.dms.connection_profiles import ProfileCache
from bot.dms.enum_names import EnumNames
from bot.dms.errors import DmsError, NotFound, Unavailable
from bot.dms.grpc_client import GrpcClient, job_message
from bot.dms.list_cache import CachedListing, CachedPage, RawPage, durations, split_page
from bot.dms.location_jobs import LocationJobs
from bot.dms.missing import MissingLocation, Why
from bot.dms.model import Job, job_name, short_name
from bot.dms.paging import read_all
from bot.dms.reachability import JOB, JOBS, Gate, Reachability
from bot.dms.rest import RestClient

log = structlog.get_logger(__name__)
_NAMES_TIMEOUT_S = 5.0
"""Deadline, in seconds, of the call that reads the name of an unknown enum number."""


class Jobs:
    """Jobs of one project; thread-safe. Raises only errors of `bot.dms.errors`."""

    def __init__(
        self,
        calls: Calls,
        client: GrpcClient,
        rest: RestClient,
        enum_names: EnumNames,
        profiles: ProfileCache,
        fresh_s: float,
        reach: Reachability,
        called: Callable[[Place], str],
    ) -> None:
        """`fresh_s`: how old, in seconds, connection profiles may be that a change is based on. `called`
        names a place for people."""
        self._calls = calls
        self._client = client
        self._rest = rest
        self._enum_names = enum_names
        self._profiles = profiles
        self._fresh_s = fresh_s
        self._reach = reach
        self._called = called
        self._listings: dict[Place, CachedListing] = {}

    def get(self, name: str, *, fresh: bool = False) -> Job:
        """One job, with its endpoints resolved; `fresh` ones were read a moment ago."""
        action_text = f"read {short_name(name)}"
        message = self._calls.read("GetMigrationJob", action_text, lambda t: self._client.job(name, t))
        self._profiles.ensure((message.source, message.destination), self._fresh_s if fresh else None)
        return self._job(message)[0]

    def find_in(self, place: Place, job_id: str) -> LocationJobs:
        """The place's job with this ID, if there is one; of all locations by a list call."""
        if place.location == ALL_LOCATIONS:
            found = self.in_place(place, "")
            found.jobs = [job for job in found.jobs if job.id == job_id]
            return found
        found = LocationJobs(place, calls=1)
        try:
            with self._reach.noting(Gate.of(JOB, place)):
                found.jobs.append(self.get(job_name(place.project, place.location, job_id)))
        except NotFound:
            return found
        except DmsError as error:
            found.fail(error)
        return found

    def in_place(self, place: Place, filter: str, *, durations: bool = True) -> LocationJobs:
        """All jobs of a place that match an AIP-160 filter.

        A job that has not changed since the last call without a filter is the same object as then. Without
        `durations`, that includes jobs of which only the duration has grown.
        """
        found = LocationJobs(place)
        last, listing = self._last_listing(place), CachedListing()

        def read(token: str) -> CachedPage:
            found.calls += 1
            index = len(listing.pages)
            raw = self._raw_page(place, filter, token)
            page = last.unchanged_page(index, raw) or self._page(raw, index, last, durations)
            if index == 0:
                listing.version = self._profiles.version(place.location)
            return page

        try:
            with self._reach.noting(Gate.of(JOBS, place)):
                read_all(listing.pages, read, lambda page: page.token, f"jobs of {self._called(place)}")
        except DmsError as error:
            log.warning("jobs_not_listed", where=self._called(place), error=str(error))
            found.fail(error)
        for page in listing.pages:
            found.jobs += page.jobs_now() if durations else page.jobs
            found.missing += [
                MissingLocation(each, Why.SILENT, project=place.project) for each in page.unreachable
            ]
        if len(listing.pages) > 1:
            # Jobs that come or go meanwhile may put another one on two pages.
            found.jobs = list({job.name: job for job in found.jobs}.values())
        if not filter and found.error is None:
            self._listings[place] = listing
        return found

    def _last_listing(self, place: Place) -> CachedListing:
        listing = self._listings.get(place)
        current = listing is not None and listing.version == self._profiles.version(place.location)
        return (
            listing if listing is not None and current and not self._profiles.expired() else CachedListing()
        )

    def _raw_page(self, place: Place, filter: str, token: str) -> bytes:
        return self._calls.read(
            "ListMigrationJobs",
            f"list the jobs of {self._called(place)}",
            lambda t: self._client.jobs_page(place.parent, filter, token, t),
            retry=False,
        )

    def _page(self, raw: bytes, index: int, last: CachedListing, durations: bool) -> CachedPage:
        try:
            raw_page = split_page(raw, durations=durations)
            return last.page_with_new_durations(index, raw, raw_page) or self._read_page(raw, raw_page, last)
        except DecodeError as error:
            raise Unavailable(
                "DMS answered the list of jobs with something else.", code="INTERNAL"
            ) from error

    def _read_page(self, raw: bytes, raw_page: RawPage, last: CachedListing) -> CachedPage:
        found = last.jobs_with(raw_page.contents)
        pairs = list(zip(raw_page.contents, found, strict=True))
        new = {content: job_message(content) for content, job in pairs if job is None}
        self._profiles.ensure({name for each in new.values() for name in (each.source, each.destination)})
        durations_now = raw_page.durations or (durations(raw) if new else ())
        known: dict[bytes, Job] = {}
        jobs: list[Job] = []
        for index, (content, job) in enumerate(pairs):
            named = True
            if job is None:
                job, named = self._job(new[content], durations_now[index])
            if named:
                known[content] = job
            jobs.append(job)
        return CachedPage(
            raw,
            raw_page.contents,
            tuple(jobs),
            known,
            raw_page.unreachable,
            raw_page.token,
            raw_page.durations,
        )

    def _job(self, message: Any, duration_s: float | None = None) -> tuple[Job, bool]:
        """The job, and whether all its enum numbers have names; an unknown one is shown as `STATE_17`."""
        unknown = self._enum_names.unknown(message)
        if unknown:
            self._learn(message)
            unknown = self._enum_names.unknown(message)
        job = convert.job(message, self._enum_names.names, self._profiles.endpoint, duration_s)
        return job, not unknown

    def _learn(self, message: Any) -> None:
        """Read names that the generated enums lack over REST, which returns names and not numbers."""
        try:
            self._enum_names.learn(message, lambda: self._described(message))
        except DmsError as error:
            log.warning("enum_names_not_read", error=str(error))

    def _described(self, message: Any) -> Mapping[str, Any]:
        """The job over REST; empty if it has changed since, as the names may belong to other numbers."""
        body = self._calls.read(
            "migrationJobs.get",
            f"read {short_name(message.name)}",
            lambda t: self._rest.job(message.name, min(t, _NAMES_TIMEOUT_S, answer_deadline.left() / 2)),
            retry=False,
        )
        updated = convert.utc(message.update_time) if message.HasField("update_time") else None
        return body if convert.utc_from_json(body.get("updateTime")) == updated else {}
