"""Converts records to and from database columns without loss.

Plain fields become plain columns, everything else JSON. cattrs generates the functions once per type.
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
"""A value as the database holds it."""

_PLAIN = (str, int, float, datetime, StrEnum)
"""Types that are stored as they are."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_INTERNED = 24
"""Strings up to this length (states, engines, labels) are interned, to save memory."""


def clean(text: str) -> str:
    """Replace what a text column cannot hold: NUL and lone surrogates."""
    if text.isascii() and "\x00" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def time_text(time: datetime) -> str:
    """A time as UTC text of fixed width, which sorts like the time.

    Raises:
        ValueError: the time has no time zone.
    """
    if time.tzinfo is None:
        raise ValueError(f"a time without a zone cannot be stored: {time}")
    return time.astimezone(UTC).isoformat(timespec="microseconds")


@lru_cache(maxsize=4096)
def text_time(text: str) -> datetime:
    """Parse the text of `time_text`."""
    return datetime.fromisoformat(text)


def dumps(value: Any) -> str:
    """JSON in ASCII, so that all strings survive; with sorted keys, so that equal values give equal text."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def _json() -> Converter:
    converter = _converter(omit_if_default=True)
    converter.register_unstructure_hook(bool, identity)
    # `str()` also where the value is not a string despite its type: it must be readable again.
    converter.register_unstructure_hook(str, str)
    # The value is JSON already; inspecting each part would only take time.
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
    # A member is a `str` as well, and would be written by that hook otherwise.
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
    """Reads a record. Refuses anything but a JSON object, instead of reading it as a record of defaults."""
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

Fields with their default value are left out. Unknown fields, which a newer version wrote, are ignored.

Raises: TypeError, for a type without a hook.
"""
as_columns = _columns()
"""A record's fields to and from columns: plain types as they are, all others as JSON text.

Raises: TypeError, for a type without a hook.
"""
