"""Pages: sizes, opaque tokens bound to their query, and `order_by`."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sandbox.dms.errors import invalid

T = TypeVar("T")

ENDLESS, REPEATED, EXPIRED, SHORT = "ENDLESS", "REPEATED", "EXPIRED", "SHORT"
PAGE_FAULTS = (ENDLESS, REPEATED, EXPIRED, SHORT)
_fault: ContextVar[str] = ContextVar("page_fault", default="")


@contextmanager
def page_fault(kind: str) -> Iterator[None]:
    """What goes wrong with the pages that are cut meanwhile.

    ENDLESS: each page has a next one. REPEATED: each is the first, with the same token. EXPIRED: a token is
    too old. SHORT: a page has one item, which is allowed.
    """
    before = _fault.set(kind)
    try:
        yield
    finally:
        _fault.reset(before)


@dataclass(frozen=True)
class Page(Generic[T]):
    items: Sequence[T]
    next_token: str
    unreachable: tuple[str, ...] = ()


def page_size(asked: int, default: int, most: int) -> int:
    """Zero means the default; the maximum caps larger values. Raises INVALID_ARGUMENT below zero."""
    if asked < 0:
        raise invalid("page_size must not be negative", "page_size")
    return min(asked or default, most)


def cut(
    items: Sequence[T], size: int, token: str, query: tuple[str, ...], name: Callable[[T], str]
) -> Page[T]:
    """One page of an ordered sequence. Raises INVALID_ARGUMENT for a token of another query."""
    kind = _fault.get()
    if kind == EXPIRED and token:
        raise invalid("The page token has expired", "page_token")
    start = _start(items, token, query, name) if token and kind != REPEATED else 0
    chosen = items[start : start + (1 if kind == SHORT else size)]
    if kind in (ENDLESS, REPEATED):
        return Page(chosen, _make(len(items), "again" if kind == REPEATED else secrets.token_hex(8), query))
    end = start + len(chosen)
    next_token = _make(end, name(chosen[-1]), query) if chosen and end < len(items) else ""
    return Page(chosen, next_token)


def _start(items: Sequence[T], token: str, query: tuple[str, ...], name: Callable[[T], str]) -> int:
    offset, last = _read(token, query)
    # Items may have been added and removed since: continue after the last one of the previous page.
    if 0 < offset <= len(items) and name(items[offset - 1]) == last:
        return offset
    for index in range(min(offset, len(items)) - 1, -1, -1):
        if name(items[index]) == last:
            return index + 1
    for index in range(min(offset, len(items)), len(items)):
        if name(items[index]) == last:
            return index + 1
    return min(offset, len(items))


def _digest(query: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(query).encode()).hexdigest()[:12]


def _make(offset: int, last: str, query: tuple[str, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps([offset, last, _digest(query)]).encode()).decode()


def _read(token: str, query: tuple[str, ...]) -> tuple[int, str]:
    try:
        offset, last, digest = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error, TypeError):
        raise invalid("The page token is not valid", "page_token") from None
    if digest != _digest(query) or not isinstance(offset, int) or offset < 0:
        raise invalid("The page token does not belong to this request", "page_token")
    return offset, str(last)


def parse_order(text: str, known: Callable[[str], bool]) -> list[tuple[str, bool]]:
    """`field [asc|desc], …` as pairs of field and descending. Raises INVALID_ARGUMENT."""
    orders = []
    for part in filter(None, (p.strip() for p in text.split(","))):
        words = part.split()
        direction = words[1].lower() if len(words) == 2 else "asc"
        if len(words) > 2 or direction not in ("asc", "desc") or not known(words[0]):
            raise invalid(f"Invalid order_by '{text}'", "order_by")
        orders.append((words[0], direction == "desc"))
    return orders


def sort_by(items: list[T], orders: list[tuple[str, bool]], value: Callable[[T, str], Any]) -> list[T]:
    """Sorted by the first field first; items without a value come first."""
    for field, descending in reversed(orders):
        items = sorted(items, key=lambda item: _sortable(value(item, field)), reverse=descending)
    return items


def _sortable(value: Any) -> tuple[int, Any]:
    if value is None or isinstance(value, (dict, list)):
        return (0, "")
    if isinstance(value, (bool, int, float)):
        return (1, float(value))
    return (2, str(value))
