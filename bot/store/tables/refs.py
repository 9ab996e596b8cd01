"""Opaque ids for what buttons carry, and which deliveries were seen."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.store.codec import clean, dumps, time_text
from bot.store.records import Ref
from bot.store.tables.part import Part

_PUT = """INSERT INTO refs (id, team, kind, data, digest, used) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (digest) DO UPDATE SET used = excluded.used RETURNING id"""
_GET = "SELECT id, team, kind, data, used FROM refs WHERE id = ? AND team = ?"
_FIRST = "INSERT INTO deliveries (id, at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING"

_FRESH = timedelta(days=1)
"""How often at most it is noted that an id is in use: a button or a press should not cost a write."""


class Refs(Part):
    def put_ref(self, team: str, kind: str, data: Mapping[str, Any]) -> str:
        content = dumps(dict(data))
        digest = hashlib.sha256(dumps([team, kind, content]).encode()).hexdigest()
        known = self._db.row("SELECT id FROM refs WHERE digest = ? AND used >= ?", (digest, _recently()))
        if known is not None:
            return str(known[0])
        row = (secrets.token_urlsafe(16), clean(team), clean(kind), content, digest, _now())
        with self._db.write():
            return str(self._db.rows(_PUT, row)[0][0])

    def ref(self, team: str, id: str) -> Ref | None:
        row = self._db.row(_GET, (clean(id), clean(team)))
        if row is None:
            return None
        if row[4] < _recently():
            self._db.change("UPDATE refs SET used = ? WHERE id = ?", (_now(), row[0]))
        return Ref(id=row[0], team=row[1], kind=row[2], data=json.loads(row[3]))

    def first_time(self, key: str, now: datetime) -> bool:
        return self._db.change(_FIRST, (clean(key), time_text(now))) == 1


def _recently() -> str:
    return time_text(datetime.now(UTC) - _FRESH)


def _now() -> str:
    return time_text(datetime.now(UTC))
