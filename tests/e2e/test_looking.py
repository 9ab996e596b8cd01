"""What takes longer than a second says so, and the answer takes its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.dms.answer_deadline import Patience
from bot.slack.render.modals import COMING, LOOKING
from sandbox.dms import DmsServer
from sandbox.slack import SlackServer, plain
from tests.e2e.env import DONE, JSON, LIMITS, Env, running, settings
from tests.e2e.helpers import ROLES, full, policy
from tests.waiting import until

RULE = '\n[[rule]]\nname = "secret"\nverbs = ["view"]\nlabels = { secret = "yes" }\nallow = ["U0DANA0001"]\n'
STAFF = "staff"


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    folder = tmp_path_factory.mktemp("looking")
    with SlackServer(port=0) as slack, DmsServer(port=0, seed="empty", clock_factor=60.0) as dms:
        wanted = settings(slack, dms, folder, policy_file=policy(folder, ROLES + RULE))
        with running(wanted, limits=replace(LIMITS, looking_after_s=0.1), patience=Patience()) as bot:
            slack.control.configure(rate_limits=False)
            slack.control.wait_connections()
            slack.control.add_channel(STAFF, members=["dana", "sam", "alex", "riley"])
            yield Env(slack.control, dms.control, bot)
            assert slack.control.violations() == []


def slowly(env: Env, prefix: str, **values: Any) -> str:
    """A job that the service takes its time to read."""
    job = env.add_job(prefix, state="RUNNING", phase="CDC", **values)
    until(lambda: env.bot.store.known_job(full(job)))
    env.dms.fault("GetMigrationJob", kind="SLOW", delay_seconds=0.7, match=job)
    return job


def said_first(message: JSON) -> list[str]:
    return [each["text"] for each in message["versions"]]


def stands(env: Env, channel: str) -> list[JSON]:
    """What still says that the bot is looking."""
    return [each for each in env.slack.messages(channel, user="dana") if LOOKING in plain(each)]


def test_a_command_is_answered_below(env: Env) -> None:
    """Its response URL replaces nothing."""
    job = slowly(env, "typed")
    env.slack.command(f"show {job}", channel=STAFF)
    card = env.slack.wait_message(STAFF, [job, "Running"], user="dana")
    assert said_first(card) == []
    assert card["ephemeral_for"]
    assert not stands(env, STAFF)
    before, last = env.slack.messages(STAFF, user="dana")[-2:]
    assert (before["text"], last["ts"]) == (COMING, card["ts"])


@pytest.mark.parametrize("channel", [STAFF, "dm"])
def test_a_message_is_answered_in_its_place(env: Env, channel: str) -> None:
    job = slowly(env, "said")
    said = env.slack.say(f"{'' if channel == 'dm' else '@dms '}show {job}", channel=channel)
    card = env.slack.wait_message(channel, [job, "Running"], user="dana", after=said["ts"])
    assert said_first(card) == [LOOKING]
    assert not stands(env, channel)


def test_what_only_one_person_may_see_takes_it_back(env: Env) -> None:
    job = slowly(env, "hidden", labels={"secret": "yes"})
    said = env.slack.say(f"@dms show {job}", channel=STAFF)
    card = env.slack.wait_message(STAFF, [job, "Only you see this"], user="dana", after=said["ts"])
    assert said_first(card) == []
    assert not stands(env, STAFF)


def test_a_change_takes_it_back_for_its_card(env: Env) -> None:
    job = slowly(env, "changed")
    said = env.slack.say(f"@dms stop {job}", channel=STAFF)
    card = env.slack.wait_message(STAFF, [job, DONE["stop"]], user="dana", after=said["ts"])
    assert LOOKING not in said_first(card)
    assert not stands(env, STAFF)


def test_an_error_comes_below(env: Env) -> None:
    job = slowly(env, "wrong")
    env.dms.clear_faults()
    env.dms.fault("GetMigrationJob", kind="HANG", times=None, match=job)
    env.slack.command(f"databases {job}", channel=STAFF)
    note = env.slack.wait_message(STAFF, "Try again", user="dana", where=lambda m: job in plain(m))
    assert said_first(note) == []
    assert not stands(env, STAFF)
