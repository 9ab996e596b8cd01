"""`/dms databases`: what people see of a job's databases, and what that costs."""

from __future__ import annotations

import re

import pytest

from sandbox.slack import plain
from tests.e2e.database_helpers import calls, labels
from tests.e2e.env import JSON, Env, unique_id

HALF = {"phase": "FULL_DUMP", "frozen": True, "in_phase_for": 18_900.0}
"""A dump of 36,000 seconds is a little more than half done; the newest figure may be a minute old."""


def dumping(env: Env) -> str:
    """A job whose dump goes on: one database through, one half done, one failed, one not taken."""
    job = unique_id("dump")
    env.dms.add_job(
        job,
        databases=[
            {"name": "orders", "dump_seconds": 36_000.0},
            {"name": "archive", "state": "RUNNING", "phase": "CDC"},
            {
                "name": "search",
                "state": "FAILED",
                "phase": "FULL_DUMP",
                "error": {"code": "INTERNAL", "message": 'extension "zhparser" is <not> available'},
            },
        ],
        source_databases=["scratch"],
        **HALF,
    )
    return job


def line_of(message: JSON, database: str) -> str:
    return next(line for line in plain(message).splitlines() if f"`{database}`" in line)


def listed(message: JSON) -> list[str]:
    """The databases on the page."""
    return re.findall(r"^\S+ `([^`]+)` [A-Z_]+", plain(message), flags=re.MULTILINE)


def looks(env: Env, job: str, method: str) -> int:
    return len(env.dms.calls(method, about=job))


def test_state_phase_error_and_progress(env: Env) -> None:
    job = dumping(env)
    page = env.type(f"databases {job}")
    text = plain(page)
    assert f"4 databases of {job}" in text
    assert "1 failed" in text
    assert "1 not selected" in text
    assert "1 of 3 databases done" in text
    assert listed(page) == ["search", "archive", "orders", "scratch"], "what failed comes first"
    assert re.search(r"Running · full dump · ▰▰▰▰▰▱▱▱▱▱ 5\d%", line_of(page, "orders"))
    assert line_of(page, "archive").endswith("Running · CDC")
    assert line_of(page, "search").endswith("Failed · full dump")
    assert 'extension "zhparser" is &lt;not&gt; available' in text
    assert line_of(page, "scratch").endswith("Not selected")
    assert calls(env, job) == []


def test_without_monitoring_all_but_the_progress_is_there(env: Env) -> None:
    job = dumping(env)
    env.dms.monitoring(False)
    try:
        page = env.type(f"databases {job}")
    finally:
        env.dms.monitoring(True)
    assert "The progress of the dumps is not known" in plain(page)
    assert "%" not in line_of(page, "orders")
    assert listed(page) == ["search", "archive", "orders", "scratch"]


def test_monitoring_is_not_asked_where_no_dump_goes_on(env: Env) -> None:
    job = env.add_job("cdc", phase="CDC", databases=["sales"])
    page = env.type(f"databases {job}")
    assert listed(page) == ["sales"]
    assert "through" not in plain(page)
    # The watcher reads the delay of a job that replicates.
    asked = [call["request"]["filter"] for call in env.dms.calls("ListTimeSeries", about=job)]
    assert [each for each in asked if "fulldump" in each] == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ("state=failed", ["search"]),
        ("state=FAILED", ["search"]),
        ("state=failed,not-selected", ["search", "scratch"]),
        ("phase=full_dump", ["search", "orders"]),
        ("phase=cdc state=running", ["archive"]),
        ("ar", ["search", "archive"]),
        ("AR state=failed", ["search"]),
        ("state=stopped", []),
        ("nowhere", []),
    ],
)
def test_filters(env: Env, filters: str, found: list[str]) -> None:
    page = env.type(f"databases {dumping(env)} {filters}")
    assert listed(page) == found
    assert "Filter: `" in plain(page)
    if not found:
        assert "No database matches" in plain(page)


@pytest.mark.parametrize(
    ("filters", "hint"), [("state=fialed", "`state=failed`"), ("phase=fulldump", "`phase=full_dump`")]
)
def test_unknown_states_and_phases_are_told(env: Env, filters: str, hint: str) -> None:
    answer = env.type(f"databases {dumping(env)} {filters}")
    assert f"Did you mean {hint}?" in plain(answer)


