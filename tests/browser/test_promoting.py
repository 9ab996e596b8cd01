"""Promoting: the replication delay is in the way, until it is zero."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.lagging import lag
from tests.browser.person import Person, button
from tests.browser.pictures import Pictures
from tests.e2e.env import Env


def test_promote_warns_of_the_delay_until_it_is_zero(dana: Person, env: Env, pictures: Pictures) -> None:
    lag(env, "customers-db", 42, 12_000_000)
    card = dana.type("/dms promote customers-db")
    expect(card).to_contain_text("This cannot be undone")
    expect(card).to_contain_text("The replication delay is NOT ZERO: 42 s · 11.4 MiB")
    pictures.of(card, "promote-delay")
    lag(env, "customers-db", 0, 0)
    button(card, "Re-check delay").click()
    expect(card).to_contain_text("Replication delay: 0 s")
    expect(card).not_to_contain_text("NOT ZERO")
    button(card, "Confirm promote").click()
    expect(card).to_contain_text("✅ Promoted customers-db in")
    assert len(env.writes("promote", "customers-db")) == 1
    shown = dana.type("/dms show customers-db")
    expect(shown).to_contain_text("Completed")
    expect(button(shown, "Promote")).to_have_count(0)
