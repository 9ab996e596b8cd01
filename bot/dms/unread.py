"""Takes a page of jobs apart without reading the jobs: each one's bytes, and how long it has run.

The duration of a running job grows by itself and says nothing new of the rest, so it is taken out:
what is left is the same for as long as the job is. To read all of every job would cost several
times as much; so protobuf is shown messages that know no other field, and carries the rest along.
Source: `ListMigrationJobsResponse` and the field `duration` of `google.cloud.clouddms.v1.MigrationJob`.
"""

from __future__ import annotations

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

    lasted: tuple[float, ...]
    """Seconds that each job has run."""
    essence: bytes
    """All jobs without their durations."""
    messages: Any
    """The jobs, one message each, without their durations."""
    unreachable: tuple[str, ...]
    """Locations that did not answer."""
    token: str

    def contents(self) -> list[bytes]:
        """The bytes of each job without its duration."""
        return [each.SerializeToString() for each in self.messages]


def take_apart(raw: bytes) -> Unread:
    """The parts of a `ListMigrationJobsResponse`.

    Raises:
        google.protobuf.message.DecodeError: these bytes are none.
    """
    page = _Page.FromString(raw)
    lasted = tuple([_take_duration(each) for each in page.migration_jobs])
    unreachable = tuple(each.rpartition("/")[2] for each in page.unreachable)
    token = page.next_page_token
    # Tokens may be new each time, and are no part of the jobs.
    page.ClearField("next_page_token")
    page.ClearField("unreachable")
    return Unread(lasted, page.SerializeToString(), page.migration_jobs, unreachable, token)


def _take_duration(job: Any) -> float:
    duration = job.duration
    seconds: float = duration.seconds
    if duration.nanos:
        seconds += duration.nanos / 1e9
    job.ClearField("duration")
    return seconds


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
