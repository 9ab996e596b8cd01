"""A policy that has become stricter between a request and its run: that of the moment counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.slack import plain
from tests.e2e.deciding import (
    ALEX,
    DANA,
    ROLES,
    SAM,
    asks,
    ended,
    ends,
    events,
    eventually,
    moment,
    policy,
    private,
    runs_of,
    started,
    told,
)
from tests.e2e.scene import Scene, fresh

EITHER = (
    ROLES
    + '[[rule]]\nverbs = ["delete"]\napprovals = 2\napprovers = ["approver", "operator", "U0RILEY001"]\n'
)
NOT_SAM = ROLES + '[[rule]]\nverbs = ["delete"]\napprovals = 2\napprovers = ["approver", "U0RILEY001"]\n'
NOBODY_STOPS = ROLES + '[[rule]]\nverbs = ["stop"]\nallow = ["@leads"]\n'
STOPS_ARE_APPROVED = ROLES + '[[rule]]\nverbs = ["stop"]\napprovals = 1\n'


def add(stage: Scene, job: str) -> None:
    stage.dms.add_job(job, phase="CDC", frozen=True)


def test_approvals_are_asked_for_by_the_policy_of_the_confirmation(tmp_path: Path) -> None:
    job = fresh("later")
    with ends() as (slack, dms):
        with started(slack, dms, tmp_path) as stage:
            add(stage, job)
            card = stage.type(f"delete {job}")
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path)) as stage:
            stage.press(card, "Delete job only")
            stage.shows(card, "Waiting for approval", "0 of 1")
            ask = asks(stage, job)
            assert stage.writes("delete", job) == []
            stage.press(ask, "Approve", "alex")
            stage.shows(card, "✅ *Deleted*", ALEX)
            assert len(stage.writes("delete", job)) == 1
        assert slack.control.violations() == []


def test_who_may_no_longer_do_it_cannot_confirm_it(tmp_path: Path) -> None:
    job = fresh("lost")
    with ends() as (slack, dms):
        with started(slack, dms, tmp_path) as stage:
            add(stage, job)
            card = stage.type(f"delete {job}", user="riley")
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path)) as stage:
            before = moment(stage)
            stage.press(card, "Delete job only", "riley")
            private(stage, "riley", "You may not use `delete`", "your role is viewer", after=before)
            assert "[Delete job only]" in plain(stage.shows(card, job))
            assert stage.writes("delete", job) == []
            assert events(stage, job) == ["requested"]


def test_an_approval_counts_only_while_its_giver_may_give_it(tmp_path: Path) -> None:
    job = fresh("void")
    with ends() as (slack, dms):
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, EITHER)) as stage:
            add(stage, job)
            card = stage.type(f"delete {job}")
            stage.press(card, "Delete job only")
            ask = asks(stage, job)
            stage.press(ask, "Approve", "sam")
            stage.shows(ask, "1 of 2", SAM)
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, NOT_SAM)) as stage:
            stage.press(ask, "Approve", "alex")
            stage.shows(ask, f"1 of 2 approvals*, by <@{ALEX}>")
            assert stage.writes("delete", job) == []
            stage.press(ask, "Approve", "riley")
            done = stage.shows(card, "✅ *Deleted*", f"Approved by <@{ALEX}>, <@U0RILEY001>")
            assert SAM not in plain(done)
            assert len(stage.writes("delete", job)) == 1
            assert [user for event, user in told(stage, job) if event == "approved"] == [
                SAM,
                ALEX,
                "U0RILEY001",
            ]


def test_who_may_approve_again_presses_again(tmp_path: Path) -> None:
    """A right that was away for a while: the approval from before counts once it is given again."""
    job = fresh("back")
    with ends() as (slack, dms):
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, EITHER)) as stage:
            add(stage, job)
            card = stage.type(f"delete {job}")
            stage.press(card, "Delete job only")
            ask = asks(stage, job)
            stage.press(ask, "Approve", "sam")
            stage.shows(ask, "1 of 2", SAM)
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, NOT_SAM)) as stage:
            stage.press(ask, "Approve", "alex")
            stage.shows(ask, f"1 of 2 approvals*, by <@{ALEX}>")
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, EITHER)) as stage:
            assert "[Review]" in plain(stage.type("approvals", user="sam"))
            stage.slack.open_home("sam")
            stage.slack.wait_home("sam", contains=[job, "[Review]"])
            stage.press(ask, "Approve", "sam")
            stage.shows(card, "✅ *Deleted*", SAM, ALEX)
            assert len(stage.writes("delete", job)) == 1


def test_what_nobody_may_ask_for_any_more_is_not_approved(tmp_path: Path) -> None:
    job = fresh("asker")
    with ends() as (slack, dms):
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, STOPS_ARE_APPROVED)) as stage:
            add(stage, job)
            card = stage.type(f"stop {job}")
            stage.press(card, "Confirm stop")
            ask = asks(stage, job)
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, NOBODY_STOPS)) as stage:
            before = moment(stage)
            stage.press(ask, "Approve", "alex")
            private(stage, "alex", f"<@{DANA}>", "may no longer do this", after=before)
            assert stage.writes("stop", job) == []
            assert events(stage, job) == ["requested", "confirmed"]


def queued(stage: Scene) -> tuple[str, str]:
    """Two jobs that dana stops: the first is being stopped, the second waits for its turn."""
    first, second = fresh("first"), fresh("second")
    for job in (first, second):
        add(stage, job)
    stage.dms.operation_seconds(100_000)
    card = stage.type(f"stop {first} {second}")
    stage.press(card, "Confirm stop")
    eventually(lambda: stage.writes("stop", first))
    assert [run.state for run in runs_of(stage, second)] == ["queued"]
    return first, second


@pytest.mark.parametrize(
    ("text", "why"),
    [(NOBODY_STOPS, "You may not use `stop`"), (STOPS_ARE_APPROVED, "0 of 1 approvals count")],
    ids=["not allowed", "approvals"],
)
def test_the_queue_is_judged_by_the_policy_of_the_call(tmp_path: Path, text: str, why: str) -> None:
    """The bot restarts in the middle of a bulk action, with a policy that forbids the rest."""
    with ends() as (slack, dms):
        with started(slack, dms, tmp_path, bulk_parallel=1) as stage:
            first, second = queued(stage)
        with started(slack, dms, tmp_path, bulk_parallel=1, policy_file=policy(tmp_path, text)) as stage:
            dms.control.clock(advance_seconds=200_000)
            assert ended(stage, first) == ["succeeded"]
            assert ended(stage, second) == ["refused"]
            assert why in runs_of(stage, second)[0].note
            assert stage.writes("stop", second) == []


def test_a_frozen_queue_stays_frozen_over_a_restart(tmp_path: Path) -> None:
    with ends() as (slack, dms):
        with started(slack, dms, tmp_path, bulk_parallel=1) as stage:
            first, second = queued(stage)
            stage.type('freeze --all --until 2h --reason "month end"')
        with started(slack, dms, tmp_path, bulk_parallel=1) as stage:
            dms.control.clock(advance_seconds=200_000)
            assert ended(stage, first) == ["succeeded"]
            assert ended(stage, second) == ["refused"]
            assert "frozen until" in runs_of(stage, second)[0].note
            assert stage.writes("stop", second) == []
            words = [first, second, "month end", "1 of 2 jobs"]
            slack.control.wait_message(channel="dms", contains=words)