def test_a_thousand_databases_in_pages(env: Env) -> None:
    job = unique_id("big")
    names = [f"tenant_{number:04d}" for number in range(1000)]
    failed = {"name": "tenant_0777", "state": "FAILED", "phase": "CDC"}
    env.dms.add_job(
        job,
        phase="CDC",
        frozen=True,
        databases=[failed if each == failed["name"] else each for each in names],
    )
    page = env.type(f"databases {job}")
    assert f"1,000 databases of {job}" in plain(page)
    assert "Page 1 of 40" in plain(page)
    assert listed(page) == ["tenant_0777", *names[:24]]
    assert "‹ Previous" not in labels(page)
    env.press(page, "Next ›")
    second = env.shows(page, "Page 2 of 40")
    assert listed(second) == names[24:49]
    env.press(second, "‹ Previous")
    assert listed(env.shows(page, "Page 1 of 40"))[0] == "tenant_0777"
    last = env.type(f"databases {job} --page 40")
    assert listed(last) == names[-25:]
    assert "Next ›" not in labels(last)
    some = env.type(f"databases {job} tenant_09 --page 4")
    assert "Page 4 of 4" in plain(some)
    assert "100 matches" in plain(some)
    assert listed(some) == names[975:]


def test_each_look_costs_one_request_a_thousand(env: Env) -> None:
    # Stopped, as the watcher reads the databases of running jobs now and then.
    names = [f"d{number:04d}" for number in range(1500)]
    job = env.add_job("many", state="STOPPED", phase="CDC", databases=names)
    page = env.type(f"databases {job}")
    assert f"1,500 databases of {job}" in plain(page)
    assert looks(env, job, "ListMigrationJobObjects") == 2
    env.press(page, "Next ›")
    env.shows(page, "Page 2 of 60")
    assert looks(env, job, "ListMigrationJobObjects") == 4


def test_a_turn_keeps_the_filter(env: Env) -> None:
    job = env.add_job(
        "turn",
        phase="CDC",
        databases=[{"name": f"d{n:02d}", "state": "FAILED" if n % 2 else "RUNNING"} for n in range(80)],
    )
    page = env.type(f"databases {job} state=failed")
    assert "40 matches" in plain(page)
    env.press(page, "Next ›")
    second = env.shows(page, "Page 2 of 2", "Filter: `state=failed`")
    assert listed(second) == [f"d{n:02d}" for n in range(51, 80, 2)]


def test_refresh_shows_what_is_true_now(env: Env) -> None:
    job = env.add_job("fresh", phase="CDC", databases=["sales"])
    page = env.type(f"databases {job}")
    env.dms.set_database(job, "sales", state="FAILED", error={"code": "INTERNAL", "message": "disk full"})
    env.press(page, "Refresh")
    env.shows(page, "disk full", "1 failed")


def test_buttons_lead_to_edit_and_to_the_choice_of_databases(env: Env) -> None:
    job = dumping(env)
    page = env.type(f"databases {job}")
    env.press(page, "Edit…")
    view = env.slack.wait_view(contains=[f"Edit {job}", "Dump parallelism"])
    env.slack.close_view(view)
    env.press(page, "Restart some…")
    view = env.slack.wait_view(contains=["Databases to restart", "search"])
    assert "(orders)" not in plain(view), "only failed databases of a running job can restart"
    env.slack.close_view(view)
    assert "Promote some…" not in labels(page)


def test_a_job_that_has_no_databases_yet(env: Env) -> None:
    job = unique_id("none")
    env.dms.add_job(job, state="NOT_STARTED", databases=[])
    assert "lists no databases for this job yet" in plain(env.type(f"databases {job}"))


@pytest.mark.parametrize(
    ("phase", "words"), [("READY_FOR_PROMOTE", "ready for promote"), ("PHASE_FAILBACK", "failback")]
)
def test_phases_that_the_client_does_not_know_have_names(env: Env, phase: str, words: str) -> None:
    job = env.add_job("newer", phase=phase, databases=["sales"])
    for command in (f"show {job}", f"list {job}", f"databases {job}"):
        text = plain(env.type(command))
        assert f"Running · {words}" in text.replace("*", ""), text
        assert "PHASE_7" not in text
    short = phase.removeprefix("PHASE_").lower()
    assert f"*{job}* · Running" in plain(env.type(f"list {job} phase={short}"))


def test_objects_in_newer_phases_are_shown_by_name(env: Env) -> None:
    job = env.add_job(
        "backup",
        phase="CDC",
        databases=[
            {"name": "one", "state": "RUNNING", "phase": "DIFF_BACKUP"},
            {"name": "two", "state": "RUNNING", "phase": "READY_FOR_PROMOTE"},
            {"name": "three", "state": "REMOVING", "phase": "CDC"},
        ],
    )
    page = env.type(f"databases {job}")
    assert line_of(page, "one").endswith("differential backup")
    assert line_of(page, "two").endswith("ready for promote")
    assert "Removing" in line_of(page, "three")
