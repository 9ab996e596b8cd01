"""`/dms demote` and `/dms promote --failback` through the whole chain."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.slack import plain
from tests.e2e.database_helpers import destination, no_views
from tests.e2e.env import Env
from tests.e2e.helpers import ended, events, request_of

EXISTING: dict[str, Any] = {"state": "NOT_STARTED", "existing_destination": True, "databases": ["sales"]}
MYSQL: dict[str, Any] = {"source_engine": "MYSQL", "destination_engine": "MYSQL"}
CLOUD_SQL: dict[str, Any] = {"destination_provider": "CLOUDSQL"}
DAG: dict[str, Any] = {
    "source_engine": "SQLSERVER",
    "destination_engine": "SQLSERVER",
    "fields": {"sqlserverHomogeneousMigrationJobConfig": {"dagConfig": {"sourceAg": "ag1"}}},
    **CLOUD_SQL,
}


@pytest.fixture(autouse=True)
def screen(env: Env) -> None:
    no_views(env)


def body_of(env: Env, verb: str, job: str) -> Any:
    """The body of the one call."""
    (call,) = env.writes(verb, job)
    return call["request"].get("body") or {}


@pytest.mark.parametrize(
    ("engines", "words"),
    [
        ({}, ("It still takes writes", "A quick-start migration needs no demotion")),
        (CLOUD_SQL, ("It still takes writes", "A quick-start migration needs no demotion")),
        (MYSQL | CLOUD_SQL, ("It is read-only until it is promoted",)),
    ],
    ids=["PostgreSQL to AlloyDB", "PostgreSQL to Cloud SQL", "MySQL"],
)
def test_an_existing_destination_is_demoted_and_the_job_starts(
    env: Env, engines: dict[str, Any], words: tuple[str, ...]
) -> None:
    job = env.add_job("demote", **EXISTING, **engines)
    card = env.type(f"demote {job}")
    shown = env.shows(card, "becomes a read replica of the source", "may be lost", *words, step="confirm")
    assert "1 database: `sales`" in plain(shown)
    assert env.writes("demote", job) == []
    env.confirm(card, typed=job)
    env.shows_done(card, "demote", "the job can start")
    assert ended(env, job) == ["succeeded"]
    assert body_of(env, "demote", job) == {}
    assert (destination(env, job)["role"], destination(env, job)["demoted"]) == ("REPLICA", True)
    assert events(env, job) == ["requested", "confirmed", "calling", "accepted", "succeeded"]
    env.shows_done(env.type(f"start {job}"), "start")


def test_the_service_decides_in_a_state_of_which_no_page_speaks(env: Env) -> None:
    job = env.add_job("demote", state="RUNNING", phase="CDC", databases=["sales"])
    card = env.shows(env.type(f"demote {job}"), "The service decides", step="confirm")
    env.confirm(card, typed=job)
    env.shows(card, "🔴", "not allowed in state RUNNING")
    assert len(env.writes("demote", job)) == 1


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"state": "COMPLETED", "phase": None}, "an independent database now"),
        (
            {"state": "NOT_STARTED", "source_engine": "ORACLE", **CLOUD_SQL},
            "migrates between other engines",
        ),
        ({"state": "STARTING", "phase": None}, "wait until that has ended"),
    ],
)
def test_what_pages_rule_out_is_not_sent(env: Env, values: dict[str, Any], why: str) -> None:
    job = env.add_job("demote", **values)
    assert why in plain(env.type(f"demote {job}"))
    assert env.writes("demote", job) == []


def test_a_lost_answer_is_found_and_nothing_is_sent_twice(env: Env) -> None:
    job = env.add_job("demote", **EXISTING)
    env.dms.fault("DemoteDestination", "UNAVAILABLE", after_apply=True, match=job)
    card = env.shows(env.type(f"demote {job}"), step="confirm")
    env.confirm(card, typed=job)
    env.shows_done(card, "demote")
    assert len(env.writes("demote", job)) == 1


def test_a_job_is_promoted_back_to_its_source(env: Env) -> None:
    """REST `PromoteMigrationJobRequest.failback`: only in the phase PHASE_FAILBACK."""
    job = env.add_job("failback", phase="PHASE_FAILBACK", databases=["sales"], **DAG)
    card = env.type(f"promote {job} --failback")
    shown = env.shows(
        card,
        f"Promote {job} back to its source?",
        "The *source* becomes primary again",
        "stop the writes to the destination first",
        "1 database: `sales`",
        step="confirm",
    )
    assert "recheck" not in str(shown)
    assert "Replication delay" not in plain(shown)
    env.confirm(card, typed=job)
    env.shows_done(card, "promote", "point the applications at the source again")
    assert body_of(env, "promote", job) == {"failback": True}
    assert request_of(env, job).options.failback
    assert env.dms.job(job)["state"] == "COMPLETED"
    assert destination(env, job)["role"] == "REPLICA"


@pytest.mark.parametrize("phase", ["CDC", "FULL_DUMP", "READY_FOR_PROMOTE"])
def test_no_failback_in_another_phase(env: Env, phase: str) -> None:
    job = env.add_job("failback", phase=phase, **DAG)
    assert "Only a job in the phase PHASE_FAILBACK" in plain(env.type(f"promote {job} --failback"))
    assert env.writes("promote", job) == []


def test_a_failback_is_one_of_the_whole_job(env: Env) -> None:
    job = env.add_job("failback", phase="PHASE_FAILBACK", databases=["sales"], **DAG)
    answer = env.type(f"promote {job} --failback --databases sales")
    assert "promotes the whole job back to its source" in plain(answer)
    assert env.writes("promote", job) == []
