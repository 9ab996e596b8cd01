"""Takes a page of jobs apart without reading the jobs: each one's bytes, less how long it has run.

The duration of a running job grows by itself and says nothing new of the rest. What is left without
it is the same for as long as the job is. To read all of every job would cost several
times as much; so protobuf is shown messages that know no other field, and carries the rest along.
Source: `ListMigrationJobsResponse` and the field `duration` of `google.cloud.clouddms.v1.MigrationJob`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from google.cloud.clouddms_v1.types import clouddms
from google.cloud.clouddms_v1.types import clouddms_resources as resources
from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, message_factory

_PACKAGE = "dms_bot.unread"
_Field = descriptor_pb2.FieldDescriptorProto


@dataclass(frozen=True, slots=True)
class Unread:
    """A page of jobs as it came, in parts."""

    contents: list[bytes]
    """The bytes of each job without its duration."""
    unreachable: tuple[str, ...]
    """Locations that did not answer."""
    token: str
    lasted: tuple[float, ...] | None = None
    """Seconds that each job has run, where that was asked for."""


def take_apart(raw: bytes, *, durations: bool = False) -> Unread:
    """The parts of a `ListMigrationJobsResponse`.

    Raises:
        google.protobuf.message.DecodeError: these bytes are none.
    """
    page = _Page.FromString(raw)
    # Each iteration over the field itself would wrap every job anew, for half of the time of it all.
    jobs = list(page.migration_jobs)
    lasted = _lasted(jobs) if durations else None
    for each in jobs:
        each.ClearField("duration")
    return Unread(
        [each.SerializeToString() for each in jobs],
        tuple(each.rpartition("/")[2] for each in page.unreachable),
        page.next_page_token,
        lasted,
    )


def durations(raw: bytes) -> tuple[float, ...]:
    """Seconds that each job of a `ListMigrationJobsResponse` has run."""
    return _lasted(_Page.FromString(raw).migration_jobs)


def _lasted(jobs: Iterable[Any]) -> tuple[float, ...]:
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
    for field in whole.field:
        if field.name in kept:
            declared.field.add().CopyFrom(field)
            if field.type == _Field.TYPE_MESSAGE:
                declared.field[-1].type_name = f".{inner}"


_Page = _page_type()
