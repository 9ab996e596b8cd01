"""`/dms edit`: the view, its preview, and others who edit meanwhile."""

from __future__ import annotations

import pytest

from sandbox.slack import plain
from tests.e2e.parts import (
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
from tests.e2e.scene import CHANNEL, Scene

SELECTION, CHOSEN, EXCLUDED, PARALLELISM = (
    f"dms:edit:{name}" for name in ("selection", "chosen", "excluded", "parallelism")
)


@pytest.fixture(autouse=True)
def screen(stage: Scene) -> None:
    no_views(stage)


def test_from_all_to_chosen_ones(stage: Scene) -> None:
    job = job_with(stage)
    before = stage.now()
    view = opened(stage, f"edit {job}", f"Edit {job}", "The source has 3 databases.", "(sales)")
    submitted(stage, view, {SELECTION: "chosen", CHOSEN: ["billing", "sales"]})
    preview = stage.slack.wait_view(contains=[f"Save {job}?"])
    text = plain(preview)
    assert "all databases → *chosen databases*" in text
    assert "*Removed*, no longer migrated — 1 database\n`legacy`" in text
    assert "*Kept* — 2 databases\n`billing`, `sales`" in text
    assert "Added" not in text
    assert "restart" not in text
    assert calls(stage, job) == [], "a preview saves nothing"
    submitted(stage, preview, {})
    card = card_after(stage, before, "✅", "Saved", job)
    assert "➖ *Removed*: 1 database: `legacy`" in plain(card)
    assert "Restart now" not in labels(card)
    assert patched(stage, job) == ("objectsConfig", {"objectsConfig": filter_of("billing", "sales")})
    assert states(stage, job)["legacy"] == "NOT_SELECTED"
    assert destination(stage, job)["wiped"] == []


def test_from_chosen_ones_to_all_but_some(stage: Scene) -> None:
    job = job_with(stage, databases=["sales"], source_databases=["billing", "legacy"])
    before = stage.now()
    view = opened(stage, f"edit {job}", f"Edit {job}", "(legacy)")
    submitted(stage, view, {SELECTION: "all", EXCLUDED: ["legacy"]})
    preview = stage.slack.wait_view(contains=["chosen databases → *all databases*"])
    assert "*Added* — 1 database\n`billing`" in plain(preview)
    assert "*Kept* — 1 database\n`sales`" in plain(preview)
    submitted(stage, preview, {})
    card_after(stage, before, "✅", "Saved", job)
    assert patched(stage, job) == ("objectsConfig", {"objectsConfig": all_but("legacy")})


def test_the_view_shows_the_present_choice(stage: Scene) -> None:
    job = job_with(stage, databases=["sales"], source_databases=["billing"])
    view = opened(stage, f"edit {job}", f"Edit {job}", "(billing)")
    submitted(stage, view, {})
    stage.slack.wait_view(contains=["Nothing to save", job])
    assert calls(stage, job) == []


def test_a_database_that_the_source_has_got_since(stage: Scene) -> None:
    job = job_with(stage)
    stage.dms.set_job(job, source_databases=[*NAMES, "brand_new"])
    before = stage.now()
    view = opened(stage, f"edit {job}", f"Edit {job}", "(brand_new)")
    submitted(stage, view, {EXCLUDED: ["brand_new"]})
    preview = stage.slack.wait_view(contains=[f"Save {job}?"])
    submitted(stage, preview, {})
    card_after(stage, before, "✅", "Saved", job)
    assert patched(stage, job) == ("objectsConfig", {"objectsConfig": all_but("brand_new")})


def test_where_the_source_does_not_answer_the_view_says_so(stage: Scene) -> None:
    job = job_with(stage)
    stage.dms.operation_outcome(job, "fetchSourceObjects", "UNAVAILABLE", "cannot connect to the source")
    view = opened(stage, f"edit {job}", f"Edit {job}", "could not ask the source", "cannot connect")
    assert "(sales)" in plain(view), "what is known is there all the same"


def test_more_than_a_hundred_are_looked_for_by_typing(stage: Scene) -> None:
    names = [f"tenant_{number:03d}" for number in range(250)]
    job = job_with(stage, databases=names)
    before = stage.now()
    view = opened(stage, f"edit {job}", f"Edit {job}", "The source has 250 databases.")
    menu = "dms:edit:suggest"
    assert "(tenant_001)" not in plain(view)
    offered = [option["text"]["text"] for option in stage.slack.suggest(view, menu, "tenant_24")]
    assert offered[:10] == [f"tenant_24{digit}" for digit in range(10)]
    assert stage.slack.suggest(view, menu, "NANT_007")[0]["text"]["text"] == "tenant_007"
    assert len(stage.slack.suggest(view, menu, "")) == 100
    stage.slack.set_input(view, menu, [])
    picked = [stage.slack.suggest(view, menu, name)[0]["value"] for name in ("tenant_007", "tenant_249")]
    submitted(stage, view, {SELECTION: "chosen", menu: picked})
    preview = stage.slack.wait_view(contains=[f"Save {job}?", "248 databases", "`tenant_007`, `tenant_249`"])
    submitted(stage, preview, {})
    card_after(stage, before, "✅", "Saved", job)
    mask, body = patched(stage, job)
    assert (mask, body) == ("objectsConfig", {"objectsConfig": filter_of("tenant_007", "tenant_249")})


def test_many_chosen_ones_stay_chosen(stage: Scene) -> None:
    """More than one menu holds: none of them may be lost by opening and submitting the view."""
    names = [f"d{number:03d}" for number in range(230)]
    job = job_with(stage, databases=names, source_databases=["spare"])
    view = opened(stage, f"edit {job}", f"Edit {job}", "The source has 231 databases.")
    submitted(stage, view, {})
    stage.slack.wait_view(contains=["Nothing to save"])
    assert calls(stage, job) == []


def test_nothing_chosen_is_said_at_once(stage: Scene) -> None:
    job = job_with(stage)
    view = opened(stage, f"edit {job}", f"Edit {job}", "(sales)")
    answer = stage.slack.submit(view, {SELECTION: "chosen"})
    assert answer["errors"] == {"chosen": "Choose at least one database, or take all of them."}
    answer = stage.slack.submit(view, {SELECTION: "all", EXCLUDED: list(NAMES)})
    assert "At least one database must be left" in str(answer["errors"])
    stage.slack.close_view(view)
    assert calls(stage, job) == []


def test_in_a_channel_without_the_bot_the_answer_arrives_all_the_same(stage: Scene) -> None:
    job = job_with(stage)
    stage.slack.add_channel("elsewhere", members=["dana"], bot=False)
    before = stage.now("elsewhere")
    stage.slack.command(f"edit {job}", channel="elsewhere")
    view = stage.slack.wait_view(contains=[f"Edit {job}", "(sales)"])
    submitted(stage, view, {EXCLUDED: ["legacy"]})
    submitted(stage, stage.slack.wait_view(contains=[f"Save {job}?"]), {})
    stage.slack.wait_message(channel="elsewhere", user="dana", contains=["Saved", job], after=before)
    only_call(stage, job, "UpdateMigrationJob", "rest")


# ---- others, and what goes wrong


def test_the_view_of_a_job_that_does_not_run_offers_no_parallelism(stage: Scene) -> None:
    job = job_with(stage, state="STOPPED", phase="CDC")
    view = opened(stage, f"edit {job}", f"Edit {job}", "only while the job is RUNNING")
    assert "(MAX" not in plain(view)


def test_somebody_else_edits_between_preview_and_save(stage: Scene) -> None:
    job = job_with(stage)
    view = opened(stage, f"edit {job}", f"Edit {job}", "(sales)")
    submitted(stage, view, {EXCLUDED: ["legacy"]})
    preview = stage.slack.wait_view(contains=[f"Save {job}?"])
    edited_by_somebody_else(stage, job, "sales")
    before = stage.now()
    submitted(stage, preview, {})
    card_after(stage, before, "Nothing was saved", "edited by somebody else", f"/dms edit {job}")
    assert len(calls(stage, job)) == 1, "only the other person's"
    assert config_of(stage, job) == filter_of("sales")


def test_somebody_else_edits_between_card_and_confirmation(stage: Scene) -> None:
    job = job_with(stage)
    card = stage.type(f"edit {job} --remove legacy")
    edited_by_somebody_else(stage, job, "sales")
    stage.confirm(card, "Confirm edit")
    stage.shows(card, "were edited meanwhile", "Nothing was saved")
    assert len(calls(stage, job)) == 1, "only the other person's"
    assert config_of(stage, job) == filter_of("sales")


def test_another_job_of_the_same_name_is_not_edited(stage: Scene) -> None:
    job = job_with(stage)
    view = opened(stage, f"edit {job}", f"Edit {job}", "(sales)")
    submitted(stage, view, {EXCLUDED: ["legacy"]})
    preview = stage.slack.wait_view(contains=[f"Save {job}?"])
    stage.dms.remove_job(job)
    stage.dms.add_job(job, phase="CDC", databases=list(NAMES), frozen=True, created_ago=5.0)
    before = stage.now()
    submitted(stage, preview, {})
    card_after(stage, before, "Nothing was saved", job)
    assert calls(stage, job) == []


def test_what_the_service_refuses_is_told(stage: Scene) -> None:
    job = job_with(stage)
    stage.dms.operation_outcome(job, "update", "INTERNAL", "the source cannot be reached")
    card = stage.type(f"edit {job} --remove legacy")
    stage.confirm(card, "Confirm edit")
    stage.shows(card, "🔴", "the source cannot be reached", "[Try again]")
    assert config_of(stage, job) == all_but()


def test_saving_twice_saves_once(stage: Scene) -> None:
    """The answer to the first is lost: the same `request_id` makes the second harmless."""
    job = job_with(stage)
    stage.dms.fault("UpdateMigrationJob", "UNAVAILABLE", after_apply=True, match=job)
    card = stage.type(f"edit {job} --remove legacy")
    stage.confirm(card, "Confirm edit")
    stage.shows(card, "✅", "Saved")
    made = calls(stage, job)
    assert len({each["request"]["request_id"] for each in made}) == 1
    assert config_of(stage, job) == all_but("legacy")


def test_the_channel_sees_who_edited_what(stage: Scene) -> None:
    job = job_with(stage)
    card = stage.type(f"edit {job} --remove legacy")
    stage.confirm(card, "Confirm edit")
    seen = stage.slack.wait_message(channel=CHANNEL, user="sam", contains=["Saved", job])
    assert "Asked by <@U0DANA0001>" in plain(seen)
    assert "`legacy`" in plain(seen)
