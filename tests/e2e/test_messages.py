"""Mentions and direct messages: answered as commands are, and never with more than their readers may see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.env import DONE, JSON, Env
from tests.e2e.helpers import ROLES, full, policy, private, show_button, single_bot
from tests.waiting import until

RULES = (
    ROLES
    + """
[[rule]]
name = "secret ones"
verbs = ["view"]
labels = { secret = "yes" }
allow = ["U0DANA0001", "G0DBLEADS1"]
"""
)
SECRET: dict[str, Any] = {"labels": {"secret": "yes"}}
STAFF = "staff"
"""A channel without a guest; #dms has one."""
ONLY_YOU = "Only you see this"


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    folder = tmp_path_factory.mktemp("said")
    with SlackServer() as own, single_bot(own, folder, policy_file=policy(folder, RULES)) as made:
        own.control.add_channel(STAFF, members=["dana", "sam", "alex", "riley"])
        yield made
        assert made.slack.violations() == []


def say(env: Env, text: str, channel: str = STAFF, user: str = "dana", **more: Any) -> JSON:
    return env.slack.say(text, channel=channel, user=user, **more)


def answer(env: Env, said: JSON, *words: str, user: str = "dana") -> JSON:
    return env.slack.wait_message(
        channel=said["channel"], user=user, contains=words, after=said["ts"], where=_by_the_app
    )


def _by_the_app(message: JSON) -> bool:
    return bool(message.get("bot_id"))


def _stands_alone(message: JSON) -> bool:
    """Whether it is a message of the app that replies to none; others may have replied to it."""
    return _by_the_app(message) and not message["is_reply"]


def test_a_mention_is_answered_below_it_for_all(env: Env) -> None:
    job = env.add_job("seen", state="RUNNING", phase="CDC")
    said = say(env, f"@dms show #{job}.")
    card = answer(env, said, job, "CDC", user="riley")
    assert card["thread_ts"] == said["ts"]
    assert not card.get("ephemeral_for")
    assert card["versions"] == [], "what comes in time says nothing else before"
    again = say(env, f"<@U0DMSBOT01> databases `{job}`", thread_ts=said["ts"])
    assert answer(env, again, job)["thread_ts"] == said["ts"]


def test_what_not_all_may_see_is_for_the_person_alone(env: Env) -> None:
    job = env.add_job("hidden", state="RUNNING", phase="CDC", **SECRET)
    until(lambda: env.bot.store.known_job(full(job)))
    for text in (f"@dms show {job}", "@dms list"):
        said = say(env, text)
        assert job in plain(private(env, "dana", ONLY_YOU, after=said["ts"]))
    leads = say(env, f"@dms show {job}", channel="db-leads")
    assert answer(env, leads, job)["thread_ts"] == leads["ts"], "the policy names this channel"
    said = say(env, f"@dms show {job}", user="riley")
    private(env, "riley", "You may not use `show`", after=said["ts"])
    read = [each for each in env.slack.messages(STAFF, user="riley") if each.get("bot_id")]
    assert not [each for each in read if job in plain(each) and each["ts"] < said["ts"]]


def test_where_a_guest_reads_an_answer_is_for_the_person_alone(env: Env) -> None:
    job = env.add_job("seen-by-staff", state="RUNNING", phase="CDC")
    for text in (f"@dms show {job}", "@dms list"):
        said = say(env, text, channel="dms", user="riley")
        private(env, "riley", ONLY_YOU, after=said["ts"])


def test_a_request_by_mention_has_its_card_in_the_channel(env: Env) -> None:
    job = env.add_job("asked", state="RUNNING", phase="CDC")
    said = say(env, f"@dms stop {job}")
    # Its outcome is told again, in the card's own thread.
    env.slack.wait_message(STAFF, [job, DONE["stop"]], user="dana", after=said["ts"], where=_stands_alone)
    assert len(env.writes("stop", job)) == 1


def test_a_sentence_changes_nothing(env: Env) -> None:
    job = env.add_job("kept", state="RUNNING", phase="CDC")
    for text in (f"stop {job}", f"cutover {job} --rehearse", f"watch {job}"):
        said = say(env, f"please do not @dms {text}")
        assert "begin the message with the mention" in plain(
            private(env, "dana", "Nothing was done", after=said["ts"])
        )
    assert env.bot.store.requests(job=full(job)) == ()
    assert env.bot.store.cutovers(job=full(job)) == ()
    assert [each for each in env.bot.store.watches() if each.jobs == full(job)] == []


