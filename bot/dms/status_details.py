"""What the details of a `google.rpc.Status` say besides its message. Pure functions.

Source: proto `google.rpc.error_details`. Services behind DMS put the reason there: Datastream, which reads
Oracle, has it in `ErrorInfo.metadata.message`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from google.cloud.clouddms_v1.types import clouddms_resources as resources
from google.protobuf import json_format
from google.rpc import error_details_pb2, status_pb2

_TYPES: tuple[Any, ...] = (
    error_details_pb2.ErrorInfo,
    error_details_pb2.LocalizedMessage,
    error_details_pb2.BadRequest,
    error_details_pb2.PreconditionFailure,
    error_details_pb2.QuotaFailure,
    error_details_pb2.ResourceInfo,
    resources.MigrationJobVerificationError.pb(),
)
_DEPTH = 3
"""Errors inside errors that are read."""


def from_any(detail: Any, depth: int = 0) -> Mapping[str, Any]:
    """A `google.protobuf.Any` of one of these types, or a `Status`, as REST has it; empty for any other."""
    if detail.Is(status_pb2.Status.DESCRIPTOR) and depth < _DEPTH:
        status = status_pb2.Status()
        detail.Unpack(status)
        # Not `MessageToDict`, which raises for details of a type that is newer than the client.
        return {"message": status.message, "details": [from_any(each, depth + 1) for each in status.details]}
    for each in _TYPES:
        if detail.Is(each.DESCRIPTOR):
            found = each()
            detail.Unpack(found)
            return json_format.MessageToDict(found)
    return {}


def sentences(detail: Any, depth: int = 0) -> Iterator[str]:
    """The texts for people in a detail as REST has it."""
    if not isinstance(detail, Mapping) or depth > _DEPTH:
        return
    if "errorCode" in detail or "errorMessage" in detail:
        keys = ("errorCode", "errorMessage", "errorDetailMessage")
        yield verification_error(*(str(detail.get(key) or "") for key in keys))
    metadata = detail.get("metadata")
    of_metadata = metadata.get("message") if isinstance(metadata, Mapping) else None
    said = of_metadata or detail.get("message") or ""
    yield ": ".join(str(each) for each in (detail.get("reason"), said) if each)
    yield str(detail.get("description") or "")
    for violations in (detail.get("violations"), detail.get("fieldViolations")):
        for each in violations if isinstance(violations, list) else ():
            if isinstance(each, Mapping):
                yield str(each.get("description") or "")
    inner = detail.get("details")
    for each in inner if isinstance(inner, list) else ():
        yield from sentences(each, depth + 1)


def verification_error(code: str, message: str, detail: str) -> str:
    """A `MigrationJobVerificationError` of DMS as one text."""
    text = ": ".join(part for part in (code, message) if part)
    return f"{text} ({detail})" if detail and detail != message else text
