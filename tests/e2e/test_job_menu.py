"""The menu (⋯) of a job's card, and the modal behind its last entry.

Sources, on docs.slack.dev: overflow-menu-element (five options at most, one confirmation dialog for all of
them); block_actions-payload (a press in a modal has no channel).
"""

from __future__ import annotations

from typing import Any

from sandbox.slack import plain
from tests.e2e.database_helpers import card_after
from tests.e2e.env import DONE, JSON, Env
from tests.e2e.helpers import private


def elements(shown: JSON) -> list[dict[str, Any]]:
    found = ([block.get("accessory"), *block.get("elements", ())] for block in shown["blocks"])
    return [each for row in found for each in row if each]


def menu(shown: JSON) -> list[str]:
    """The entries of the card's menu."""
    (overflow,) = (each for each in elements(shown) if each["type"] == "overflow")
    return [option["text"]["text"] for option in overflow["options"]]


def row(shown: JSON) -> list[tuple[str, str]]:
    """The buttons of the card with their styles."""
    buttons = [each for each in elements(shown) if each["type"] == "button"]
    return [(each["text"]["text"], each.get("style", "")) for each in buttons]


def running(env: Env) -> str:
    return env.add_job("menu", state="RUNNING", phase="CDC", databases=["sales", "hr"])


def test_a_healthy_job_has_two_buttons_and_a_menu(env: Env) -> None:
    card = env.type(f"show {running(env)}")
    assert row(card) == [("Plan cutover…", "primary"), ("Databases", "")]
    assert menu(card) == ["Stop…", "Promote…", "Verify", "Refresh", "More…"]


def test_a_stop_from_the_menu_asks_first(env: Env) -> None:
    job = running(env)
    asked = env.shows(_after(env, env.type(f"show {job}"), "Stop…"), f"Stop {job}?", step="confirm")
    assert env.dms.job(job)["state"] == "RUNNING"
    env.confirm(asked)
    env.shows_done(asked, "stop")


def test_refresh_replaces_the_card(env: Env) -> None:
    job = running(env)
    card = env.type(f"show {job}")
    env.dms.set_job(job, state="FAILED")
    env.press(card, "Refresh")
    fresh = env.shows(card, "Failed")
    assert row(fresh)[0] == ("Verify", "primary")


def test_the_modal_has_every_action_and_keeps_the_channel(env: Env) -> None:
    job = running(env)
    before = env.now("dms", "dana")
    env.press(env.type(f"show {job}"), "More…")
    view = env.slack.wait_view("dana", [job, "Open in the console", "Stop a running job"])
    assert {"Stop…", "Promote…", "Verify", "Edit…", "Delete…", "History", "Notify me"} <= {
        label for label, _ in row(view)
    }
    assert not any(style for _, style in row(view)), "red is the last confirmation"
    (stop,) = (each for each in elements(view) if each.get("action_id") == "dms:stop:run")
    assert stop["confirm"]["confirm"]["text"] == "Stop"
    assert "stops replicating" in stop["confirm"]["text"]["text"]
    env.press(view, "Stop…")
    env.slack.wait_message(channel="dms", contains=[job, DONE["stop"]], after=before)


def test_an_entry_that_is_no_longer_known_says_so(env: Env) -> None:
    card = env.type(f"show {running(env)}")
    forged = {**card, "blocks": [_with_values(block, "gone") for block in card["blocks"]]}
    before = env.now("dms", "dana")
    assert env.slack.press(forged, text="Verify", stale=True)["ok"]
    private(env, "dana", "This button is too old", after=before)


def test_one_failed_database_is_named_on_the_recommended_button(env: Env) -> None:
    job = running(env)
    env.dms.set_database(job, "hr", state="FAILED", error={"code": 9, "message": "no space left"})
    card = env.type(f"show {job}")
    assert f"🔴 *`{job}`* · Running · CDC · 1 of 2 databases failed" in plain(card)
    assert row(card) == [("Restart hr…", "primary"), ("Databases", "")]
    assert menu(card)[0] == "Stop…"


def _after(env: Env, card: JSON, entry: str) -> JSON:
    before = env.now("dms", "dana")
    env.press(card, entry)
    return card_after(env, before, "?")


def _with_values(block: dict[str, Any], value: str) -> dict[str, Any]:
    if "elements" not in block:
        return block
    return {**block, "elements": [_with_value(each, value) for each in block["elements"]]}


def _with_value(element: dict[str, Any], value: str) -> dict[str, Any]:
    if element["type"] != "overflow":
        return element
    return {**element, "options": [{**option, "value": value} for option in element["options"]]}
