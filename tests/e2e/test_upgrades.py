"""What was under way in an older version goes on in this one, from the database as that version leaves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.slack.seed import APPROVAL_CHANNEL
from tests.e2e.database_helpers import calls, confirm_typed, job_with, slow
from tests.e2e.env import Env, unique_id
from tests.e2e.helpers import (
    ALEX,
    RILEY,
    asks,
    open_servers,
    policy,
    request_of,
    runs_of,
    started,
)
from tests.store.raw import Raw
from tests.waiting import until

LONG_S = 10_000.0
CHANNEL = f"""
default_role = "viewer"
approval_channel = "{APPROVAL_CHANNEL}"
[roles]
operator = ["@dba-team"]
approver = ["{APPROVAL_CHANNEL}"]
[[rule]]
name = "two"
verbs = ["delete"]
approvals = 2
"""
"""Whoever presses in the channel for approvals may approve."""


def older(folder: Path, *changes: str) -> None:
    """Have the database as before the third migration, which gave these columns."""
    with Raw(str(folder / "bot.db")) as raw:
        for sql in changes:
            assert raw.execute(f"{sql} RETURNING 1")


def one_of_two(env: Env, job: str) -> None:
    env.dms.add_job(job, phase="CDC", frozen=True)
    card = env.type(f"delete {job}")
    env.press(card, "Delete job only")
    ask = asks(env, job)
    env.press(ask, "Approve", "alex")
    env.shows(ask, "1 of 2", ALEX)


def test_an_approval_that_an_older_version_counted_still_counts(tmp_path: Path) -> None:
    job, rules = unique_id("upgraded"), policy(tmp_path, CHANNEL)
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path, policy_file=rules) as env:
            one_of_two(env, job)
        older(tmp_path, "UPDATE decisions SET channel = NULL")
        with started(slack, dms, tmp_path, policy_file=rules) as env:
            ask = asks(env, job)
            env.press(ask, "Approve", "riley")
            env.shows(ask, "✅ *Deleted*", ALEX, RILEY)
            assert len(env.writes("delete", job)) == 1
        assert slack.control.violations() == []


def test_an_approval_counts_where_it_was_made(tmp_path: Path) -> None:
    """As the decision says, without the audit: in another channel, the same person may not approve."""
    job, rules = unique_id("elsewhere"), policy(tmp_path, CHANNEL)
    with open_servers() as (slack, dms), started(slack, dms, tmp_path, policy_file=rules) as env:
        one_of_two(env, job)
        (decision,) = env.bot.store.decisions(request_of(env, job).id)
        assert decision.channel == APPROVAL_CHANNEL
        older(tmp_path, "UPDATE decisions SET channel = 'C0DMS00001'")
        ask = asks(env, job)
        env.press(ask, "Approve", "riley")
        env.shows(ask, f"1 of 2 approvals*, by <@{RILEY}>")
        assert env.writes("delete", job) == []


@pytest.mark.parametrize("stored", ["NULL", "0"])
def test_a_restart_that_an_older_version_had_sent_after_its_stop_is_followed_to_its_end(
    tmp_path: Path, stored: str
) -> None:
    """0: this version sent the stop, and a replica of an older one followed it and sent the restart."""
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path) as env:
            job = job_with(env, phase="FULL_DUMP", frozen=False, databases=slow("sales"))
            card = env.type(f"restart {job} --stop-first")
            env.dms.operation_seconds(LONG_S)
            confirm_typed(env, card, "Confirm restart…", job)
            env.shows(card, "stopping it first")
            env.dms.clock(advance_seconds=LONG_S)
            until(lambda: env.writes("restart", job))
            until(lambda: [str(run.state) for run in runs_of(env, job)] == ["following"])
            assert [run.stopped_job for run in runs_of(env, job)] == [True]
        older(tmp_path, f"UPDATE runs SET stopped_job = {stored}")
        with started(slack, dms, tmp_path) as env:
            env.dms.clock(advance_seconds=LONG_S)
            env.shows(card, "✅ *Restarted*")
            made = [each["method"] for each in calls(env, job)]
            assert made == ["StopMigrationJob", "RestartMigrationJob"]
        assert slack.control.violations() == []
