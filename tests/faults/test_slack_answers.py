"""Slack in trouble while the bot answers: nobody is left without an answer, no card is there twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.slack import plain
from tests.e2e.env import CHANNEL, JSON, Env
from tests.faults.acts import ACTS, applied, ask, calls, job_for
from tests.waiting import until

DELETE = next(each for each in ACTS if each.name == "delete")
RESTART = next(each for each in ACTS if each.name == "restart")
START = next(each for each in ACTS if each.name == "start")
HANGING = 60
"""More answers than the bot gives at once."""


def cards(env: Env, job: str) -> list[JSON]:
    """All messages of the bot that all can see, about a job, where it was asked; without its outcome,
    which is a reply."""
    messages = env.slack.messages(channel=CHANNEL, include_ephemeral=False)
    return [each for each in messages if job in plain(each) and not each["is_reply"]]


@pytest.mark.parametrize(
    ("kind", "times"), [("ratelimited", 2), ("500", 1), ("503", 2), ("connection_reset", 1)]
)
def test_an_answer_is_tried_again(env: Env, kind: str, times: int) -> None:
    env.slack.fault("response_url", kind, times=times, retry_after=1)
    said = env.type("watches")
    assert "watch" in plain(said)
    assert said["ephemeral_for"]


@pytest.mark.parametrize("kind", ["ratelimited", "404", "500", "connection_reset"])
def test_where_the_response_url_fails_for_good_the_answer_comes_another_way(env: Env, kind: str) -> None:
    env.slack.fault("response_url", kind, times=None, retry_after=1)
    before = env.now()
    assert env.slack.command("watches")["ok"]
    said = env.slack.wait_message(channel=CHANNEL, user="dana", contains="watch", after=before)
    assert said["ephemeral_for"]


@pytest.mark.parametrize("retry_after", [1.5, 0.2, ""])
def test_a_rate_limit_that_names_no_whole_seconds_is_kept(env: Env, retry_after: float | str) -> None:
    env.slack.fault("response_url", "404")
    env.slack.fault("chat.postEphemeral", "ratelimited", retry_after=retry_after)
    before = len(env.slack.calls("chat.postEphemeral"))
    assert "watch" in plain(env.type("watches"))
    refused, taken = env.slack.calls("chat.postEphemeral")[before:]
    assert taken["at"] - refused["at"] >= float(retry_after or 5)


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ("hi", "There are no migration jobs", "invalid_blocks"),
        ("watches", "watch", "invalid_blocks"),
        ("watches", "watch", "invalid_arguments"),
    ],
)
def test_an_answer_to_a_message_whose_blocks_are_refused_comes_as_text(
    env: Env, text: str, words: str, code: str
) -> None:
    env.slack.fault("chat.postMessage", code)
    said = env.slack.say(text, channel="dm")
    answer = env.slack.wait_message(channel="dm", user="dana", contains=words, after=said["ts"])
    assert not answer.get("blocks")


@pytest.mark.parametrize("kind", ["connection_reset", "timeout"])
def test_a_mention_is_answered_another_way_where_nothing_comes_back(env: Env, kind: str) -> None:
    env.slack.fault("chat.postMessage", kind, times=2, seconds=5)
    said = env.slack.say("@dms watches", channel=CHANNEL)
    assert env.slack.wait_message(channel=CHANNEL, user="dana", contains="watch", after=said["ts"])


def test_a_response_url_that_hangs(env: Env) -> None:
    """One person's answer hangs; the other's does not wait for it, and in the end both have theirs."""
    env.slack.fault("response_url", "timeout", seconds=60)
    before = env.now()
    people = ("dana", "sam")
    assert all(env.slack.command("watches", user=each)["ok"] for each in people)
    env.slack.wait_message(channel=CHANNEL, contains="watch", after=before)
    for user in people:
        env.slack.wait_message(channel=CHANNEL, user=user, contains="watch", after=before)


def test_a_view_opens_while_many_answers_hang(env: Env) -> None:
    """Slack takes a trigger for 3 seconds: opening a view does not wait for answers that hang."""
    job = job_for(env, RESTART)
    card = env.shows(env.type(f"restart {job}"), "Confirm restart")
    env.slack.fault("response_url", "timeout", times=HANGING, seconds=20)
    with ThreadPoolExecutor(8) as people:
        delivered = list(people.map(lambda _: env.slack.command("watches", user="sam"), range(HANGING)))
    assert all(each["ok"] for each in delivered), delivered
    env.confirm(card, "Confirm restart…", typed=job)
    env.shows_as(card, "done")


@pytest.mark.parametrize(
    ("kind", "after_apply"),
    [
        ("ratelimited", False),
        ("503", False),
        ("503", True),
        ("connection_reset", False),
        ("connection_reset", True),
        ("internal_error", True),
    ],
)
def test_a_card_is_posted_once(env: Env, kind: str, after_apply: bool) -> None:
    """Whether Slack has carried the post out or not; then it shows all that happens."""
    env.slack.fault("chat.postMessage", kind, retry_after=1, after_apply=after_apply)
    job = job_for(env, DELETE)
    card = ask(env, DELETE, job)
    env.shows_done(card, "delete")
    assert len(cards(env, job)) == 1
    assert len(calls(env, DELETE, job)) == 1


@pytest.mark.parametrize("kind", ["ratelimited", "500", "connection_reset"])
def test_a_card_becomes_true_when_updates_are_taken_again(env: Env, kind: str) -> None:
    job = job_for(env, START)
    env.slack.fault("chat.update", kind, times=2, retry_after=1)
    card = ask(env, START, job)
    env.shows_as(card, "done")
    assert len(cards(env, job)) == 1


@pytest.mark.parametrize("kind", ["500", "ratelimited", "expired_trigger_id", "connection_reset"])
def test_a_view_that_does_not_open_is_told(env: Env, kind: str) -> None:
    """And opens when it is asked for again; nothing has happened meanwhile."""
    job = job_for(env, RESTART)
    card = env.shows(env.type(f"restart {job}"), step="confirm")
    env.slack.fault("views.open", kind)
    before = env.now()
    env.press(card, "confirm")
    env.answer_to("dana", CHANNEL, "could not open the window", before)
    assert calls(env, RESTART, job) == []
    env.confirm(card, typed=job)
    env.shows_as(card, "done")
    assert len(calls(env, RESTART, job)) == 1


@pytest.mark.parametrize("kind", ["500", "ratelimited", "connection_reset"])
def test_an_answer_in_a_view_is_tried_again(env: Env, kind: str) -> None:
    job = env.add_job("form", state="RUNNING", phase="CDC", databases=["sales"])
    env.slack.fault("views.update", kind, retry_after=1)
    assert env.slack.command(f"edit {job}")["ok"]
    view = env.slack.wait_view("dana", contains="Which databases")
    env.slack.close_view(view)


def test_a_press_on_the_home_tab_that_opens_no_view_is_answered_once(env: Env) -> None:
    """It is worked off all the same, so nothing may say that it was not."""
    home = env.home("sam", "Migrations")
    env.slack.fault("views.open", "expired_trigger_id")
    before = env.now("dm", "sam")
    assert env.slack.press(home, text="All jobs", user="sam")["ok"]
    env.slack.wait_message(channel="dm", user="sam", contains="migration job", after=before)
    found = env.slack.messages(channel="dm", user="sam", after=before)
    assert not [each for each in found if "could not open the window" in plain(each)]


@pytest.mark.parametrize("asked", ["edit", "show"])
def test_a_view_whose_answer_is_refused_says_so(env: Env, asked: str) -> None:
    """Not "Looking …" for good. What can be a message is one."""
    job = env.add_job("refused", state="RUNNING", phase="CDC", databases=["sales"])
    said = env.slack.say(f"it is about {job}", channel=CHANNEL)
    until(lambda: any(name.endswith(job) for name in env.bot.store.known_jobs()))
    # Some views have a classic layout, which is tried, too.
    env.slack.fault("views.update", "invalid_arguments")
    before = env.now()
    if asked == "edit":
        assert env.slack.command(f"edit {job}")["ok"]
        view = env.slack.wait_view("dana", contains="Close this window, and try again")
    else:
        assert env.slack.shortcut("dms:show:message", said)["ok"]
        view = env.slack.wait_view("dana", contains="it is in the channel")
        env.answer_to("dana", CHANNEL, job, before)
    env.slack.close_view(view, everything=True)


def test_all_of_slack_is_away_for_a_while(env: Env) -> None:
    """Commands that were acknowledged are carried out, and what came of them is shown afterwards."""
    job = job_for(env, START)
    env.slack.fault("*", "503", times=None)
    assert env.slack.command(f"start {job}")["ok"]
    until(lambda: applied(env, START, job))
    env.slack.clear_faults()
    env.slack.wait_message(channel=CHANNEL, contains=["✅", job])
    assert len(cards(env, job)) == 1
    assert len(calls(env, START, job)) == 1
