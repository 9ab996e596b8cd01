"""Several open requests for one job know of each other, for as long as they are open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.deciding import DANA, ROLES, SAM, age, alone, asks, eventually, policy, request_of
from tests.e2e.scene import CAUGHT_UP, JSON, Scene, fresh

OPEN = "*Open as well*"


@pytest.fixture
def stage(slack: SlackServer, tmp_path: Path) -> Iterator[Scene]:
    with alone(slack, tmp_path, policy_file=policy(tmp_path, ROLES)) as made:
        yield made


def a_job(stage: Scene) -> str:
    job = fresh("both")
    stage.dms.add_job(job, phase="CDC", frozen=True, **CAUGHT_UP)
    return job


def deletion(stage: Scene, jobs: str) -> JSON:
    """One that sam has asked for and confirmed."""
    card = stage.type(f"delete {jobs}", user="sam", channel="general")
    stage.press(card, "Delete jobs only" if " " in jobs else "Delete job only", "sam")
    return stage.shows(card, "Waiting for approval")


def without(stage: Scene, card: JSON) -> None:
    """Once the message no longer names another request."""

    def look() -> bool:
        same = next(each for each in stage.slack.messages() if each["ts"] == card["ts"])
        return OPEN not in plain(same)

    assert eventually(look)


def test_each_says_what_else_is_asked_and_how_it_stands(stage: Scene) -> None:
    job = a_job(stage)
    theirs = deletion(stage, job)
    first = asks(stage, job)
    assert OPEN not in plain(theirs)
    card = stage.type(f"promote {job}")
    stage.shows(card, f"{OPEN}: *delete {job}* by <@{SAM}>, waiting for approvals.")
    waiting = f"{OPEN}: *promote {job}* by <@{DANA}>, waiting for its requester to confirm."
    stage.shows(theirs, waiting)
    stage.shows(first, waiting)
    stage.press(card, "Confirm promote")
    second = stage.slack.wait_message(channel="dms-approvals", contains=f"Approve: promote {job}?")
    assert f"*delete {job}* by <@{SAM}>, waiting for approvals." in plain(second)
    stage.shows(first, f"*promote {job}* by <@{DANA}>, waiting for approvals.")
    stage.press(theirs, "Withdraw", "sam")
    without(stage, card)
    without(stage, second)


def test_what_has_to_be_typed_says_it_too(stage: Scene) -> None:
    job = a_job(stage)
    deletion(stage, job)
    stage.dms.set_job(job, state="FAILED")
    card = stage.type(f"restart {job}")
    stage.press(card, "Confirm restart")
    stage.slack.wait_view("dana", [f"{OPEN}: *delete {job}* by <@{SAM}>, waiting for approvals."])


def test_a_request_for_several_jobs_is_named_where_it_has_this_one(stage: Scene) -> None:
    job, other, third = a_job(stage), a_job(stage), a_job(stage)
    deletion(stage, f"{job} {other}")
    said = f"{OPEN}: *delete 2 jobs* (`{job}` among them) by <@{SAM}>, waiting for approvals."
    stage.shows(stage.type(f"promote {job}"), said)
    assert OPEN not in plain(stage.type(f"promote {third}"))


def test_what_has_expired_is_not_open(stage: Scene) -> None:
    job = a_job(stage)
    stage.type(f"delete {job}", user="sam", channel="general")
    card = stage.shows(stage.type(f"promote {job}"), OPEN)
    mine, theirs = stage.bot.store.requests()[:2]
    assert request_of(stage, job).id == mine.id
    age(stage, theirs, 3600)
    without(stage, card)
