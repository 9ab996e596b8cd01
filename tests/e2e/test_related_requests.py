"""Several open requests for one job know of each other, for as long as they are open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.env import CAUGHT_UP, JSON, Env
from tests.e2e.helpers import DANA, ROLES, SAM, age, asks, policy, request_of, single_bot
from tests.waiting import until

OPEN = "*Also open*"


@pytest.fixture
def env(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path, ROLES)) as made:
        yield made


def a_job(env: Env) -> str:
    return env.add_job("both", phase="CDC", **CAUGHT_UP)


def deletion(env: Env, jobs: str) -> JSON:
    """One that sam has asked for and confirmed."""
    card = env.type(f"delete {jobs}", user="sam", channel="general")
    env.press(card, "confirm", "sam")
    return env.shows_as(card, "approving")


def without(env: Env, card: JSON) -> None:
    """Once the message no longer names another request."""

    def look() -> bool:
        same = env.current(card)
        return OPEN not in plain(same)

    assert until(look)


def test_each_says_what_else_is_asked_and_how_it_stands(env: Env) -> None:
    job = a_job(env)
    theirs = deletion(env, job)
    first = asks(env, job)
    assert OPEN not in plain(theirs)
    card = env.type(f"promote {job}")
    env.shows(card, f"{OPEN}: *delete {job}* by <@{SAM}>, waiting for approvals.")
    for waiting in (theirs, first):
        env.shows(waiting, f"{OPEN}: *promote {job}*")
    env.press(theirs, "details", "sam")
    mine = f"{OPEN}: *promote {job}* by <@{DANA}>, waiting for its requester to confirm."
    env.slack.close_view(env.slack.wait_view("sam", mine), user="sam")
    env.press(card, "confirm")
    second = env.slack.wait_message(channel="dms-approvals", contains=f"asks to *promote* `{job}`")
    assert f"{OPEN}: *delete {job}*" in plain(second)
    env.press(second, "details", "alex")
    env.slack.wait_view("alex", f"*delete {job}* by <@{SAM}>, waiting for approvals.")
    env.press(theirs, "withdraw", "sam")
    without(env, card)
    without(env, second)


def test_what_has_to_be_typed_says_it_too(env: Env) -> None:
    job = a_job(env)
    deletion(env, job)
    env.dms.set_job(job, state="FAILED")
    card = env.type(f"restart {job}")
    env.press(card, "confirm")
    env.slack.wait_view("dana", [f"{OPEN}: *delete {job}* by <@{SAM}>, waiting for approvals."])


def test_a_request_for_several_jobs_is_named_where_it_has_this_one(env: Env) -> None:
    job, other, third = a_job(env), a_job(env), a_job(env)
    deletion(env, f"{job} {other}")
    said = f"{OPEN}: *delete 2 jobs* (`{job}` among them) by <@{SAM}>, waiting for approvals."
    env.shows(env.type(f"promote {job}"), said)
    assert OPEN not in plain(env.type(f"promote {third}"))


def test_what_has_expired_is_not_open(env: Env) -> None:
    job = a_job(env)
    env.type(f"delete {job}", user="sam", channel="general")
    card = env.shows(env.type(f"promote {job}"), OPEN)
    mine, theirs = env.bot.store.requests()[:2]
    assert request_of(env, job).id == mine.id
    age(env, theirs, 3600)
    without(env, card)