def test_a_message_to_the_app_is_answered_once(env: Env) -> None:
    job = env.add_job("direct", state="RUNNING", phase="CDC", **SECRET)
    env.slack.duplicate_deliveries(2)
    said = say(env, f"show “{job}”", channel="dm")
    env.slack.duplicate_deliveries(0)
    card = answer(env, said, job, "CDC")
    assert "thread_ts" not in card
    env.slack.edit(said, f"stop {job}")
    thread = say(env, "shwo x", channel="dm", thread_ts=said["ts"])
    wrong = answer(env, thread, "did you mean `show`")
    assert wrong["thread_ts"] == said["ts"]
    found = [each for each in env.slack.messages("dm", user="dana", after=said["ts"]) if _by_the_app(each)]
    assert [each["ts"] for each in found] == [card["ts"], wrong["ts"]]
    assert env.bot.store.requests(job=full(job)) == ()


def test_a_form_needs_a_press(env: Env) -> None:
    job = env.add_job("form", state="STOPPED", phase="CDC")
    said = say(env, f"edit {job}", channel="dm")
    asked = answer(env, said, "only when you press a button")
    env.press(asked, "run")
    assert env.slack.wait_view("dana", job)


def test_the_job_of_a_message_opens_in_a_modal(env: Env) -> None:
    job, hidden = env.add_job("found", state="RUNNING", phase="CDC"), env.add_job("hidden", **SECRET)
    until(lambda: env.bot.store.known_job(full(job)) and env.bot.store.known_job(full(hidden)))
    said = say(env, f"{job} is slow, and so is {hidden}", user="sam")
    env.slack.shortcut("dms:show:message", said, user="riley")
    view = env.slack.wait_view("riley", [job, "Running"])
    assert hidden not in plain(view)
    env.slack.shortcut("dms:show:message", said, user="dana")
    view = env.slack.wait_view("dana", "names 2 jobs")
    env.press(view, f"{job}")
    view = env.slack.wait_view("dana", [job, "Running"])
    env.press(view, "Stop…")
    env.confirm(answer(env, said, f"Stop {job}?"))
    answer(env, said, job, DONE["stop"])


def test_a_message_without_a_job_asks_which(env: Env) -> None:
    job, hidden = env.add_job("menu", state="RUNNING", phase="CDC"), env.add_job("menu-hidden", **SECRET)
    until(lambda: env.bot.store.known_job(full(job)) and env.bot.store.known_job(full(hidden)))
    env.slack.shortcut("dms:show:message", say(env, f"what of {hidden}?"), user="riley")
    view = env.slack.wait_view("riley", "I find no migration job")
    values = [each["value"] for each in env.slack.suggest(view, "dms:show:find", job.upper(), user="riley")]
    assert values == [f"demo-project/europe-west1/{job}"]
    assert env.slack.suggest(view, "dms:show:find", "menu-hid", user="riley") == []
    env.slack.submit(view, {"dms:show:find": values[0]}, user="riley")
    assert "Running" in plain(env.slack.wait_view("riley", [job, "Running"]))


def test_the_global_shortcut_finds_a_job_and_acts_in_the_direct_message(env: Env) -> None:
    job = env.add_job("global", state="RUNNING", phase="CDC")
    until(lambda: env.bot.store.known_job(full(job)))
    before = env.now("dm", "sam")
    env.slack.shortcut("dms:launcher:open", user="sam")
    view = env.slack.wait_view("sam", "Job")
    option = env.slack.suggest(view, "dms:show:find", job, user="sam")[0]["value"]
    env.slack.submit(view, {"dms:show:find": option}, user="sam")
    env.press(env.slack.wait_view("sam", [job, "Running"]), "Stop…", user="sam")
    asked = env.slack.wait_message(channel="dm", user="sam", contains=f"Stop {job}?", after=before)
    env.confirm(asked, user="sam")
    env.slack.wait_message(channel="dm", user="sam", contains=[job, DONE["stop"]], after=before)


