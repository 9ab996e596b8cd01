"""Remembers pages of jobs, so that what has not changed since the last look costs nothing again.

Most looks find most jobs as they were, but for the durations of those that run. A page whose bytes
are the same is taken as it was; so is one that is the same but for durations, without its jobs being
read; and in a page that changed, each job whose own bytes are the same is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.cloud.clouddms_v1.types import clouddms
from google.cloud.clouddms_v1.types import clouddms_resources as resources
from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory

from bot.dms.model import Job

_SLOTS: Mapping[str, Any] = vars(Job)
_name = _SLOTS["name"].__set__
_create_time = _SLOTS["create_time"].__set__
_state = _SLOTS["state"].__set__
_phase = _SLOTS["phase"].__set__
_type = _SLOTS["type"].__set__
_display_name = _SLOTS["display_name"].__set__
_labels = _SLOTS["labels"].__set__
_source = _SLOTS["source"].__set__
_destination = _SLOTS["destination"].__set__
_update_time = _SLOTS["update_time"].__set__
_end_time = _SLOTS["end_time"].__set__
_duration_s = _SLOTS["duration_s"].__set__
_error = _SLOTS["error"].__set__
_parallelism = _SLOTS["parallelism"].__set__


def with_duration(job: Job, seconds: float) -> Job:
    """The same job, of which `seconds` is the duration."""
    new = object.__new__(Job)
    _name(new, job.name)
    _create_time(new, job.create_time)
    _state(new, job.state)
    _phase(new, job.phase)
    _type(new, job.type)
    _display_name(new, job.display_name)
    _labels(new, job.labels)
    _source(new, job.source)
    _destination(new, job.destination)
    _update_time(new, job.update_time)
    _end_time(new, job.end_time)
    _duration_s(new, seconds)
    _error(new, job.error)
    _parallelism(new, job.parallelism)
    return new


_PACKAGE = "dms_bot.unread"
_Field = descriptor_pb2.FieldDescriptorProto


@dataclass(frozen=True, slots=True)
class RawPage:
    """A page of jobs as it came, in parts."""

    contents: list[bytes]
    """The bytes of each job without its duration."""
    unreachable: tuple[str, ...]
    """Locations that did not answer."""
    token: str
    durations: tuple[float, ...] | None = None
    """Seconds that each job has run, where that was asked for."""


def split_page(raw: bytes, *, durations: bool = False) -> RawPage:
    """The parts of a `ListMigrationJobsResponse`.

    Raises:
        google.protobuf.message.DecodeError: these bytes are none.
    """
    page = _Page.FromString(raw)
    # Each iteration over the field itself would wrap every job anew, for half of the time of it all.
    jobs = list(page.migration_jobs)
    lasted = _durations_of(jobs) if durations else None
    for each in jobs:
        each.ClearField("duration")
    return RawPage(
        [each.SerializeToString() for each in jobs],
        tuple(each.rpartition("/")[2] for each in page.unreachable),
        page.next_page_token,
        lasted,
    )


def durations(raw: bytes) -> tuple[float, ...]:
    """Seconds that each job of a `ListMigrationJobsResponse` has run."""
    return _durations_of(_Page.FromString(raw).migration_jobs)


def _durations_of(jobs: Iterable[Any]) -> tuple[float, ...]:
    lasted = [each.duration for each in jobs]
    return tuple([each.seconds + each.nanos / 1e9 for each in lasted])


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
    """A message with some of the original's fields; those that are messages have the type `inner`."""
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
    """One `ListMigrationJobsResponse`, as it came and as values."""

    raw: bytes
    contents: list[bytes]
    """Each job's bytes without its duration."""
    jobs: tuple[Job, ...]
    """Each as when it was first seen so; only its duration may have grown since."""
    known: dict[bytes, Job]
    """By its bytes without the duration, each job whose enum numbers all have names.

    A name may be learned later.
    """
    unreachable: tuple[str, ...]
    token: str
    """Of the next page; empty on the last."""
    durations: tuple[float, ...] | None = None
    """Seconds that each job has run, where they were read with the rest."""
    _now: tuple[Job, ...] | None = None

    @property
    def settled(self) -> bool:
        return len(self.known) == len(self.jobs)

    def jobs_now(self) -> tuple[Job, ...]:
        """The jobs with their durations as of now."""
        if self._now is None:
            lasted = durations(self.raw) if self.durations is None else self.durations
            self._now = tuple(
                [
                    job if job.duration_s == seconds else with_duration(job, seconds)
                    for job, seconds in zip(self.jobs, lasted, strict=True)
                ]
            )
        return self._now


@dataclass(slots=True)
class CachedListing:
    """All pages of one location, in order, and the version of the profiles they were read with."""

    version: int = -1
    pages: list[CachedPage] = field(default_factory=list)

    def unchanged_page(self, index: int, raw: bytes) -> CachedPage | None:
        """The page of that index, if it was the same and may be used again."""
        page = self._settled_page(index)
        return page if page is not None and page.raw == raw else None

    def page_with_new_durations(self, index: int, raw: bytes, found: RawPage) -> CachedPage | None:
        """The page of that index as it came now, if it was the same but for durations."""
        page = self._settled_page(index)
        if page is None or page.contents != found.contents:
            return None
        return CachedPage(
            raw, page.contents, page.jobs, page.known, found.unreachable, found.token, found.durations
        )

    def jobs_with(self, contents: Sequence[bytes]) -> list[Job | None]:
        """The jobs of exactly these contents (without durations), on whichever page they were."""
        return [self._job(each) for each in contents]

    def _job(self, content: bytes) -> Job | None:
        for page in self.pages:
            found = page.known.get(content)
            if found is not None:
                return found
        return None

    def _settled_page(self, index: int) -> CachedPage | None:
        page = self.pages[index] if index < len(self.pages) else None
        return page if page is not None and page.settled else None
