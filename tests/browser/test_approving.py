"""What needs a second person: asked in one channel, decided in another, by somebody else."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from sandbox.slack.seed import APPROVAL_CHANNEL
from tests.browser.lagging import lag
from tests.browser.person import Person, button
from tests.browser.pictures import Pictures
from tests.e2e.env import LOCATIONS, Env

POLICY = f"""
default_role = "viewer"
approval_channel = "{APPROVAL_CHANNEL}"

[roles]
operator = ["@dba-team"]
approver = ["@leads"]

[[rule]]
name = "production needs a second person"
verbs = ["stop", "restart", "promote"]
labels = ["env=prod"]
approvals = 1
"""


def test_a_second_person_approves(dana: Person, page: Page, env: Env, pictures: Pictures) -> None:
    lag(env, "billing-mysql", 0, 0, LOCATIONS[1])
    asked = dana.type("/dms promote billing-mysql")
    button(asked, "Confirm promote").click()
    expect(asked).to_contain_text("0 of 1 approval")
    assert env.writes("promote", "billing-mysql") == []

    dana.go("dms-approvals")
    card = dana.message("@dana asks to promote billing-mysql")
    pictures.of(card, "approval")
    button(card, "Approve").click()
    expect(dana.message("nobody approves their own request")).to_contain_text("Only visible to you")
    assert env.writes("promote", "billing-mysql") == []

    dana.become("alex")
    page.get_by_test_id("home-link").click()
    expect(page.get_by_test_id("home")).to_contain_text("Waiting for you (1)")
    expect(page.get_by_test_id("home")).to_contain_text("promote billing-mysql · by @dana")
    pictures.window(page, "home")
    button(page.get_by_test_id("home"), "Review").click()
    expect(dana.modal).to_contain_text("This cannot be undone.")
    button(dana.modal, "Approve").click()
    expect(dana.modal).to_contain_text("Your approval counts.")
    page.get_by_test_id("modal-close").click()
    dana.go("dms-approvals")
    expect(card).to_contain_text("✅ Promoted billing-mysql in")
    expect(card).to_contain_text("Approved by @alex")
    expect(card.get_by_test_id("button")).to_have_count(0)
    assert len(env.writes("promote", "billing-mysql")) == 1

    dana.become("dana")
    dana.go("dms")
    expect(dana.message("✅ Promoted billing-mysql")).to_contain_text("Approved by @alex")


def test_a_denial_tells_its_reason(dana: Person, page: Page, env: Env, pictures: Pictures) -> None:
    asked = dana.type("/dms stop customers-db")
    button(asked, "Confirm stop").click()
    expect(asked).to_contain_text("0 of 1 approval")
    dana.become("alex")
    dana.go("dms-approvals")
    card = dana.message("@dana asks to stop customers-db")
    button(card, "Deny…").click()
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("input-error")).to_contain_text("Please complete this required field")
    dana.modal.get_by_label("Why not?").fill("Not before the month end")
    page.get_by_test_id("modal-submit").click()
    expect(card).to_contain_text("Denied")
    expect(card).to_contain_text("Not before the month end")
    expect(card.get_by_test_id("button")).to_have_count(0)
    dana.become("dana")
    dana.go("dms")
    told = dana.message("stop customers-db", "Not before the month end")
    expect(told).to_contain_text("@alex")
    pictures.of(told, "denied")
    assert env.writes("stop", "customers-db") == []


def test_who_may_only_look_is_told_why(dana: Person, env: Env) -> None:
    dana.arrive("riley")
    refused = dana.type("/dms start audit-db")
    expect(refused).to_contain_text("Only visible to you")
    expect(refused).to_contain_text("operator")
    assert env.writes("start", "audit-db") == []
