"""Small values, the health check, and deleting old rows."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.store.codec import clean, time_text
from bot.store.tables.base import TableGroup

_PUT = """INSERT INTO small_values (id, content) VALUES (?, ?)
    ON CONFLICT (id) DO UPDATE SET content = excluded.content"""

_PURGES = (
    "DELETE FROM deliveries WHERE at < ?",
    "DELETE FROM refs WHERE used < ?",
    "DELETE FROM events WHERE at < ?",
    # Dead letters go as well. A sent message stays while another waits for its thread. A timeline message
    # stays, since a job may live longer than anything else is kept, and so does the card of a cutover, which
    # may be planned weeks ahead.
    """DELETE FROM outbox WHERE created < ? AND kind NOT IN ('timeline', 'cutover')
        AND (sent_rev >= rev OR error <> '') AND NOT EXISTS (
        SELECT 1 FROM outbox AS child WHERE child.thread_of = outbox.key
        AND child.error = '' AND child.sent_rev < child.rev)""",
    "DELETE FROM escalations WHERE started < ?",
    # What still waits is of a webhook that left the settings, or has long been gone. What opened an
    # alert stays until something closes it, which is sent only then.
    """DELETE FROM webhook_deliveries WHERE created < ? AND (action <> 'trigger' OR EXISTS (
        SELECT 1 FROM webhook_deliveries AS later WHERE later.webhook = webhook_deliveries.webhook
        AND later.alert = webhook_deliveries.alert AND later.id > webhook_deliveries.id))""",
)


class MaintenanceTables(TableGroup):
    def ping(self) -> None:
        """Check that the store can be read and written. Raises: StoreError."""
        # A full or read-only disk is noticed only by writing.
        self.put_value("store:ping", time_text(datetime.now(UTC)))

    def value(self, key: str) -> str | None:
        row = self._db.row("SELECT content FROM small_values WHERE id = ?", (clean(key),))
        return None if row is None else str(row[0])

    def put_value(self, key: str, value: str) -> None:
        self._db.change(_PUT, (clean(key), clean(value)))

    def values(self, prefix: str) -> dict[str, str]:
        """The values whose keys begin like this, by the rest of their keys."""
        rows = self._db.rows(
            "SELECT id, content FROM small_values WHERE substr(id, 1, ?) = ?", (len(prefix), prefix)
        )
        return {str(id)[len(prefix) :]: str(content) for id, content in rows}

    def drop_value(self, key: str) -> None:
        self._db.change("DELETE FROM small_values WHERE id = ?", (clean(key),))

    def purge(self, before: datetime) -> int:
        """Delete deliveries, sent messages, dead letters, unused callback tokens, events, escalations and
        what went to webhooks from before `before`; never audit rows, timeline messages or cards of cutovers.
        Returns the number of rows."""
        time = time_text(before)
        with self._db.write():
            return sum(self._db.change(sql, (time,)) for sql in _PURGES)
