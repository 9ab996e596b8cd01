"""Text that was stored, as part of an answer."""

from __future__ import annotations

from bot.cmdline.answers import RichPart, Time, Verbatim
from bot.util.utc_times import split_times


def quoted(text: str) -> tuple[RichPart, ...]:
    """The text as it is, but for times that it gives in UTC: these are in the reader's zone."""
    return tuple(
        Verbatim(each) if isinstance(each, str) else Time(each) for each in split_times(text) if each
    )
