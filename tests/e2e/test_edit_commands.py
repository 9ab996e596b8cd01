"""`/dms edit` from the command line: what is sent, what is refused, and in which states."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.slack import plain
from tests.e2e.database_helpers import (
    NAMES,
    all_but,
    calls,
    config_of,
    filter_of,
    job_with,
    labels,
    only_call,
    opened,
    patched,
)
from tests.e2e.env import JSON, Env

ALL: dict[str, Any] = {"databases": list(NAMES)}
SOME: dict[str, Any] = {"databases": ["billing", "sales"], "source_databases": ["legacy", "old"]}
MYSQL: dict[str, Any] = {"source_engine": "MYSQL", "destination_engine": "MYSQL"}
ORACLE: dict[str, Any] = {"source_engine": "ORACLE", "destination_provider": "CLOUDSQL"}
BUT: dict[str, Any] = {"databases": ["billing", "sales"], "excluded": ["legacy"]}


@pytest.mark.parametrize(
    ("now", "flags", "body"),
    [
        (ALL, "--only sales,billing", filter_of("billing", "sales")),
        (SOME, "--add legacy --remove sales", filter_of("billing", "legacy")),
        (SOME, "--all --exclude old", all_but("old")),
        (BUT, "--all", all_but()),
    ],
)
def test_what_is_sent(env: Env, now: dict[str, Any], flags: str, body: JSON) -> None:
    job = job_with(env, **now)
    card = env.type(f"edit {job} {flags}")
    assert calls(env, job) == []
    env.confirm(card, "confirm")
    env.shows_as(card, "done", "Saved")
    assert patched(env, job) == ("objectsConfig", {"objectsConfig": body})
    assert config_of(env, job) == body


def test_what_changes_is_shown_before_it_is_saved(env: Env) -> None:
    job = job_with(env, **SOME)
    text = plain(env.type(f"edit {job} --add legacy --remove sales"))
    assert "➕ *Added*: 1 database: `legacy`" in text
    assert "➖ *Removed*: 1 database: `sales`" in text
    assert "*Kept*: 1 database: `billing`" in text
    assert "No restart is needed" in text
    assert "their data stays on the destination" in text


@pytest.mark.parametrize(
    ("state", "says"),
    [
        # "Manage migration jobs" (PostgreSQL): in any state; of none but RUNNING, it says when.
        ("NOT_STARTED", "Added databases are part of the full dump, which a start begins."),
        ("STOPPED", "is stopped · CDC: DMS does not document when databases that are added now begin"),
    ],
)
def test_when_added_databases_begin_is_not_invented(env: Env, state: str, says: str) -> None:
    job = job_with(env, **SOME)
    env.dms.set_job(job, state=state)
    text = plain(env.type(f"edit {job} --add legacy"))
    assert says in text
    assert "No restart is needed" not in text


@pytest.mark.parametrize(
    ("now", "flags", "words"),
    [
        (ALL, "--remove sale", "did you mean `sales`"),
        (ALL, "--add Biling", "did you mean `billing`"),
        (ALL, "--only sales,zzzzzzzz", "`zzzzzzzz`"),
        (ALL, "--all --exclude lagacy", "did you mean `legacy`"),
        (ALL, "--remove billing,legacy,sales", "would leave none"),
        (ALL, "--all --exclude billing,legacy,sales", "would leave none"),
        (SOME, "--remove billing,sales", "would leave none"),
        (ALL, "--all", "Nothing to save"),
        (ALL, "--add sales", "Nothing to save"),
        (SOME, "--only sales,billing", "Nothing to save"),
        (SOME, "--remove legacy", "Nothing to save"),
        (BUT, "--all --exclude legacy", "Nothing to save"),
        (ALL, "--all --only sales", "Use `--all` or `--only`, not both"),
        (ALL, "--only sales --exclude legacy", "Use `--exclude` or `--only`, not both"),
        (ALL, "--add sales --remove sales", "both added and removed"),
        (SOME, "--exclude sales", "nothing to exclude"),
        (ALL, "--parallel huge", "min"),
    ],
)
def test_refused_before_anything_is_sent(env: Env, now: dict[str, Any], flags: str, words: str) -> None:
    job = job_with(env, **now)
    before = config_of(env, job)
    answer = env.type(f"edit {job} {flags}")
    assert words in plain(answer), plain(answer)
    assert "Confirm edit" not in labels(answer)
    assert calls(env, job) == []
    assert config_of(env, job) == before


def test_a_new_database_is_known_by_name_without_the_view(env: Env) -> None:
    job = job_with(env, databases=["sales"], source_databases=["billing"])
    env.dms.set_job(job, source_databases=["sales", "billing", "brand_new"])
    card = env.type(f"edit {job} --add brand_new")
    env.confirm(card, "confirm")
    env.shows_as(card, "done", "Saved")
    assert patched(env, job) == ("objectsConfig", {"objectsConfig": filter_of("brand_new", "sales")})


@pytest.mark.parametrize(
    ("state", "phase"),
    [
        ("NOT_STARTED", None),
        ("STARTING", None),
        ("STOPPING", "CDC"),
        ("RUNNING", "PHASE_FAILBACK"),
        ("FAILED", "CDC"),
        ("COMPLETED", None),
    ],
)
def test_databases_are_edited_in_any_state(env: Env, state: str, phase: str | None) -> None:
    job = job_with(env, state=state, phase=phase)
    card = env.type(f"edit {job} --remove legacy")
    env.confirm(card, "confirm")
    env.shows_as(card, "done", "Saved")
    assert patched(env, job) == ("objectsConfig", {"objectsConfig": all_but("legacy")})


def test_databases_of_a_running_mysql_job_are_not_edited(env: Env) -> None:
    """Source: "Manage migration jobs" (MySQL)."""
    job = job_with(env, phase="CDC", **MYSQL)
    why = "can be changed only in NOT_STARTED, STOPPED or FAILED"
    assert why in plain(env.type(f"edit {job} --remove legacy"))
    opened(env, f"edit {job}", why, job)
    assert calls(env, job) == []


def test_databases_of_a_stopped_mysql_job_are_edited(env: Env) -> None:
    job = job_with(env, state="STOPPED", phase="CDC", **MYSQL)
    card = env.type(f"edit {job} --remove legacy")
    assert "their data stays on the destination" in plain(card)
    env.confirm(card, "confirm")
    assert "without a restart" not in plain(env.shows_as(card, "done", "Saved")), "said of PostgreSQL alone"
    assert patched(env, job) == ("objectsConfig", {"objectsConfig": all_but("legacy")})


def fetched(env: Env, job: str) -> bool:
    """Whether the service was asked to read the databases of the job's source again."""
    return bool(env.dms.calls("FetchSourceObjects", about=job))


