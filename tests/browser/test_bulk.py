"""Several jobs at once: chosen with checkboxes, one confirmation, one message with the progress."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.person import Person, button
from tests.browser.pictures import Pictures
from tests.e2e.env import Env

CHOSEN = ("billing-mysql", "customers-db", "tenants-db")


def test_stop_several(dana: Person, page: Page, env: Env, pictures: Pictures) -> None:
    answer = dana.type("/dms list state=running phase=cdc")
    button(answer, "Act on several…").click()
    for job in CHOSEN:
        answer.get_by_label(job).check()
    pictures.of(answer, "choose-several")
    # The first is that of the jobs that run with errors, which are a group of their own.
    card = dana.press(button(answer, "Stop chosen…").last)
    expect(card.get_by_role("heading")).to_contain_text("Stop 3 jobs?")
    for job in CHOSEN:
        expect(card).to_contain_text(job)
    env.dms.fault("StopMigrationJob", kind="SLOW", delay_seconds=60, match="tenants-db")
    button(card, "Confirm stop").click()
    expect(card).to_contain_text("2 of 3")
    expect(card).to_contain_text("▰▰▰▰▰▰▱▱▱▱")
    pictures.of(card, "bulk")
    env.dms.clear_faults()
    expect(card).to_contain_text("✅ Stopped all 3 jobs")
    for job in CHOSEN:
        assert len(env.writes("stop", job)) == 1
    expect(dana.type("/dms list state=stopped phase=cdc")).to_contain_text("4 stopped")


def test_one_that_fails_can_be_tried_again(dana: Person, env: Env, pictures: Pictures) -> None:
    card = dana.type("/dms start audit-db notifications-db sessions-db")
    env.dms.operation_outcome("sessions-db", "start", "RESOURCE_EXHAUSTED", "No replication slot is free.")
    button(card, "Confirm start").click()
    expect(card).to_contain_text("Started 2 of 3 jobs; 1 did not succeed")
    expect(card).to_contain_text("No replication slot is free.")
    pictures.of(card, "bulk-failed")
    again = dana.press(button(card, "Retry the failed ones"))
    expect(again).to_contain_text("sessions-db")
    assert len(env.writes("start", "audit-db")) == 1
