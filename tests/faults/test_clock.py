"""A clock that jumps: nothing ends twice or comes back to life, nothing runs again, no lock is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.store import open_store
from bot.store.records import OutMessage
from bot.watch.daily_summary import DailySummary
from sandbox.dms import DmsServer
from sandbox.slack import SlackServer, plain
from tests.e2e.env import CHANNEL, settings
from tests.e2e.helpers import (
    asks,
    ended,
    events,
    moment,
    private,
    request_of,
    runs_of,
)
from tests.faults.timed import Timed, a_job, read_again, timed
from tests.outbox import all_sent
from tests.waiting import until

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def env(tmp_path: Path) -> Iterator[Timed]:
    with timed(tmp_path) as made:
        yield made


def test_a_jump_forward_ends_what_waits_once_and_a_jump_back_does_not_revive_it(env: Timed) -> None:
    job = a_job(env)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    env.clock.jump(HOUR)
    env.shows_as(card, "expired")
    env.clock.jump(-2 * HOUR)
    before = moment(env)
    assert env.press(card, "confirm", stale=True)["ok"]
    private(env, "dana", "Nothing was done", "expired", after=before)
    env.clock.jump(3 * HOUR)
    assert "watch" in plain(env.type("watches"))
    assert events(env, job) == ["requested", "expired"]
    assert env.dms.calls("PromoteMigrationJob") == []


def test_a_jump_back_keeps_a_request_open_and_counts_each_word_once(env: Timed) -> None:
    job = a_job(env)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    env.clock.jump(-HOUR)
    # What was measured is in the future now, so nobody knows how old it is: it is said, and the ID is typed.
    before = moment(env)
    env.press(card, "confirm")
    private(env, "dana", "did not count", "not known", after=before)
    env.confirm(card, typed=job)
    env.press(asks(env, job), "approve", user="alex")
    assert ended(env, job) == ["succeeded"]
    assert len(env.dms.calls("PromoteMigrationJob")) == 1
    assert events(env, job).count("approved") == 1


def test_a_reminder_comes_once_however_often_its_time_comes(env: Timed) -> None:
    job = a_job(env)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    env.press(card, "confirm")
    asked = asks(env, job)
    for by in (3.5 * HOUR, -3.5 * HOUR, 3.5 * HOUR):
        env.clock.jump(by)
        env.bot.approvals.expiry.expire()
    until(lambda: len(env.slack.thread("dms-approvals", asked["ts"])) > 1)
    until(lambda: all_sent(env.bot.store))
    assert len(env.slack.thread("dms-approvals", asked["ts"])) == 2
    assert request_of(env, job).state == "approving"


@pytest.mark.parametrize("by", [30 * DAY, -30 * DAY], ids=["forward", "back"])
def test_what_runs_goes_on_and_locks_are_kept(env: Timed, by: timedelta) -> None:
    job = a_job(env)
    env.dms.operation_seconds(1_000_000)
    card = env.type(f"stop {job}")
    until(lambda: [run for run in runs_of(env, job) if run.state == "following"])
    until(lambda: env.bot.leader.is_leader)
    env.clock.jump(by)
    before = moment(env)
    env.slack.command(f"stop {job}", user="sam")
    private(env, "sam", job, after=before)
    assert env.bot.leader.is_leader
    env.dms.clock(advance_seconds=2_000_000)
    env.shows_as(card, "done")
    assert ended(env, job) == ["succeeded"]
    assert len(env.dms.calls("StopMigrationJob")) == 1
    assert env.bot.leader.is_leader


def test_an_operation_that_cannot_be_read_for_an_hour_is_given_up(env: Timed) -> None:
    job = a_job(env)
    env.dms.operation_seconds(1_000_000)
    card = env.shows(env.type(f"stop {job}"), "stopping, began")
    unreadable(env)
    env.clock.jump(50 * MINUTE)
    read_again(env)
    env.dms.clear_faults()
    read_again(env)
    unreadable(env)
    env.clock.jump(50 * MINUTE)
    read_again(env)
    assert [str(run.state) for run in runs_of(env, job)] == ["following"], "it was read in between"
    env.clock.jump(11 * MINUTE)
    assert ended(env, job) == ["unclear"]
    env.shows_as(card, "unclear", "Its operation cannot be read", "The service says that", "is stopping")
    assert events(env, job)[-1] == "unclear"
    assert len(env.dms.calls("StopMigrationJob")) == 1


def unreadable(env: Timed) -> None:
    env.dms.fault("GetOperation", "PERMISSION_DENIED", times=None)
    read_again(env)


def test_a_freeze_holds_by_the_clock(env: Timed) -> None:
    job = a_job(env)
    env.type(f'freeze {job} --until 2h --reason "month end"')
    env.clock.jump(-HOUR)
    assert "frozen" in plain(env.type(f"stop {job}"))
    env.clock.jump(4 * HOUR)
    env.shows_as(env.type(f"stop {job}"), "done")
    assert len(env.dms.calls("StopMigrationJob")) == 1


def test_a_message_does_not_wait_for_a_time_that_was_wrong(tmp_path: Path) -> None:
    """It was put off by seconds when the clock was an hour ahead."""
    now = datetime.now(UTC)
    with closing(open_store(str(tmp_path / "bot.db"))) as store:
        store.enqueue(OutMessage(key="late", channel=CHANNEL, kind="text", subject={"text": "hello"}))
        store.mark_failed("late", now + HOUR + timedelta(seconds=2))
        assert [each.key for each in store.ready_to_send(now)] == ["late"]
        store.mark_failed("late", now + timedelta(seconds=2))
        assert store.ready_to_send(now) == ()
        assert [each.key for each in store.ready_to_send(now + timedelta(seconds=3))] == ["late"]


def test_the_summary_is_written_once_a_day_whatever_the_clock_says(tmp_path: Path) -> None:
    noon = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
    with (
        SlackServer(port=0) as slack,
        DmsServer(port=0) as dms,
        closing(open_store(str(tmp_path / "bot.db"))) as store,
    ):
        wanted = settings(slack, dms, tmp_path, summary_at="11:30")
        schedule = DailySummary(store, wanted)
        jumps = (0, 0, 1, 0, 1, 30, 2, 3, 2, 30, 3)
        written = [schedule.tick(noon + day * DAY) for day in jumps]
    assert written == [True, False, True, False, False, True, True, True, False, False, False]