def test_the_source_is_read_again_for_postgresql_alone(env: Env) -> None:
    """Source: REST `migrationJobs.fetchSourceObjects`. Of other engines, names count as they are typed."""
    postgresql, oracle = job_with(env, **ALL), job_with(env, **ALL, **ORACLE)
    opened(env, f"edit {postgresql}", f"Edit {postgresql}", "(sales)")
    assert fetched(env, postgresql)
    opened(env, f"edit {oracle}", f"Edit {oracle}", "reads the list of databases again only from PostgreSQL")
    card = env.type(f"edit {oracle} --exclude brand_new")
    assert "check the spelling" in plain(card)
    assert "The service decides" in plain(card)
    assert "has no database" in plain(env.type(f"edit {oracle} --remove brand_new"))
    env.confirm(card, "confirm")
    env.shows(card, "refused, nothing was changed", "brand_new")
    assert patched(env, oracle) == ("objectsConfig", {"objectsConfig": all_but("brand_new")})
    assert not fetched(env, oracle)


@pytest.mark.parametrize(("state", "phase"), [("NOT_STARTED", None), ("STOPPING", "CDC"), ("STOPPED", "CDC")])
def test_of_parallelism_the_service_decides_unless_a_postgresql_job_runs(
    env: Env, state: str, phase: str | None
) -> None:
    job = job_with(env, state=state, phase=phase)
    card = env.type(f"edit {job} --parallel max")
    assert "The service decides" in plain(card)
    assert "only for a running job" in plain(card)
    assert calls(env, job) == []
    env.confirm(card, "confirm")
    env.shows(card, "🚫", "refused, nothing was changed", "set dump parallelism of")
    only_call(env, job, "UpdateMigrationJob", "grpc")