def test_the_command_alone_opens_the_launcher(env: Env) -> None:
    job = env.add_job("launched", state="FAILED", phase="CDC")
    hidden = env.add_job("launched-hidden", **(SECRET | {"state": "FAILED"}))
    until(lambda: env.bot.store.known_job(full(job)) and env.bot.store.known_job(full(hidden)))
    env.slack.command("", user="riley")
    view = env.slack.wait_view("riley", ["Migrations", f"*`{job}`* · *Failed*", "Nothing is waiting", "Help"])
    assert hidden not in plain(view)
    env.slack.press(view, show_button(view, job), user="riley")
    assert "Failed" in plain(env.slack.wait_view("riley", [job, "Failed"]))


def test_a_greeting_is_answered_with_the_dashboard(env: Env) -> None:
    job = env.add_job("greeted", state="FAILED", phase="CDC")
    hidden = env.add_job("greeted-hidden", **(SECRET | {"state": "FAILED"}))
    until(lambda: env.bot.store.known_job(full(job)) and env.bot.store.known_job(full(hidden)))
    for text, channel in (("Hi!", "dm"), ("help", "dm"), ("@dms", STAFF)):
        said = say(env, text, channel=channel, user="riley")
        shown = answer(env, said, f"*`{job}`* · *Failed*", user="riley")
        assert hidden not in plain(shown)
        assert bool(shown.get("ephemeral_for")) is (channel == STAFF)
    option = env.slack.suggest(shown, "dms:show:find", job, user="riley")[0]["value"]
    env.slack.press(shown, "dms:show:find", value=option, user="riley")
    answer(env, said, job, "Failed", "Databases", user="riley")


def test_links_unfold_for_all_or_not_at_all(env: Env) -> None:
    job, hidden = env.add_job("linked", state="FAILED", phase="CDC"), env.add_job("linked-hidden", **SECRET)
    until(lambda: env.bot.store.known_job(full(job)) and env.bot.store.known_job(full(hidden)))
    page = "https://console.cloud.google.com/dbmigration/migrations/locations/europe-west1/instances/{}?project={}"
    many = [page.format(job, "demo-project") + f"&authuser={number}" for number in range(7)]
    others = [
        page.format(hidden, "demo-project"),
        page.format(job, "other"),
        "https://console.cloud.google.com/x",
    ]
    only = say(env, " ".join(others), user="dana")
    with_guest = [say(env, many[0], channel="dms", user=user) for user in ("quinn", "dana")]
    said = say(env, " ".join([*others, *many]), user="dana")
    shown = env.slack.wait_message(STAFF, [job, "Show"], where=lambda m: len(m.get("attachments") or ()) == 5)
    assert shown["ts"] == said["ts"]
    assert hidden not in str(shown["attachments"])
    assert not any(env.current(each).get("attachments") for each in (only, *with_guest))
    before = env.now(STAFF, "riley")
    env.slack.press(shown, text="Show", user="riley")
    assert job in plain(private(env, "riley", job, "Failed", after=before))
    direct = say(env, many[0], channel="dm")
    answer(env, direct, job, "Failed")
    assert not env.current(direct).get("attachments"), "its answer is beside it"


def test_an_old_installation_goes_on(env: Env) -> None:
    job = env.add_job("old", state="RUNNING", phase="CDC")
    scopes = env.slack.status()["scopes"]
    env.slack.set_scopes(set(scopes) - {"app_mentions:read", "links:read", "links:write"})
    try:
        say(env, f"@dms show {job}")
        assert "Running" in plain(env.type(f"show {job}"))
    finally:
        env.slack.set_scopes(scopes)


def test_each_suggestion_is_a_button(env: Env) -> None:
    job = env.add_job("meant", state="STOPPED", phase="CDC")
    until(lambda: env.bot.store.known_job(full(job)))
    wrong = env.type(f"shwo {job}", channel=STAFF)
    before = env.now(STAFF)
    env.press(wrong, f"show {job}")
    assert "Stopped" in plain(private(env, "dana", job, after=before))
    env.press(env.type('stop --reason "month end"', channel=STAFF), "choose")
    view = env.slack.wait_view("dana", "Which job do you want to stop?")
    option = env.slack.suggest(view, "dms:show:find", job)[0]["value"]
    env.slack.submit(view, {"dms:show:find": option})
    refused = env.slack.wait_view("dana", ["Possible now", "[Resume]"])
    assert "[Delete]" not in plain(refused), "a deletion is no suggestion where there is another way"
    before = env.now(STAFF)
    env.press(refused, "Resume")
    env.slack.wait_message(STAFF, [job, DONE["resume"]], user="dana", after=before)
