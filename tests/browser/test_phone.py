"""The page on a phone, 390 pixels wide."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.person import Person, button

WIDTH, HEIGHT = 390, 844


@pytest.fixture(autouse=True)
def narrow(page: Page) -> None:
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def nothing_is_cut_off(page: Page, *boxes: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH
    for box in boxes:
        cut = page.get_by_test_id(box).evaluate("box => box.scrollWidth - box.clientWidth")
        assert cut <= 0, f"{box} can be scrolled sideways"


def test_channels_and_home_are_in_a_drawer(dana: Person, page: Page) -> None:
    expect(page.get_by_test_id("channel-db-migrations")).to_be_hidden()
    page.get_by_test_id("menu").click()
    nothing_is_cut_off(page, "sidebar")
    dana.go("db-migrations")
    expect(page.get_by_test_id("channel-db-migrations")).to_be_hidden()
    page.get_by_test_id("menu").click()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("channel-general")).to_be_hidden()
    page.get_by_test_id("menu").click()
    page.get_by_test_id("home-link").click()
    expect(page.get_by_test_id("home")).to_contain_text("Nothing is waiting for you")
    nothing_is_cut_off(page, "home")
    expect(button(page.get_by_test_id("home"), "Refresh")).to_be_in_viewport()


def test_answers_fit_and_a_modal_fills_the_screen(dana: Person, page: Page) -> None:
    for words in ("/dms list", "/dms show catalog-db"):
        answer = dana.type(words)
        nothing_is_cut_off(page, "messages")
        expect(page.get_by_test_id("composer")).to_be_in_viewport()
        for each in answer.get_by_test_id("button").all():
            if each.evaluate("button => button.closest('td') !== null"):
                continue  # a table scrolls sideways by itself
            box = each.bounding_box()
            assert box
            assert box["height"] >= 36, "a thumb can hit it"
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= WIDTH
    dana.type_for_view("/dms edit tenants-db")
    box = dana.modal.bounding_box()
    assert box
    assert (box["x"], box["width"], box["height"]) == (0, WIDTH, HEIGHT)
    nothing_is_cut_off(page, "modal")
    expect(page.get_by_test_id("modal-close")).to_be_in_viewport()
    page.get_by_test_id("modal-cross").click()
    expect(dana.modal).to_have_count(0)
