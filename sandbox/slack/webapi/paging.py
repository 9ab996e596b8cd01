"""Cursors: opaque strings that stand for where the next page begins."""

import base64
from collections.abc import Sequence
from typing import TypeVar

from sandbox.slack.errors import SlackError
from sandbox.slack.webapi.args import Args

T = TypeVar("T")


def page(all_items: Sequence[T], args: Args, *, default: int = 100, most: int = 1000) -> tuple[list[T], str]:
    """One page and the cursor of the next ("" at the end). Raises SlackError `invalid_cursor`."""
    start = _start(args.text("cursor"))
    size = min(max(1, args.number("limit", default) or default), most)
    chosen = list(all_items[start : start + size])
    after = start + size
    return chosen, _cursor(after) if after < len(all_items) else ""


def _cursor(start: int) -> str:
    return base64.b64encode(f"next:{start}".encode()).decode()


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except ValueError:
        raise SlackError("invalid_cursor", breach=True, detail=cursor[:40]) from None
