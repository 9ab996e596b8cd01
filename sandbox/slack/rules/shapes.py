"""Small checkers that are put together into the rules of Block Kit.

A checker takes a value, its JSON pointer and the list of faults, and appends what is wrong in the words
that Slack's API uses.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Faults = list[str]
Check = Callable[[Any, str, Faults], None]


def fault(faults: Faults, pointer: str, words: str) -> None:
    faults.append(f"{words} [json-pointer:{pointer}]")


@dataclass(frozen=True)
class Field:
    check: Check
    required: bool = False


def need(check: Check) -> Field:
    return Field(check, required=True)


def may(check: Check) -> Field:
    return Field(check)


def string(most: int, least: int = 1) -> Check:
    def check(value: Any, pointer: str, faults: Faults) -> None:
        if not isinstance(value, str):
            fault(faults, pointer, "must be a string")
        elif len(value) < least:
            fault(faults, pointer, f"must be more than {least - 1} characters")
        elif len(value) > most:
            fault(faults, pointer, f"must be less than {most + 1} characters")

    return check


def boolean(value: Any, pointer: str, faults: Faults) -> None:
    if not isinstance(value, bool):
        fault(faults, pointer, "must be a boolean")


def integer(least: int, most: int) -> Check:
    def check(value: Any, pointer: str, faults: Faults) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            fault(faults, pointer, "must be an integer")
        elif not least <= value <= most:
            fault(faults, pointer, f"must be between {least} and {most}")

    return check


def one_of(*allowed: str) -> Check:
    def check(value: Any, pointer: str, faults: Faults) -> None:
        if value not in allowed:
            fault(faults, pointer, f"must be one of: {', '.join(allowed)}")

    return check


def anything(_value: Any, _pointer: str, _faults: Faults) -> None:
    """For parts whose inside is not checked."""


def items(check_item: Check, most: int, least: int = 1) -> Check:
    def check(value: Any, pointer: str, faults: Faults) -> None:
        if not isinstance(value, list):
            fault(faults, pointer, "must be an array")
            return
        if len(value) < least:
            fault(faults, pointer, f"no less than {least} items allowed")
        if len(value) > most:
            fault(faults, pointer, f"no more than {most} items allowed")
        for index, item in enumerate(value):
            check_item(item, f"{pointer}/{index}", faults)

    return check


def record(fields: Mapping[str, Field], *also: Check) -> Check:
    """An object with exactly these fields; `also` are further checks on the whole."""

    def check(value: Any, pointer: str, faults: Faults) -> None:
        if not isinstance(value, dict):
            fault(faults, pointer, "must provide an object")
            return
        before = len(faults)
        _check_fields(value, fields, pointer, faults)
        if len(faults) == before:
            for further in also:
                further(value, pointer, faults)

    return check


def _check_fields(value: dict[str, Any], fields: Mapping[str, Field], pointer: str, faults: Faults) -> None:
    for name, field in fields.items():
        if value.get(name) is not None:
            field.check(value[name], f"{pointer}/{name}", faults)
        elif field.required:
            fault(faults, pointer, f"missing required field: {name}")
    for name in value:
        if name not in fields:
            fault(faults, pointer, f"invalid additional property: {name}")


def number(value: Any, pointer: str, faults: Faults) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        fault(faults, pointer, "must be a number")


def block(kind: str, fields: Mapping[str, Field], *also: Check) -> Check:
    """A layout block: its type, an optional `block_id`, and its own fields."""
    return record({"type": need(one_of(kind)), "block_id": may(string(255)), **fields}, *also)


def by_type(kinds: Mapping[str, Check]) -> Check:
    """An object whose `type` chooses its rules; a type not listed is refused."""

    def check(value: Any, pointer: str, faults: Faults) -> None:
        if not isinstance(value, dict):
            fault(faults, pointer, "must provide an object")
            return
        kind = value.get("type")
        rule = kinds.get(kind) if isinstance(kind, str) else None
        if rule is None:
            fault(faults, f"{pointer}/type", f"unsupported type: {kind}")
            return
        rule(value, pointer, faults)

    return check


def exactly_one(*names: str) -> Check:
    def check(value: Any, pointer: str, faults: Faults) -> None:
        given = [name for name in names if value.get(name) is not None]
        if len(given) != 1:
            fault(faults, pointer, f"must provide exactly one of: {', '.join(names)}")

    return check


def at_most_one(*names: str) -> Check:
    def check(value: Any, pointer: str, faults: Faults) -> None:
        if len([name for name in names if value.get(name) is not None]) > 1:
            fault(faults, pointer, f"must not provide more than one of: {', '.join(names)}")

    return check


def at_least_one(*names: str) -> Check:
    def check(value: Any, pointer: str, faults: Faults) -> None:
        if not any(value.get(name) is not None for name in names):
            fault(faults, pointer, f"must provide at least one of: {', '.join(names)}")

    return check
