"""What a rule keeps from people reaches them nowhere: no direct message, no file, no card in a channel."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack import SlackServer, plain
from sandbox.slack.seed import APPROVAL_CHANNEL
from tests.e2e.env import DONE, Env, steps, unique_id
from tests.e2e.helpers import DANA, ROLES, full, moment, open_servers, policy, private, single_bot, started
from tests.waiting import until

RULES = (
    ROLES
    + """
[[rule]]
name = "secret ones"
verbs = ["view"]
labels = { secret = "yes" }
allow = ["U0DANA0001", "U0ALEX0001", "G0DBLEADS1"]
"""
)
SECRET: dict[str, Any] = {"labels": {"secret": "yes"}}


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    folder = tmp_path_factory.mktemp("kept")
    with SlackServer() as own, single_bot(own, folder, policy_file=policy(folder, RULES)) as made:
        yield made


def directly(env: Env, user: str) -> str:
    """All that the app has written to this person directly."""
    seen = env.slack.messages(user=user)
    return "\n".join(plain(each) for each in seen if each["channel"].startswith("D"))


def has_read(env: Env, user: str, *words: str) -> bool:
    return all(word in directly(env, user) for word in words)


def test_direct_messages_of_all_jobs_leave_it_out(env: Env) -> None:
    for user in ("riley", "dana"):
        env.type("watch --dm", user=user)
    hidden, open_job = unique_id("hidden"), unique_id("open")
    env.dms.add_job(hidden, state="RUNNING", phase="CDC", frozen=True, **SECRET)
    env.dms.add_job(open_job, state="RUNNING", phase="CDC", frozen=True)
    for name in (hidden, open_job):
        env.slack.wait_message(channel="db-migrations", contains=[name])
        env.dms.set_job(name, state="FAILED", phase="CDC")
    for user, name in (("dana", hidden), ("dana", open_job), ("riley", open_job)):
        until(partial(has_read, env, user, name, "Failed"))
    assert hidden not in directly(env, "riley")


def test_its_request_is_shown_to_those_who_may_see_it(env: Env) -> None:
    job = env.add_job("hidden", state="RUNNING", phase="CDC", **SECRET)
    assert "your direct messages with me" in plain(env.type(f"stop {job}"))
    until(lambda: has_read(env, "dana", job, DONE["stop"]))
    assert not [each for each in env.slack.messages("dms") if job in plain(each)]
    card = env.type(f"resume {job}", channel="db-leads")
    env.shows_done(card, "resume")


def test_a_freeze_of_it_is_told_to_nobody_else(env: Env) -> None:
    job = env.add_job("hidden", state="RUNNING", phase="CDC", **SECRET)
    told = env.type(f'freeze {job} --until 2h --reason "month end"')
    assert told["ephemeral_for"] == "dana"
    env.type(f"unfreeze {job}")


def test_files_go_to_the_person(env: Env) -> None:
    before = moment(env)
    count = len(env.slack.files())
    env.slack.command("history --export csv")
    private(env, "dana", "for you alone", after=before)
    until(lambda: env.slack.files()[count:])
    posted = [each for each in env.slack.messages(after=before) if each.get("files")]
    assert [each["channel"][0] for each in posted] == ["D"]


def test_lifting_the_freeze_of_somebody_else_tells_them(env: Env) -> None:
    job = env.add_job("cold", state="RUNNING", phase="CDC")
    env.type(f'freeze {job} --until 2h --reason "month end"', user="sam")
    env.type(f"unfreeze {job}", user="dana")
    mine = rf"<@{DANA}> lifted your freeze of `{job}`"
    until(lambda: mine in directly(env, "sam"))
    env.type(f'freeze {job} --until 2h --reason "again"', user="sam")
    env.type(f"unfreeze {job}", user="sam")
    env.type("list", user="sam")
    assert directly(env, "sam").count(mine) == 1


def test_only_those_concerned_measure_again(env: Env) -> None:
    job = env.add_job("late", state="RUNNING", phase="CDC", sec_lag=30)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    before = moment(env)
    env.press(card, "Re-check delay", "riley")
    private(env, "riley", "You may not use `promote`", after=before)


def test_an_approval_that_nobody_would_see_is_not_requested(slack: SlackServer, tmp_path: Path) -> None:
    rules = policy(tmp_path, RULES.replace(f'approval_channel = "{APPROVAL_CHANNEL}"', ""))
    with single_bot(slack, tmp_path, policy_file=rules, approval_channel="") as env:
        job = env.add_job("hidden", state="STOPPED", phase="CDC", **SECRET)
        assert "approvers would not see it" in plain(env.type(f"delete {job}"))
        assert env.bot.store.requests() == ()
        assert "confirm" in steps(env.type(f"delete {job}", channel="db-leads"))


def test_nor_is_it_where_only_a_later_policy_asks_for_it(tmp_path: Path) -> None:
    before = policy(tmp_path, RULES.replace(f'approval_channel = "{APPROVAL_CHANNEL}"', ""))
    stricter = '\n[[rule]]\nname = "four eyes"\nverbs = ["stop"]\napprovals = 1\n'
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path, policy_file=before, approval_channel="") as env:
            job = env.add_job("hidden", state="RUNNING", phase="FULL_DUMP", **SECRET)
            env.type(f"stop {job}")
            card = env.slack.wait_message(
                user="dana", contains=[job], where=lambda message: "confirm" in steps(message)
            )
        after = policy(tmp_path, before.read_text() + stricter)
        with started(slack, dms, tmp_path, policy_file=after, approval_channel="") as env:
            env.press(card, "confirm", "dana")
            until(lambda: "approvers would not see it" in directly(env, "dana"))
            assert env.bot.store.runs(job=full(job)) == ()
