"""A watch says whether the app can post where it is to be told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.deciding import alone, eventually
from tests.e2e.scene import Scene, fresh

RANDOM = "<#C0RANDOM01|random>"
LEADS = "<#G0DBLEADS1|db-leads>"
INVITE = "type `/invite @dms` in it"


@pytest.fixture
def stage(slack: SlackServer, tmp_path: Path) -> Iterator[Scene]:
    with alone(slack, tmp_path) as made:
        yield made


def a_job(stage: Scene) -> str:
    job = fresh("seen")
    stage.dms.add_job(job, phase="CDC", frozen=True)
    return job


def targets(stage: Scene) -> list[str]:
    return [each.target for each in stage.bot.store.watches()]


@pytest.mark.parametrize("typed_there", [True, False])
def test_a_channel_without_the_app_is_said_to_need_it(stage: Scene, typed_there: bool) -> None:
    job = a_job(stage)
    if typed_there:
        answer = stage.type(f"watch {job}", channel="random")
    else:
        answer = stage.type(f"watch {job} --channel {RANDOM}")
    said = plain(answer)
    assert f"<#C0RANDOM01> will be told of `{job}` once I am a member there. The watch is saved" in said
    assert f"*I am not a member of that channel yet* and cannot post there: {INVITE}" in said
    assert answer.get("ephemeral_for")
    assert targets(stage) == ["C0RANDOM01"]
    stage.slack.invite_bot("random")
    again = plain(stage.type(f"watch {job} --channel {RANDOM}"))
    assert f"<#C0RANDOM01> is already told of `{job}`." in again
    assert "member" not in again
    eventually(lambda: stage.bot.store.known_jobs())
    stage.dms.set_job(job, state="FAILED")
    stage.slack.wait_message(channel="random", contains=["FAILED", job])


def test_a_private_channel_without_the_app_is_not_seen(stage: Scene) -> None:
    stage.slack.kick_bot("db-leads")
    said = plain(stage.type(f"watch --only failed --channel {LEADS}"))
    assert "will be told of all jobs, only `failed` once I am a member there. The watch is saved" in said
    assert (
        f"*I cannot see that channel*, which is private or not there, and cannot post in it: {INVITE}" in said
    )
    assert targets(stage) == ["G0DBLEADS1"]
    assert "already" not in plain(stage.type(f"watch --only failed --channel {LEADS}")), "nothing arrives"


@pytest.mark.parametrize("channel", ["<#C0GENERAL1|general>", LEADS])
def test_where_the_app_is_a_member_nothing_more_is_said(stage: Scene, channel: str) -> None:
    said = plain(stage.type(f"watch --channel {channel}"))
    assert "is now told of all jobs." in said
    assert "member" not in said


def test_where_slack_does_not_say_it_is_saved_all_the_same(stage: Scene) -> None:
    stage.slack.fault("conversations.info", "503")
    said = plain(stage.type(f"watch --channel {RANDOM}"))
    assert "is now told of all jobs. I can only write where I am a member" in said
    assert targets(stage) == ["C0RANDOM01"]
