"""Converts DMS messages, from gRPC and from REST, to values of `bot.dms.model`.

Reads the raw protobuf messages and not their proto-plus wrappers: for a page of a thousand jobs, the wrappers
take more time than the call itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from google.cloud.clouddms_v1.types import clouddms
from google.cloud.clouddms_v1.types import clouddms_resources as resources

from bot.dms import status_details
from bot.dms.enum_names import Names
from bot.dms.errors import MAX_SERVICE_TEXT
from bot.dms.model import (
    UNSET_TIME,
    Database,
    Endpoint,
    Fault,
    Job,
    ObjectId,
    ObjectsConfig,
    Operation,
    Selection,
)
from bot.dms.new_job import new_job
from bot.util.command import without_command
from bot.util.redact import redact

FindEndpoint = Callable[[str, str, str], Endpoint]
"""Takes a profile's full resource name, and the engine and provider from the job."""

_UNSPECIFIED = "_UNSPECIFIED"
_VERIFICATION = resources.MigrationJobVerificationError
_VERIFICATION_PB = _VERIFICATION.pb()
_METADATA_PB = clouddms.OperationMetadata.pb()


def specified_name(name: str) -> str:
    """The name of an enum value, or empty for `…_UNSPECIFIED`."""
    return "" if name.endswith(_UNSPECIFIED) else name


