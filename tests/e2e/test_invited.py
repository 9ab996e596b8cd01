"""What could not be posted is, once the app has been invited to the channel: as far as it still matters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.outbox.requeue import take_up
from bot.policy.subscriptions import Subscriptions
from bot.requests.queries import approval_key
from bot.store.records import OutMessage
from sandbox.slack import SlackServer, plain
from sandbox.slack.seed import APPROVAL_CHANNEL, NOTIFY_CHANNEL
from tests.e2e.deciding import APPROVALS, ROLES, alone, asks, eventually, policy, request_of
from tests.e2e.scene import JSON, Scene, fresh

NEWS = "db-migrations"
SECRET = "G0SECRET01"


@pytest.fixture
def stage(slack: SlackServer, tmp_path: Path) -> Iterator[Scene]:
    with alone(slack, tmp_path, policy_file=policy(tmp_path)) as made:
        made.dms.add_job("baseline", state="COMPLETED", frozen=True)
        eventually(lambda: made.bot.store.known_jobs())
        yield made


def given_up(stage: Scene, key: str) -> OutMessage:
    """The message, once nobody tries to post it any more."""

    def look() -> OutMessage | None:
        found = stage.bot.store.message(key)
        return found if found is not None and found.error else None

    return eventually(look)


def asked_in_vain(stage: Scene) -> tuple[str, JSON]:
    """A request for approval that could not be posted: the job, and the requester's card."""
    job = fresh("unheard")
    stage.dms.add_job(job, phase="CDC", frozen=True)
    card = stage.type(f"delete {job}")
    stage.press(card, "Delete job only")
    return job, stage.shows(card, "could not be posted", "not_in_channel")


def posted(stage: Scene, channel: str, job: str) -> list[JSON]:
    return [each for each in stage.slack.messages(channel=channel) if f"`{job}`" in plain(each)]


def all_sent(stage: Scene) -> None:
    eventually(lambda: stage.bot.store.outbox_depth() == 0)


def test_a_request_for_approval_is_posted_late_and_can_be_decided(stage: Scene) -> None:
    stage.slack.kick_bot(APPROVALS)
    withdrawn, other = asked_in_vain(stage)
    stage.press(other, "Withdraw")
    stage.shows(other, "Cancelled")
    job, card = asked_in_vain(stage)
    assert posted(stage, APPROVALS, job) == []
    stage.slack.invite_bot(APPROVALS)
    asking = asks(stage, job)
    eventually(lambda: "could not be posted" not in plain(stage.shows(card, "Waiting for approval")))
    stage.press(asking, "Approve", user="alex")
    stage.shows(card, "✅ *Deleted*")
    all_sent(stage)
    assert posted(stage, APPROVALS, withdrawn) == [], "nobody has to decide on it any more"


def test_a_private_channel_that_was_not_even_found(slack: SlackServer, tmp_path: Path) -> None:
    rules = policy(tmp_path, ROLES.replace(APPROVAL_CHANNEL, SECRET))
    with alone(slack, tmp_path, policy_file=rules) as stage:
        stage.slack.add_channel("secret", id=SECRET, is_private=True, bot=False, members=["alex"])
        job = fresh("unheard")
        stage.dms.add_job(job, phase="CDC", frozen=True)
        card = stage.type(f"delete {job}")
        stage.press(card, "Delete job only")
        stage.shows(card, "could not be posted", "channel_not_found")
        stage.slack.invite_bot("secret", user="alex")
        asks(stage, job, channel="secret")


def test_jobs_are_told_as_they_are_by_then(stage: Scene) -> None:
    failing, mended, gone = fresh("failing"), fresh("mended"), fresh("gone")
    stage.slack.kick_bot(NEWS)
    for job in (failing, mended, gone):
        stage.dms.add_job(job, state="FAILED", frozen=True, error={"code": 9, "message": "out of disk"})
    alerts = {job: alert_of(stage, job) for job in (failing, mended, gone)}
    stage.dms.set_job(mended, state="RUNNING", phase="CDC")
    stage.dms.remove_job(gone)
    eventually(lambda: "RUNNING" in known(stage, mended) and not known(stage, gone))
    all_sent(stage)
    stage.slack.invite_bot(NEWS)
    stage.slack.wait_message(channel=NEWS, contains=[failing, "out of disk", "[Verify]"])
    line = stage.slack.wait_message(channel=NEWS, contains=[mended, "RUNNING"])
    all_sent(stage)
    assert stage.bot.store.message(alerts[failing]).error == ""  # type: ignore[union-attr]
    assert given_up(stage, alerts[mended])
    assert given_up(stage, alerts[gone])
    (about,) = posted(stage, NEWS, gone)
    assert "Deleted" in plain(about)
    stage.dms.set_job(mended, state="STOPPED", phase="CDC")
    stage.shows(line, "STOPPED")


def alert_of(stage: Scene, job: str) -> str:
    """The key of the alert of a job's failure, once it has been given up."""

    def look() -> str | None:
        found = stage.bot.store.known_jobs().values()
        name, created = next(
            ((each.job.name, each.job.create_time) for each in found if each.job.id == job), ("", None)
        )
        events = stage.bot.store.events(name, created) if created else ()
        return f"alert:{events[0].id}:{NOTIFY_CHANNEL}" if events else None

    key = eventually(look)
    given_up(stage, key)
    return key


def known(stage: Scene, job: str) -> str:
    """The job's status as the watcher last saw it; empty when it is gone."""
    found = stage.bot.store.known_jobs().values()
    return next((each.job.status for each in found if each.job.id == job), "")


def test_somebody_else_who_joins_changes_nothing(stage: Scene) -> None:
    stage.slack.kick_bot(APPROVALS)
    first, _ = asked_in_vain(stage)
    stage.slack.raw_deliver(joining("U0SAM00001"), kind="events_api")
    second, _ = asked_in_vain(stage)
    for job in (first, second):
        assert given_up(stage, approval_key(request_of(stage, job).id))
    assert posts(stage) == 2, "each was tried once"


def test_what_is_older_than_a_day_is_left(stage: Scene) -> None:
    stage.slack.kick_bot(APPROVALS)
    asked_in_vain(stage)
    now = datetime.now(UTC)
    nobody = Subscriptions(())
    assert take_up(stage.bot.store, APPROVAL_CHANNEL, now + timedelta(days=1, minutes=1), nobody) == 0
    assert take_up(stage.bot.store, APPROVAL_CHANNEL, now, nobody) == 1


def posts(stage: Scene) -> int:
    tried = stage.slack.calls("chat.postMessage")
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
