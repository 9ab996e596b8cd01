"""The daily anchor of the audit: once a day, the last row's number and hash go to the notification channel.

Somebody who can write to the bot's database can compute the whole audit anew, but not change what others have
read in Slack. There is no message on a day on which no row was added.
"""

from __future__ import annotations

import threading
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from bot.config.settings import Settings
from bot.store import Store
from bot.store.anchor import Anchor
from bot.store.records import OutMessage
from bot.watch.days import is_done

KIND = "audit_anchor"
_MARKER = "audit_anchor"
"""Key of the day of the last check and the row of the last anchor in the store: `2026-03-01:1042`."""


class AuditAnchor:
    def __init__(self, store: Store, settings: Settings, wake: threading.Event | None = None) -> None:
        self._store = store
        self._at = time.fromisoformat(settings.audit_anchor_at) if settings.audit_anchor_at else None
        self._zone = ZoneInfo(settings.summary_zone or "UTC")
        self._channel = settings.notify_channel
        self._wake = wake or threading.Event()

    def tick(self, now: datetime) -> bool:
        """Write today's anchor if it is due; whether it was written. Call it at least once a minute.

        Raises:
            StoreError.
        """
        local = now.astimezone(self._zone)
        if self._at is None or local.time() < self._at or self._is_done(local.date()):
            return False
        with self._store.transaction():
            written = self._write(local.date(), now)
        if written:
            self._wake.set()
        return written

    def _is_done(self, today: date) -> bool:
        day, _ = self._last()
        return is_done(day, today)

    def _last(self) -> tuple[str, int]:
        """The day of the last check, and the row of the last anchor."""
        day, _, seq = (self._store.value(_MARKER) or ":0").partition(":")
        return day, int(seq)

    def _write(self, today: date, now: datetime) -> bool:
        """Checks again inside the transaction: another replica may have been faster."""
        if self._is_done(today):
            return False
        _, before = self._last()
        anchor = self._store.audit_anchor()
        self._store.put_value(_MARKER, f"{today.isoformat()}:{anchor.seq if anchor else 0}")
        if anchor is None or anchor.seq == before:
            return False
        return self._store.enqueue(_message(self._channel, today, anchor, now))


def _message(channel: str, today: date, anchor: Anchor, now: datetime) -> OutMessage:
    return OutMessage(
        key=f"{KIND}:{channel}:{today.isoformat()}",
        channel=channel,
        kind=KIND,
        subject={"anchor": str(anchor)},
        created=now,
    )
