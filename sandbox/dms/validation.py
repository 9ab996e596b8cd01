"""Checks JSON against the REST schemas, with the error messages of Google's servers."""

from __future__ import annotations

import re
from typing import Any

from sandbox.dms.errors import ApiError, invalid
from sandbox.dms.schemas import SCHEMAS

_INTEGER = re.compile(r"-?\d+")
_DURATION = re.compile(r"-?\d+(\.\d{1,9})?s")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


def check_body(body: Any, schema: str) -> dict[str, Any]:
    """The body without its nulls, which mean "not set".

    Raises INVALID_ARGUMENT for unknown fields and wrong values.
    """
    if not isinstance(body, dict):
        raise invalid("Invalid JSON payload received. Expected an object.")
    problems: list[str] = []
    _check_object(body, schema, "", problems)
    if problems:
        text = "\n".join(f"Invalid JSON payload received. {problem}" for problem in problems)
        raise ApiError("INVALID_ARGUMENT", text, details=invalid(text, "body").details)
    found: dict[str, Any] = _without_nulls(body)
    return found


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _check_object(value: dict[str, Any], schema: str, path: str, problems: list[str]) -> None:
    fields = SCHEMAS[schema]
    for key, item in value.items():
        if key not in fields:
            where = f" at '{path}'" if path else ""
            problems.append(f'Unknown name "{key}"{where}: Cannot find field.')
        elif item is not None:
            _check_value(item, fields[key], f"{path}.{key}".lstrip("."), problems)


def _check_value(value: Any, kind: Any, path: str, problems: list[str]) -> None:
    if isinstance(kind, list):
        if value not in kind and not isinstance(value, int):
            problems.append(f"Invalid value at '{path}' (TYPE_ENUM), \"{value}\"")
    elif isinstance(kind, dict):
        _check_nested(value, kind, path, problems)
    elif not _fits(value, kind):
        problems.append(f"Invalid value at '{path}' ({kind}), {value!r}")


def _check_nested(value: Any, kind: dict[str, Any], path: str, problems: list[str]) -> None:
    if "list" in kind:
        if not isinstance(value, list):
            problems.append(f"Invalid value at '{path}': a list is needed")
            return
        for index, item in enumerate(value):
            _check_value(item, kind["list"], f"{path}[{index}]", problems)
        return
    if not isinstance(value, dict):
        problems.append(f"Invalid value at '{path}': an object is needed")
    elif "ref" in kind:
        _check_object(value, kind["ref"], path, problems)
    else:
        for key, item in value.items():
            _check_value(item, kind["map"], f"{path}[{key}]", problems)


def _fits(value: Any, kind: str) -> bool:
    if kind == "any":
        return True
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("int32", "int64", "integer", "uint32", "uint64"):
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole or (isinstance(value, str) and _INTEGER.fullmatch(value) is not None)
    if kind in ("double", "float", "number"):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    if kind == "google-duration":
        return _DURATION.fullmatch(value) is not None
    if kind == "google-datetime":
        return _DATETIME.fullmatch(value) is not None
    return True
