"""The audit as CSV or JSON lines, for a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, fields
from datetime import datetime

from bot.store import Store, UnreadableRow
from bot.store.records import AuditEntry
from bot.store.table import Skip

_PAGE = 1000
_COLUMNS = ("seq", *(each.name for each in fields(AuditEntry) if each.name != "seq"), "project")
"""`project` comes last, where it moves no other column. It is read from the job's name, so it is no
part of the hash chain."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""First characters with which a spreadsheet takes a cell for a formula.

Source: https://owasp.org/www-community/attacks/CSV_Injection
"""


def entries(
    store: Store,
    *,
    job: str = "",
    by: str = "",
    project: str = "",
    since: datetime | None = None,
    skip: Skip | None = None,
    page: int = _PAGE,
) -> Iterator[AuditEntry]:
    """All matching rows, oldest first, read page by page, without those whose error `skip` takes.

    Raises:
        StoreError.
    """
    after = 0
    while True:
        unread: list[UnreadableRow] = []
        rows = store.audit(
            job=job,
            by=by,
            project=project,
            since=since,
            after_seq=after,
            limit=page,
            skip=unread.append,
        )
        for each in unread:
            if skip is None:
                raise each
            skip(each)
        yield from rows
        if len(rows) + len(unread) < page:
            return
        after = max([*(int(each.key) for each in unread), *(each.seq for each in rows)])


def as_csv(rows: Iterable[AuditEntry]) -> Iterator[str]:
    """Lines of a CSV file with a header. Cells that a spreadsheet would run as formulas are quoted."""
    yield _csv_line(_COLUMNS)
    for row in rows:
        data = _plain(row)
        yield _csv_line([_escape_formula(data[column]) for column in _COLUMNS])


def as_jsonl(rows: Iterable[AuditEntry]) -> Iterator[str]:
    """One JSON object per line."""
    for row in rows:
        data = _plain(row)
        yield json.dumps({column: data[column] for column in _COLUMNS}, ensure_ascii=False) + "\n"


FORMATS: dict[str, Callable[[Iterable[AuditEntry]], Iterator[str]]] = {"csv": as_csv, "jsonl": as_jsonl}


def _plain(row: AuditEntry) -> dict[str, str | int]:
    return {**asdict(row), "at": row.at.isoformat(), "project": row.project}


def _csv_line(cells: Iterable[str | int]) -> str:
    out = io.StringIO()
    # CRLF as in RFC 4180; with "\n" alone, a carriage return in a cell would not be quoted.
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def _escape_formula(cell: str | int) -> str | int:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
