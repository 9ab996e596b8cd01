"""Whoever asked is told how it ended, by one new message, where they look."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.slack import SlackServer, pings, plain
from tests.e2e.env import CHANNEL, JSON, Env, steps, unique_id
from tests.e2e.helpers import (
    ALEX,
    DANA,
    ROLES,
    age,
    asks,
    ended,
    open_servers,
    policy,
    request_of,
    single_bot,
    started,
)
from tests.outbox import all_sent
from tests.waiting import until

LONG_S = 100_000.0


def settled(env: Env) -> None:
    """Wait until all is sent."""
    until(lambda: all_sent(env.bot.store))


def told(env: Env, card: JSON) -> list[JSON]:
    """The replies in the thread of a request's message."""
    return env.slack.thread(card["channel"], card["ts"])[1:]


def direct(env: Env, *words: str, user: str = "dana") -> list[JSON]:
    """Direct messages to a person with these words."""
    found = env.slack.messages(channel="dm", user=user)
    return [each for each in found if all(word in plain(each) for word in words)]


def resumed(env: Env, job: str, channel: str) -> JSON:
    """The message of a resume that ends once it is there: what has ended before is told in itself."""
    env.dms.operation_seconds(LONG_S)
    card = env.type(f"resume {job}", channel=channel)
    until(lambda: any(call["applied"] for call in env.writes("resume", job)))
    env.dms.operation_seconds(6.0)
    env.dms.clock(advance_seconds=LONG_S)
    return card


def outcome_of(env: Env, card: JSON, *words: str) -> JSON:
    """The one reply that tells how a request ended, once it is there."""
    until(lambda: any(all(word in plain(each) for word in words) for each in told(env, card)))
    settled(env)
    (only,) = told(env, card)
    return only


def test_what_was_confirmed_ends_with_one_new_message(env: Env) -> None:
    job = env.add_job(phase="FULL_DUMP")
    card = env.type(f"stop {job}")
    env.confirm(card)
    said = outcome_of(env, card, "✅ *Stopped*", f"`{job}`")
    assert f"@{DANA}" in pings(said)
    assert direct(env, job) == []


def test_a_failure_comes_with_cause_advice_and_a_retry(env: Env) -> None:
    job = env.add_job(state="STOPPED", phase="CDC")
    env.dms.operation_outcome(job, "resume", "INTERNAL", 'password authentication failed for user "dms"')
    card = resumed(env, job, CHANNEL)
    said = outcome_of(env, card, "🔴 *Resume of*", "password authentication failed")
    assert f"@{DANA}" in pings(said)
    assert "Likely cause" in plain(said)
    before = env.now()
    env.press(said, "Retry")
    again = env.slack.wait_message(channel=CHANNEL, contains=["Resume", job], after=before)
    assert again["ts"] != said["ts"]
    until(lambda: len(env.writes("resume", job)) == 2)


def test_of_several_the_failed_ones_are_named_in_one_message(env: Env) -> None:
    jobs = [env.add_job("many", state="STOPPED", phase="CDC") for _ in range(3)]
    env.dms.fault("ResumeMigrationJob", "FAILED_PRECONDITION", match=jobs[1])
    card = env.type(f"resume {' '.join(jobs)}")
    env.confirm(card)
    said = outcome_of(env, card, "*Resumed 2 of 3 jobs*; 1 did not succeed")
    assert f"`{jobs[1]}`" in plain(said)
    assert f"`{jobs[0]}`" not in plain(said)
    assert "[Retry 1 job]" in plain(said)


def test_what_nobody_confirmed_says_that_it_expired(env: Env) -> None:
    job = env.add_job(phase="FULL_DUMP")
    card = env.type(f"stop {job}")
    age(env, request_of(env, job), 15 * 60)
    said = outcome_of(env, card, f"You didn't confirm *stop {job}* in 15 min, so nothing was done.")
    assert steps(said) == ["again"]


def test_who_withdraws_is_not_told_and_others_are(env: Env) -> None:
    job = env.add_job(phase="FULL_DUMP")
    card = env.type(f"stop {job}")
    env.press(card, "cancel")
    env.shows_as(card, "cancelled")
    settled(env)
    assert told(env, card) == []
    card = env.type(f"stop {job}")
    env.press(card, "cancel", "sam")
    said = outcome_of(env, card, f"cancelled *stop {job}*. Nothing was sent.")
    assert f"@{DANA}" in pings(said)


def test_an_answer_that_only_one_person_sees_is_followed_by_a_direct_message(env: Env) -> None:
    """The app is not in #random, so the request is shown through its response URL, and has no thread."""
    job = env.add_job(state="STOPPED", phase="CDC")
    resumed(env, job, "random")
    assert ended(env, job) == ["succeeded"]
    until(lambda: direct(env, "✅ *Resumed*", job))
    settled(env)
    assert len(direct(env, "✅ *Resumed*", job)) == 1


def test_a_channel_that_is_gone_is_followed_by_a_direct_message(env: Env) -> None:
    channel = unique_id("gone")
    env.slack.add_channel(channel, members=["dana"], bot=True)
    job = env.add_job(phase="FULL_DUMP")
    card = env.type(f"stop {job}", channel=channel)
    env.slack.kick_bot(channel)
    # What is in a channel without the app can be pressed nevertheless.
    env.confirm(card)
    until(lambda: direct(env, "✅ *Stopped*", job))
    settled(env)
    assert len(direct(env, "✅ *Stopped*", job)) == 1
    assert told(env, card) == []


@pytest.mark.parametrize("quick", [True, False], ids=["quick", "slow"])
def test_an_approval_is_told_unless_its_end_comes_first(
    slack: SlackServer, tmp_path: Path, *, quick: bool
) -> None:
    rules = policy(tmp_path, ROLES)
    with single_bot(slack, tmp_path, policy_file=rules) as env:
        env.dms.operation_seconds(6.0 if quick else LONG_S)
        job = env.add_job(state="FAILED", phase="CDC")
        card = env.type(f"restart {job}")
        env.confirm(card, typed=job)
        env.press(asks(env, job), "approve", "alex")
        if not quick:
            until(lambda: told(env, card))
            env.dms.clock(advance_seconds=LONG_S)
        until(lambda: any("✅ *Restarted*" in plain(each) for each in told(env, card)))
        until(lambda: all_sent(env.bot.store))
        texts = [plain(each) for each in told(env, card)]
        assert len(texts) == (1 if quick else 2)
        assert quick or f"Approved by <@{ALEX}>: *restarting* `{job}` has begun." in texts[0]


def test_it_is_told_once_though_the_bot_ends_in_between(tmp_path: Path) -> None:
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path) as env:
            job = env.add_job(phase="FULL_DUMP")
            card = env.type(f"stop {job}")
            settled(env)
            env.confirm(card)
            slack.control.fault("chat.postMessage", "connection_reset", times=1, after_apply=True)
            assert ended(env, job) == ["succeeded"]
            until(lambda: told(env, card))
        with started(slack, dms, tmp_path) as env:
            until(lambda: all_sent(env.bot.store))
            assert len(told(env, card)) == 1
