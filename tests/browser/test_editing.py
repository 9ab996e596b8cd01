"""Choosing a job's databases: in a menu, and among more than a menu holds."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.browser.person import Person, button
from tests.browser.pictures import Pictures
from tests.e2e.env import Env
from tests.faults.loglines import log_lines
from tests.waiting import until


def choose(menu: Locator, *names: str) -> None:
    """Pick in a select menu what is not picked, and the other way round."""
    menu.get_by_role("combobox").click()
    for name in names:
        menu.get_by_test_id("select-query").fill(name)
        menu.get_by_role("option", name=name, exact=True).click()
    menu.get_by_test_id("select-query").press("Escape")


def expect_chosen(menu: Locator, *names: str) -> None:
    expect(menu.locator(".chip")).to_have_text([f"{name}×" for name in names])


def test_edit_previews_and_saves(dana: Person, page: Page, env: Env, pictures: Pictures) -> None:
    dana.type_for_view("/dms edit orders-db")
    form = page.get_by_role("dialog", name="Edit orders-db")
    menu = form.locator('[data-block-id^="chosen"]').get_by_test_id("multi_static_select")
    expect(menu).to_be_visible()
    expect_chosen(menu, "carts", "coupons", "invoices", "order_events", "orders", "returns")
    form.get_by_label("Chosen databases").check()
    choose(menu, "scratch", "coupons")
    expect_chosen(menu, "carts", "invoices", "order_events", "orders", "returns", "scratch")
    pictures.of(form, "edit")
    form.get_by_test_id("modal-submit").click()
    preview = page.get_by_role("dialog", name="Save orders-db?")
    expect(preview).to_contain_text("Added — 1 database")
    expect(preview).to_contain_text("scratch")
    expect(preview).to_contain_text("Removed, no longer migrated — 1 database")
    expect(preview).to_contain_text("Kept — 5 databases")
    pictures.of(preview, "edit-preview")
    assert env.writes("edit", "orders-db") == []
    preview.get_by_test_id("modal-submit").click()
    expect(dana.modal).to_have_count(0)
    expect(dana.message("✅ Saved orders-db")).to_be_visible()
    assert len(env.writes("edit", "orders-db")) == 1
    expect(dana.type("/dms databases orders-db")).to_contain_text("scratch")


SLOW_WAY = """() => {
  const send = window.fetch;
  window.fetch = async (url, ...more) => {
    if (String(url).endsWith("/set_input")) await new Promise((go) => setTimeout(go, 500));
    return send(url, ...more);
  };
}"""
"""What is chosen takes half a second to the sandbox; what is submitted does not."""


def test_more_databases_than_a_menu_holds_are_found_by_typing(
    dana: Person, page: Page, env: Env, pictures: Pictures
) -> None:
    page.evaluate(SLOW_WAY)
    dana.type_for_view("/dms edit tenants-db")
    form = page.get_by_role("dialog", name="Edit tenants-db")
    expect(form).to_contain_text("The source has 150 databases")
    form.get_by_label("Chosen databases").check()
    menu = form.locator('[data-block-id^="chosen"]').get_by_test_id("multi_external_select")
    choose(menu, "tenant_042", "tenant_149")
    expect_chosen(menu, "tenant_042", "tenant_149")
    form.get_by_test_id("modal-submit").click()
    preview = page.get_by_role("dialog", name="Save tenants-db?")
    expect(preview).to_contain_text("Removed, no longer migrated — 148 databases")
    preview.get_by_test_id("modal-close").click()
    expect(dana.modal).to_have_count(0)
    assert env.writes("edit", "tenants-db") == []


def test_escape_closes_the_form_but_only_what_lies_on_top(dana: Person, page: Page, env: Env) -> None:
    dana.type_for_view("/dms edit customers-db")
    form = page.get_by_role("dialog", name="Edit customers-db")
    form.get_by_label("Chosen databases").check()
    menu = form.locator('[data-block-id^="chosen"]').get_by_test_id("multi_static_select")
    menu.get_by_role("combobox").click()
    page.keyboard.press("Escape")
    expect(menu.get_by_test_id("select-query")).to_have_count(0)
    expect(form).to_be_visible()
    page.keyboard.press("Escape")
    expect(dana.modal).to_have_count(0)
    assert env.writes("edit", "customers-db") == []


def test_a_form_that_is_closed_while_it_loads_is_let_go(dana: Person, page: Page, env: Env) -> None:
    env.dms.fault("FetchSourceObjects", kind="SLOW", delay_seconds=60)
    dana.type_for_view("/dms edit customers-db")
    expect(dana.modal).to_contain_text("Looking …")
    with log_lines() as log:
        page.get_by_test_id("modal-close").click()
        expect(dana.modal).to_have_count(0)
        env.dms.clear_faults()
        text = until(log.stream.getvalue, lambda text: "view_not_updated" in text)
    assert "WARNING" not in text
    expect(dana.modal).to_have_count(0)
    expect(page.get_by_role("status")).to_have_count(0)
    expect(button(dana.type("/dms show customers-db"), "Databases")).to_be_visible()
