"""A policy that has become stricter between a request and its run: that of the moment counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.slack import plain
from tests.e2e.env import Env, unique_id
from tests.e2e.helpers import (
    ALEX,
    DANA,
    ROLES,
    SAM,
    asks,
    audit_events,
    ended,
    events,
    freeze_all,
    moment,
    open_servers,
    policy,
    private,
    runs_of,
    started,
)
from tests.waiting import until

EITHER = (
    ROLES
    + '[[rule]]\nverbs = ["delete"]\napprovals = 2\napprovers = ["approver", "operator", "U0RILEY001"]\n'
)
NOT_SAM = ROLES + '[[rule]]\nverbs = ["delete"]\napprovals = 2\napprovers = ["approver", "U0RILEY001"]\n'
NOBODY_STOPS = ROLES + '[[rule]]\nverbs = ["stop"]\nallow = ["@leads"]\n'
STOPS_ARE_APPROVED = ROLES + '[[rule]]\nverbs = ["stop"]\napprovals = 1\n'


def add(env: Env, job: str) -> None:
    env.dms.add_job(job, phase="CDC", frozen=True)


def test_approvals_are_asked_for_by_the_policy_of_the_confirmation(tmp_path: Path) -> None:
    job = unique_id("later")
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path) as env:
            add(env, job)
            card = env.type(f"delete {job}")
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path)) as env:
            env.press(card, "confirm")
            env.shows_as(card, "approving", "0 of 1")
            ask = asks(env, job)
            assert env.writes("delete", job) == []
            env.press(ask, "approve", "alex")
            env.shows_done(card, "delete", ALEX)
            assert len(env.writes("delete", job)) == 1
        assert slack.control.violations() == []


def test_who_may_no_longer_do_it_cannot_confirm_it(tmp_path: Path) -> None:
    job = unique_id("lost")
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path) as env:
            add(env, job)
            card = env.type(f"delete {job}", user="riley")
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path)) as env:
            before = moment(env)
            env.press(card, "confirm", "riley")
            private(env, "riley", "You may not use `delete`", "your role is viewer", after=before)
            assert "[Delete job only]" in plain(env.shows(card, job))
            assert env.writes("delete", job) == []
            assert events(env, job) == ["requested"]


def test_an_approval_counts_only_while_its_giver_may_give_it(tmp_path: Path) -> None:
    job = unique_id("void")
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, EITHER)) as env:
            add(env, job)
            card = env.type(f"delete {job}")
            env.press(card, "confirm")
            ask = asks(env, job)
            env.press(ask, "approve", "sam")
            env.shows(ask, "1 of 2", SAM)
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, NOT_SAM)) as env:
            env.press(ask, "approve", "alex")
            env.shows(ask, f"1 of 2 approvals*, by <@{ALEX}>")
            assert env.writes("delete", job) == []
            env.press(ask, "approve", "riley")
            done = env.shows_done(card, "delete", f"Approved by <@{ALEX}>, <@U0RILEY001>")
            assert SAM not in plain(done)
            assert len(env.writes("delete", job)) == 1
            assert [user for event, user in audit_events(env, job) if event == "approved"] == [
                SAM,
                ALEX,
                "U0RILEY001",
            ]


def test_who_may_approve_again_presses_again(tmp_path: Path) -> None:
    """A right that was away for a while: the approval from before counts once it is given again."""
    job = unique_id("back")
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, EITHER)) as env:
            add(env, job)
            card = env.type(f"delete {job}")
            env.press(card, "confirm")
            ask = asks(env, job)
            env.press(ask, "approve", "sam")
            env.shows(ask, "1 of 2", SAM)
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, NOT_SAM)) as env:
            env.press(ask, "approve", "alex")
            env.shows(ask, f"1 of 2 approvals*, by <@{ALEX}>")
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, EITHER)) as env:
            assert "[Review]" in plain(env.type("approvals", user="sam"))
            env.home("sam", job, "[Review]")
            env.press(ask, "approve", "sam")
            env.shows_done(card, "delete", SAM, ALEX)
            assert len(env.writes("delete", job)) == 1


def test_what_nobody_may_ask_for_any_more_is_not_approved(tmp_path: Path) -> None:
    job = unique_id("asker")
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, STOPS_ARE_APPROVED)) as env:
            add(env, job)
            card = env.type(f"stop {job}")
            env.press(card, "confirm")
            ask = asks(env, job)
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, NOBODY_STOPS)) as env:
            before = moment(env)
            env.press(ask, "approve", "alex")
            private(env, "alex", f"<@{DANA}>", "may no longer do this", after=before)
            assert env.writes("stop", job) == []
            assert events(env, job) == ["requested", "confirmed"]


def queued(env: Env) -> tuple[str, str]:
    """Two jobs that dana stops: the first is being stopped, the second waits for its turn."""
    first, second = unique_id("first"), unique_id("second")
    for job in (first, second):
        add(env, job)
    env.dms.operation_seconds(100_000)
    card = env.type(f"stop {first} {second}")
    env.press(card, "confirm")
    until(lambda: env.writes("stop", first))
    assert [run.state for run in runs_of(env, second)] == ["queued"]
    return first, second


@pytest.mark.parametrize(
    ("text", "why"),
    [(NOBODY_STOPS, "You may not use `stop`"), (STOPS_ARE_APPROVED, "0 of 1 count")],
    ids=["not allowed", "approvals"],
)
def test_the_queue_is_judged_by_the_policy_of_the_call(tmp_path: Path, text: str, why: str) -> None:
    """The bot restarts in the middle of a bulk action, with a policy that forbids the rest."""
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path, bulk_parallel=1) as env:
            first, second = queued(env)
        with started(slack, dms, tmp_path, bulk_parallel=1, policy_file=policy(tmp_path, text)) as env:
            dms.control.clock(advance_seconds=200_000)
            assert ended(env, first) == ["succeeded"]
            assert ended(env, second) == ["refused"]
            assert why in runs_of(env, second)[0].note
            assert env.writes("stop", second) == []


def test_a_frozen_queue_stays_frozen_over_a_restart(tmp_path: Path) -> None:
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path, bulk_parallel=1) as env:
            first, second = queued(env)
            freeze_all(env, '--until 2h --reason "month end"')
        with started(slack, dms, tmp_path, bulk_parallel=1) as env:
            dms.control.clock(advance_seconds=200_000)
            assert ended(env, first) == ["succeeded"]
            assert ended(env, second) == ["refused"]
            assert "frozen until" in runs_of(env, second)[0].note
            assert env.writes("stop", second) == []
            words = [first, second, "month end", "1 of 2 jobs"]
            slack.control.wait_message(channel="dms", contains=words)


@pytest.mark.parametrize(("gone", "did"), [("dana", "requested"), ("sam", "approved")])
def test_what_somebody_who_was_deactivated_asked_or_approved_is_void(
    tmp_path: Path, gone: str, did: str
) -> None:
    job = unique_id("left")
    rules = policy(tmp_path, EITHER)
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path, policy_file=rules) as env:
            add(env, job)
            card = env.type(f"delete {job}")
            env.press(card, "confirm")
            env.shows(card, "0 of 2")
            env.press(asks(env, job), "approve", "sam")
            env.shows(card, "1 of 2")
        slack.control.do("deactivate", user=gone)
        # Started again, as the bot asks Slack about somebody once a minute.
        with started(slack, dms, tmp_path, policy_file=rules) as env:
            env.press(asks(env, job), "approve", "alex")
            env.shows(card, f"The person who {did} this is no longer a full, active member")
            assert env.writes("delete", job) == []
            assert events(env, job)[-1] == "outdated"
