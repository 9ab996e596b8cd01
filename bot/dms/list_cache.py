"""Caches pages of jobs, so that unchanged jobs are not parsed again.

Between two polls, most jobs do not change, except for the durations of those that run. So three things are
reused: a page with the same bytes; a page in which only durations differ; and, in other pages, each job with
the same bytes apart from its duration.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.cloud.clouddms_v1.types import clouddms
from google.cloud.clouddms_v1.types import clouddms_resources as resources
from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory

from bot.dms.model import Job
from bot.dms.new_job import with_duration

_PACKAGE = "dms_bot.unread"
_Field = descriptor_pb2.FieldDescriptorProto


@dataclass(frozen=True, slots=True)
class RawPage:
    """A `ListMigrationJobsResponse` with unparsed jobs."""

    contents: list[bytes]
    """The bytes of each job without its duration."""
    unreachable: tuple[str, ...]
    """Locations that did not answer."""
    token: str
    """Of the next page; empty on the last."""
    durations: tuple[float, ...] | None = None
    """Of each job, in seconds, if requested."""


def split_page(raw: bytes, *, durations: bool = False) -> RawPage:
    """Split a `ListMigrationJobsResponse` without parsing its jobs.

    Raises:
        google.protobuf.message.DecodeError: the bytes are not one.
    """
    page = _Page.FromString(raw)
    # Iterating over the field itself wraps every job again, which would take half of the total time.
    jobs = list(page.migration_jobs)
    durations_s = _durations_of(jobs) if durations else None
    for each in jobs:
        each.ClearField("duration")
    return RawPage(
        [each.SerializeToString() for each in jobs],
        tuple(each.rpartition("/")[2] for each in page.unreachable),
        page.next_page_token,
        durations_s,
    )


def durations(raw: bytes) -> tuple[float, ...]:
    """The duration of each job of a `ListMigrationJobsResponse`, in seconds."""
    return _durations_of(_Page.FromString(raw).migration_jobs)


def _durations_of(jobs: Iterable[Any]) -> tuple[float, ...]:
    found = [each.duration for each in jobs]
    return tuple([each.seconds + each.nanos / 1e9 for each in found])


def _page_type() -> Any:
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(duration_pb2.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE, syntax="proto3")
    file.dependency.append(duration_pb2.DESCRIPTOR.name)
    _declare(file, "Job", resources.MigrationJob.pb().DESCRIPTOR, ("duration",), "google.protobuf.Duration")
    answer = clouddms.ListMigrationJobsResponse.pb().DESCRIPTOR
    _declare(file, "Page", answer, ("migration_jobs", "next_page_token", "unreachable"), f"{_PACKAGE}.Job")
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Page"))


def _declare(file: Any, name: str, original: Any, kept: tuple[str, ...], inner: str) -> None:
    """Declare a message with some of the original's fields; message fields get the type `inner`."""
    declared = file.message_type.add(name=name)
    whole = descriptor_pb2.DescriptorProto()
    original.CopyToProto(whole)
    for each in whole.field:
        if each.name in kept:
            declared.field.add().CopyFrom(each)
            if each.type == _Field.TYPE_MESSAGE:
                declared.field[-1].type_name = f".{inner}"


_Page = _page_type()


@dataclass(slots=True)
class CachedPage:
    """One `ListMigrationJobsResponse`, as bytes and as values."""

    raw: bytes
    contents: list[bytes]
    """Each job's bytes without its duration."""
    jobs: tuple[Job, ...]
    """As first parsed; only the durations may be out of date."""
    known: dict[bytes, Job]
    """Jobs by their bytes without the duration. Jobs with an unknown enum number are left out, so that they
    are converted again once its name is learned."""
    unreachable: tuple[str, ...]
    token: str
    """Of the next page; empty on the last."""
    durations: tuple[float, ...] | None = None
    """Of each job, in seconds, if they were parsed with the rest."""
    _now: tuple[Job, ...] | None = None

    @property
    def complete(self) -> bool:
        """Whether all enum numbers have names, so that the page can be reused."""
        return len(self.known) == len(self.jobs)

    def jobs_now(self) -> tuple[Job, ...]:
        """The jobs with the durations of this page."""
        if self._now is None:
            durations_s = durations(self.raw) if self.durations is None else self.durations
            self._now = tuple(
                [
                    job if job.duration_s == seconds else with_duration(job, seconds)
                    for job, seconds in zip(self.jobs, durations_s, strict=True)
                ]
            )
        return self._now


@dataclass(slots=True)
class CachedListing:
    """All pages of one location, in order, and the version of the profile cache they were read with."""

    version: int = -1
    pages: list[CachedPage] = field(default_factory=list)

    def unchanged_page(self, index: int, raw: bytes) -> CachedPage | None:
        """The cached page of this index, if its bytes are the same."""
        page = self._complete_page(index)
        return page if page is not None and page.raw == raw else None

    def page_with_new_durations(self, index: int, raw: bytes, found: RawPage) -> CachedPage | None:
        """The cached page of this index with the new durations, if nothing else has changed."""
        page = self._complete_page(index)
        if page is None or page.contents != found.contents:
            return None
        return CachedPage(
            raw, page.contents, page.jobs, page.known, found.unreachable, found.token, found.durations
        )

    def jobs_with(self, contents: Sequence[bytes]) -> list[Job | None]:
        """The cached jobs with these bytes (without durations), on any page; None for others."""
        return [self._job(each) for each in contents]

    def _job(self, content: bytes) -> Job | None:
        for page in self.pages:
            found = page.known.get(content)
            if found is not None:
                return found
        return None

    def _complete_page(self, index: int) -> CachedPage | None:
        page = self.pages[index] if index < len(self.pages) else None
        return page if page is not None and page.complete else None
