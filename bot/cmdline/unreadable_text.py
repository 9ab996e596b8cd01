"""What an answer lacks because rows of the store cannot be read."""

from __future__ import annotations

from collections.abc import Mapping

from bot.util.text import count_of


def unreadable_text(counts: Mapping[str, int]) -> str:
    """`1 job and 2 requests that cannot be read …`; empty without any. `counts` is by name, singular."""
    *others, last = [count_of(count, name) for name, count in counts.items() if count] or [""]
    what = f"{', '.join(others)} and {last}" if others else last
    return (
        f"{what} that cannot be read from the database. My log names each (`row_not_read`)." if what else ""
    )
