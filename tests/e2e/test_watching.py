"""A watch says whether the app can post where it is to be told, and who sets what a channel hears."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack import SlackServer, plain
from sandbox.slack.seed import NOTIFY_CHANNEL
from tests.e2e.env import Env
from tests.e2e.helpers import policy, press_refused, single_bot
from tests.waiting import until

RANDOM = "<#C0RANDOM01|random>"
LEADS = "<#G0DBLEADS1|db-leads>"
INVITE = "type `/invite` and my name in it"


@pytest.fixture
def env(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    with single_bot(slack, tmp_path) as made:
        yield made


def a_job(env: Env) -> str:
    return env.add_job("seen", phase="CDC")


def targets(env: Env) -> list[str]:
    return [each.target for each in env.bot.store.watches()]


@pytest.mark.parametrize("typed_there", [True, False])
def test_a_channel_without_the_app_is_said_to_need_it(env: Env, typed_there: bool) -> None:
    job = a_job(env)
    if typed_there:
        answer = env.type(f"watch {job}", channel="random")
    else:
        answer = env.type(f"watch {job} --channel {RANDOM}")
    said = plain(answer)
    assert f"<#C0RANDOM01> gets `{job}` once I am a member there. The subscription is saved" in said
    assert f"*I am not a member of that channel yet* and cannot post there: {INVITE}" in said
    assert answer.get("ephemeral_for")
    assert targets(env) == ["C0RANDOM01"]
    env.slack.invite_bot("random")
    again = plain(env.type(f"watch {job} --channel {RANDOM}"))
    assert f"<#C0RANDOM01> is already subscribed to `{job}`." in again
    assert "member" not in again
    until(lambda: env.bot.store.known_jobs())
    env.dms.set_job(job, state="FAILED")
    env.slack.wait_message(channel="random", contains=["Failed", job])


def test_a_private_channel_without_the_app_is_not_seen(env: Env) -> None:
    env.slack.kick_bot("db-leads")
    said = plain(env.type("watch --only failed", channel="db-leads"))
    assert "gets all jobs, only `failed` once I am a member there. The subscription is saved" in said
    assert (
        f"*I cannot see that channel*, which is private or not there, and cannot post in it: {INVITE}" in said
    )
    assert targets(env) == ["G0DBLEADS1"]
    assert "already" not in plain(env.type("watch --only failed", channel="db-leads")), "nothing arrives"


@pytest.mark.parametrize("channel", ["<#C0GENERAL1|general>", LEADS])
def test_where_the_app_is_a_member_nothing_more_is_said(env: Env, channel: str) -> None:
    said = plain(env.type(f"watch --channel {channel}"))
    assert "is now subscribed to all jobs." in said
    assert "member" not in said


def test_where_slack_does_not_say_it_is_saved_all_the_same(env: Env) -> None:
    env.slack.fault("conversations.info", "503")
    said = plain(env.type("watch", channel="random"))
    assert "subscribed <#C0RANDOM01> to all jobs. I can only write where I am a member" in said
    assert targets(env) == ["C0RANDOM01"]


# ---- who sets what a channel hears


def test_who_only_looks_neither_silences_a_channel_nor_has_it_told(
    slack: SlackServer, tmp_path: Path
) -> None:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path)) as env:
        env.type("watch state=failed", channel="db-migrations")
        for line in ("watch --only deleted", "unwatch --all", "unwatch state=failed"):
            answer = env.type(line, user="riley", channel="db-migrations")
            assert "requires the role operator or above, and your role is viewer" in plain(answer)
            assert "`/dms watch … --dm` notifies you alone" in plain(answer)
            assert answer.get("ephemeral_for"), "the channel need not see it"
        refused = plain(env.type("watch --channel <#C0GENERAL1|general>", user="riley"))
        assert "requires the role operator" in refused
        assert [(each.target, each.jobs) for each in env.bot.store.watches()] == [
            (NOTIFY_CHANNEL, "state:FAILED")
        ]
        assert "[Unwatch]" not in plain(env.type("watches", user="riley", channel="db-migrations"))
        assert "[Unwatch]" in plain(env.type("watches", channel="db-migrations"))
        assert "now subscribed to all jobs" in plain(env.type("watch --only failed --dm", user="riley"))
        assert "[Unwatch]" in plain(env.type("watches", user="riley"))
        assert "no longer subscribed" in plain(env.type("unwatch --dm", user="riley"))


def test_a_viewer_cannot_press_what_ends_a_channels_watch(slack: SlackServer, tmp_path: Path) -> None:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path)) as env:
        shown = env.type("watch", channel="db-migrations")
        assert "<@U0DANA0001> subscribed " in plain(shown)
        press_refused(env, shown, "Unwatch", "riley", "requires the role operator")
        assert targets(env) == [NOTIFY_CHANNEL]


def test_in_an_open_policy_members_set_it_and_guests_do_not(env: Env) -> None:
    refused = plain(env.type("watch --only deleted", user="quinn"))
    assert "requires the role operator or above, and your role is viewer" in refused
    assert "Guests, people of other workspaces and deactivated people may only look here." in refused
    assert targets(env) == []
    assert "now subscribed to all jobs" in plain(env.type("watch --dm", user="quinn"))
    assert "<@U0RILEY001> subscribed " in plain(env.type("watch", user="riley"))


def test_a_private_channel_is_set_by_its_members_alone(env: Env) -> None:
    for line in ("watch", "unwatch --all"):
        refused = plain(env.type(f"{line} --channel {LEADS}", user="sam"))
        assert "That channel is private, and you are not in it" in refused
        assert f"type `/dms {line.split()[0]}` in it" in refused
    assert targets(env) == []
    assert "is now subscribed to all jobs" in plain(env.type(f"watch --channel {LEADS}", user="alex"))


@pytest.mark.parametrize("method", ["conversations.info", "conversations.members"])
def test_where_it_cannot_be_found_out_who_is_in_a_channel_nothing_is_set(env: Env, method: str) -> None:
    env.slack.fault(method, "503")
    refused = plain(env.type(f"watch --channel {LEADS}"))
    assert "I cannot find out whether you are in that channel" in refused
    assert "type `/dms watch` in it" in refused
    assert targets(env) == []


def test_a_private_channel_without_the_app_is_set_from_inside(env: Env) -> None:
    env.slack.kick_bot("db-leads")
    assert "I cannot find out" in plain(env.type(f"watch --channel {LEADS}"))
    assert targets(env) == []


def test_a_channel_sees_who_set_and_ended_from_elsewhere_what_it_hears(env: Env) -> None:
    env.type("watch --only failed --channel <#C0GENERAL1|general>", user="sam")
    told = env.slack.wait_message(channel="general", contains=["subscribed this channel to"])
    assert plain(told) == "<@U0SAM00001> subscribed this channel to all jobs, only `failed`."
    env.type("unwatch --channel <#C0GENERAL1|general>", user="sam")
    ended = env.slack.wait_message(channel="general", contains=["unsubscribed this channel"])
    assert plain(ended) == "<@U0SAM00001> unsubscribed this channel from all jobs."
    assert [each.event for each in env.bot.store.audit()] == ["watched", "unwatched"]
