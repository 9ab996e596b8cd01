"""Jobs, databases, profiles and operations as protobuf messages and as REST JSON."""

from __future__ import annotations

import re
import uuid
from typing import Any

from google.cloud import clouddms_v1
from google.longrunning import operations_pb2
from google.protobuf import empty_pb2, json_format

from sandbox.dms import selection
from sandbox.dms.enums import ENGINES, PROVIDERS, JobPb
from sandbox.dms.errors import status_to_json
from sandbox.dms.filters import MISSING
from sandbox.dms.metrics import is_heterogeneous, unsupported_events
from sandbox.dms.model import Database, Job, Operation, Profile
from sandbox.dms.world import World

MetadataPb: Any = type(clouddms_v1.OperationMetadata.pb(clouddms_v1.OperationMetadata()))
_TYPE = "type.googleapis.com/google.cloud.clouddms.v1."
_ENGINE_NAMES = {number: name for name, number in ENGINES.items()}
_PROVIDER_NAMES = {number: name for name, number in PROVIDERS.items()}


def job_bytes(world: World, job: Job, now: float) -> bytes:
    """The job's serialized message. Only `duration` changes by itself, so the rest is cached."""
    if job.encoded is None:
        _stamp(world, job)
        job.pb.ClearField("duration")
        job.encoded = job.pb.SerializeToString()
    seconds = duration_seconds(world, job, now)
    if seconds is None:
        return job.encoded
    length = _varint(seconds)
    # Field 12 (duration) is a message with the seconds in field 1.
    return b"".join((job.encoded, b"\x62", _varint(len(length) + 1), b"\x08", length))


def job_pb(world: World, job: Job, now: float) -> Any:
    return JobPb.FromString(job_bytes(world, job, now))


def list_bytes(encoded: list[bytes], next_token: str, unreachable: tuple[str, ...]) -> bytes:
    """A ListMigrationJobsResponse built from serialized jobs (fields 1, 2 and 3)."""
    parts: list[bytes] = []
    for item in encoded:
        parts += (b"\x0a", _varint(len(item)), item)
    if next_token:
        parts += (b"\x12", _varint(len(next_token)), next_token.encode())
    for name in unreachable:
        parts += (b"\x1a", _varint(len(name)), name.encode())
    return b"".join(parts)


def duration_seconds(world: World, job: Job, now: float) -> int | None:
    """Whole wall-clock seconds that the job has run."""
    if job.started is None:
        return None
    until = now if job.ended is None else job.ended
    return max(0, int(world.clock.wall_of(until) - world.clock.wall_of(job.started)))


def job_json(world: World, job: Job, now: float) -> dict[str, Any]:
    """The MigrationJob of REST, with the fields and names that gRPC lacks."""
    data: dict[str, Any] = json_format.MessageToDict(job_pb(world, job, now))
    data["state"] = job.state
    if job.phase == "PHASE_UNSPECIFIED":
        data.pop("phase", None)
    else:
        data["phase"] = job.phase
    for key, message in (
        ("sourceDatabase", job.pb.source_database),
        ("destinationDatabase", job.pb.destination_database),
    ):
        if key in data:
            data[key] = _database_type(message)
    data["objectsConfig"] = selection.to_config(job.selection)
    data["purpose"] = "FAILBACK" if "originalMigrationName" in job.rest_only else "MIGRATE"
    return merge(data, job.rest_only)


def _database_type(message: Any) -> dict[str, str]:
    found = {
        "engine": _ENGINE_NAMES.get(message.engine, "DATABASE_ENGINE_UNSPECIFIED"),
        "provider": _PROVIDER_NAMES.get(message.provider, "DATABASE_PROVIDER_UNSPECIFIED"),
    }
    return {key: name for key, name in found.items() if not name.endswith("_UNSPECIFIED")}


