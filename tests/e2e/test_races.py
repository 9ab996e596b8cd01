"""Two at the same moment, one twice, and Slack delivering twice: exactly one execution, told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.deciding import (
    ALEX,
    ROLES,
    SAM,
    alone,
    asks,
    at_once,
    ended,
    ends,
    events,
    eventually,
    full,
    moment,
    policy,
    private,
    request_of,
    runs_of,
)
from tests.e2e.scene import JSON, Scene, fresh, input_of, running, settings
from tests.store.pg_server import postgres_server

RULES = """
[[rule]]
name = "one of us"
verbs = ["stop"]
approvals = 1
approvers = ["approver", "operator"]
[[rule]]
name = "two of us"
verbs = ["delete"]
approvals = 2
approvers = ["approver", "operator"]
"""
ROUNDS = 2


@pytest.fixture
def stage(slack: SlackServer, tmp_path: Path) -> Iterator[Scene]:
    """Stops and deletions need approvals, of one and of two."""
    with alone(slack, tmp_path, policy_file=policy(tmp_path, ROLES + RULES)) as made:
        yield made


@pytest.fixture
def free(slack: SlackServer, tmp_path: Path) -> Iterator[Scene]:
    """No policy."""
    with alone(slack, tmp_path) as made:
        yield made


def running_job(stage: Scene) -> str:
    job = fresh("race")
    stage.dms.add_job(job, phase="CDC", frozen=True)
    return job


def asked(stage: Scene, verb: str, label: str) -> tuple[str, JSON, JSON]:
    """A job, dana's card, and the message where it is decided."""
    job = running_job(stage)
    stage.slack.command(f"{verb} {job}")
    card = stage.slack.wait_message(channel="dms", contains=[job, f"[{label}]"])
    stage.press(card, label)
    return job, card, asks(stage, job)


def deletion(stage: Scene, job: str) -> JSON:
    """The message in which dana is asked whether to delete the job."""
    stage.slack.command(f"delete {job}")
    return stage.slack.wait_message(channel="dms", contains=[job, "[Delete job only]"])


def once(stage: Scene, job: str, verb: str) -> None:
    """One run, one call, and no step of the audit twice."""
    assert ended(stage, job) == ["succeeded"]
    assert len(stage.writes(verb, job)) == 1
    counts = Counter(events(stage, job))
    assert {name: counts[name] for name in ("calling", "accepted", "succeeded")} == {
        "calling": 1,
        "accepted": 1,
        "succeeded": 1,
    }


# ---- approvals


def test_two_give_the_last_approval_at_once(stage: Scene) -> None:
    for _ in range(ROUNDS):
        job, _, ask = asked(stage, "stop", "Confirm stop")
        at_once(*(partial(stage.press, ask, "Approve", user) for user in ("sam", "alex")))
        once(stage, job, "stop")
        assert events(stage, job).count("approved") == 1


def test_both_approvals_come_at_once(stage: Scene) -> None:
    for _ in range(ROUNDS):
        job, _, ask = asked(stage, "delete", "Delete job only")
        at_once(*(partial(stage.press, ask, "Approve", user) for user in ("sam", "alex")))
        once(stage, job, "delete")
        assert events(stage, job).count("approved") == 2


def test_one_person_presses_twice(stage: Scene) -> None:
    for _ in range(ROUNDS):
        job, _, ask = asked(stage, "delete", "Delete job only")
        before = moment(stage)
        at_once(*[partial(stage.press, ask, "Approve", "sam")] * 3)
        private(stage, "sam", "You have approved this already", after=before)
        stage.shows(ask, "1 of 2", SAM)
        assert events(stage, job).count("approved") == 1
        assert stage.writes("delete", job) == []


def test_approval_and_denial_at_once(stage: Scene) -> None:
    for _ in range(ROUNDS):
        job, card, ask = asked(stage, "stop", "Confirm stop")
        stage.press(ask, "Deny", "sam")
        view = stage.slack.wait_view("sam", "Why not?")
        at_once(
            partial(stage.press, ask, "Approve", "alex"),
            partial(stage.slack.submit, view, {input_of(view): "no"}, user="sam"),
        )
        state = settled(stage, job)
        if state == "denied":
            assert runs_of(stage, job) == ()
            assert stage.writes("stop", job) == []
            stage.shows(card, "Denied", SAM)
        else:
            once(stage, job, "stop")
            stage.shows(card, "✅ *Stopped*", ALEX)
            assert "denied" not in events(stage, job)


def settled(stage: Scene, job: str) -> str:
    """The state in which a request ends."""

    def look() -> str | None:
        state = str(request_of(stage, job).state)
        return state if state in ("denied", "cancelled", "done", "outdated") else None

    return eventually(look, 15)


def test_approval_and_withdrawal_at_once(stage: Scene) -> None:
    for _ in range(ROUNDS):
        job, card, ask = asked(stage, "stop", "Confirm stop")
        waiting = stage.shows(card, "[Withdraw]")
        at_once(
            partial(stage.press, ask, "Approve", "alex"),
            partial(stage.slack.press, waiting, text="Withdraw", stale=True),
        )
        if settled(stage, job) == "cancelled":
            assert runs_of(stage, job) == ()
            assert stage.writes("stop", job) == []
        else:
            once(stage, job, "stop")
            assert "cancelled" not in events(stage, job)


