"""Requests and routes of the REST API."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.dms.errors import invalid
from sandbox.dms.validation import check_body

_COMMON_QUERY = frozenset(
    {
        "$.xgafv",
        "access_token",
        "alt",
        "callback",
        "fields",
        "key",
        "oauth_token",
        "prettyPrint",
        "quotaUser",
        "uploadType",
        "upload_protocol",
    }
)


@dataclass(frozen=True)
class RestRequest:
    """One HTTP request: the resource path after `/v1/` (or another version), its query and its JSON body."""

    verb: str
    path: str
    query: dict[str, str]
    body: Any
    alive: Callable[[], bool]
    version: str = "v1"

    def number(self, key: str) -> int:
        text = self.query.get(key, "0")
        if not re.fullmatch(r"-?\d{1,9}", text):
            raise invalid(f"Invalid value at '{key}' (TYPE_INT32), \"{text}\"", key)
        return int(text)

    def flag(self, key: str) -> bool:
        text = self.query.get(key, "false").lower()
        if text not in ("true", "false"):
            raise invalid(f"Invalid value at '{key}' (TYPE_BOOL), \"{text}\"", key)
        return text == "true"

    def text(self, key: str) -> str:
        return self.query.get(key, "")


Answer = Callable[[RestRequest, str], dict[str, Any]]


@dataclass(frozen=True)
class Route:
    """A path pattern; its first group is the resource name."""

    method: str
    verb: str
    pattern: re.Pattern[str]
    answer: Answer
    query: frozenset[str] = frozenset()
    schema: str = ""
    version: str = "v1"


@dataclass(frozen=True)
class Match:
    route: Route
    name: str
    request: RestRequest
    described: dict[str, Any] = field(default_factory=dict)

    def run(self) -> dict[str, Any]:
        """Check query and body, then answer. Raises ApiError."""
        unknown = set(self.request.query) - self.route.query - _COMMON_QUERY
        if unknown:
            name = sorted(unknown)[0]
            raise invalid(
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
                f"Field '{name}' could not be found in request message.",
                name,
            )
        body = self.request.body
        if self.route.schema:
            body = check_body({} if body is None else body, self.route.schema)
        elif body:
            raise invalid("Invalid JSON payload received. This method takes no body.")
        return self.route.answer(replace(self.request, body=body), self.name)


def route(
    method: str,
    verb: str,
    pattern: str,
    answer: Answer,
    query: frozenset[str] = frozenset(),
    schema: str = "",
    version: str = "v1",
) -> Route:
    """A route of the RPC `method`."""
    return Route(method, verb, re.compile(pattern), answer, query, schema, version)


def described(request: RestRequest, name: str) -> dict[str, Any]:
    """The request as the call log shows it: query parameters in snake case, the body unchanged."""
    described: dict[str, Any] = {"name": name}
    described.update({snake(key): value for key, value in request.query.items()})
    if request.body:
        described["body"] = request.body
    return described


def snake(name: str) -> str:
    """A dotted path in snake case."""
    head, dot, tail = name.partition(".")
    # Label keys belong to the caller and keep their spelling.
    if head == "labels":
        return name
    return (
        re.sub(r"(?<=[a-z0-9])([A-Z])", lambda m: "_" + m[1].lower(), head)
        + dot
        + (snake(tail) if tail else "")
    )
