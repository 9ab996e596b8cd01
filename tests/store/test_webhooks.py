"""The queues of the webhooks: in order, each on its own, and kept until they are over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.store import Store, StoreError
from bot.store.records import AuditEntry, WebhookDelivery
from bot.store.tables.webhooks import Queue
from tests.store import make
from tests.store.make import MINUTE, NOW
from tests.store.raw import Raw


def next_of(store: Store, webhook: str = "siem", format: str = "cloudevents") -> WebhookDelivery:
    found = store.next_delivery(webhook, format)
    assert found is not None
    return found


def test_each_webhook_is_a_queue_of_its_own(store: Store, raw: Raw) -> None:
    for event in ("event-1", "event-2"):
        store.add_delivery(make.delivery(event))
    store.add_delivery(make.delivery("event-1", webhook="pager", format="pagerduty"))
    assert next_of(store) == make.delivery("event-1", id=1)
    assert next_of(store, "pager", "pagerduty").id == 3
    assert store.next_delivery("siem", "pagerduty") is None
    assert store.webhook_queue("siem", "cloudevents") == Queue(2, NOW)
    assert store.webhook_queue("other", "cloudevents") == Queue(0, None)
    store.delivery_sent(1)
    assert next_of(store).event == "event-2"
    assert raw.execute("SELECT outcome, body FROM webhook_deliveries WHERE id = 1") == [("sent", "{}")]
    assert store.webhook_queue("pager", "pagerduty").depth == 1


def test_a_failed_delivery_stays_first(store: Store) -> None:
    store.add_delivery(make.delivery("event-1"))
    store.add_delivery(make.delivery("event-2"))
    store.delivery_failed(1, NOW + MINUTE, NOW)
    store.delivery_failed(1, NOW + 2 * MINUTE, NOW)
    first = next_of(store)
    assert (first.event, first.attempts, first.not_before) == ("event-1", 2, NOW + 2 * MINUTE)
    store.give_up_delivery(first, "HTTP 422", NOW)
    second = next_of(store)
    assert (second.event, second.failing_since, second.not_before) == ("event-2", NOW, None)


def test_the_last_word_on_an_alert(store: Store) -> None:
    assert store.last_action("pager", "orders:failed") == ""
    for action in ("trigger", "resolve"):
        store.add_delivery(make.delivery(webhook="pager", alert="orders:failed", action=action))
        assert store.last_action("pager", "orders:failed") == action
    assert store.last_action("pager", "orders:stuck") == ""
    assert store.last_action("other", "orders:failed") == ""


def test_what_is_old_goes_but_for_open_alerts(store: Store, raw: Raw) -> None:
    old = NOW - timedelta(days=40)
    store.add_delivery(make.delivery("sent", created=old))
    store.delivery_sent(1)
    store.add_delivery(make.delivery("orphaned", created=old, webhook="removed"))
    store.add_delivery(make.delivery("new"))
    for alert, actions in {
        "a": ["trigger"],
        "b": ["trigger", "trigger"],
        "c": ["trigger", "resolve"],
    }.items():
        for action in actions:
            store.add_delivery(make.delivery(alert + action, created=old, alert=alert, action=action))
    store.purge(NOW - timedelta(days=30))
    left = raw.execute("SELECT event, id FROM webhook_deliveries ORDER BY id")
    assert left == [("new", 3), ("atrigger", 4), ("btrigger", 6)]


def test_each_audit_row_is_followed_in_its_transaction(store: Store) -> None:
    seen: list[AuditEntry] = []
    store.follow_audit(seen.append)
    saved = store.append_audit(make.entry())
    assert seen == [saved]

    def full(entry: AuditEntry) -> None:
        raise StoreError("disk full")

    store.follow_audit(full)
    with pytest.raises(StoreError, match="disk full"):
        store.append_audit(make.entry())
    assert store.audit() == (saved,)