def test_two_requests_for_one_job_are_approved_at_once(stage: Scene) -> None:
    job = running_job(stage)
    cards = [stage.type(f"stop {job}", user=user) for user in ("dana", "sam")]
    for card, user in zip(cards, ("dana", "sam"), strict=True):
        stage.press(card, "Confirm stop", user)
    requests = stage.bot.store.requests(job=full(job))
    found = [
        stage.slack.wait_message(
            channel="dms-approvals", contains=[f"<@{each.by.user}> asks to", job, "[Approve]"]
        )
        for each in requests
    ]
    assert len({each["ts"] for each in found}) == 2
    at_once(*(partial(stage.press, ask, "Approve", "alex") for ask in found))
    eventually(lambda: runs_of(stage, job))
    assert ended(stage, job) == ["succeeded"]
    assert len(stage.writes("stop", job)) == 1


# ---- confirmations


def test_one_person_confirms_twice(free: Scene) -> None:
    for _ in range(ROUNDS):
        job = running_job(free)
        card = deletion(free, job)
        at_once(*[partial(free.slack.press, card, text="Delete job only", stale=True)] * 3)
        once(free, job, "delete")
        assert events(free, job).count("confirmed") == 1


def test_confirming_and_cancelling_at_once(free: Scene) -> None:
    for _ in range(ROUNDS):
        job = running_job(free)
        card = deletion(free, job)
        labels = ("Cancel", "Delete job only")
        at_once(*(partial(free.slack.press, card, text=label, stale=True) for label in labels))
        if settled(free, job) == "cancelled":
            assert free.writes("delete", job) == []
        else:
            once(free, job, "delete")


def test_both_offers_of_a_deletion_at_once(free: Scene) -> None:
    job = running_job(free)
    card = deletion(free, job)
    free.press(card, "Delete job and destination")
    view = free.slack.wait_view("dana")
    at_once(
        lambda: free.slack.submit(view, {input_of(view): job}),
        lambda: free.slack.press(card, text="Delete job only", stale=True),
    )
    once(free, job, "delete")
    force = bool(free.writes("delete", job)[0]["request"].get("force"))
    assert ("and the destination" in plain(free.shows(card, "✅ *Deleted*"))) is force
    assert ("with destination" in [entry.detail for entry in free.bot.store.audit(job=full(job))]) is force


def test_two_people_type_the_same(free: Scene) -> None:
    for _ in range(ROUNDS):
        job = running_job(free)
        before = moment(free)
        at_once(*(partial(free.slack.command, f"stop {job}", user=user) for user in ("dana", "sam")))
        assert ended(free, job) == ["succeeded"]
        assert len(free.writes("stop", job)) == 1
        assert events(free, job).count("requested") == 1
        loser = "sam" if request_of(free, job).by.user != SAM else "dana"
        private(free, loser, job, after=before)


def frozen(stage: Scene, job: str) -> bool:
    return "frozen" in events(stage, job)


def test_a_freeze_and_a_confirmation_at_once(free: Scene) -> None:
    for _ in range(ROUNDS):
        job = running_job(free)
        card = deletion(free, job)
        at_once(
            partial(free.press, card, "Delete job only"),
            partial(free.slack.command, f'freeze {job} --until 2h --reason "closing"', user="sam"),
        )
        eventually(partial(frozen, free, job))
        rows = events(free, job)
        if "calling" in rows:
            assert rows.index("calling") < rows.index("frozen")
            once(free, job, "delete")
        else:
            assert runs_of(free, job) == () or ended(free, job) == ["refused"]
            assert free.writes("delete", job) == []


# ---- deliveries


def test_slack_delivers_everything_three_times(slack: SlackServer, tmp_path: Path) -> None:
    with alone(slack, tmp_path, policy_file=policy(tmp_path, ROLES + RULES)) as stage:
        stage.slack.duplicate_deliveries(2)
        job = fresh("thrice")
        stage.dms.add_job(job, phase="CDC", frozen=True)
        card = stage.type(f"delete {job}")
        stage.press(card, "Delete job and destination")
        view = stage.slack.wait_view("dana")
        stage.slack.submit(view, {input_of(view): job})
        ask = asks(stage, job)
        stage.press(ask, "Approve", "sam")
        stage.press(stage.shows(ask, "1 of 2"), "Approve", "alex")
        stage.shows(card, "✅ *Deleted*", job)
        once(stage, job, "delete")
        assert Counter(events(stage, job)) == {
            "requested": 1,
            "confirmed": 1,
            "approved": 2,
            "calling": 1,
            "accepted": 1,
            "succeeded": 1,
        }
        assert len(stage.bot.store.requests(job=full(job))) == 1
        assert len([m for m in stage.slack.messages(channel="dms") if job in plain(m)]) == 1
        assert stage.slack.views("dana") == []


@pytest.mark.postgres
def test_two_bots_share_what_slack_delivers_twice(tmp_path: Path) -> None:
    """Copies of one delivery reach two replicas over Socket Mode."""
    rules = policy(tmp_path, ROLES + RULES)
    with ends() as (slack, dms), postgres_server() as server:
        wanted = settings(slack, dms, tmp_path, policy_file=rules, db=server.new_database())
        with running(wanted) as one, running(wanted):
            slack.control.wait_connections(2)
            slack.control.duplicate_deliveries(3)
            stage = Scene(slack.control, dms.control, one)
            for _ in range(ROUNDS):
                job, _card, ask = asked(stage, "stop", "Confirm stop")
                at_once(*(partial(stage.press, ask, "Approve", user) for user in ("sam", "alex")))
                once(stage, job, "stop")
                assert events(stage, job).count("requested") == 1
                assert events(stage, job).count("approved") == 1
        assert slack.control.violations() == []
