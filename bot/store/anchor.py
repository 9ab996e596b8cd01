"""The audit's anchor: the number and the hash of a row, kept outside the database."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TEXT = re.compile(r"(?P<seq>[1-9][0-9]{0,17}):(?P<hash>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Anchor:
    """One row of the audit. `str()` gives `SEQ:HASH`."""

    seq: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> Anchor:
        """Read `SEQ:HASH`. Raises: ValueError."""
        match = _TEXT.fullmatch(text.strip().lower())
        if match is None:
            raise ValueError(
                f"{text!r} is no anchor: it is the number of a row, a colon and the row's hash of 64 digits, "
                "as in 17:9f86d081…"
            )
        return cls(int(match["seq"]), match["hash"])

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"
