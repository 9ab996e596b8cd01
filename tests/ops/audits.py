"""Fills a database's audit, and breaks it."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

from bot.store import open_store
from bot.store.records import AuditEntry


def write_audit(db: str, rows: int = 3) -> None:
    store = open_store(db)
    for number in range(rows):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
        store.append_audit(AuditEntry(at=at, event="requested", user="U1", detail=f"=SUM({number})"))
    store.close()


def tamper(db: str, change: str = "user = 'U2'") -> None:
    """Change the second row, as someone with a shell could: past the trigger that forbids it."""
    connection = sqlite3.connect(db)
    with connection:
        for (name,) in connection.execute(
            "select name from sqlite_master where type = 'trigger' and tbl_name = 'audit'"
        ).fetchall():
            connection.execute(f'drop trigger "{name}"')
        changed = connection.execute(f"update audit set {change} where seq = 2").rowcount
    connection.close()
    assert changed == 1
