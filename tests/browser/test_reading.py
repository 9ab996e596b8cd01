"""What a first visitor sees, the list, a job, its delay, and the Home tab."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.person import Person, button
from tests.browser.pictures import Pictures
from tests.e2e.env import Env


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


def test_list_pages_and_shows_a_job(dana: Person, page: Page, pictures: Pictures) -> None:
    answer = dana.type("/dms list")
    head = answer.get_by_role("heading", name="40 migration jobs")
    expect(head, "a long answer is read from its beginning").to_be_in_viewport()
    expect(answer).to_contain_text("Only visible to you")
    expect(answer).to_contain_text("Page 1 of 2")
    expect(answer).to_contain_text("no free replication slots")
    first = answer.inner_text()
    headings = ("waiting for source writes to stop —", "Failed ·", "Stopped ·", "Running · CDC")
    order = [first.index(heading) for heading in headings]
    assert order == sorted(order)
    pictures.window(page, "list")
    button(answer, "Next ›").click()
    expect(answer).to_contain_text("Page 2 of 2")
    expect(answer).to_contain_text("Completed")
    button(answer, "‹ Previous").click()
    expect(answer).to_contain_text("Page 1 of 2")
    row = answer.get_by_test_id("block-section").filter(has_text="orders-db")
    card = dana.press(button(row, "Show"))
    expect(card).to_contain_text("Orders (PostgreSQL to AlloyDB)")
    expect(card).to_be_in_viewport()


def test_a_job_tells_all_and_offers_what_its_state_allows(dana: Person, pictures: Pictures) -> None:
    card = dana.type("/dms show catalog-db")
    for words in (
        "Running with errors · CDC",
        "catalog-db.db.internal",
        "AlloyDB",
        "Replication delay",
        "4 databases",
    ):
        expect(card).to_contain_text(words)
    expect(card).to_contain_text(
        'search_index: pg_restore: error: could not execute query: extension "zhparser"'
    )
    labels = card.get_by_test_id("button").all_inner_texts()
    assert labels == [
        "Stop",
        "Restart failed databases",
        "Promote",
        "Verify",
        "Edit",
        "Delete",
        "Databases",
        "Refresh",
    ]
    expect(card.get_by_role("link", name="Open in the console")).to_have_attribute(
        "href", re.compile("console.cloud.google.com/dbmigration/.*/catalog-db")
    )
    pictures.of(card, "job-card")


def test_the_delay_comes_as_a_chart(dana: Person, pictures: Pictures) -> None:
    answer = dana.type("/dms delay customers-db")
    expect(answer).to_contain_text("RUNNING in CDC")
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
    expect(dana.message("billing-mysql", "RUNNING in CDC")).to_be_in_viewport()


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1440, 900)])
def test_fits_the_screens_of_laptops(dana: Person, page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    for words in ("/dms list", "/dms show orders-db", "/dms help"):
        dana.type(words)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut = page.get_by_test_id("messages").evaluate("box => box.scrollWidth - box.clientWidth")
        assert cut <= 0, "nothing is cut off at the side"
        expect(page.get_by_test_id("composer")).to_be_in_viewport()
