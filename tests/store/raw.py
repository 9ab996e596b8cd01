"""A database behind the store's back, as someone with its password or file could use it."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg


class Raw:
    def __init__(self, url: str) -> None:
        self.postgres = url.startswith("postgresql://")
        self._connection: Any = (
            psycopg.connect(url, autocommit=True)
            if self.postgres
            else sqlite3.connect(url, isolation_level=None)
        )

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def execute(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        marked = sql.replace("?", "%s") if self.postgres and params else sql
        cursor = self._connection.execute(marked, *([params] if params else []))
        return list(cursor.fetchall()) if cursor.description else []

    def drop_triggers(self) -> None:
        if self.postgres:
            named = "SELECT DISTINCT trigger_name, event_object_table FROM information_schema.triggers"
            # PostgreSQL's information schema leaves TRUNCATE out.
            found = {*self.execute(named), ("audit_no_truncate", "audit")}
            found.add(("audit_head_no_truncate", "audit_head"))
            for name, table in found:
                self.execute(f"DROP TRIGGER {name} ON {table}")
            return
        for (name,) in self.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            self.execute(f"DROP TRIGGER {name}")
