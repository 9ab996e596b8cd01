"""What is begun in a modal ends where the modal was opened from: channel, thread, direct message, Home …"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.slack import plain
from tests.e2e.database_helpers import edited_by_somebody_else, job_with, no_views, submitted
from tests.e2e.env import JSON, Env
from tests.e2e.helpers import full, moment, show_button
from tests.waiting import until

CHOSEN = {"dms:edit:selection": "chosen", "dms:edit:chosen": ["billing", "sales"]}


def typo(job: str) -> str:
    return job.replace("edit", "edt")


def by_command(env: Env, job: str, channel: str) -> None:
    env.slack.command(f"edit {typo(job)}", channel=channel)
    env.press(env.slack.wait_view("dana", "Did you mean"), f"edit {job}")


def from_a_channel_without_the_app(env: Env, job: str) -> None:
    by_command(env, job, "random")


def from_a_thread(env: Env, job: str) -> None:
    root = env.slack.say("Which databases do we need?", channel="dms-approvals")
    said = env.slack.say(f"@dms edit {typo(job)}", channel="dms-approvals", thread_ts=root["ts"])
    asked = env.slack.wait_message("dms-approvals", ["only when you press", typo(job)], after=said["ts"])
    env.press(asked, "run")
    env.press(env.slack.wait_view("dana", "Did you mean"), f"edit {job}")


def from_a_direct_message(env: Env, job: str) -> None:
    by_command(env, job, "dm")


def edit_from_the_card(env: Env, job: str) -> None:
    """By the menu of the card, which has room for four actions, and the modal with all of them."""
    env.press(env.slack.wait_view("dana", [job, "More…"]), "More…")
    env.press(env.slack.wait_view("dana", [job, "Edit…"]), "Edit…")


def from_home(env: Env, job: str) -> None:
    home = env.home("dana", job)
    env.slack.press(home, show_button(home, job))
    edit_from_the_card(env, job)


def from_the_launcher(env: Env, job: str) -> None:
    env.slack.shortcut("dms:launcher:open")
    view = env.slack.wait_view("dana", "Job")
    option = env.slack.suggest(view, "dms:show:find", job)[0]["value"]
    env.slack.submit(view, {"dms:show:find": option})
    edit_from_the_card(env, job)


@pytest.mark.parametrize(
    ("opened", "channel"),
    [
        (from_a_channel_without_the_app, "random"),
        (from_a_thread, "dms-approvals"),
        (from_a_direct_message, "dm"),
        (from_home, "dm"),
        (from_the_launcher, "dm"),
    ],
)
def test_an_edit_ends_where_it_began(env: Env, opened: Callable[[Env, str], None], channel: str) -> None:
    job = job_with(env, error={"code": 13, "message": "connection lost"})
    until(lambda: env.bot.store.known_job(full(job)))
    no_views(env)
    opened(env, job)
    before = moment(env)
    _preview(env, job)
    edited_by_somebody_else(env, job, "sales", "legacy")
    submitted(env, env.slack.wait_view("dana", f"Save {job}?"), {})
    refused = _told(env, before, channel, "Nothing was saved", job)
    assert bool(refused.get("is_reply")) is (opened is from_a_thread)


def _preview(env: Env, job: str) -> None:
    submitted(env, env.slack.wait_view("dana", [f"Edit {job}", "sales"]), CHOSEN)


def _told(env: Env, before: str, channel: str, *words: str) -> JSON:
    """The message with these words, in this channel alone."""
    found = env.slack.wait_message(channel=channel, user="dana", contains=words, after=before)
    same = [m for m in env.slack.messages(user="dana", after=before) if all(w in plain(m) for w in words)]
    assert {each["channel"] for each in same} == {found["channel"]}
    return found
