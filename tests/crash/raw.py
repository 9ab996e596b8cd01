"""The database behind the store's back: what the store has no question for."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.store.raw import Raw

_TABLES = ("requests", "decisions", "runs", "audit", "events", "known_jobs", "outbox", "small_values")


@dataclass(frozen=True, slots=True)
class Row:
    """A message of the outbox."""

    key: str
    kind: str
    subject: dict[str, Any]
    rev: int
    sent_rev: int
    ts: str
    error: str


class RawReader:
    """Reads only. For one thread."""

    def __init__(self, url: str) -> None:
        self._raw = Raw(url)

    def close(self) -> None:
        self._raw.__exit__()

    def being_posted(self) -> list[str]:
        """Keys of messages whose first post was begun, and whose answer has not been written down."""
        rows = self._raw.execute("SELECT key FROM outbox WHERE attempts > 0 AND ts = '' AND error = ''")
        return [str(key) for (key,) in rows]

    def audited(self, event: str, job: str, after_seq: int) -> bool:
        """Whether the audit has such a row for the job of this id."""
        sql = "SELECT job FROM audit WHERE seq > ? AND event = ?"
        return any(str(name).endswith(f"/{job}") for (name,) in self._raw.execute(sql, after_seq, event))

    def outbox(self) -> tuple[Row, ...]:
        sql = "SELECT key, kind, subject, rev, sent_rev, ts, error FROM outbox ORDER BY id"
        return tuple(
            Row(key, kind, json.loads(subject), rev, sent, ts, error)
            for key, kind, subject, rev, sent, ts, error in self._raw.execute(sql)
        )

    def export(self, folder: Path) -> None:
        """Every table as a CSV file, to look at when the database is gone."""
        for table in _TABLES:
            with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows(self._raw.execute(f"SELECT * FROM {table}"))
