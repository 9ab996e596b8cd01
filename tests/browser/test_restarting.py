"""Stopping in the full dump, and the restart that it leads to."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.person import Person, button
from tests.browser.pictures import Pictures
from tests.e2e.env import Env


def test_stop_warns_and_restart_has_the_id_typed(
    dana: Person, page: Page, env: Env, pictures: Pictures
) -> None:
    _stop(dana, pictures)
    card = dana.type("/dms restart orders-db")
    expect(card).to_contain_text("All data is wiped")
    for database in ("carts", "coupons", "invoices", "order_events", "orders", "returns"):
        expect(card).to_contain_text(database)
    expect(button(card, "Confirm restart…")).not_to_have_class(re.compile("danger"))
    button(card, "Confirm restart…").click()
    expect(dana.modal).to_contain_text("This cannot be undone")
    expect(dana.modal).to_contain_text("All data is wiped")
    typed = dana.modal.get_by_label("Type orders-db to confirm")
    expect(typed).to_be_focused()
    typed.fill("orders-db")
    pictures.window(page, "confirm-restart")
    typed.fill("orders")
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("input-error")).to_contain_text("Type orders-db exactly")
    assert env.writes("restart", "orders-db") == []
    typed.fill("orders-db")
    page.get_by_test_id("modal-submit").click()
    expect(dana.modal).to_have_count(0)
    expect(card.get_by_role("heading")).to_have_text("⏳ Restart orders-db")
    expect(card).to_contain_text("✅ Restarted orders-db in")
    expect(card.get_by_test_id("button")).to_have_count(0)
    assert len(env.writes("restart", "orders-db")) == 1
    expect(dana.type("/dms show orders-db")).to_contain_text("Running · full dump")


def _stop(dana: Person, pictures: Pictures) -> None:
    card = dana.type("/dms stop orders-db")
    expect(card).to_contain_text("can only be restarted from the beginning or deleted")
    expect(card).to_contain_text("WAL piles up in the source's replication slots")
    pictures.of(card, "stop-in-full-dump")
    button(card, "Confirm stop").click()
    expect(card).to_contain_text("✅ Stopped orders-db in")


def test_cancel_leaves_the_job_alone(dana: Person, env: Env) -> None:
    card = dana.type("/dms restart reporting-db")
    button(card, "Cancel").click()
    expect(card).to_contain_text("Cancelled")
    expect(card).to_contain_text("@dana")
    expect(card.get_by_test_id("button")).to_have_count(0)
    assert env.writes("restart", "reporting-db") == []


def test_a_card_that_is_out_of_date_is_refused_and_offered_anew(dana: Person, env: Env) -> None:
    card = dana.type("/dms restart inventory-db")
    env.dms.set_job("inventory-db", state="STOPPED", phase="CDC", error=None)
    button(card, "Confirm restart…").click()
    dana.modal.get_by_label("Type inventory-db to confirm").fill("inventory-db")
    dana.modal.get_by_test_id("modal-submit").click()
    expect(card).to_contain_text("Out of date: nothing was sent")
    expect(button(card, "Ask again")).to_be_visible()
    assert env.writes("restart", "inventory-db") == []
