"""Two at the same moment, one twice, and Slack delivering twice: exactly one execution, told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.env import JSON, Env, input_of, running, settings
from tests.e2e.helpers import (
    ALEX,
    ROLES,
    SAM,
    asks,
    at_once,
    card_for,
    ended,
    events,
    full,
    moment,
    open_servers,
    policy,
    private,
    request_of,
    runs_of,
    single_bot,
)
from tests.store.pg_server import postgres_server
from tests.waiting import until

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
def env(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    """Stops and deletions need approvals, of one and of two."""
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path, ROLES + RULES)) as made:
        yield made


@pytest.fixture
def free(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    """No policy."""
    with single_bot(slack, tmp_path) as made:
        yield made


def running_job(env: Env) -> str:
    return env.add_job("race", phase="CDC")


def asked(env: Env, verb: str) -> tuple[str, JSON, JSON]:
    """A job, dana's card, and the message where it is decided."""
    job = running_job(env)
    env.slack.command(f"{verb} {job}")
    card = card_for(env, job)
    env.press(card, "confirm")
    return job, card, asks(env, job)


def deletion(env: Env, job: str) -> JSON:
    """The message in which dana is asked whether to delete the job."""
    env.slack.command(f"delete {job}")
    return card_for(env, job)


def once(env: Env, job: str, verb: str) -> None:
    """One run, one call, and no step of the audit twice."""
    assert ended(env, job) == ["succeeded"]
    assert len(env.writes(verb, job)) == 1
    counts = Counter(events(env, job))
    assert {name: counts[name] for name in ("calling", "accepted", "succeeded")} == {
        "calling": 1,
        "accepted": 1,
        "succeeded": 1,
    }


# ---- approvals


def test_two_give_the_last_approval_at_once(env: Env) -> None:
    for _ in range(ROUNDS):
        job, _, ask = asked(env, "stop")
        at_once(*(partial(env.press, ask, "approve", user, stale=True) for user in ("sam", "alex")))
        once(env, job, "stop")
        assert events(env, job).count("approved") == 1


def test_both_approvals_come_at_once(env: Env) -> None:
    for _ in range(ROUNDS):
        job, _, ask = asked(env, "delete")
        at_once(*(partial(env.press, ask, "approve", user, stale=True) for user in ("sam", "alex")))
        once(env, job, "delete")
        assert events(env, job).count("approved") == 2


def test_one_person_presses_twice(env: Env) -> None:
    for _ in range(ROUNDS):
        job, _, ask = asked(env, "delete")
        before = moment(env)
        at_once(*[partial(env.press, ask, "approve", "sam", stale=True)] * 3)
        private(env, "sam", "You already approved this", after=before)
        env.shows(ask, "1 of 2", SAM)
        assert events(env, job).count("approved") == 1
        assert env.writes("delete", job) == []


def test_approval_and_denial_at_once(env: Env) -> None:
    for _ in range(ROUNDS):
        job, card, ask = asked(env, "stop")
        env.press(ask, "deny", "sam")
        view = env.slack.wait_view("sam", "Why not?")
        at_once(
            partial(env.press, ask, "approve", "alex", stale=True),
            partial(env.slack.submit, view, {input_of(view): "no"}, user="sam"),
        )
        state = settled(env, job)
        if state == "denied":
            assert runs_of(env, job) == ()
            assert env.writes("stop", job) == []
            env.shows_as(card, "denied", SAM)
        else:
            once(env, job, "stop")
            env.shows_done(card, "stop", ALEX)
            assert "denied" not in events(env, job)


def settled(env: Env, job: str) -> str:
    """The state in which a request ends."""

    def look() -> str | None:
        state = str(request_of(env, job).state)
        return state if state in ("denied", "cancelled", "done", "outdated") else None

    return until(look)


def test_approval_and_withdrawal_at_once(env: Env) -> None:
    for _ in range(ROUNDS):
        job, card, ask = asked(env, "stop")
        waiting = env.shows(card, step="withdraw")
        at_once(
            partial(env.press, ask, "approve", "alex", stale=True),
            partial(env.press, waiting, "withdraw", stale=True),
        )
        if settled(env, job) == "cancelled":
            assert runs_of(env, job) == ()
            assert env.writes("stop", job) == []
        else:
            once(env, job, "stop")
            assert "cancelled" not in events(env, job)


def test_two_requests_for_one_job_are_approved_at_once(env: Env) -> None:
    job = running_job(env)
    cards = [env.type(f"stop {job}", user=user) for user in ("dana", "sam")]
    for card, user in zip(cards, ("dana", "sam"), strict=True):
        env.press(card, "confirm", user)
    found = [
        env.slack.wait_message(channel="dms-approvals", contains=[f"*@{user}* asks to", job, "[Approve]"])
        for user in ("dana", "sam")
    ]
    assert len({each["ts"] for each in found}) == 2
    at_once(*(partial(env.press, ask, "approve", "alex") for ask in found))
    until(lambda: runs_of(env, job))
    assert ended(env, job) == ["succeeded"]
    assert len(env.writes("stop", job)) == 1


