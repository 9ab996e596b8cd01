"""Whoever asked hears of a denial, once, and where they look."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.deciding import (
    ALEX,
    APPROVALS,
    DANA,
    ROLES,
    alone,
    asks,
    ends,
    events,
    eventually,
    policy,
    request_of,
    started,
)
from tests.e2e.scene import CHANNEL, JSON, Scene, fresh, input_of

WHY = "not before the month end <!channel>"


@pytest.fixture
def stage(slack: SlackServer, tmp_path: Path) -> Iterator[Scene]:
    with alone(slack, tmp_path, policy_file=policy(tmp_path, ROLES)) as made:
        yield made


def confirmed(stage: Scene, channel: str = CHANNEL) -> tuple[str, JSON]:
    """A job whose restart waits for approval, and the message of its request."""
    job = fresh("no")
    stage.dms.add_job(job, state="FAILED", phase="CDC", frozen=True)
    card = stage.type(f"restart {job}", channel=channel)
    stage.confirm(card, "Confirm restart", typed=job)
    return job, card


def deny(stage: Scene, job: str, user: str = "alex") -> None:
    stage.press(asks(stage, job), "Deny", user)
    view = stage.slack.wait_view(user, "Why not?")
    answer = stage.slack.submit(view, {input_of(view): WHY}, user=user)
    assert not answer.get("errors"), answer
    eventually(lambda: request_of(stage, job).state == "denied")


def replies(stage: Scene, card: JSON) -> list[str]:
    return [plain(each) for each in stage.slack.thread(card["channel"], card["ts"])[1:]]


def all_sent(stage: Scene) -> None:
    stage.slack.wait_for(lambda _: stage.bot.store.outbox_depth() == 0, timeout=20)


def test_the_requester_is_told_in_the_thread(stage: Scene) -> None:
    job, card = confirmed(stage)
    deny(stage, job)
    stage.shows(card, "Denied", ALEX)
    all_sent(stage)
    (said,) = replies(stage, card)
    assert f"<@{DANA}>: <@{ALEX}> has denied *restart {job}*." in said
    assert "not before the month end &lt;!channel&gt;" in said
    assert len([each for each in stage.slack.messages() if "has denied" in plain(each)]) == 1


def test_where_the_app_cannot_post_the_requester_is_told_directly(stage: Scene) -> None:
    job, _ = confirmed(stage, "random")
    deny(stage, job)
    said = stage.slack.wait_message(user="dana", contains=[f"<@{ALEX}> has denied *restart {job}*"])
    assert said["channel"].startswith("D")
    all_sent(stage)
    assert len([each for each in stage.slack.messages(user="dana") if "has denied" in plain(each)]) == 1


def test_it_is_told_once_though_the_answer_is_lost(stage: Scene) -> None:
    job, card = confirmed(stage)
    asks(stage, job)
    all_sent(stage)
    stage.slack.fault("chat.postMessage", "connection_reset", after_apply=True)
    deny(stage, job)
    all_sent(stage)
    assert len(replies(stage, card)) == 1


def test_it_is_told_once_though_the_bot_ends_in_between(tmp_path: Path) -> None:
    rules = policy(tmp_path, ROLES)
    with ends() as (slack, dms):
        with started(slack, dms, tmp_path, policy_file=rules) as stage:
            job, card = confirmed(stage)
            asks(stage, job)
            all_sent(stage)
            slack.control.fault("chat.postMessage", "503", times=None)
            deny(stage, job)
            stage.shows(card, "Denied")
            assert replies(stage, card) == []
        slack.control.clear_faults()
        with started(slack, dms, tmp_path, policy_file=rules) as stage:
            slack.control.wait_for(lambda _: replies(stage, card), 20)
            all_sent(stage)
            assert len(replies(stage, card)) == 1


def test_who_denies_their_own_request_is_not_told(slack: SlackServer, tmp_path: Path) -> None:
    own = '\n[[rule]]\nname = "own"\nverbs = ["restart"]\napprovals = 1\nself_approval = true\n'
    rules = policy(tmp_path, ROLES.replace('["@leads"]', '["@leads", "@dba-team"]') + own)
    with alone(slack, tmp_path, policy_file=rules) as stage:
        job, card = confirmed(stage)
        deny(stage, job, "dana")
        stage.shows(card, "Denied", DANA)
        all_sent(stage)
        assert replies(stage, card) == []
        assert events(stage, job)[-1] == "denied"
        assert request_of(stage, job).ended_by == DANA
        assert len(stage.slack.messages(channel=APPROVALS)) >= 1
