"""Applies migrations to a SQLite file, and notes them where sqlite-utils did for earlier versions."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from bot.store.schema import Migration, pending

MIGRATION_SET = "dms-bot"
"""The name of the bot's migrations in that table."""

_TABLE = (
    """CREATE TABLE "_sqlite_migrations" (
        "id" INTEGER PRIMARY KEY, "migration_set" TEXT, "name" TEXT, "applied_at" TEXT)""",
    """CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
        ON "_sqlite_migrations" ("migration_set", "name")""",
)


def migrate(connection: sqlite3.Connection, migrations: tuple[Migration, ...], where: str) -> None:
    """Apply what is missing, in the write transaction that is open; `where` names the database for people.

    Raises:
        StoreError: a newer version has made the database.
        sqlite3.Error: a statement fails; the caller rolls all of them back.
    """
    steps = pending(_applied(connection), migrations, where)
    for step in steps:
        for statement in step.statements("sqlite"):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)",
            (MIGRATION_SET, step.name, str(datetime.now(UTC))),
        )


def _applied(connection: sqlite3.Connection) -> list[str]:
    """The names of the migrations, from the table, which is made where it is missing."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone():
        for statement in _TABLE:
            connection.execute(statement)
    sql = "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY rowid"
    return [str(name) for (name,) in connection.execute(sql, (MIGRATION_SET,))]
