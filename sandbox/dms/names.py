"""Resource names of the service: parsing, checking and building them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sandbox.dms.errors import ApiError, invalid

_PARENT = re.compile(r"projects/([^/]+)/locations/([^/]+)")
_CHILD = re.compile(r"projects/([^/]+)/locations/([^/]+)/([A-Za-z]+)/([^/]+)")
_OBJECT = re.compile(r"(projects/[^/]+/locations/[^/]+/migrationJobs/[^/]+)/objects/([^/]+)")
_REGION = re.compile(r"[a-z]+-[a-z]+[0-9]{1,2}")
_ID = re.compile(r"[a-z]([a-z0-9-]{0,58}[a-z0-9])?")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")

ANY_LOCATION = "-"


@dataclass(frozen=True)
class Parent:
    project: str
    location: str

    @property
    def name(self) -> str:
        return f"projects/{self.project}/locations/{self.location}"


@dataclass(frozen=True)
class Child:
    parent: Parent
    collection: str
    id: str

    @property
    def name(self) -> str:
        return f"{self.parent.name}/{self.collection}/{self.id}"


def parse_parent(text: str, *, wildcard: bool = False) -> Parent:
    """`projects/P/locations/L`; `locations/-` only where `wildcard`. Raises INVALID_ARGUMENT."""
    match = _PARENT.fullmatch(text)
    if match is None:
        raise invalid(f"Invalid resource name: '{text}'", "parent")
    parent = Parent(match[1], match[2])
    if parent.location == ANY_LOCATION and wildcard:
        return parent
    _check_location(parent.location)
    return parent


def parse_child(text: str, collection: str) -> Child:
    """`projects/P/locations/L/COLLECTION/ID`. Raises INVALID_ARGUMENT."""
    match = _CHILD.fullmatch(text)
    if match is None or match[3] != collection:
        raise invalid(f"Invalid resource name: '{text}'", "name")
    _check_location(match[2])
    return Child(Parent(match[1], match[2]), collection, match[4])


def parse_object(text: str) -> tuple[str, str]:
    """The job's name and the object's id of `…/migrationJobs/J/objects/O`. Raises INVALID_ARGUMENT."""
    match = _OBJECT.fullmatch(text)
    if match is None:
        raise invalid(f"Invalid resource name: '{text}'", "name")
    return match[1], match[2]


def check_id(text: str, field: str) -> str:
    """An id chosen by the caller: lower-case letters, digits and hyphens, 60 at most."""
    if _ID.fullmatch(text) is None:
        raise invalid(
            f"Invalid id '{text}': it must start with a lower-case letter, end with a letter or digit, and "
            "hold at most 60 lower-case letters, digits and hyphens",
            field,
        )
    return text


def check_request_id(text: str) -> str:
    """`request_id` of create, update and delete; empty means none was given."""
    if text and _REQUEST_ID.fullmatch(text) is None:
        raise invalid(f"Invalid request id '{text}'", "request_id")
    return text


def location_of(name: str) -> tuple[str, str] | None:
    """Project and location of a resource name, if it has both."""
    match = _PARENT.match(name)
    return (match[1], match[2]) if match else None


def _check_location(location: str) -> None:
    if _REGION.fullmatch(location) is None:
        raise ApiError(
            "INVALID_ARGUMENT",
            f"Location '{location}' is not found or is not supported by the service",
            reason="LOCATION_NOT_SUPPORTED",
            metadata={"location": location},
        )


def mentions(request: dict[str, Any], words: str) -> bool:
    """Whether a request has these words, and not only as part of longer ones: `wave-10` does not mention
    `wave-1`. Without words, every request does."""
    begins = r"(?<![\w-])" if words[:1].isalnum() else ""
    ends = r"(?![\w-])" if words[-1:].isalnum() else ""
    return re.search(f"{begins}{re.escape(words)}{ends}", str(request)) is not None
