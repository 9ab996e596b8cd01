"""Opaque ids for what buttons carry, and which deliveries were seen."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.store.codec import clean, dumps, time_text
from bot.store.records import Ref
from bot.store.tables.part import Part

_PUT = """INSERT INTO refs (id, team, kind, data, digest, used) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (digest) DO UPDATE SET used = excluded.used RETURNING id"""
_KNOWN = "SELECT digest, id FROM refs WHERE used >= ? AND digest IN"
_AT_ONCE = 500
"""Digests in one query: databases limit the parameters of a statement."""
_GET = "SELECT id, team, kind, data, used FROM refs WHERE id = ? AND team = ?"
_FIRST = "INSERT INTO deliveries (id, at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING"

_FRESH = timedelta(days=1)
"""How often at most it is noted that an id is in use: a button or a press should not cost a write."""


class Refs(Part):
    def put_ref(self, team: str, kind: str, data: Mapping[str, Any]) -> str:
        return self.put_refs(team, kind, [data])[0]

    def put_refs(self, team: str, kind: str, many: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        contents = [dumps(dict(data)) for data in many]
        digests = [hashlib.sha256(dumps([team, kind, each]).encode()).hexdigest() for each in contents]
        ids = self._known(digests)
        new = {
            digest: content for digest, content in zip(digests, contents, strict=True) if digest not in ids
        }
        if new:
            with self._db.write():
                for digest, content in new.items():
                    row = (secrets.token_urlsafe(16), clean(team), clean(kind), content, digest, _now())
                    ids[digest] = str(self._db.rows(_PUT, row)[0][0])
        return tuple(ids[digest] for digest in digests)

    def _known(self, digests: Sequence[str]) -> dict[str, str]:
        """The ids that exist and were used lately, by digest."""
        found: dict[str, str] = {}
        for at in range(0, len(digests), _AT_ONCE):
            asked = digests[at : at + _AT_ONCE]
            query = f"{_KNOWN} ({', '.join('?' * len(asked))})"
            found |= {row[0]: str(row[1]) for row in self._db.rows(query, (_recently(), *asked))}
        return found

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
