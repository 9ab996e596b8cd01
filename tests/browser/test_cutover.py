"""A cutover rehearsed on the page: planned in its form, and walked until it drains."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, TimeoutError, expect

from tests.browser.person import Person, button
from tests.browser.pictures import Pictures
from tests.browser.test_phone import nothing_is_cut_off
from tests.e2e.env import Env
from tests.waiting import until

PHONE = {"width": 390, "height": 844}
JOB = "customers-db"


def submit(modal: Locator) -> None:
    modal.get_by_test_id("modal-submit").click()
    expect(modal).to_have_count(0)


def asks(pressed: Locator, field: Locator) -> bool:
    """Whether the button opens the form with this field: a press on a card that is drawn anew in this moment
    gets lost, and a person presses again."""
    try:
        pressed.click(timeout=10_000)
        field.wait_for(timeout=10_000)
    except TimeoutError:
        return field.is_visible()
    return True


def test_a_rehearsal_from_the_form_to_the_drain(
    dana: Person, env: Env, page: Page, pictures: Pictures
) -> None:
    env.dms.set_job(JOB, sec_lag=0, bytes_lag=0)
    dana.type_for_view(f"/dms cutover {JOB}")
    form = dana.modal
    expect(form).to_contain_text("Day and time, in your time zone")
    pictures.of(form, "cutover-plan")
    dana.modal.get_by_text("When the commander starts it").click()
    dana.modal.locator('[data-action-id="dms:cutover:writers"]').fill("checkout-web\nnightly cron")
    dana.modal.get_by_text("Rehearse it").click()
    submit(dana.modal)
    card = dana.message("Rehearsal of", "Not here yet")
    expect(card).to_contain_text("Ready")
    button(card, "I'm here").click()
    expect(card).to_contain_text("Press Start to begin")
    button(card, "Start").click()
    expect(card).to_contain_text("0 of 2 writers ticked")
    pictures.of(card, "cutover-writers")
    button(card, "Tick writers…").click()
    for line in ("checkout-web", "nightly cron"):
        dana.modal.get_by_label(line).check()
    submit(dana.modal)
    button(card, "Writes are stopped").click()
    expect(card).to_contain_text("Draining")
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    nothing_is_cut_off(page, "messages")
    # At one moment, as the card is drawn anew with each measurement: so a pointer could miss a button, too.
    ends = card.evaluate(
        "c => [...c.querySelectorAll('[data-testid=button]')].map(b => b.getBoundingClientRect().right)"
    )
    assert ends
    assert max(ends) <= PHONE["width"]
    why = dana.modal.locator('[data-action-id="dms:cutover:why"]')
    until(lambda: asks(button(card, "Abort…"), why))
    why.fill("only a rehearsal")
    submit(dana.modal)
    expect(card).to_contain_text("nothing promoted")
    assert env.writes("promote", JOB) == []
