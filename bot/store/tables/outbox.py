"""The outbox: messages on their way to Slack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.store.codec import clean, dumps, text_time, time_text
from bot.store.records import OutMessage
from bot.store.table import Skip, Table, Where
from bot.store.tables.base import TableGroup

_MAX_WAIT = timedelta(minutes=15)
"""Upper bound of any planned wait: a later `not_before` means that the clock has been set back since."""
_OUTBOX = Table("outbox", OutMessage, generated=("id",))
_POST = _OUTBOX.insert("ON CONFLICT (key) DO NOTHING")

_DEPTH = "SELECT count(*) FROM outbox WHERE error = '' AND sent_rev < rev"

_OLDEST = "SELECT min(created) FROM outbox WHERE error = '' AND sent_rev = 0 AND sent_rev < rev"

# A parent that was given up or deleted will never have a thread: its replies are posted without one
# instead of blocking themselves and all that follow.
_READY = """error = '' AND sent_rev < rev
    AND (not_before IS NULL OR not_before <= ? OR not_before > ?)
    AND ("order" = '' OR NOT EXISTS (
        SELECT 1 FROM outbox AS earlier
        WHERE earlier.error = '' AND earlier.sent_rev < earlier.rev
        AND earlier."order" = outbox."order" AND earlier.id < outbox.id))
    AND (thread_of = '' OR NOT EXISTS (
        SELECT 1 FROM outbox AS parent
        WHERE parent.key = outbox.thread_of AND parent.ts = '' AND parent.error = ''))"""

_SENT = """UPDATE outbox SET ts = ?, attempts = 0, not_before = NULL,
    sent_rev = CASE WHEN sent_rev > ? THEN sent_rev ELSE ? END,
    channel = CASE WHEN ? = '' THEN channel ELSE ? END
    WHERE key = ?"""


class OutboxTable(TableGroup):
    def enqueue(self, message: OutMessage) -> bool:
        """Add a message; False, without a change, when its key exists already."""
        dated = replace(message, created=message.created or datetime.now(UTC))
        return self._db.change(_POST, _OUTBOX.values(dated)) == 1

    def mark_dirty(self, key: str, subject: Mapping[str, Any] | None = None) -> bool:
        """Have a message sent again as it is by then; False when there is no such key."""
        if subject is None:
            return self._db.change("UPDATE outbox SET rev = rev + 1 WHERE key = ?", (clean(key),)) == 1
        sql = "UPDATE outbox SET rev = rev + 1, subject = ? WHERE key = ?"
        return self._db.change(sql, (dumps(dict(subject)), clean(key))) == 1

    def message(self, key: str) -> OutMessage | None:
        where = Where().add("key = ?", key)
        row = self._db.row(_OUTBOX.select(where), where.params)
        return None if row is None else _OUTBOX.record(row)

    def ready_to_send(
        self, now: datetime, limit: int = 100, skip: Skip | None = None
    ) -> tuple[OutMessage, ...]:
        """Messages that can be sent now, oldest first: not given up, `not_before` reached, first of their
        `order`, and the parent of their thread posted.

        Where the parent was given up or deleted, its replies are due without it.
        """
        where = Where().add(_READY, time_text(now), time_text(now + _MAX_WAIT))
        sql = _OUTBOX.select(where, "ORDER BY id LIMIT ?")
        return _OUTBOX.records(self._db.rows(sql, [*where.params, limit]), skip)

    def mark_attempt(self, key: str, not_before: datetime | None = None, *, rev: int | None = None) -> bool:
        """Record an attempt before it is made, so that after a crash the channel is searched for the message.

        There is no retry before `not_before`: until then an earlier attempt may still be in flight.
        Increments `attempts`, which `mark_sent` resets to 0. Returns False, and records nothing, if this is
        the first attempt and the message is not at revision `rev` any more.
        """
        where = Where().add("key = ?", key)
        if rev is not None:
            where.add("(rev = ? OR attempts > 0)", rev)
        sql = f"UPDATE outbox SET attempts = attempts + 1, not_before = ?{where}"  # noqa: S608
        at = None if not_before is None else time_text(not_before)
        return self._db.change(sql, [at, *where.params]) > 0

    def mark_sent(self, key: str, rev: int, ts: str, channel: str = "") -> None:
        where = clean(channel)
        self._db.change(_SENT, (clean(ts), rev, rev, where, where, clean(key)))

    def mark_failed(self, key: str, not_before: datetime | None, error: str = "") -> None:
        """Retry at `not_before`, or give up with `error`."""
        if not_before is not None:
            sql = "UPDATE outbox SET not_before = ? WHERE key = ?"
            self._db.change(sql, (time_text(not_before), clean(key)))
            return
        reason = clean(error) or "given up"
        self._db.change("UPDATE outbox SET error = ? WHERE key = ?", (reason, clean(key)))

    def let_others_pass(self, key: str) -> None:
        """Take a message out of the sequence of its job: the others no longer wait for it."""
        self._db.change("""UPDATE outbox SET "order" = '' WHERE key = ?""", (clean(key),))

    def redirect(self, key: str, channel: str) -> None:
        """Send a message to another channel, outside of any thread."""
        sql = "UPDATE outbox SET channel = ?, thread_of = '' WHERE key = ?"
        self._db.change(sql, (clean(channel), clean(key)))

    def messages(
        self, prefix: str, kind: str, since: datetime, limit: int = 200, skip: Skip | None = None
    ) -> tuple[OutMessage, ...]:
        """The latest messages of a kind whose keys have the prefix, created since then; oldest first."""
        where = Where().add("kind = ?", kind).add("substr(key, 1, ?) = ?", len(clean(prefix)), prefix)
        where.add("created >= ?", time_text(since))
        return _OUTBOX.records(
            self._db.rows(_OUTBOX.select_latest(where, "id"), [*where.params, limit]), skip
        )

    def dead_letters(
        self,
        channel: str,
        errors: Iterable[str],
        since: datetime,
        kinds: Iterable[str],
        limit: int = 1000,
        skip: Skip | None = None,
    ) -> tuple[OutMessage, ...]:
        """The latest messages of a channel (empty: of every one), of these kinds and created since then, that
        were given up with one of these errors; oldest first."""
        where = Where().equal(channel=channel).one_of("error", errors).one_of("kind", kinds)
        where.add("created >= ?", time_text(since))
        return _OUTBOX.records(
            self._db.rows(_OUTBOX.select_latest(where, "id"), [*where.params, limit]), skip
        )

    def given_up(
        self, kinds: Iterable[str], since: datetime, limit: int = 1000, skip: Skip | None = None
    ) -> tuple[OutMessage, ...]:
        """The latest messages of these kinds, created since then, that were given up; oldest first."""
        where = Where().add("error <> ''").one_of("kind", kinds).add("created >= ?", time_text(since))
        return _OUTBOX.records(
            self._db.rows(_OUTBOX.select_latest(where, "id"), [*where.params, limit]), skip
        )

    def last_posted(self, channel: str) -> int:
        """The id of the latest message that was posted to a channel; 0 for none."""
        sql = "SELECT max(id) FROM outbox WHERE channel = ? AND ts <> '' AND error = ''"
        return int(self._db.rows(sql, [clean(channel)])[0][0] or 0)

    def retry_given_up(self, key: str) -> bool:
        """Send a message after all that was given up; False when it was not."""
        sql = "UPDATE outbox SET error = '', not_before = NULL WHERE key = ? AND error <> ''"
        return self._db.change(sql, (clean(key),)) == 1

    def outbox_depth(self) -> int:
        return int(self._db.rows(_DEPTH)[0][0])

    def oldest_unposted(self) -> datetime | None:
        """When the oldest message was made that was never posted, and was not given up."""
        created = self._db.rows(_OLDEST)[0][0]
        return None if created is None else text_time(str(created))
