"""Counts, and lists that are cut short, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence


def first_few(shown: Sequence[str], limit: int, separator: str = ", ") -> str:
    """The first `limit` of them, and how many more there are: `a, b and 3 more`."""
    return separator.join(shown[:limit]) + and_more(len(shown), limit)


def and_more(count: int, limit: int) -> str:
    """` and 3 more`, to follow the first `limit` of `count`; empty where these are all of them."""
    return f" and {count - limit:,} more" if count > limit else ""


def besides_first(count: int) -> str:
    """` (and 3 more)`, to follow the first of `count`; empty for one."""
    return f" (and {count - 1:,} more)" if count > 1 else ""


def count_of(count: int, one: str, several: str = "") -> str:
    """`1 job`, `1,234 jobs`."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def rest_line(count: int, limit: int, form: str = "… and {} more") -> list[str]:
    """The last line of a list cut at `limit`, with the number left out put into `form`; none if none is."""
    return [form.format(f"{count - limit:,}")] if count > limit else []
