"""Callback tokens, the opaque ids that buttons carry, and the deliveries that were seen."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.store.codec import clean, dumps, time_text
from bot.store.records import CallbackToken
from bot.store.table import Table
from bot.store.tables.base import TableGroup

_REFS = Table("refs", CallbackToken)
_PUT = _REFS.insert(
    "ON CONFLICT (digest) DO UPDATE SET used = excluded.used RETURNING id", extra=("digest", "used")
)
_KNOWN = "SELECT digest, id FROM refs WHERE used >= ? AND digest IN"
_BATCH = 500
"""Maximum number of digests in a query, as databases limit parameters."""
_GET = f"SELECT used, {_REFS.columns} FROM refs WHERE id = ? AND team = ?"  # noqa: S608 - names alone
_CLAIM = "INSERT INTO deliveries (id, at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING"

_REUSE_WITHIN = timedelta(days=1)
"""Minimum interval between updates of `used`, so that not every button and press costs a write."""


class TokenTables(TableGroup):
    def put_ref(self, team: str, kind: str, data: Mapping[str, Any]) -> str:
        """Store `data` under an unguessable id; the same content gets the same id."""
        return self.put_refs(team, kind, [data])[0]

    def put_refs(self, team: str, kind: str, many: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """An id for each, in order; new ones are saved in one transaction."""
        digests = [_digest(team, kind, data) for data in many]
        ids = self._known(digests)
        new = {digest: data for digest, data in zip(digests, many, strict=True) if digest not in ids}
        if new:
            with self._db.write():
                for digest, data in new.items():
                    ref = CallbackToken(secrets.token_urlsafe(16), team, kind, data)
                    ids[digest] = str(self._db.rows(_PUT, [*_REFS.values(ref), digest, _now()])[0][0])
        return tuple(ids[digest] for digest in digests)

    def _known(self, digests: Sequence[str]) -> dict[str, str]:
        """Existing ids that were used lately, by digest."""
        found: dict[str, str] = {}
        for at in range(0, len(digests), _BATCH):
            asked = digests[at : at + _BATCH]
            query = f"{_KNOWN} ({', '.join('?' * len(asked))})"
            found |= {row[0]: str(row[1]) for row in self._db.rows(query, (_reusable_since(), *asked))}
        return found

    def ref(self, team: str, id: str) -> CallbackToken | None:
        """The token with this id; None where it is unknown or belongs to another team."""
        row = self._db.row(_GET, (clean(id), clean(team)))
        if row is None:
            return None
        used, *columns = row
        if used < _reusable_since():
            self._db.change("UPDATE refs SET used = ? WHERE id = ?", (_now(), clean(id)))
        return _REFS.record(tuple(columns))

    def claim_delivery(self, key: str, now: datetime) -> bool:
        """Record a delivery; True only the first time, whichever replica asks."""
        return self._db.change(_CLAIM, (clean(key), time_text(now))) == 1


def _digest(team: str, kind: str, data: Mapping[str, Any]) -> str:
    return hashlib.sha256(dumps([team, kind, dumps(dict(data))]).encode()).hexdigest()


def _reusable_since() -> str:
    return time_text(datetime.now(UTC) - _REUSE_WITHIN)


def _now() -> str:
    return time_text(datetime.now(UTC))
