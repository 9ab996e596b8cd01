"""Webhooks, events and a clock to test with."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.config.projects import Project, Projects
from bot.config.webhooks import Webhook
from bot.store import Store
from bot.store.records import Event, JobSnapshot, WebhookDelivery
from bot.watch.recipients import SavedEvent
from bot.webhooks.sender import WebhookSender
from tests.jobs import a_job
from tests.store import make

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The one of Standard Webhooks' own tests."""
PAGER_KEY = "0123456789abcdef0123456789ABCDEF"
PROJECTS = Projects((Project("acme", alias="prod"), Project("acme-test")))
NOW = make.NOW
JOB = a_job("orders", "RUNNING", "CDC", project="acme", labels=(("team", "orders"),), create_time=NOW)
CHANNEL = "C0DBMIGRAT"


def saved(kind: str = "changed", before: str = "", after: str = "", id: int = 1, **more: Any) -> SavedEvent:
    job = more.pop("job", JOB)
    event = Event(job.name, NOW, NOW, kind, before, after, id=id, **more)
    return SavedEvent(event, JobSnapshot(job, NOW, NOW))


class Clock:
    """Real time, but for what was added."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def skip(self, **duration: float) -> None:
        self.ahead += timedelta(**duration)


def a_webhook(url: str, **changes: Any) -> Webhook:
    return replace(Webhook("siem", url, (SECRET,), allow_private=True), **changes)


def enqueue(store: Store, *events: str, created: datetime | None = None, **changes: Any) -> None:
    for event in events:
        dated = created or datetime.now(UTC)
        store.add_delivery(make.delivery(event, created=dated, body={"id": event}, **changes))


def sender(
    store: Store, webhook: Webhook, clock: Clock | None = None, timeout_s: float = 5.0
) -> WebhookSender:
    return WebhookSender(webhook, store, CHANNEL, threading.Event(), clock or Clock(), timeout_s)


@contextmanager
def sending(*senders: WebhookSender) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=each.run, args=(stop,), daemon=True) for each in senders]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for each in senders:
            each.interrupt()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)


def waiting(store: Store, webhook: str = "siem", format: str = "cloudevents") -> WebhookDelivery | None:
    return store.next_delivery(webhook, format)
