"""What is on its way to webhooks. Each webhook is a queue of its own, sent in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.store.codec import clean, text_time, time_text
from bot.store.records import WebhookDelivery
from bot.store.table import Skip, Table, Where
from bot.store.tables.base import TableGroup

SENT = "sent"
_DELIVERIES = Table("webhook_deliveries", WebhookDelivery, generated=("id",))
_ADD = _DELIVERIES.insert()
_NUMBERED = f"SELECT id, {_DELIVERIES.columns} FROM webhook_deliveries"  # noqa: S608 - names alone
_WAITING = (
    "SELECT count(*), min(created) FROM webhook_deliveries WHERE webhook = ? AND format = ? AND outcome = ''"
)
_SENT = "UPDATE webhook_deliveries SET outcome = ?, not_before = NULL, body = '{}' WHERE id = ?"
_GIVEN_UP = "UPDATE webhook_deliveries SET outcome = ?, not_before = NULL WHERE id = ?"
_FAILED = """UPDATE webhook_deliveries SET attempts = attempts + 1, not_before = ?, failing_since = ?
    WHERE id = ?"""
_INHERIT = """UPDATE webhook_deliveries SET failing_since = ? WHERE id = (
    SELECT min(id) FROM webhook_deliveries WHERE webhook = ? AND format = ? AND outcome = '')"""


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for one webhook."""

    depth: int
    oldest: datetime | None
    """When the oldest was saved; None where nothing waits."""


class WebhookTable(TableGroup):
    def add_delivery(self, delivery: WebhookDelivery) -> None:
        """Put a delivery at the end of its webhook's queue."""
        self._db.change(_ADD, _DELIVERIES.values(delivery))

    def next_delivery(self, webhook: str, format: str, skip: Skip | None = None) -> WebhookDelivery | None:
        """The oldest that waits, due or not, without those whose error `skip` takes: its key is the ID. What
        waits in another format is of other settings."""
        after = 0
        while True:
            where = Where().equal(webhook=webhook, format=format).add("outcome = '' AND id > ?", after)
            row = self._db.row(f"{_NUMBERED}{where} ORDER BY id LIMIT 1", where.params)
            if row is None:
                return None
            after = int(row[0])
            found = _DELIVERIES.readable(row[1:], skip, str(after))
            if found is not None:
                return found

    def last_action(self, webhook: str, alert: str) -> str:
        """What was last put into the queue for an alert of PagerDuty; empty where nothing was."""
        where = Where().equal(webhook=webhook, alert=alert)
        sql = f"SELECT action FROM webhook_deliveries{where} ORDER BY id DESC LIMIT 1"  # noqa: S608
        row = self._db.row(sql, where.params)
        return "" if row is None else str(row[0])

    def delivery_sent(self, id: int) -> None:
        """Keep that it was sent, without its body: what was sent may be much."""
        self._db.change(_SENT, (SENT, id))

    def delivery_failed(self, id: int, not_before: datetime, failing_since: datetime) -> None:
        """Count the attempt, and try again at `not_before`."""
        self._db.change(_FAILED, (time_text(not_before), time_text(failing_since), id))

    def give_up_delivery(self, delivery: WebhookDelivery, reason: str, failing_since: datetime) -> None:
        """Give it up; the next one knows since when its webhook has been failing."""
        with self._db.write():
            self._db.change(_GIVEN_UP, (clean(reason) or "given up", delivery.id))
            since = time_text(failing_since)
            self._db.change(_INHERIT, (since, clean(delivery.webhook), clean(delivery.format)))

    def give_up_unreadable(self, id: int, reason: str) -> None:
        """Give up one that cannot be read, as it is."""
        self._db.change(_GIVEN_UP, (clean(reason), id))

    def webhook_queue(self, webhook: str, format: str) -> Queue:
        row = self._db.rows(_WAITING, (clean(webhook), clean(format)))[0]
        return Queue(int(row[0]), _readable_time(row[1]))


def _readable_time(text: object) -> datetime | None:
    """None also for what is no time: it would keep the rest of the queue."""
    try:
        found = text_time(str(text)) if text is not None else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
