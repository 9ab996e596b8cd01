"""Records to and from what a database column holds, without loss.

Plain fields become plain columns; everything else becomes JSON, by functions that cattrs generates
once for each type.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache, partial
from types import NoneType, UnionType
from typing import Any, NoReturn, Union, get_args, get_origin

from cattrs import Converter
from cattrs.dispatch import StructureHook, UnstructureHook
from cattrs.fns import identity
from cattrs.gen import make_dict_structure_fn
from cattrs.preconf.json import make_converter

from bot.store.facts import RequestFacts, facts_from_json, facts_to_json

ColumnValue = str | int | float | None
"""What a column holds."""

_PLAIN = (str, int, float, datetime, StrEnum)
"""What has a column of its own kind."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_INTERNED = 24
"""Strings up to this length (states, engines, labels) are shared between records."""


def clean(text: str) -> str:
    """The text without what a text column cannot hold: NUL and halves of surrogate pairs."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def time_text(time: datetime) -> str:
    """A time as fixed-width UTC text, which sorts as the times do.

    Raises:
        ValueError: the time has no zone.
    """
    if time.tzinfo is None:
        raise ValueError(f"a time without a zone cannot be stored: {time}")
    return time.astimezone(UTC).isoformat(timespec="microseconds")


@lru_cache(maxsize=4096)
def text_time(text: str) -> datetime:
    """The time that `time_text` wrote."""
    return datetime.fromisoformat(text)


def dumps(value: Any) -> str:
    """JSON in ASCII, so that every string survives, and sorted, so that equal values look equal."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def _json() -> Converter:
    converter = _converter(omit_if_default=True)
    converter.register_unstructure_hook(bool, identity)
    # Also what is no string in spite of its type: it must be readable again.
    converter.register_unstructure_hook(str, str)
    # Whatever is in it is JSON already: to look at each value's own class would take time for nothing.
    converter.register_unstructure_hook_func(lambda hint: hint is Any, identity)
    converter.register_structure_hook(str, lambda text, _: _shared(text))
    converter.register_structure_hook_factory(is_dataclass, partial(_from_object, converter))
    converter.register_unstructure_hook(RequestFacts, facts_to_json)
    converter.register_structure_hook(RequestFacts, lambda stored, _: facts_from_json(stored))
    return converter


def _columns() -> Converter:
    converter = _converter(omit_if_default=False)
    converter.register_unstructure_hook(bool, int)
    converter.register_unstructure_hook(str, lambda text: clean(str(text)))
    converter.register_structure_hook(str, lambda text, _: text)
    converter.register_unstructure_hook_factory(_is_not_plain, _to_json_text)
    converter.register_structure_hook_factory(_is_not_plain, _from_json_text)
    return converter


def _converter(*, omit_if_default: bool) -> Converter:
    converter = make_converter(
        omit_if_default=omit_if_default,
        detailed_validation=False,
        unstructure_fallback_factory=_refuse,
        structure_fallback_factory=_refuse,
    )
    converter.register_unstructure_hook(int, identity)
    converter.register_unstructure_hook(float, identity)
    converter.register_unstructure_hook(datetime, time_text)
    converter.register_structure_hook(datetime, lambda text, _: text_time(text))
    # Else it would be taken for the text that it is as well.
    converter.register_unstructure_hook(StrEnum, lambda member: member.value)
    converter.register_structure_hook(StrEnum, lambda text, kind: kind(text))
    return converter


def _refuse(hint: Any) -> NoReturn:
    raise TypeError(f"no way to store {hint}")


def _shared(text: str) -> str:
    return sys.intern(text) if len(text) <= _INTERNED else text


def _is_not_plain(hint: Any) -> bool:
    if get_origin(hint) in (Union, UnionType):
        inner = [each for each in get_args(hint) if each is not NoneType]
        hint = inner[0] if len(inner) == 1 else hint
    return not (isinstance(hint, type) and issubclass(hint, _PLAIN))


def _from_object(converter: Converter, kind: Any) -> StructureHook:
    """Reads a record; anything but a JSON object is refused, never taken for one with its fields left out."""
    read = make_dict_structure_fn(kind, converter)

    def checked(stored: Any, _: Any) -> Any:
        if not isinstance(stored, dict):
            raise ValueError(f"{stored!r} is no {kind.__name__}")
        return read(stored, kind)

    return checked


def _to_json_text(hint: Any) -> UnstructureHook:
    write = as_json.get_unstructure_hook(hint)
    return lambda value: dumps(write(value))


def _from_json_text(hint: Any) -> StructureHook:
    read = as_json.get_structure_hook(hint)
    return lambda text, _: read(json.loads(text), hint)


as_json = _json()
"""Values to and from JSON.

A record's fields that are as by default are left out, and one that this version does not know (a newer
one wrote it) is passed over. Raises: TypeError, when a hook is asked for that nobody has.
"""
as_columns = _columns()
"""A record's fields to and from columns: plain ones as they are, all others as JSON text.

Raises: TypeError, when a hook is asked for that nobody has.
"""
