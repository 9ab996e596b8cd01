"""Times in stored sentences: the audit and files show them in UTC, Slack in each reader's own zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

_FORM = "%Y-%m-%d %H:%M"
_TIME = re.compile(r"\b([12][0-9]{3}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}) UTC\b")


def utc_text(at: datetime) -> str:
    """`2026-11-20 10:00 UTC`, as `split_times` finds it again."""
    return f"{at.astimezone(UTC):{_FORM}} UTC"


def split_times(text: str) -> Iterator[str | datetime]:
    """The text in pieces: each time that `utc_text` has written, and what is between them."""
    for index, piece in enumerate(_TIME.split(text)):
        if index % 2 == 0:
            yield piece
            continue
        try:
            yield datetime.strptime(piece, _FORM).replace(tzinfo=UTC)
        except ValueError:  # the 31st of February
            yield f"{piece} UTC"
