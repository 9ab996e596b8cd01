"""What could not be posted is, once the app has been invited to the channel: as far as it still matters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.outbox.requeue import requeue_after_invite
from bot.policy.subscriptions import Subscriptions
from bot.requests.queries import approval_key
from bot.store.records import OutMessage
from sandbox.slack import SlackServer, plain
from sandbox.slack.seed import APPROVAL_CHANNEL, NOTIFY_CHANNEL
from tests.e2e.env import JSON, Env, unique_id
from tests.e2e.helpers import APPROVALS, ROLES, asks, policy, request_of, single_bot
from tests.outbox import all_sent
from tests.waiting import until

NEWS = "db-migrations"
SECRET = "G0SECRET01"


@pytest.fixture
def env(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path)) as made:
        made.dms.add_job("baseline", state="COMPLETED", frozen=True)
        until(lambda: made.bot.store.known_jobs())
        yield made


def given_up(env: Env, key: str) -> OutMessage:
    """The message, once nobody tries to post it any more."""

    def look() -> OutMessage | None:
        found = env.bot.store.message(key)
        return found if found is not None and found.error else None

    return until(look)


def asked_in_vain(env: Env) -> tuple[str, JSON]:
    """A request for approval that could not be posted: the job, and the requester's card."""
    job = env.add_job("unheard", phase="CDC")
    card = env.type(f"delete {job}")
    env.press(card, "confirm")
    return job, env.shows(card, "could not be posted", "not_in_channel")


def posted(env: Env, channel: str, job: str) -> list[JSON]:
    return [each for each in env.slack.messages(channel=channel) if f"`{job}`" in plain(each)]


def wait_until_all_is_sent(env: Env) -> None:
    until(lambda: all_sent(env.bot.store))


def test_a_request_for_approval_is_posted_late_and_can_be_decided(env: Env) -> None:
    env.slack.kick_bot(APPROVALS)
    withdrawn, other = asked_in_vain(env)
    env.press(other, "withdraw")
    env.shows_as(other, "cancelled")
    job, card = asked_in_vain(env)
    assert posted(env, APPROVALS, job) == []
    env.slack.invite_bot(APPROVALS)
    asking = asks(env, job)
    until(lambda: "could not be posted" not in plain(env.shows_as(card, "approving")))
    env.press(asking, "approve", user="alex")
    env.shows_done(card, "delete")
    wait_until_all_is_sent(env)
    assert posted(env, APPROVALS, withdrawn) == [], "nobody has to decide on it any more"


def test_a_private_channel_that_was_not_even_found(slack: SlackServer, tmp_path: Path) -> None:
    rules = policy(tmp_path, ROLES.replace(APPROVAL_CHANNEL, SECRET))
    with single_bot(slack, tmp_path, policy_file=rules) as env:
        env.slack.add_channel("secret", id=SECRET, is_private=True, bot=False, members=["alex"])
        job = env.add_job("unheard", phase="CDC")
        card = env.type(f"delete {job}")
        env.press(card, "confirm")
        env.shows(card, "could not be posted", "channel_not_found")
        env.slack.invite_bot("secret", user="alex")
        asks(env, job, channel="secret")


def test_jobs_are_told_as_they_are_by_then(env: Env) -> None:
    failing, mended, gone = unique_id("failing"), unique_id("mended"), unique_id("gone")
    env.slack.kick_bot(NEWS)
    for job in (failing, mended, gone):
        env.dms.add_job(job, state="FAILED", frozen=True, error={"code": 9, "message": "out of disk"})
    alerts = {job: alert_of(env, job) for job in (failing, mended, gone)}
    env.dms.set_job(mended, state="RUNNING", phase="CDC")
    env.dms.remove_job(gone)
    until(lambda: "RUNNING" in known(env, mended) and not known(env, gone))
    wait_until_all_is_sent(env)
    env.slack.invite_bot(NEWS)
    env.slack.wait_message(channel=NEWS, contains=[failing, "out of disk", "[Verify]"])
    line = env.slack.wait_message(channel=NEWS, contains=[mended, "Running"])
    wait_until_all_is_sent(env)
    assert env.bot.store.message(alerts[failing]).error == ""  # type: ignore[union-attr]
    assert given_up(env, alerts[mended])
    assert given_up(env, alerts[gone])
    (about,) = posted(env, NEWS, gone)
    assert "Deleted" in plain(about)
    env.dms.set_job(mended, state="STOPPED", phase="CDC")
    env.shows(line, "Stopped")


def alert_of(env: Env, job: str) -> str:
    """The key of the alert of a job's failure, once it has been given up."""

    def look() -> str | None:
        found = env.bot.store.known_jobs().values()
        name, created = next(
            ((each.job.name, each.job.create_time) for each in found if each.job.id == job), ("", None)
        )
        events = env.bot.store.events(name, created) if created else ()
        return f"alert:{events[0].id}:{NOTIFY_CHANNEL}" if events else None

    key = until(look)
    given_up(env, key)
    return key


def known(env: Env, job: str) -> str:
    """The job's status as the watcher last saw it; empty when it is gone."""
    found = env.bot.store.known_jobs().values()
    return next((each.job.status for each in found if each.job.id == job), "")


def test_somebody_else_who_joins_changes_nothing(env: Env) -> None:
    env.slack.kick_bot(APPROVALS)
    first, _ = asked_in_vain(env)
    env.slack.raw_deliver(joining("U0SAM00001"), kind="events_api")
    second, _ = asked_in_vain(env)
    for job in (first, second):
        assert given_up(env, approval_key(request_of(env, job).id))
    assert posts(env) == 2, "each was tried once"


def test_what_is_older_than_a_day_is_left(env: Env) -> None:
    env.slack.kick_bot(APPROVALS)
    asked_in_vain(env)
    now = datetime.now(UTC)
    nobody = Subscriptions(())
    assert (
        requeue_after_invite(env.bot.store, APPROVAL_CHANNEL, now + timedelta(days=1, minutes=1), nobody) == 0
    )
    assert requeue_after_invite(env.bot.store, APPROVAL_CHANNEL, now, nobody) == 1


def posts(env: Env) -> int:
    tried = env.slack.calls("chat.postMessage")
    return sum(1 for each in tried if each["args"].get("channel") == APPROVAL_CHANNEL)


def joining(user: str) -> dict[str, Any]:
    return {
        "type": "event_callback",
        "team_id": "T0SANDBOX1",
        "api_app_id": "A0DMSBOT01",
        "event": {
            "type": "member_joined_channel",
            "user": user,
            "channel": APPROVAL_CHANNEL,
            "channel_type": "C",
            "team": "T0SANDBOX1",
        },
        "authorizations": [{"team_id": "T0SANDBOX1", "user_id": "U0DMSBOT01", "is_bot": True}],
    }


def test_the_dashboard_says_which_channel_misses_its_news(env: Env) -> None:
    """Until something is posted there again, or the app is invited."""
    job = env.add_job("muted", state="RUNNING", phase="CDC")
    until(lambda: any(job in name for name in env.bot.store.known_jobs()))
    assert "did not take" not in plain(env.home("dana"))
    env.slack.kick_bot(NEWS)
    env.dms.set_job(job, state="FAILED")
    told = plain(env.home("dana", "did not take my last message"))
    assert f"<#{NOTIFY_CHANNEL}>" in told
    assert "not_in_channel" in told
    assert "`/invite` and my name" in told
    env.slack.invite_bot(NEWS)
    until(lambda: posted(env, NEWS, job))
    until(lambda: "did not take" not in plain(env.home("dana")))