# ---- confirmations


def test_one_person_confirms_twice(free: Env) -> None:
    for _ in range(ROUNDS):
        job = running_job(free)
        card = deletion(free, job)
        at_once(*[partial(free.press, card, "confirm", stale=True)] * 3)
        once(free, job, "delete")
        assert events(free, job).count("confirmed") == 1


def test_confirming_and_cancelling_at_once(free: Env) -> None:
    for _ in range(ROUNDS):
        job = running_job(free)
        card = deletion(free, job)
        labels = ("Cancel", "Delete job only")
        at_once(*(partial(free.slack.press, card, text=label, stale=True) for label in labels))
        if settled(free, job) == "cancelled":
            assert free.writes("delete", job) == []
        else:
            once(free, job, "delete")


def test_both_offers_of_a_deletion_at_once(free: Env) -> None:
    job = running_job(free)
    card = deletion(free, job)
    free.press(card, "confirm_destination")
    view = free.slack.wait_view("dana")
    at_once(
        lambda: free.slack.submit(view, {input_of(view): job}),
        lambda: free.press(card, "confirm", stale=True),
    )
    once(free, job, "delete")
    force = bool(free.writes("delete", job)[0]["request"].get("force"))
    assert ("and the destination" in plain(free.shows_done(card, "delete"))) is force
    assert ("with destination" in [entry.detail for entry in free.bot.store.audit(job=full(job))]) is force


def test_two_people_type_the_same(free: Env) -> None:
    for _ in range(ROUNDS):
        job = running_job(free)
        before = moment(free)
        at_once(*(partial(free.slack.command, f"stop {job}", user=user) for user in ("dana", "sam")))
        assert ended(free, job) == ["succeeded"]
        assert len(free.writes("stop", job)) == 1
        assert events(free, job).count("requested") == 1
        loser = "sam" if request_of(free, job).by.user != SAM else "dana"
        private(free, loser, job, after=before)


def frozen(env: Env, job: str) -> bool:
    return "frozen" in events(env, job)


def test_a_freeze_and_a_confirmation_at_once(free: Env) -> None:
    for _ in range(ROUNDS):
        job = running_job(free)
        card = deletion(free, job)
        at_once(
            partial(free.press, card, "confirm", stale=True),
            partial(free.slack.command, f'freeze {job} --until 2h --reason "closing"', user="sam"),
        )
        until(partial(frozen, free, job))
        rows = events(free, job)
        if "calling" in rows:
            assert rows.index("calling") < rows.index("frozen")
            once(free, job, "delete")
        else:
            assert runs_of(free, job) == () or ended(free, job) == ["refused"]
            assert free.writes("delete", job) == []


# ---- deliveries


def test_slack_delivers_everything_three_times(slack: SlackServer, tmp_path: Path) -> None:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path, ROLES + RULES)) as env:
        env.slack.duplicate_deliveries(2)
        job = env.add_job("thrice", phase="CDC")
        card = env.type(f"delete {job}")
        env.press(card, "confirm_destination")
        view = env.slack.wait_view("dana")
        env.slack.submit(view, {input_of(view): job})
        ask = asks(env, job)
        env.press(ask, "approve", "sam")
        env.press(env.shows(ask, "1 of 2"), "approve", "alex")
        env.shows_done(card, "delete", job)
        once(env, job, "delete")
        assert Counter(events(env, job)) == {
            "requested": 1,
            "confirmed": 1,
            "approved": 2,
            "calling": 1,
            "accepted": 1,
            "succeeded": 1,
        }
        assert len(env.bot.store.requests(job=full(job))) == 1
        told = [m for m in env.slack.messages(channel="dms") if job in plain(m)]
        assert len([m for m in told if m.get("thread_ts", m["ts"]) == m["ts"]]) == 1
        assert len(told) <= 2, "its outcome is a reply, unless the card itself came that late"
        assert env.slack.views("dana") == []


@pytest.mark.postgres
def test_two_bots_share_what_slack_delivers_twice(tmp_path: Path) -> None:
    """Copies of one delivery reach two replicas over Socket Mode."""
    rules = policy(tmp_path, ROLES + RULES)
    with open_servers() as (slack, dms), postgres_server() as server:
        wanted = settings(slack, dms, tmp_path, policy_file=rules, db=server.new_database())
        with running(wanted) as one, running(wanted):
            slack.control.wait_connections(2)
            slack.control.duplicate_deliveries(3)
            env = Env(slack.control, dms.control, one)
            for _ in range(ROUNDS):
                job, _card, ask = asked(env, "stop")
                at_once(*(partial(env.press, ask, "approve", user, stale=True) for user in ("sam", "alex")))
                once(env, job, "stop")
                assert events(env, job).count("requested") == 1
                assert events(env, job).count("approved") == 1
        assert slack.control.violations() == []
