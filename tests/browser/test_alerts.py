"""What the notification channel shows while jobs change by themselves."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.person import Person, button
from tests.browser.pictures import Pictures
from tests.e2e.env import Env
from tests.waiting import until

ERROR = (
    "Unable to replicate: all replication slots are in use. Free one or raise max_replication_slots "
    "on the source."
)


def test_a_failed_job_is_told_with_its_cause(dana: Person, page: Page, env: Env, pictures: Pictures) -> None:
    env.dms.set_job("customers-db", state="FAILED", error={"code": "FAILED_PRECONDITION", "message": ERROR})
    unread = page.get_by_test_id("channel-db-migrations")
    expect(unread).to_have_class("link  unread")
    dana.go("db-migrations")
    alert = dana.message("Failed:", "customers-db")
    expect(alert).to_contain_text(ERROR)
    expect(alert).to_contain_text("Likely cause")
    expect(alert).to_contain_text("Next")
    pictures.of(alert, "notification")
    button(alert, "Verify").click()
    dana.message("customers-db", "Requested by @dana")  # other alerts may come first
    assert len(until(lambda: env.writes("verify", "customers-db"))) == 1


def test_a_jobs_message_is_kept_up_to_date(dana: Person, page: Page, env: Env, pictures: Pictures) -> None:
    dana.go("db-migrations")
    env.dms.set_job("catalog-db", state="STOPPED")
    story = dana.message("catalog-db", "Stopped · CDC")
    expect(button(story, "Resume")).to_be_visible()
    button(story, "Resume").click()
    expect(story).to_contain_text("by dana")
    expect(story).to_contain_text("Running · CDC (was")
    expect(button(story, "Resume")).to_have_count(0)
    pictures.of(story, "timeline")
    story.get_by_test_id("open-thread").click()
    # Whether the watcher sees it resume is up to chance.
    expect(page.get_by_test_id("thread")).to_contain_text("Running · CDC")
