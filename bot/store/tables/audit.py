"""The audit: an append-only table in which each row holds the hash of the row before.

A row's hash is the SHA-256, in hex, of its fields as compact JSON with sorted keys, including `previous` and
without `hash`. The head (number of rows and last hash) is a table of its own, updated in the same
transaction, so that a truncated audit is noticed as well.

Whoever can write to the database can compute all of this anew. So each row's hash also goes to the log, and
once a day to Slack (`bot.watch.audit_anchor`); `verify_audit` compares it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import fields, replace
from datetime import datetime
from functools import partial
from typing import Any

from bot.store.anchor import Anchor
from bot.store.backend import Row, Session
from bot.store.codec import ColumnValue, clean, dumps, time_text
from bot.store.records import AuditEntry, every_job_of
from bot.store.table import Skip, Table, Where
from bot.store.tables.base import TableGroup

log = logging.getLogger(__name__)

_AUDIT = Table("audit", AuditEntry)
_ADD = _AUDIT.insert()
_HEAD = "SELECT length, hash FROM audit_head"
_MOVE_HEAD = "UPDATE audit_head SET length = ?, hash = ?"
_PAGE = 1000

_NAMES = tuple(each.name for each in fields(AuditEntry))
_SEQ = _NAMES.index("seq")


class AuditTables(TableGroup):
    _on_append: Callable[[AuditEntry], None] | None = None

    def follow_audit(self, on_append: Callable[[AuditEntry], None]) -> None:
        """Have `on_append` called with each new row, inside the transaction that appends it."""
        self._on_append = on_append

    def append_audit(self, entry: AuditEntry) -> AuditEntry:
        """Append a row. Returns it with `seq` and hashes."""
        with self._db.write():
            length, last = self._db.rows(_HEAD)[0]
            chained, row = _chained(entry, length, last)
            self._db.change(_ADD, row)
            self._db.change(_MOVE_HEAD, (chained.seq, chained.hash))
            self._db.after_commit(partial(_log_anchor, chained))
            if self._on_append is not None:
                self._on_append(chained)
        return chained

    def audit_anchor(self) -> Anchor | None:
        """The number and hash of the last row, from the head of the chain; None: there is no row."""
        length, last = self._db.rows(_HEAD)[0]
        return Anchor(length, last) if length else None

    def audit(
        self,
        job: str = "",
        by: str = "",
        since: datetime | None = None,
        request: str = "",
        after_seq: int = 0,
        limit: int = 1000,
        newest_first: bool = False,
        project: str = "",
        skip: Skip | None = None,
    ) -> tuple[AuditEntry, ...]:
        """Rows in order; `project` is an ID. The errors that `skip` takes have a row's `seq` as their key."""
        where = Where().equal(job=job, user=by, request=request).add("seq > ?", after_seq)
        if project:
            whole, inside = every_job_of(clean(project)), f"{every_job_of(clean(project))}/"
            where.add("(job = ? OR substr(job, 1, ?) = ?)", whole, len(inside), inside)
        if since is not None:
            where.add("at >= ?", time_text(since))
        sql = _AUDIT.select(where, f"ORDER BY seq {'DESC' if newest_first else 'ASC'} LIMIT ?")
        rows = self._db.rows(sql, [*where.params, limit])
        found = (_AUDIT.readable(row, skip, str(row[_SEQ])) for row in rows)
        return tuple([each for each in found if each is not None])

    def verify_audit(self, expected: Sequence[Anchor] = ()) -> str:
        """Check all hashes, and that these rows are there as they were.

        Empty when all match, else a sentence that names the first wrong row.
        """
        missing = {each.seq for each in expected}
        with self._db.snapshot() as session:
            heads = session.rows(_HEAD, ())
            seq, last = 0, ""
            for row in _stream(session):
                fault = _fault(row, seq, last) or _exchanged(row, expected)
                if fault:
                    return fault
                seq, last = row["seq"], row["hash"]
                missing.discard(seq)
        return _head_fault(heads, seq, last) or _cut_off(seq, missing)


def _log_anchor(entry: AuditEntry) -> None:
    project = {"project": entry.project} if entry.project else {}
    log.info("audit_row", extra={"anchor": str(Anchor(entry.seq, entry.hash)), **project})


def digest(row: Mapping[str, object]) -> str:
    """The hash that a row should have, computed from its stored columns."""
    content = {name: value for name, value in row.items() if name != "hash"}
    return hashlib.sha256(dumps(content).encode()).hexdigest()


def _chained(entry: AuditEntry, length: int, last: str) -> tuple[AuditEntry, list[ColumnValue]]:
    """The entry as the next link of the chain, and its column values."""
    linked = replace(entry, seq=length + 1, previous=last, hash="")
    row = dict(zip(_NAMES, _AUDIT.values(linked), strict=True))
    row["hash"] = digest(row)
    values = list(row.values())
    return _AUDIT.record(tuple(values)), values


def _stream(session: Session) -> Iterator[dict[str, Any]]:
    """All rows in order, read page by page, whatever the first number is."""
    where = Where()
    while True:
        rows = session.rows(_AUDIT.select(where, "ORDER BY seq LIMIT ?"), [*where.params, _PAGE])
        page = [dict(zip(_NAMES, row, strict=True)) for row in rows]
        yield from page
        if len(page) < _PAGE:
            return
        where = Where().add("seq > ?", page[-1]["seq"])


def _fault(row: Mapping[str, Any], seq: int, last: str) -> str:
    if row["seq"] != seq + 1:
        return f"Audit row {seq + 1} is missing: row {row['seq']} comes next."
    if row["previous"] != last:
        return f"Audit row {row['seq']} does not follow from the row before it."
    if row["hash"] != digest(row):
        return f"Audit row {row['seq']} was changed after it was written."
    return ""


def _exchanged(row: Mapping[str, Any], expected: Sequence[Anchor]) -> str:
    if all(each.hash == row["hash"] for each in expected if each.seq == row["seq"]):
        return ""
    return (
        f"Audit row {row['seq']} is not the one that is expected: it, or a row before it, was exchanged and "
        "all hashes were computed anew."
    )


def _cut_off(seq: int, missing: Set[int]) -> str:
    if not missing:
        return ""
    end = f"ends with row {seq}" if seq else "has no rows"
    return f"Audit row {min(missing)} is expected, and the audit {end}: its end was cut off."


def _head_fault(heads: list[Row], seq: int, last: str) -> str:
    if len(heads) != 1:
        return f"The audit's own record of its length is gone, so nothing vouches for row {seq + 1}."
    length, head = heads[0]
    if length > seq:
        return f"Audit row {seq + 1} is missing: {length} rows were written."
    if length < seq:
        return f"Audit row {length + 1} was not written by the bot, which wrote {length}."
    if head != last:
        return f"Audit row {seq} is not the one that was written."
    return ""
