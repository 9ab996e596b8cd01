"""Without a policy everybody may look, and nobody may change anything, by no way that leads there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.app import now
from sandbox.slack import SlackServer, plain
from tests.e2e.deciding import (
    ROLES,
    alone,
    asks,
    audit,
    ends,
    eventually,
    full,
    moment,
    policy,
    press_refused,
    request_of,
    started,
)
from tests.e2e.scene import CAUGHT_UP, JSON, Scene, fresh, scene

REFUSED = (
    "there is no policy yet, so nobody may change anything; whoever runs the bot writes one with "
    "`dms-bot policy init` and names its file in `DMS_BOT_POLICY`, or sets `DMS_BOT_POLICY=open`"
)
CHANGING = {
    "StartMigrationJob",
    "StopMigrationJob",
    "ResumeMigrationJob",
    "RestartMigrationJob",
    "PromoteMigrationJob",
    "VerifyMigrationJob",
    "DeleteMigrationJob",
    "UpdateMigrationJob",
    "PatchMigrationJob",
    "DeleteConnectionProfile",
}
RUNNING: dict[str, Any] = {"state": "RUNNING", **CAUGHT_UP, "phase": "CDC", "frozen": True}
READY: dict[str, Any] = {"state": "NOT_STARTED"}
FAILED: dict[str, Any] = {"state": "FAILED", "phase": "CDC", "frozen": True}
STOPPED: dict[str, Any] = {"state": "STOPPED", "phase": "CDC", "frozen": True}
NEWS = "db-migrations"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("bot"), policy_file=None) as made:
        yield made
        assert changes(made) == []
        assert made.bot.store.requests() == ()
        assert made.slack.violations() == []


def changes(stage: Scene) -> list[str]:
    """The calls that change something, as the service saw them."""
    return [call["method"] for call in stage.dms.calls() if call["method"] in CHANGING]


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
def test_every_changing_verb_is_refused(stage: Scene, user: str, line: str, how: dict[str, Any]) -> None:
    job = fresh("bare")
    stage.dms.add_job(job, **how)
    answer = stage.type(line.format(job), user=user)
    assert f"You may not use `{line.split()[0]}` on `{job}`: {REFUSED}" in plain(answer)
    assert answer.get("ephemeral_for")
    assert audit(stage, job) == ()
    assert changes(stage) == []


def test_the_view_for_editing_is_not_shown(stage: Scene) -> None:
    job = fresh("bare")
    stage.dms.add_job(job, **READY)
    stage.slack.command(f"edit {job}")
    view = stage.slack.wait_view("dana", f"You may not use `edit` on `{job}`")
    assert REFUSED in plain(view)
    assert [block for block in view["blocks"] if block["type"] == "input"] == []
    stage.slack.close_view(view, everything=True)


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
def test_many_at_once_are_refused_as_one_is(stage: Scene, line: str) -> None:
    jobs = [fresh("many"), fresh("many")]
    for job in jobs:
        stage.dms.add_job(job, **RUNNING)
    assert REFUSED in plain(stage.type(line.format(*jobs)))
    assert changes(stage) == []
    assert stage.bot.store.freezes(now()) == ()


def test_what_a_channel_is_told_is_refused_and_what_one_is_told_oneself_is_not(stage: Scene) -> None:
    for line in ("watch", "watch --only failed", "unwatch --all", "watch --channel <#C0GENERAL1|general>"):
        refused = plain(stage.type(line))
        assert f"You may not set or end what a channel is told: {REFUSED}" in refused
        assert "`/dms watch … --dm` tells you alone" in refused
    assert stage.bot.store.watches() == ()
    assert "now told of all jobs" in plain(stage.type("watch --dm"))
    assert "[Unwatch]" in plain(stage.type("watches"))
    assert "no longer told" in plain(stage.type("unwatch --dm"))


@pytest.mark.parametrize("line", ["list", "show {}", "databases {}", "history", "approvals", "watches"])
@pytest.mark.parametrize("user", ["dana", "quinn"])
def test_looking_goes_on_and_offers_no_change(stage: Scene, line: str, user: str) -> None:
    job = fresh("seen")
    stage.dms.add_job(job, **FAILED)
    shown = plain(stage.type(line.format(job), user=user))
    assert "You may not" not in shown
    for label in ("Start", "Stop", "Resume", "Restart", "Promote", "Verify", "Edit", "Delete", "Choose"):
        assert f"[{label}" not in shown


def test_messages_in_channels_offer_no_change(slack: SlackServer, tmp_path: Path) -> None:
    job = fresh("news")
    with alone(slack, tmp_path, policy_file=None) as stage:
        stage.dms.add_job(job, **RUNNING)
        eventually(lambda: stage.bot.store.known_job(full(job)))
        stage.dms.set_job(job, state="FAILED", error={"code": 9, "message": "no space left"})
        alert = stage.slack.wait_message(channel=NEWS, contains=["*FAILED*", job, "no space left", "[Show]"])
        assert labels(alert) == ["[Show]"]
        stage.dms.set_job(job, state="RUNNING")
        told = stage.slack.wait_message(channel=NEWS, contains=["RUNNING", job], after=alert["ts"])
        assert set(labels(told)) <= {"[Show]"}


def labels(message: JSON) -> list[str]:
    """The buttons of a message."""
    return re.findall(r"\[[A-Z][^\]]*\]", plain(message))


def test_the_policy_verb_says_how_to_go_on(stage: Scene) -> None:
    told = plain(stage.type("policy"))
    assert "Your role here is *viewer*" in told
    assert "There is no policy yet" in told
    assert "`dms-bot policy init`" in told


def test_buttons_from_before_are_refused_too(tmp_path: Path) -> None:
    shown, waiting, asked = fresh("shown"), fresh("waiting"), fresh("asked")
    with ends() as (slack, dms):
        with started(slack, dms, tmp_path) as stage:
            stage.dms.add_job(shown, **STOPPED)
            stage.dms.add_job(waiting, **FAILED)
            card, confirmation = stage.type(f"show {shown}"), stage.type(f"delete {waiting}")
        with started(slack, dms, tmp_path, policy_file=policy(tmp_path, ROLES)) as stage:
            stage.dms.add_job(asked, **FAILED)
            request = stage.type(f"delete {asked}")
            stage.press(request, "Delete job only")
            ask = asks(stage, asked)
        with started(slack, dms, tmp_path, policy_file=None) as stage:
            before = moment(stage)
            stage.press(card, "Resume")
            stage.answer_to("dana", "dms", REFUSED, after=before)
            press_refused(stage, confirmation, "Delete job only", "dana", REFUSED)
            press_refused(stage, ask, "Approve", "alex", REFUSED)
            assert request_of(stage, asked).state == "approving"
            assert changes(stage) == []


def test_an_open_policy_lets_members_act_alone_and_guests_look(slack: SlackServer, tmp_path: Path) -> None:
    with alone(slack, tmp_path, policy_file="open") as stage:
        job = fresh("free")
        stage.dms.add_job(job, **FAILED)
        assert "may only look here" in plain(stage.type(f"delete {job}", user="quinn"))
        card = stage.type(f"delete {job}", user="riley")
        stage.press(card, "Delete job only", "riley")
        stage.shows(card, "✅ *Deleted*")
        told = plain(stage.type("policy"))
        assert "*Open* (`DMS_BOT_POLICY=open`)" in told
        assert "every member of the workspace can delete a production destination alone" in told
