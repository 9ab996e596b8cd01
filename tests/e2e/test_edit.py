"""`/dms edit`: the view, its preview, and others who edit meanwhile."""

from __future__ import annotations

import pytest

from sandbox.slack import plain
from tests.e2e.database_helpers import (
    NAMES,
    all_but,
    calls,
    card_after,
    config_of,
    destination,
    edited_by_somebody_else,
    filter_of,
    job_with,
    labels,
    no_views,
    only_call,
    opened,
    patched,
    states,
    submitted,
)
from tests.e2e.env import Env

SELECTION, CHOSEN, EXCLUDED, PARALLELISM = (
    f"dms:edit:{name}" for name in ("selection", "chosen", "excluded", "parallelism")
)


@pytest.fixture(autouse=True)
def screen(env: Env) -> None:
    no_views(env)


def test_from_all_to_chosen_ones(env: Env) -> None:
    job = job_with(env)
    before = env.now()
    view = opened(env, f"edit {job}", f"Edit {job}", "The source has 3 databases.", "(sales)")
    submitted(env, view, {SELECTION: "chosen", CHOSEN: ["billing", "sales"]})
    preview = env.slack.wait_view(contains=[f"Save {job}?"])
    text = plain(preview)
    assert "all databases → *chosen databases*" in text
    assert "*Removed*, no longer migrated — 1 database\n`legacy`" in text
    assert "*Kept* — 2 databases\n`billing`, `sales`" in text
    assert "Added" not in text
    assert "restart" not in text
    assert calls(env, job) == [], "a preview saves nothing"
    submitted(env, preview, {})
    card = card_after(env, before, "✅", "Saved", job)
    assert "➖ *Removed*: 1 database: `legacy`" in plain(card)
    assert "Restart…" not in labels(card)
    assert patched(env, job) == ("objectsConfig", {"objectsConfig": filter_of("billing", "sales")})
    assert states(env, job)["legacy"] == "NOT_SELECTED"
    assert destination(env, job)["wiped"] == []


def test_from_chosen_ones_to_all_but_some(env: Env) -> None:
    job = job_with(env, databases=["sales"], source_databases=["billing", "legacy"])
    before = env.now()
    view = opened(env, f"edit {job}", f"Edit {job}", "(legacy)")
    submitted(env, view, {SELECTION: "all", EXCLUDED: ["legacy"]})
    preview = env.slack.wait_view(contains=["chosen databases → *all databases*"])
    assert "*Added* — 1 database\n`billing`" in plain(preview)
    assert "*Kept* — 1 database\n`sales`" in plain(preview)
    submitted(env, preview, {})
    card_after(env, before, "✅", "Saved", job)
    assert patched(env, job) == ("objectsConfig", {"objectsConfig": all_but("legacy")})


def test_the_view_shows_the_present_choice(env: Env) -> None:
    job = job_with(env, databases=["sales"], source_databases=["billing"])
    view = opened(env, f"edit {job}", f"Edit {job}", "(billing)")
    submitted(env, view, {})
    env.slack.wait_view(contains=["Nothing to save", job])
    assert calls(env, job) == []


def test_a_database_that_the_source_has_got_since(env: Env) -> None:
    job = job_with(env)
    env.dms.set_job(job, source_databases=[*NAMES, "brand_new"])
    before = env.now()
    view = opened(env, f"edit {job}", f"Edit {job}", "(brand_new)")
    submitted(env, view, {EXCLUDED: ["brand_new"]})
    preview = env.slack.wait_view(contains=[f"Save {job}?"])
    submitted(env, preview, {})
    card_after(env, before, "✅", "Saved", job)
    assert patched(env, job) == ("objectsConfig", {"objectsConfig": all_but("brand_new")})


def test_where_the_source_does_not_answer_the_view_says_so(env: Env) -> None:
    job = job_with(env)
    env.dms.operation_outcome(job, "fetchSourceObjects", "UNAVAILABLE", "cannot connect to the source")
    view = opened(env, f"edit {job}", f"Edit {job}", "could not read the source", "cannot connect")
    assert "(sales)" in plain(view), "what is known is there all the same"


def test_more_than_a_hundred_are_looked_for_by_typing(env: Env) -> None:
    names = [f"tenant_{number:03d}" for number in range(250)]
    job = job_with(env, databases=names)
    before = env.now()
    view = opened(env, f"edit {job}", f"Edit {job}", "The source has 250 databases.")
    menu = "dms:edit:suggest"
    assert "(tenant_001)" not in plain(view)
    offered = [option["text"]["text"] for option in env.slack.suggest(view, menu, "tenant_24")]
    assert offered[:10] == [f"tenant_24{digit}" for digit in range(10)]
    assert env.slack.suggest(view, menu, "NANT_007")[0]["text"]["text"] == "tenant_007"
    assert len(env.slack.suggest(view, menu, "")) == 100
    env.slack.set_input(view, menu, [])
    picked = [env.slack.suggest(view, menu, name)[0]["value"] for name in ("tenant_007", "tenant_249")]
    submitted(env, view, {SELECTION: "chosen", menu: picked})
    preview = env.slack.wait_view(contains=[f"Save {job}?", "248 databases", "`tenant_007`, `tenant_249`"])
    submitted(env, preview, {})
    card_after(env, before, "✅", "Saved", job)
    mask, body = patched(env, job)
    assert (mask, body) == ("objectsConfig", {"objectsConfig": filter_of("tenant_007", "tenant_249")})


def test_many_chosen_ones_stay_chosen(env: Env) -> None:
    """More than one menu holds: none of them may be lost by opening and submitting the view."""
    names = [f"d{number:03d}" for number in range(230)]
    job = job_with(env, databases=names, source_databases=["spare"])
    view = opened(env, f"edit {job}", f"Edit {job}", "The source has 231 databases.")
    submitted(env, view, {})
    env.slack.wait_view(contains=["Nothing to save"])
    assert calls(env, job) == []


