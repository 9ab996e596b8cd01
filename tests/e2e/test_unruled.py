"""Without a policy everybody may look, and nobody may change anything, by no way that leads there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.app import now
from sandbox.slack import SlackServer, plain
from tests.e2e.env import CAUGHT_UP, JSON, Env, open_env, unique_id
from tests.e2e.helpers import (
    ROLES,
    asks,
    audit,
    full,
    moment,
    open_servers,
    policy,
    press_refused,
    request_of,
    single_bot,
    started,
)
from tests.methods import CHANGING
from tests.waiting import until

REFUSED = (
    "there is no policy yet, so nobody may change anything; whoever runs the bot writes one with "
    "`dms-bot policy init` and names its file in `DMS_BOT_POLICY`, or sets `DMS_BOT_POLICY=open`"
)
RUNNING: dict[str, Any] = {"state": "RUNNING", **CAUGHT_UP, "phase": "CDC", "frozen": True}
READY: dict[str, Any] = {"state": "NOT_STARTED"}
FAILED: dict[str, Any] = {"state": "FAILED", "phase": "CDC", "frozen": True}
STOPPED: dict[str, Any] = {"state": "STOPPED", "phase": "CDC", "frozen": True}
NEWS = "db-migrations"


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    with open_env(tmp_path_factory.mktemp("bot"), policy_file=None) as made:
        yield made
        assert changes(made) == []
        assert made.bot.store.requests() == ()
        assert made.slack.violations() == []


def changes(env: Env) -> list[str]:
    """The calls that change something, as the service saw them."""
    return [call["method"] for call in env.dms.calls(*CHANGING)]


@pytest.mark.parametrize("user", ["dana", "alex", "quinn"])
@pytest.mark.parametrize(
    ("line", "how"),
    [
        ("start {}", READY),
        ("stop {}", RUNNING),
        ("resume {}", STOPPED),
        ("restart {}", FAILED),
        ("restart {} --failed-only", RUNNING),
        ("promote {}", RUNNING),
        ("verify {}", READY),
        ("delete {}", FAILED),
        ("delete {} --with-destination", FAILED),
        ("edit {} --parallel max", RUNNING),
        ('freeze {} --until 2h --reason "month end"', RUNNING),
        ("unfreeze {}", RUNNING),
    ],
)
def test_every_changing_verb_is_refused(env: Env, user: str, line: str, how: dict[str, Any]) -> None:
    job = unique_id("bare")
    env.dms.add_job(job, **how)
    answer = env.type(line.format(job), user=user)
    assert f"You may not use `{line.split()[0]}` on `{job}`: {REFUSED}" in plain(answer)
    assert answer.get("ephemeral_for")
    assert audit(env, job) == ()
    assert changes(env) == []


def test_the_view_for_editing_is_not_shown(env: Env) -> None:
    job = unique_id("bare")
    env.dms.add_job(job, **READY)
    env.slack.command(f"edit {job}")
    view = env.slack.wait_view("dana", f"You may not use `edit` on `{job}`")
    assert REFUSED in plain(view)
    assert [block for block in view["blocks"] if block["type"] == "input"] == []
    env.slack.close_view(view, everything=True)


@pytest.mark.parametrize(
    "line",
    [
        "stop {} {}",
        "delete {} {}",
        "stop --all state=running",
        'freeze --all --until 2h --reason "month end"',
        "unfreeze --all",
    ],
)
def test_many_at_once_are_refused_as_one_is(env: Env, line: str) -> None:
    jobs = [unique_id("many"), unique_id("many")]
    for job in jobs:
        env.dms.add_job(job, **RUNNING)
    assert REFUSED in plain(env.type(line.format(*jobs)))
    assert changes(env) == []
    assert env.bot.store.freezes(now()) == ()


def test_what_a_channel_is_told_is_refused_and_what_one_is_told_oneself_is_not(env: Env) -> None:
    for line in ("watch", "watch --only failed", "unwatch --all", "watch --channel <#C0GENERAL1|general>"):
        refused = plain(env.type(line))
        assert f"You may not change the notifications of a channel: {REFUSED}" in refused
        assert "`/dms watch … --dm` notifies you alone" in refused
    assert env.bot.store.watches() == ()
    assert "now subscribed to all jobs" in plain(env.type("watch --dm"))
    assert "[Unwatch]" in plain(env.type("watches"))
    assert "no longer subscribed" in plain(env.type("unwatch --dm"))


@pytest.mark.parametrize("line", ["list", "show {}", "databases {}", "history", "approvals", "watches"])
@pytest.mark.parametrize("user", ["dana", "quinn"])
def test_looking_goes_on_and_offers_no_change(env: Env, line: str, user: str) -> None:
    job = unique_id("seen")
    env.dms.add_job(job, **FAILED)
    shown = plain(env.type(line.format(job), user=user))
    assert "You may not" not in shown
    for label in ("Start", "Stop", "Resume", "Restart", "Promote", "Verify", "Edit", "Delete", "Choose"):
        assert f"[{label}" not in shown


def test_messages_in_channels_offer_no_change(slack: SlackServer, tmp_path: Path) -> None:
    job = unique_id("news")
    with single_bot(slack, tmp_path, policy_file=None) as env:
        env.dms.add_job(job, **RUNNING)
        until(lambda: env.bot.store.known_job(full(job)))
        env.dms.set_job(job, state="FAILED", error={"code": 9, "message": "no space left"})
        alert = env.slack.wait_message(channel=NEWS, contains=[f"🔴 *Failed*: `{job}`", "no space left"])
        assert labels(alert) == ["[Show]"]
        env.dms.set_job(job, state="RUNNING")
        told = env.slack.wait_message(channel=NEWS, contains=f"🟢 *Continues by itself*: `{job}`")
        assert labels(told) == ["[Show]"]


def labels(message: JSON) -> list[str]:
    """The buttons of a message."""
    return re.findall(r"\[[A-Z][^\]]*\]", plain(message))


def test_the_policy_verb_says_how_to_go_on(env: Env) -> None:
    told = plain(env.type("policy"))
    assert "Your role here is *viewer*" in told
    assert "There is no policy yet" in told
    assert "`dms-bot policy init`" in told


def test_buttons_from_before_are_refused_too(tmp_path: Path) -> None:
    shown, waiting, asked = unique_id("shown"), unique_id("waiting"), unique_id("asked")
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path) as env:
            env.dms.add_job(shown, **STOPPED)
            env.dms.add_job(waiting, **FAILED)
            card, confirmation = env.type(f"show {shown}"), env.type(f"delete {waiting}")
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, ROLES)) as env:
            env.dms.add_job(asked, **FAILED)
            request = env.type(f"delete {asked}")
            env.press(request, "confirm")
            ask = asks(env, asked)
        with started(slack, dms, tmp_path, policy_file=None) as env:
            before = moment(env)
            env.press(card, "Resume")
            env.answer_to("dana", "dms", REFUSED, after=before)
            press_refused(env, confirmation, "confirm", "dana", REFUSED)
            press_refused(env, ask, "approve", "alex", REFUSED)
            assert request_of(env, asked).state == "approving"
            assert changes(env) == []


def test_an_open_policy_lets_members_act_alone_and_guests_look(slack: SlackServer, tmp_path: Path) -> None:
    with single_bot(slack, tmp_path, policy_file="open") as env:
        job = unique_id("free")
        env.dms.add_job(job, **FAILED)
        assert "may only look here" in plain(env.type(f"delete {job}", user="quinn"))
        card = env.type(f"delete {job}", user="riley")
        env.press(card, "confirm", "riley")
        env.shows_done(card, "delete")
        told = plain(env.type("policy"))
        assert "*Open* (`DMS_BOT_POLICY=open`)" in told
        assert "every member of the workspace can delete a production destination alone" in told