def merge(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """A deep merge; `above` wins."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def object_id(job: Job, database: Database) -> str:
    """A stable ID, different for a new job with the same name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{job.name}/{job.created}/{database.name}"))


def object_json(world: World, job: Job, database: Database) -> dict[str, Any]:
    """The MigrationJobObject of REST."""
    data: dict[str, Any] = {
        "name": f"{job.name}/objects/{object_id(job, database)}",
        "createTime": world.stamp(database.created),
        "updateTime": world.stamp(database.updated),
        "state": database.state,
        "sourceObject": {"type": "DATABASE", "database": database.name},
    }
    if database.phase != "PHASE_UNSPECIFIED":
        data["phase"] = database.phase
    if database.error is not None:
        data["error"] = status_to_json(database.error)
    if is_heterogeneous(job):
        data["heterogeneousMetadata"] = {
            "unsupportedEventsCount": str(unsupported_events(job, database.name))
        }
    return data


def profile_json(profile: Profile) -> dict[str, Any]:
    return merge(json_format.MessageToDict(profile.pb), profile.rest_only)


def operation_pb(world: World, operation: Operation) -> Any:
    """The google.longrunning.Operation with an OperationMetadata and the right response."""
    message = operations_pb2.Operation(name=operation.name, done=operation.done)
    message.metadata.Pack(_metadata(world, operation))
    if operation.error is not None:
        message.error.CopyFrom(operation.error)
    elif operation.done:
        message.response.Pack(_response_pb(world, operation))
    return message


def operation_json(world: World, operation: Operation) -> dict[str, Any]:
    metadata = json_format.MessageToDict(_metadata(world, operation))
    data: dict[str, Any] = {
        "name": operation.name,
        "metadata": {"@type": _TYPE + "OperationMetadata", **metadata},
        "done": operation.done,
    }
    if operation.error is not None:
        data["error"] = status_to_json(operation.error)
    elif operation.done:
        data["response"] = _response_json(world, operation)
    return data


def _metadata(world: World, operation: Operation) -> Any:
    metadata = MetadataPb(
        target=operation.target,
        verb=operation.verb,
        status_message=operation.status_message,
        requested_cancellation=operation.cancel_requested,
        api_version="v1",
    )
    metadata.create_time.FromJsonString(world.stamp(operation.started))
    if operation.ended is not None:
        metadata.end_time.FromJsonString(world.stamp(operation.ended))
    return metadata


def _response_pb(world: World, operation: Operation) -> Any:
    result = operation.response
    if isinstance(result, Job):
        return job_pb(world, result, world.now())
    return result.pb if isinstance(result, Profile) else empty_pb2.Empty()


def _response_json(world: World, operation: Operation) -> dict[str, Any]:
    result = operation.response
    if isinstance(result, Job):
        return {"@type": _TYPE + "MigrationJob", **job_json(world, result, world.now())}
    if isinstance(result, Profile):
        return {"@type": _TYPE + "ConnectionProfile", **profile_json(result)}
    return {"@type": "type.googleapis.com/google.protobuf.Empty"}


def _stamp(world: World, job: Job) -> None:
    job.pb.create_time.FromJsonString(world.stamp(job.created))
    job.pb.update_time.FromJsonString(world.stamp(job.updated))
    if job.ended is None:
        job.pb.ClearField("end_time")
    else:
        job.pb.end_time.FromJsonString(world.stamp(job.ended))


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def lookup(data: dict[str, Any], path: str, known: frozenset[str]) -> Any:
    """A field of REST JSON by a dotted path in either spelling; `*` returns all its plain values.

    Raises KeyError if there is no such field; MISSING if it is not set.
    """
    if path == "*":
        return _leaves(data)
    first, *rest = path.split(".")
    if camel(first) not in known:
        raise KeyError(path)
    value: Any = data.get(camel(first), MISSING)
    for part in rest:
        if not isinstance(value, dict):
            return MISSING
        value = value.get(part, value.get(camel(part), MISSING))
    return value


def is_field(field: str, fields: frozenset[str]) -> bool:
    """Whether a dotted path begins with a known field."""
    try:
        lookup({}, field, fields)
    except KeyError:
        return False
    return field != "*"


def sortable(value: Any) -> Any:
    """The value if lists can be ordered by it, None otherwise."""
    return value if isinstance(value, (str, int, float, bool)) else None


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda m: m[1].upper(), name)
