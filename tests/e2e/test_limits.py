"""One person cannot fill the bot with requests or commands; others do not notice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.env import Env, steps
from tests.e2e.helpers import ROLES, asks, events, moment, policy, private, single_bot


@pytest.fixture
def env(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path, ROLES), max_open_requests=3) as made:
        yield made


def a_job(env: Env) -> str:
    return env.add_job("many", state="STOPPED", phase="CDC")


def test_asking_again_replaces_what_was_not_confirmed(env: Env) -> None:
    job = a_job(env)
    first = env.type(f"delete {job}")
    second = env.type(f"delete {job}")
    env.shows_as(first, "cancelled")
    assert "confirm" not in steps(env.current(first))
    env.press(second, "confirm")
    env.shows(second, "0 of 1")
    waiting = env.type(f"delete {job}")
    assert "already requested exactly that" in plain(waiting)
    assert "review" in steps(waiting)
    theirs = env.type(f"delete {job}", user="sam")
    assert "confirm" in steps(env.shows(theirs, step="confirm"))
    env.press(asks(env, job), "deny", "alex")
    assert events(env, job).count("requested") == 3


def test_open_requests_of_one_person_have_a_limit(env: Env) -> None:
    cards = [env.type(f"delete {a_job(env)}") for _ in range(3)]
    job = a_job(env)
    refused = plain(env.type(f"delete {job}"))
    assert "3 of your requests are open, and one person can have 3" in refused
    assert events(env, job) == []
    assert "confirm" in steps(env.shows(env.type(f"delete {job}", user="sam"), step="confirm"))
    env.press(cards[0], "cancel")
    env.shows_as(cards[0], "cancelled")
    assert "confirm" in steps(env.shows(env.type(f"delete {job}"), step="confirm"))


def test_commands_of_one_person_have_a_limit(slack: SlackServer, tmp_path: Path) -> None:
    """Two a minute are one at once, and the next after half a minute, which no machine takes for two."""
    with single_bot(slack, tmp_path, commands_per_minute=2) as env:
        before = moment(env)
        for _ in range(2):
            env.slack.command("help", user="riley", wait=False)
        told = private(env, "riley", "too many commands at once", "Try again in", after=before)
        assert "/dms verify a b c" in plain(told)
        assert "`list` " in plain(env.type("help", user="dana"))
