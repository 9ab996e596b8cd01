"""What a first visitor sees, the list, a job, its delay, and the Home tab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.person import Person, button
from tests.browser.pictures import Pictures
from tests.e2e.env import Env
from tests.waiting import until


def test_a_first_visitor_is_told_what_to_type(dana: Person, page: Page, pictures: Pictures) -> None:
    beginning = page.get_by_test_id("beginning")
    expect(beginning).to_contain_text("/dms list")
    pictures.window(page, "first-visit")
    button(beginning, "/dms list").click()
    composer = page.get_by_test_id("composer")
    expect(composer).to_have_value("/dms list")
    expect(composer).to_be_focused()
    composer.press("Enter")
    expect(dana.message("40 migration jobs")).to_be_visible()


def test_list_has_trouble_first_and_the_rest_in_a_table(
    dana: Person, env: Env, page: Page, pictures: Pictures
) -> None:
    until(lambda: _has_read_databases(env, "catalog-db"))
    answer = dana.type("/dms list")
    first = answer.get_by_text("40 migration jobs")
    expect(first, "a long answer is read from its beginning").to_be_in_viewport()
    expect(answer).to_contain_text(
        "6 need attention, 1 stopped, 15 running, 8 changing, 10 done or not started"
    )
    expect(answer).to_contain_text("Only visible to you")
    lines = answer.get_by_test_id("block-section").filter(has=page.get_by_role("button", name="Show"))
    expect(lines).to_contain_text(
        [
            "ledger-waiting",
            "shipping-db",
            "no free replication slots",
            "catalog-db",
            "pricing-db",
            "reporting-db",
        ]
    )
    pictures.window(page, "list")
    table = answer.get_by_role("table", name="34 other jobs")
    rows = table.get_by_test_id("table-row")
    expect(rows).to_have_count(10)
    expect(rows.nth(1)).to_contain_text("billing-mysql")
    for _ in range(2):
        button(table, "Duration").click()
    expect(rows.first).to_contain_text("tenants-db")
    card = dana.press(button(rows.filter(has_text="tenants-db"), "Show"))
    expect(card).to_contain_text("tenants-db")
    expect(card).to_be_in_viewport()


def test_a_card_tells_what_is_wrong_and_its_modal_all(dana: Person, page: Page, pictures: Pictures) -> None:
    card = dana.type("/dms show catalog-db")
    for words in (
        "Running · CDC · 1 of 4 databases failed",
        "AlloyDB catalog-db-target",
        "Delay ",
        'search_index: pg_restore: error: could not execute query: extension "zhparser"',
    ):
        expect(card).to_contain_text(words)
    assert card.get_by_test_id("button").all_inner_texts() == ["Restart database…", "Databases"]
    expect(card.get_by_role("link", name="Console")).to_have_attribute(
        "href", re.compile("console.cloud.google.com/dbmigration/.*/catalog-db")
    )
    pictures.of(card, "job-card")
    card.get_by_test_id("overflow").click()
    assert page.get_by_role("menuitem").all_inner_texts() == [
        "Stop…",
        "Promote…",
        "Verify",
        "Refresh",
        "More…",
    ]
    page.get_by_role("menuitem", name="More…").click()
    modal = page.get_by_role("dialog")
    for words in ("catalog-db.db.internal", "Restart database…", "Delete…", "4 databases"):
        expect(modal).to_contain_text(words)
    pictures.of(modal, "job-details")
    page.get_by_test_id("modal-close").click()


def test_a_card_fits_into_half_of_a_phone_screen(dana: Person, page: Page) -> None:
    """The two lines above it, with the app and who sees it, are Slack's."""
    page.set_viewport_size({"width": 390, "height": 844})
    for job in ("customers-db", "catalog-db", "inventory-db", "orders-db", "blog-db"):
        box = dana.type(f"/dms show {job}").bounding_box()
        assert box is not None
        assert box["height"] <= 422 + 44, job


def test_the_delay_comes_as_a_chart(dana: Person, pictures: Pictures) -> None:
    answer = dana.type("/dms delay customers-db")
    expect(answer).to_contain_text("running · CDC")
    expect(answer).to_contain_text("Time behind")
    pictures.of(answer, "delay")


def test_the_detailed_picture_of_the_delay(dana: Person) -> None:
    answer = dana.type("/dms delay customers-db --picture")
    chart = answer.get_by_test_id("file").get_by_role("img")
    expect(chart).to_have_js_property("complete", True)
    assert chart.evaluate("image => image.naturalWidth") > 600


def test_the_home_tab_shows_what_needs_attention(dana: Person, page: Page, pictures: Pictures) -> None:
    page.get_by_test_id("home-link").click()
    home = page.get_by_test_id("home")
    expect(home).to_contain_text("Needs attention (")
    expect(home).to_contain_text("no free replication slots")
    expect(home).to_contain_text("Nothing is waiting for you · nothing is scheduled · no freezes")
    pictures.window(page, "home-quiet")


def test_what_comes_while_one_reads_above_is_announced(dana: Person, page: Page, env: Env) -> None:
    dana.type("/dms list")
    dana.type("/dms help")
    page.get_by_test_id("messages").evaluate("box => box.scrollTo(0, 0)")
    expect(page.get_by_test_id("unseen")).to_have_count(0)
    # No answer to what was done here.
    env.slack.command("delay billing-mysql --picture", user="sam")
    expect(page.get_by_test_id("unseen")).to_be_visible()
    page.get_by_test_id("unseen").click()
    expect(dana.message("billing-mysql", "running · CDC")).to_be_in_viewport()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1440, 900)])
def test_fits_the_screens_of_laptops(dana: Person, page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    for words in ("/dms list", "/dms show orders-db", "/dms help"):
        dana.type(words)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut = page.get_by_test_id("messages").evaluate("box => box.scrollWidth - box.clientWidth")
        assert cut <= 0, "nothing is cut off at the side"
        expect(page.get_by_test_id("composer")).to_be_in_viewport()


@pytest.mark.parametrize("lacking", [(), ("data_table",)])
def test_forty_jobs_fit_on_two_screens_of_a_phone(
    dana: Person, page: Page, env: Env, lacking: tuple[str, ...]
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    env.slack.lack(lacking)
    answer = dana.type("/dms list")
    expect(answer.get_by_role("table")).to_have_count(0 if lacking else 1)
    expect(answer).to_contain_text("Find a job")
    box = answer.bounding_box()
    assert box
    assert box["height"] <= 2 * 844
    env.slack.lack(())  # The bot remembers it for a day, so this test is the last.


def _has_read_databases(env: Env, id: str) -> bool:
    """Whether the bot knows which databases of a job have errors: a list asks the service for jobs alone."""
    return any(each.databases for name, each in env.bot.store.known_jobs().items() if name.endswith(f"/{id}"))
