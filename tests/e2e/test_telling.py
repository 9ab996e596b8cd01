"""One event is one post: how many messages a channel and a person get, and what the loudest one says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store.records import Event
from sandbox.slack import plain
from tests.e2e.env import JSON, LOCATIONS, Env, open_env, unique_id
from tests.outbox import all_sent
from tests.waiting import until

NEWS = "db-migrations"
PASSWORD = 'password authentication failed for user "dms"'


@pytest.fixture
def env(tmp_path: Path) -> Iterator[Env]:
    """A bot for each test: failures count together for a minute."""
    with open_env(tmp_path) as made:
        yield made
        assert made.slack.violations() == []


def settled(env: Env) -> None:
    """Wait until all is sent but for what waits for its time."""
    until(lambda: all_sent(env.bot.store))


def events_of(env: Env, job: str) -> list[Event]:
    return [each for each in env.bot.store.events(limit=1000) if each.job.endswith(f"/{job}")]


def known(env: Env, job: str, state: str) -> None:
    """Wait until the watcher has seen and announced the job in this state."""
    until(lambda: any(each.after.startswith(state) for each in events_of(env, job)))
    settled(env)


def about(
    env: Env, words: str, channel: str = NEWS, user: str | None = None
) -> tuple[list[JSON], list[JSON]]:
    """Messages at the top level with these words, and all replies in their threads."""
    messages = env.slack.messages(channel=channel, user=user)
    top = [each for each in messages if not each["is_reply"] and words in plain(each)]
    heads = {each["ts"] for each in top}
    return top, [each for each in messages if each["is_reply"] and each["thread_ts"] in heads]


def test_each_kind_of_event_is_one_post(env: Env) -> None:
    """Counted by hand: a new job is a message; what need not be seen is a reply; a failure is a message."""
    # Databases that fail with the job could be read before it: that would be a message, too.
    job = env.add_job("one", state="NOT_STARTED", databases=[])
    for state, phase, top, replies in (
        ("NOT_STARTED", None, 1, 0),
        ("STARTING", "FULL_DUMP", 2, 0),  # a start begins a new run, with a message of its own
        ("RUNNING", "FULL_DUMP", 2, 1),
        ("FAILED", "FULL_DUMP", 3, 1),
    ):
        env.dms.set_job(job, state=state, phase=phase)
        known(env, job, state)
        messages = about(env, f"`{job}`")
        seen = [[plain(each) for each in part] for part in messages]
        assert (len(messages[0]), len(messages[1])) == (top, replies), (state, seen)


def test_a_person_who_follows_the_job_gets_one_message_of_a_failure(env: Env) -> None:
    job = env.add_job("mine", state="RUNNING", phase="CDC", databases=[])
    known(env, job, "RUNNING")  # else its creation is news for who follows it, and a message of its own
    env.type(f"watch {job} --dm", user="alex")
    env.dms.set_job(job, state="FAILED", error={"code": 9, "message": "gone"})
    known(env, job, "FAILED")
    top, replies = about(env, "gone", channel="dm", user="alex")
    assert (len(top), len(replies)) == (1, 0)


def test_a_mass_failure_is_one_red_message_by_error_and_cause(env: Env) -> None:
    prefix = unique_id("mass")
    names = env.dms.add_many(12, prefix=prefix, state="RUNNING", phase="CDC", frozen=True, databases=[])
    jobs = sorted(name.rpartition("/")[2] for name in names)
    until(lambda: len([n for n in env.bot.store.known_jobs() if prefix in n]) == 12)
    settled(env)
    before = env.now(NEWS)
    # One look finds all of them failed: it has been begun, and is held up until they are.
    looked = len(env.dms.calls("ListMigrationJobs", about=f"locations/{LOCATIONS[0]}"))
    env.dms.fault("ListMigrationJobs", "SLOW", times=None, delay_seconds=60)
    until(lambda: len(env.dms.calls("ListMigrationJobs", about=f"locations/{LOCATIONS[0]}")) > looked)
    for number, job in enumerate(jobs):
        text = PASSWORD if number < 10 else "No space left on device"
        env.dms.set_job(job, state="FAILED", error={"code": 9, "message": text})
    env.dms.clear_faults()
    red = env.slack.wait_message(channel=NEWS, contains=["12 jobs failed within a minute"], after=before)
    settled(env)
    text = plain(red)
    assert text.startswith("🔴 12 jobs failed within a minute")
    assert f"*10 ×* {PASSWORD}" in text
    assert "*2 ×* No space left on device" in text
    assert "password" in text.split("10 ×")[1].split("2 ×")[0].lower()
    fresh = [m for m in env.slack.messages(channel=NEWS) if m["ts"] > before]
    assert [m["ts"] for m in fresh if not m["is_reply"]] == [red["ts"]], "no alert and no digest besides"
    (listed,) = [m for m in fresh if m["is_reply"]]
    assert listed["thread_ts"] == red["ts"]
    assert all(f"`{job}`" in plain(listed) for job in jobs)

    env.press(red, "Show failed")
    shown = env.slack.wait_message(channel=NEWS, user="dana", contains="Failed", after=str(fresh[-1]["ts"]))
    assert jobs[0] in plain(shown)
    env.press(red, "Restart 12 jobs…")
    env.slack.wait_message(channel=NEWS, user="dana", contains="Restart 12 jobs?", after=shown["ts"])

    for job in jobs[:9]:
        env.dms.set_job(job, state="RUNNING")
    env.shows(red, "🔴 12 jobs failed within a minute: 9 recovered, 3 failed")
    env.shows(listed, f"✅ `{jobs[0]}` recovered")
    settled(env)
    later = [m for m in env.slack.messages(channel=NEWS) if m["ts"] > fresh[-1]["ts"] and m["from_app"]]
    assert [m for m in later if "Continues" in plain(m)] == [], "counted there, and no alerts besides"


def test_ten_flaps_are_at_most_four_messages(env: Env) -> None:
    job = env.add_job("flaps", state="RUNNING", phase="CDC", databases=[])
    known(env, job, "RUNNING")
    count = len(events_of(env, job))
    lost = {"code": 9, "message": "lost"}
    for error in [lost, None] * 10:
        env.dms.set_job(job, state="FAILED" if error else "RUNNING", error=error)
        count += 1
        until(lambda: len(events_of(env, job)), count.__le__)
    settled(env)
    top, _ = about(env, f"`{job}`")
    assert len(top) <= 1 + 4, "the job's own message, which says that it was created, and at most four"
    assert any("Flapped 10 times" in plain(each) for each in top)


def test_a_failed_action_stands_on_the_card_and_once_in_the_notification_channel(env: Env) -> None:
    job = env.add_job("action", state="STOPPED", phase="CDC")
    known(env, job, "STOPPED")
    env.dms.operation_outcome(job, "resume", "INTERNAL", PASSWORD)
    env.type(f"resume {job}")
    told = env.slack.wait_message(channel=NEWS, contains=["*Resume of*", job, PASSWORD])
    settled(env)
    assert "[Show]" in plain(told)
    assert len(about(env, "*Resume of*")[0]) == 1
    assert "❗ *Resume* by <@U0DANA0001> *failed*" in plain(env.type(f"show {job}"))
    (head, *_), _ = about(env, f"`{job}`")
    env.shows(head, "❗ *Resume* by dana *failed*")  # an old message: it notifies nobody


def test_of_several_only_the_failed_are_told_and_once(env: Env) -> None:
    jobs = [env.add_job("several", state="STOPPED", phase="CDC", databases=[]) for _ in range(3)]
    known(env, jobs[-1], "STOPPED")
    env.dms.fault("ResumeMigrationJob", "FAILED_PRECONDITION", match=jobs[1])
    env.confirm(env.type(f"resume {' '.join(jobs)}"))
    told = plain(env.slack.wait_message(channel=NEWS, contains="*Resume* did not succeed for *1 job*"))
    assert f"`{jobs[1]}` refused" in told
    assert f"`{jobs[0]}`" not in told


def test_where_the_job_fails_with_its_action_one_alert_tells_both(env: Env) -> None:
    job = env.add_job("both", state="STOPPED", phase="CDC", databases=[])
    known(env, job, "STOPPED")
    before = env.now(NEWS)
    env.dms.operation_outcome(job, "resume", "INTERNAL", PASSWORD)
    env.type(f"resume {job}")
    until(lambda: any(run.state == "failed" for run in env.bot.store.runs()))
    env.dms.set_job(job, state="FAILED", error={"code": 9, "message": PASSWORD})
    alert = env.slack.wait_message(channel=NEWS, contains=["*Failed*", job], after=before)
    assert "❗ *Resume* by <@U0DANA0001> *failed*" in plain(alert)
    settled(env)
    top = [m for m in env.slack.messages(channel=NEWS) if m["ts"] > before and not m["is_reply"]]
    assert [m["ts"] for m in top if PASSWORD in plain(m) and m["ts"] != alert["ts"]] == []