def utc(stamp: Any) -> datetime:
    """A `google.protobuf.Timestamp` in UTC, to the microsecond."""
    return UNSET_TIME + timedelta(0, stamp.seconds, stamp.nanos // 1000)


def utc_from_json(text: Any) -> datetime | None:
    """An RFC 3339 time with up to nine fractional digits, in UTC; None if it cannot be parsed."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return _rfc3339(text)
    except ValueError:
        return None


def _rfc3339(text: str) -> datetime:
    head, dot, rest = text.removesuffix("Z").partition(".")
    digits = rest.split("+")[0].split("-")[0]
    zone = rest[len(digits) :] if dot else ""
    parsed = datetime.fromisoformat(f"{head}{dot}{digits[:6]}{zone}")
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def job(message: Any, names: Names, endpoint: FindEndpoint, duration_s: float | None = None) -> Job:
    """A raw `MigrationJob` message as a `Job`; with another duration than its own, if one is given."""
    source, destination = message.source_database, message.destination_database
    engine, provider = names["engine"], names["provider"]
    if duration_s is None:
        duration_s = message.duration.seconds + message.duration.nanos / 1e9
    level = message.performance_config.dump_parallel_level
    return new_job(
        message.name,
        utc(message.create_time),
        names["state"][message.state],
        names["phase"][message.phase],
        specified_name(names["type"][message.type_]),
        message.display_name,
        _labels(message.labels),
        endpoint(message.source, engine[source.engine], provider[source.provider]),
        endpoint(message.destination, engine[destination.engine], provider[destination.provider]),
        utc(message.update_time) if message.HasField("update_time") else None,
        utc(message.end_time) if message.HasField("end_time") else None,
        duration_s,
        fault(message.error) if message.HasField("error") else None,
        specified_name(names["dump_parallel_level"][level]),
        message.dump_path,
    )


def _labels(labels: Any) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items())) if labels else ()


def fault(status: Any) -> Fault | None:
    """A `google.rpc.Status` with what its details say appended; None if it is no error."""
    if not status.code and not status.message:
        return None
    return Fault(status.code, _with_details(status.message, _details(status.details)))


def operation(message: Any) -> Operation:
    """A raw `google.longrunning.Operation` whose metadata is DMS's `OperationMetadata`."""
    metadata = _METADATA_PB()
    if message.metadata.Is(_METADATA_PB.DESCRIPTOR):
        message.metadata.Unpack(metadata)
    return Operation(
        name=message.name,
        verb=metadata.verb,
        target=metadata.target,
        done=message.done,
        error=fault(message.error) if message.HasField("error") else None,
        create_time=utc(metadata.create_time) if metadata.HasField("create_time") else None,
        end_time=utc(metadata.end_time) if metadata.HasField("end_time") else None,
        status_message=metadata.status_message,
        cancelling=metadata.requested_cancellation,
    )


def operation_from_json(body: Mapping[str, Any]) -> Operation:
    """A REST `Operation`."""
    metadata = body.get("metadata") or {}
    return Operation(
        name=str(body.get("name", "")),
        verb=str(metadata.get("verb", "")),
        target=str(metadata.get("target", "")),
        done=bool(body.get("done")),
        error=fault_from_json(body.get("error")),
        create_time=utc_from_json(metadata.get("createTime")),
        end_time=utc_from_json(metadata.get("endTime")),
        status_message=str(metadata.get("statusMessage", "")),
        cancelling=bool(metadata.get("requestedCancellation")),
    )


def fault_from_json(status: Mapping[str, Any] | None) -> Fault | None:
    """A REST `Status`; None if there is no error."""
    if not status or not (status.get("code") or status.get("message")):
        return None
    details = (text for each in status.get("details") or () for text in status_details.sentences(each))
    return Fault(int(status.get("code") or 0), _with_details(str(status.get("message") or ""), details))


def database(body: Mapping[str, Any]) -> Database:
    """A REST `MigrationJobObject`."""
    return Database(
        name=str(body.get("name", "")),
        id=object_id(body.get("sourceObject") or {}),
        state=str(body.get("state", "STATE_UNSPECIFIED")),
        phase=specified_name(str(body.get("phase", ""))),
        error=fault_from_json(body.get("error")),
        unsupported_events=_whole((body.get("heterogeneousMetadata") or {}).get("unsupportedEventsCount")),
    )


def _whole(value: Any) -> int | None:
    """An int64, which JSON has as text; None if it is none."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def object_id(body: Mapping[str, Any]) -> ObjectId:
    """A REST `SourceObjectIdentifier`."""
    return ObjectId(
        database=str(body.get("database", "")),
        type=str(body.get("type", "DATABASE")),
        schema=str(body.get("schema", "")),
        table=str(body.get("table", "")),
    )


def objects_config(job_body: Mapping[str, Any]) -> ObjectsConfig:
    """`objectsConfig` of a REST `MigrationJob`; a job without one migrates all databases."""
    config = (job_body.get("objectsConfig") or {}).get("sourceObjectsConfig") or {}
    return ObjectsConfig(
        selection=specified_name(str(config.get("objectsSelectionType", ""))) or Selection.ALL,
        chosen=_identifiers(config.get("objectConfigs")),
        excluded=_identifiers(config.get("excludedObjectConfigs")),
    )


def objects_body(config: ObjectsConfig) -> dict[str, Any]:
    """`config` as a REST `MigrationJobObjectsConfig`, for `objectsConfig` and for `objectsFilter`."""
    body: dict[str, Any] = {"objectsSelectionType": str(config.selection)}
    if config.chosen:
        body["objectConfigs"] = [{"objectIdentifier": _identifier(each)} for each in config.chosen]
    if config.excluded:
        body["excludedObjectConfigs"] = [{"objectIdentifier": _identifier(each)} for each in config.excluded]
    return {"sourceObjectsConfig": body}


def _identifier(each: ObjectId) -> dict[str, str]:
    parts = {"type": each.type, "database": each.database, "schema": each.schema, "table": each.table}
    return {key: value for key, value in parts.items() if value}


def _identifiers(configs: Iterable[Mapping[str, Any]] | None) -> tuple[ObjectId, ...]:
    return tuple(object_id(each.get("objectIdentifier") or {}) for each in configs or ())


def _details(details: Iterable[Any]) -> Iterator[str]:
    for detail in details:
        if detail.Is(_VERIFICATION_PB.DESCRIPTOR):
            found = _VERIFICATION_PB()
            detail.Unpack(found)
            yield status_details.verification_error(
                _error_code(found.error_code), found.error_message, found.error_detail_message
            )
        else:
            yield from status_details.sentences(status_details.from_any(detail))


def _error_code(number: int) -> str:
    try:
        return str(_VERIFICATION.ErrorCode(number).name)
    except ValueError:
        return f"ERROR_CODE_{number}"


def _with_details(message: str, details: Iterable[str]) -> str:
    """The service's own words; a password in them is not kept."""
    parts = [message] if message else []
    for part in details:
        if part and not any(part in said for said in parts):
            parts.append(part)
    ends = len(parts) - 1
    whole = "; ".join(each if at == ends else each.rstrip(".") for at, each in enumerate(parts))
    return redact(without_command(whole[:MAX_SERVICE_TEXT]))
