"""Blocks as JSON values: what `to_dict` of slack_sdk's models gives, for a fraction of its time.

`to_dict` looks its class's attributes and validators up again for each object, and walks what is
nested once more at each level. Here each class is looked at once. Validators are called as there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from slack_sdk.models.basic_objects import JsonObject

_Check = Callable[[Any], object]


def as_json(value: object) -> Any:
    """A block, an element or an object, or a list of them, as `to_dict` gives it.

    Raises:
        SlackObjectFormationError: a validator of the object's class refuses it.
    """
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    names, checks = _shape(type(value))  # type: ignore[arg-type]  # a class has a hash
    if not names:
        return value.to_dict() if hasattr(value, "to_dict") else value
    for check in checks:
        check(value)
    held = [(name, getattr(value, name, None)) for name in names]
    return {name: as_json(each) for name, each in held if _is_given(each)}


def _is_given(value: object) -> bool:
    return value is not None and (not hasattr(value, "__len__") or len(value) > 0)


@lru_cache(maxsize=256)
def _shape(kind: type) -> tuple[tuple[str, ...], tuple[_Check, ...]]:
    """The attributes that make up an object's JSON, and its validators; none where the class has a
    `to_dict` of its own, and for what is no such object."""
    if not issubclass(kind, JsonObject) or kind.to_dict is not JsonObject.to_dict:
        return (), ()
    members = [getattr(kind, name, None) for name in sorted(dir(kind)) if not name.startswith("__")]
    checks = [each for each in members if callable(each) and hasattr(each, "validator")]
    return attributes(kind), tuple(checks)


def attributes(kind: type[JsonObject]) -> tuple[str, ...]:
    """The attributes that make up the JSON of a class's objects."""
    return tuple(sorted(kind.__new__(kind).attributes))
