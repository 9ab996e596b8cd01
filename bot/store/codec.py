"""Records to and from what a database column holds, without loss.

Plain fields become plain columns; everything else becomes JSON. The conversion of a class is worked
out once from its type hints and then reused, so that ten thousand jobs are read in a moment.
"""

from __future__ import annotations

import json
import re
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache, lru_cache
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

Value = str | int | float | None
"""What a column holds."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_INTERNED = 24
"""Strings up to this length (states, engines, labels) are shared between records."""


class Codec(NamedTuple):
    """How one type goes into a column or a JSON text, and comes back."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


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


@cache
def column(hint: Any) -> Codec:
    """How a field of this type goes into a column of its own."""
    inner, optional = _optional(hint)
    plain = _plain_column(inner)
    if plain is not None:
        return _nullable(plain) if optional else plain
    nested = codec(hint)
    return Codec(
        lambda value: dumps(nested.encode(value)),
        lambda text: nested.decode(json.loads(text)),
    )


@cache
def codec(hint: Any) -> Codec:
    """How a value of this type goes into JSON."""
    inner, optional = _optional(hint)
    if optional:
        return _nullable(codec(inner))
    if is_dataclass(inner):
        return _record(inner)
    origin = get_origin(inner)
    if origin is tuple:
        return _sequence(get_args(inner))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(get_args(inner)[1])
    return _scalar(inner)


def _optional(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) not in (Union, types.UnionType):
        return hint, False
    inner = [each for each in get_args(hint) if each is not type(None)]
    if len(inner) != 1:
        raise TypeError(f"no way to store {hint}")
    return inner[0], True


def _nullable(inner: Codec) -> Codec:
    encode, decode = inner
    return Codec(
        lambda value: None if value is None else encode(value),
        lambda value: None if value is None else decode(value),
    )


def _plain_column(hint: Any) -> Codec | None:
    if hint is str:
        return Codec(lambda value: clean(str(value)), _same)
    if hint is bool:
        return Codec(int, bool)
    if hint in (int, float) or (isinstance(hint, type) and issubclass(hint, datetime | Enum)):
        return _scalar(hint)
    return None


def _scalar(hint: Any) -> Codec:
    if hint is datetime:
        return Codec(time_text, text_time)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Codec(lambda value: hint(value).value, hint)
    if hint is str:
        return Codec(str, _shared)
    if hint in (int, float, bool, Any):
        return Codec(_same, _same)
    raise TypeError(f"no way to store {hint}")


def _same(value: Any) -> Any:
    return value


def _shared(text: str) -> str:
    return sys.intern(text) if len(text) <= _INTERNED else text


def _sequence(inner: tuple[Any, ...]) -> Codec:
    if inner[-1] is Ellipsis:
        each = codec(inner[0])
        return Codec(
            lambda value: [each.encode(item) for item in value],
            lambda value: tuple([each.decode(item) for item in value]),
        )
    parts = [codec(part) for part in inner]
    return Codec(
        lambda value: [part.encode(item) for part, item in zip(parts, value, strict=True)],
        lambda value: tuple([part.decode(item) for part, item in zip(parts, value, strict=True)]),
    )


def _mapping(inner: Any) -> Codec:
    encode, decode = codec(inner)
    return Codec(
        lambda value: {key: encode(item) for key, item in value.items()},
        lambda value: {key: decode(item) for key, item in value.items()},
    )


def _record(kind: Any) -> Codec:
    """A dataclass as a JSON object; fields that are as by default are left out.

    A field that this version does not know (a newer one wrote it) is passed over.
    """
    hints = get_type_hints(kind)
    parts = [(field.name, codec(hints[field.name]).encode, _default(field)) for field in fields(kind)]
    decoders = {field.name: codec(hints[field.name]).decode for field in fields(kind)}

    def encode(record: Any) -> dict[str, Any]:
        values = ((name, getattr(record, name), write, default) for name, write, default in parts)
        return {name: write(value) for name, value, write, default in values if value != default}

    def decode(stored: dict[str, Any]) -> Any:
        return kind(**{name: decoders[name](value) for name, value in stored.items() if name in decoders})

    return Codec(encode, decode)


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default