def test_nothing_chosen_is_said_at_once(env: Env) -> None:
    job = job_with(env)
    view = opened(env, f"edit {job}", f"Edit {job}", "(sales)")
    # Before the menu of what is selected is there, the objection stands under the choice.
    answer = env.slack.submit(view, {SELECTION: "chosen"})
    assert answer["errors"] == {"selection": "Choose at least one database, or take all of them."}
    answer = env.slack.submit(view, {SELECTION: "all", EXCLUDED: list(NAMES)})
    assert "Keep at least one database" in answer["errors"]["excluded"]
    env.slack.close_view(view)
    assert calls(env, job) == []


def test_in_a_channel_without_the_bot_the_answer_arrives_all_the_same(env: Env) -> None:
    job = job_with(env)
    env.slack.add_channel("elsewhere", members=["dana"], bot=False)
    before = env.now("elsewhere")
    env.slack.command(f"edit {job}", channel="elsewhere")
    view = env.slack.wait_view(contains=[f"Edit {job}", "(sales)"])
    submitted(env, view, {EXCLUDED: ["legacy"]})
    submitted(env, env.slack.wait_view(contains=[f"Save {job}?"]), {})
    env.slack.wait_message(channel="elsewhere", user="dana", contains=["Saved", job], after=before)
    only_call(env, job, "UpdateMigrationJob", "rest")


# ---- others, and what goes wrong


def test_the_view_of_a_job_that_does_not_run_offers_no_parallelism(env: Env) -> None:
    job = job_with(env, state="STOPPED", phase="CDC")
    view = opened(env, f"edit {job}", f"Edit {job}", "for a running PostgreSQL job", "--parallel max")
    assert "(MAX" not in plain(view)


def test_somebody_else_edits_between_preview_and_save(env: Env) -> None:
    job = job_with(env)
    view = opened(env, f"edit {job}", f"Edit {job}", "(sales)")
    submitted(env, view, {EXCLUDED: ["legacy"]})
    preview = env.slack.wait_view(contains=[f"Save {job}?"])
    edited_by_somebody_else(env, job, "sales")
    before = env.now()
    submitted(env, preview, {})
    card_after(env, before, "Nothing was saved", "edited by somebody else", f"/dms edit {job}")
    assert len(calls(env, job)) == 1, "only the other person's"
    assert config_of(env, job) == filter_of("sales")


def test_somebody_else_edits_between_card_and_confirmation(env: Env) -> None:
    job = job_with(env)
    card = env.type(f"edit {job} --remove legacy")
    edited_by_somebody_else(env, job, "sales")
    env.confirm(card, "confirm")
    env.shows(card, "was edited meanwhile: databases: all databases → `sales`", "nothing was sent")
    assert len(calls(env, job)) == 1, "only the other person's"
    assert config_of(env, job) == filter_of("sales")


def test_what_is_tried_again_is_shown_first_where_the_databases_are_others(env: Env) -> None:
    job = env.add_job("retry", state="NOT_STARTED", databases=["sales"], source_databases=["sales", "legacy"])
    env.dms.fault("StartMigrationJob", "FAILED_PRECONDITION", match=job)
    card = env.shows(env.type(f"start {job}"), step="retry")
    edited_by_somebody_else(env, job, "sales", "legacy")
    before = env.now()
    env.press(card, "retry")
    again = card_after(env, before, "2 databases: `legacy`, `sales`")
    assert len([each for each in calls(env, job) if each["method"] == "StartMigrationJob"]) == 1
    env.confirm(env.shows(again, step="confirm"))
    env.shows_done(again, "start", job)


def test_another_job_of_the_same_name_is_not_edited(env: Env) -> None:
    job = job_with(env)
    view = opened(env, f"edit {job}", f"Edit {job}", "(sales)")
    submitted(env, view, {EXCLUDED: ["legacy"]})
    preview = env.slack.wait_view(contains=[f"Save {job}?"])
    env.dms.remove_job(job)
    env.dms.add_job(job, phase="CDC", databases=list(NAMES), frozen=True, created_ago=5.0)
    before = env.now()
    submitted(env, preview, {})
    card_after(env, before, "Nothing was saved", job)
    assert calls(env, job) == []


def test_what_the_service_refuses_is_told(env: Env) -> None:
    job = job_with(env)
    env.dms.operation_outcome(job, "update", "INTERNAL", "the source cannot be reached")
    card = env.type(f"edit {job} --remove legacy")
    env.confirm(card, "confirm")
    env.shows_as(card, "failed", "the source cannot be reached", "[Try again]")
    assert config_of(env, job) == all_but()


def test_saving_twice_saves_once(env: Env) -> None:
    """The answer to the first is lost: the same `request_id` makes the second harmless."""
    job = job_with(env)
    env.dms.fault("UpdateMigrationJob", "UNAVAILABLE", after_apply=True, match=job)
    card = env.type(f"edit {job} --remove legacy")
    env.confirm(card, "confirm")
    env.shows_as(card, "done", "Saved")
    made = calls(env, job)
    assert len({each["request"]["request_id"] for each in made}) == 1
    assert config_of(env, job) == all_but("legacy")


def test_the_channel_sees_who_edited_what(env: Env) -> None:
    job = job_with(env)
    card = env.type(f"edit {job} --remove legacy")
    env.confirm(card, "confirm")
    seen = card_after(env, "0", "Saved", job, user="sam")
    assert "Requested by <@U0DANA0001>" in plain(seen)
    assert "`legacy`" in plain(seen)
