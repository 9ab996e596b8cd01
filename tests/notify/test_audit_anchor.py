"""The audit's daily anchor: at its hour, once, and only if there is something new to vouch for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.config.settings import Settings
from bot.slack.render.audit_anchor import anchor_message
from bot.store import Store
from bot.store.anchor import Anchor
from bot.store.records import AuditEntry, OutMessage
from bot.watch.audit_anchor import AuditAnchor
from tests.notify.world import LOCATIONS, NOTIFY, NOW

SETTINGS = Settings("demo-project", LOCATIONS, NOTIFY, "unused", summary_zone="Europe/Berlin")
NINE = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
"""Nine o'clock in Berlin."""
DAY = timedelta(days=1)


def act(store: Store) -> str:
    entry = store.append_audit(AuditEntry(at=NOW, event="requested", user="U1"))
    return f"{entry.seq}:{entry.hash}"


def posted(store: Store) -> list[OutMessage]:
    return list(store.ready_to_send(NOW + timedelta(days=999)))


def test_the_last_row_of_each_day_with_rows_is_posted(store: Store) -> None:
    anchor = AuditAnchor(store, SETTINGS)
    act(store)
    first = act(store)
    assert not anchor.tick(NINE - timedelta(minutes=1))
    assert anchor.tick(NINE)
    assert not AuditAnchor(store, SETTINGS).tick(NINE + timedelta(hours=1)), "nor by a bot that starts anew"
    assert not anchor.tick(NINE + DAY), "nobody has done anything since"
    second = act(store)
    assert anchor.tick(NINE + 2 * DAY)
    assert [each.subject["anchor"] for each in posted(store)] == [first, second]
    assert [each.channel for each in posted(store)] == [NOTIFY] * 2


def test_what_is_done_after_the_hour_is_vouched_for_on_the_next_day(store: Store) -> None:
    anchor = AuditAnchor(store, SETTINGS)
    assert not anchor.tick(NINE)
    act(store)
    assert not anchor.tick(NINE + timedelta(hours=2))
    assert anchor.tick(NINE + DAY)


def test_it_can_be_switched_off(store: Store) -> None:
    act(store)
    assert not AuditAnchor(store, replace(SETTINGS, audit_anchor_at="")).tick(NINE)


def test_it_says_how_it_is_checked() -> None:
    digest = "0123456789abcdef" * 4
    assert f"`dms-bot audit verify --expect 1234:{digest}`" in anchor_message(Anchor(1234, digest)).text
