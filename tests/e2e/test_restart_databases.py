"""Restart and promote of some databases of a job: only those, and nobody is surprised by which."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.slack import plain
from tests.e2e.database_helpers import (
    NAMES,
    calls,
    card_after,
    confirm_typed,
    destination,
    filter_of,
    job_with,
    labels,
    no_views,
    only_call,
    opened,
    states,
    submitted,
)
from tests.e2e.env import JSON, Env

RESTART_MENU, PROMOTE_MENU = "dms:restart:databases", "dms:promote:databases"
FAILED: dict[str, Any] = {"state": "FAILED", "phase": "CDC"}
BROKEN: list[JSON | str] = [
    {"name": "legacy", "state": "FAILED", "phase": "FULL_DUMP"},
    {"name": "reports", "state": "FAILED", "phase": "FULL_DUMP"},
    "billing",
    "sales",
]


CLOUD_SQL = {"destination_provider": "CLOUDSQL"}
ALLOYDB = {"destination_provider": "ALLOYDB"}
"""Its page "Manage migration jobs" names no promotion of single databases, those of other guides do."""


@pytest.fixture(autouse=True)
def screen(env: Env) -> None:
    no_views(env)


def body_of(env: Env, job: str, method: str) -> JSON:
    """The body of the one REST call that changed the job."""
    body: JSON = only_call(env, job, method, "rest").get("body", {})
    return body


def affected(card: JSON) -> str:
    """The line of a confirmation that names the destination databases."""
    return next(line for line in plain(card).splitlines() if " database" in line and ": `" in line)


# ---- restart


def test_restart_of_some_wipes_only_those(env: Env) -> None:
    job = job_with(env, **FAILED)
    card = env.type(f"restart {job} --databases sales,billing")
    assert affected(card) == "2 databases: `sales`, `billing`"
    assert "wiped" in plain(card)
    assert "at least in the destination databases above." in plain(card)
    assert f"{job}-target" in plain(card)
    assert "legacy" not in plain(card)
    assert calls(env, job) == []
    confirm_typed(env, card, "confirm", job)
    done = env.shows_done(card, "restart")
    assert "Only these: `sales`, `billing`" in plain(done)
    assert body_of(env, job, "RestartMigrationJob") == {"objectsFilter": filter_of("sales", "billing")}
    assert sorted(destination(env, job)["wiped"]) == ["billing", "sales"]


def test_restart_of_what_failed_in_a_running_job(env: Env) -> None:
    job = job_with(env, databases=BROKEN)
    card = env.type(f"restart {job} --failed-only")
    assert affected(card) == "2 databases: `legacy`, `reports`"
    confirm_typed(env, card, "confirm", job)
    env.shows_done(card, "restart")
    assert body_of(env, job, "RestartMigrationJob") == {"restartFailedObjects": True}
    assert destination(env, job)["wiped"] == ["legacy", "reports"]
    assert states(env, job)["sales"] == "RUNNING"


def test_restart_of_a_whole_job_that_runs_with_errors(env: Env) -> None:
    """Source: "Migration job statuses" (PostgreSQL): Running with errors lists Restart, Running does not."""
    job = job_with(env, databases=BROKEN)
    card = env.type(f"restart {job}")
    assert affected(card) == "4 databases: `billing`, `legacy`, `reports`, `sales`"
    assert "may wipe its healthy databases, too" in plain(card)
    confirm_typed(env, card, "confirm", job)
    env.shows_done(card, "restart")
    only_call(env, job, "RestartMigrationJob", "grpc")
    # The reference of `restart`: the destination is reset to its original state.
    assert sorted(destination(env, job)["wiped"]) == ["billing", "legacy", "reports", "sales"]


def test_restart_of_the_whole_job_wipes_all(env: Env) -> None:
    job = job_with(env, **FAILED)
    card = env.type(f"restart {job}")
    assert affected(card) == "3 databases: `billing`, `legacy`, `sales`"
    confirm_typed(env, card, "confirm", job)
    env.shows_done(card, "restart")
    only_call(env, job, "RestartMigrationJob", "grpc")
    assert destination(env, job)["wiped"] == list(NAMES)


def test_the_checks_can_be_skipped_for_some(env: Env) -> None:
    job = job_with(env, **FAILED)
    card = env.type(f"restart {job} --databases sales --skip-validation")
    assert "checks are skipped" in plain(card)
    confirm_typed(env, card, "confirm", job)
    env.shows_done(card, "restart")
    body = body_of(env, job, "RestartMigrationJob")
    assert body == {"objectsFilter": filter_of("sales"), "skipValidation": True}


@pytest.mark.parametrize(
    ("values", "command", "words"),
    [
        (FAILED, "restart {} --databases sale", "did you mean `sales`"),
        (
            FAILED,
            "restart {} --databases sales,Biling,zzzzzzz",
            "`Biling` (did you mean `billing`?), `zzzzzzz`",
        ),
        (FAILED, "restart {} --databases sales --failed-only", "exclude each other"),
        (FAILED, "restart {} --stop-first --databases sales", "restarts the whole job"),
        ({"databases": BROKEN}, "restart {} --databases legacy,sales", "have not failed: `sales`"),
        (
            {"databases": BROKEN},
            "restart {} --databases sales,billing",
            "have not failed: `sales`, `billing`",
        ),
        ({}, "restart {} --failed-only", "none of its databases has failed"),
        ({"state": "STOPPED", "phase": "FULL_DUMP"}, "restart {} --failed-only", "None of the databases"),
        ({}, "restart {}", "a job that runs without errors cannot restart"),
        (
            {**FAILED, "databases": ["sales"], "source_databases": ["old"]},
            "restart {} --databases old",
            "does not migrate `old`",
        ),
        ({}, "promote {} --databases salse", "did you mean `sales`"),
        ({"phase": "FULL_DUMP"}, "promote {} --databases sales", "Only a job that has reached CDC"),
        ({"type": "ONE_TIME", "phase": "FULL_DUMP"}, "promote {} --databases sales", "nothing to promote"),
    ],
)
def test_refused_before_anything_is_sent(env: Env, values: dict[str, Any], command: str, words: str) -> None:
    job = job_with(env, **values)
    answer = env.type(command.format(job))
    assert words in plain(answer), plain(answer)
    assert not any(label.startswith("Confirm") for label in labels(answer))
    assert calls(env, job) == []
    assert destination(env, job)["wiped"] == []


def test_picking_what_to_restart_in_a_running_job(env: Env) -> None:
    job = job_with(env, databases=BROKEN)
    before = env.now()
    view = opened(env, f"restart {job} --pick", "Databases to restart", "Failed: `legacy`, `reports`")
    assert "(sales)" not in plain(view), "while it runs, healthy ones cannot restart"
    submitted(env, view, {RESTART_MENU: ["reports"]})
    card = card_after(env, before, "Confirm restart", job)
    assert affected(card) == "1 database: `reports`"
    assert env.slack.views("dana") == []
    confirm_typed(env, card, "confirm", job)
    env.shows_done(card, "restart")
    assert body_of(env, job, "RestartMigrationJob") == {"objectsFilter": filter_of("reports")}
    assert destination(env, job)["wiped"] == ["reports"]


def test_picking_starts_from_what_has_failed(env: Env) -> None:
    job = job_with(env, **FAILED, databases=BROKEN)
    before = env.now()
    view = opened(env, f"restart {job} --pick --skip-validation", "Databases to restart", "(sales)")
    submitted(env, view, {})
    card = card_after(env, before, "Confirm restart", job)
    assert "checks are skipped" in plain(card), "flags typed beside --pick count"
    wiped = {"billing", "legacy", "reports", "sales"}
    assert set(affected(card).partition(": ")[2].replace("`", "").split(", ")) == wiped


def test_picking_nothing(env: Env) -> None:
    job = job_with(env, databases=BROKEN)
    view = opened(env, f"restart {job} --pick", "Databases to restart")
    answer = env.slack.submit(view, {RESTART_MENU: []})
    assert not answer["submitted"]
    assert calls(env, job) == []


@pytest.mark.parametrize(
    ("values", "command", "words"),
    [
        ({"state": "NOT_STARTED"}, "restart {} --pick", "can restart"),
        ({}, "restart {} --pick", "none of its databases has failed"),
        ({"phase": "FULL_DUMP"}, "promote {} --pick", "can be promoted"),
        ({"phase": "CDC", **ALLOYDB}, "promote {} --pick", "the guides for AlloyDB do not mention promoting"),
        (FAILED, "restart {} --pick --databases sales", "leave out `--pick`, or the databases"),
        (FAILED, "restart {} --pick --stop-first", "nothing to pick"),
    ],
)
def test_nothing_to_pick_is_said_in_the_view(
    env: Env, values: dict[str, Any], command: str, words: str
) -> None:
    job = job_with(env, **values)
    opened(env, command.format(job), words)
    assert calls(env, job) == []


def test_an_answer_whose_view_was_closed_is_given_beside_it(env: Env) -> None:
    job = job_with(env, state="NOT_STARTED", phase=None)
    env.dms.fault("GetMigrationJob", "SLOW", delay_seconds=60, match=job)
    before = env.now()
    view = opened(env, f"restart {job} --pick", "Looking …")
    env.slack.close_view(view)
    env.dms.clear_faults()
    card_after(env, before, "can restart", job)


def test_hundreds_to_pick_from(env: Env) -> None:
    names = [f"tenant_{number:03d}" for number in range(300)]
    job = job_with(env, **FAILED, databases=[{"name": name, "state": "FAILED"} for name in names])
    before = env.now()
    card = env.type(f"restart {job} --databases {','.join(names[:30])}")
    assert "and *10 more*" in affected(card)
    env.press(card, "Show all names")
    everything = plain(env.slack.wait_view(contains=["All jobs and databases", "`tenant_029`"]))
    assert all(f"`{name}`" in everything for name in names[:30])
    assert "`tenant_030`" not in everything
    no_views(env)
    view = opened(env, f"restart {job} --pick", "Databases to restart")
    menu = "dms:restart:suggest"
    found = env.slack.suggest(view, menu, "tenant_123")[0]
    more: JSON = {f"{menu}:{number}": [] for number in range(2, 5) if f"{menu}:{number}" in str(view)}
    submitted(env, view, {menu: [found["value"]], **more})
    card = card_after(env, before, "1 database: `tenant_123`", job)
    confirm_typed(env, card, "confirm", job)
    env.shows_done(card, "restart")
    assert body_of(env, job, "RestartMigrationJob") == {"objectsFilter": filter_of("tenant_123")}
    assert destination(env, job)["wiped"] == ["tenant_123"]


# ---- promote


def test_promote_of_some_cuts_only_those(env: Env) -> None:
    job = job_with(env)
    card = env.type(f"promote {job} --databases sales")
    assert affected(card) == "1 database: `sales`"
    assert "cannot be undone" in plain(card)
    assert "Not promoted and still in the job: 2 databases: `billing`, `legacy`." in plain(card)
    env.confirm(card, "confirm")
    done = env.shows_done(card, "promote", "Only these: `sales`")
    assert "Point the applications of these databases at the destination" in plain(done)
    assert body_of(env, job, "PromoteMigrationJob") == {"objectsFilter": filter_of("sales")}
    there = destination(env, job)
    assert {name for name, content in there["databases"].items() if content == "PROMOTED"} == {"sales"}
    assert there["wiped"] == []
    assert env.dms.job(job)["state"] == "RUNNING"


def test_promote_of_the_last_ones_completes_the_job(env: Env) -> None:
    promoted = {"name": "billing", "state": "COMPLETED", "phase": "PROMOTED"}
    job = job_with(env, databases=["sales", promoted], **CLOUD_SQL)
    before = env.now()
    view = opened(env, f"promote {job} --pick", "Databases to promote", "cannot be undone")
    assert "(billing)" not in plain(view), "it has been promoted"
    submitted(env, view, {PROMOTE_MENU: ["sales"]})
    card = card_after(env, before, "Confirm promote", "1 database: `sales`", job)
    assert "No other database of the job is left to promote." in plain(card)
    assert calls(env, job) == []
    env.confirm(card, "confirm")
    env.shows_done(card, "promote")
    assert body_of(env, job, "PromoteMigrationJob") == {"objectsFilter": filter_of("sales")}
    assert env.dms.job(job)["state"] == "COMPLETED"
    assert destination(env, job)["role"] == "PRIMARY"


def test_only_replicating_databases_are_offered_for_promotion(env: Env) -> None:
    job = job_with(
        env,
        databases=[
            "sales",
            {"name": "late", "state": "RUNNING", "phase": "FULL_DUMP"},
            {"name": "broken", "state": "FAILED", "phase": "CDC"},
            {"name": "ready", "state": "RUNNING", "phase": "READY_FOR_PROMOTE"},
        ],
        **CLOUD_SQL,
    )
    view = opened(env, f"promote {job} --pick", "Databases to promote")
    text = plain(view)
    assert "(sales)" in text
    assert "(ready)" in text
    assert "(late)" not in text
    assert "(broken)" not in text


PARTLY: list[JSON | str] = [
    "sales",
    "billing",
    {"name": "late", "state": "RUNNING", "phase": "FULL_DUMP"},
    {"name": "broken", "state": "FAILED", "phase": "CDC"},
    {"name": "old", "state": "COMPLETED", "phase": "PROMOTED"},
]


def test_databases_that_cannot_be_promoted_are_named_with_why(env: Env) -> None:
    job = job_with(env, databases=PARTLY, **CLOUD_SQL)
    answer = plain(env.type(f"promote {job} --databases sales,late,broken,old"))
    for why in ("`late` (still in its full dump)", "`broken` (it has failed)", "`old` (promoted already)"):
        assert why in answer
    assert "Nothing was sent." in answer
    assert f"`/dms promote {job} --databases sales` promotes the others that you named." in answer
    one = plain(env.type(f"promote {job} --databases late"))
    assert f"`late` of `{job}` cannot be promoted now (still in its full dump)." in one
    assert f"`/dms promote {job} --pick`" in one
    assert calls(env, job) == []
    card = env.type(f"promote {job} --databases sales")
    assert "still in the job: 3 databases: `billing`, `broken`, `late`." in plain(card)


def test_what_was_promoted_before_is_not_named_again(env: Env) -> None:
    job = job_with(
        env, databases=["sales", "billing", {"name": "old", "state": "COMPLETED", "phase": "PROMOTED"}]
    )
    card = env.type(f"promote {job}")
    assert affected(card) == "2 databases: `billing`, `sales`"
    env.confirm(card, "confirm")
    env.shows_done(card, "promote")


def test_what_the_service_says_no_to_is_told(env: Env) -> None:
    job = job_with(env, databases=["sales", "late"])
    card = env.type(f"promote {job} --databases late")
    env.dms.fault("PromoteMigrationJob", "FAILED_PRECONDITION", match=job, message="late is not replicating")
    env.confirm(card, "confirm")
    env.shows(card, "🚫", "refused, nothing was changed", "not replicating")
    assert destination(env, job)["databases"].get("late") != "PROMOTED"


def test_some_databases_on_alloydb_are_promoted_if_they_are_typed(env: Env) -> None:
    job = job_with(env, **ALLOYDB)
    card = env.type(f"promote {job} --databases sales")
    assert "the guides for AlloyDB do not mention promoting only some of a job's databases" in plain(card)
    assert "The service decides" in plain(card)
    assert calls(env, job) == []
    env.confirm(card, "confirm")
    env.shows_done(card, "promote", "Only these: `sales`")
    assert body_of(env, job, "PromoteMigrationJob") == {"objectsFilter": filter_of("sales")}


@pytest.mark.parametrize(("values", "offered"), [(CLOUD_SQL, True), (ALLOYDB, False)])
def test_a_promotion_of_some_is_offered_where_a_page_names_it(
    env: Env, values: dict[str, str], offered: bool
) -> None:
    job = job_with(env, **values)
    shown = labels(env.type(f"databases {job}"))
    assert "Edit…" in shown
    assert ("Promote some…" in shown) is offered
