"""Several bots on one PostgreSQL database: one leads, each answers, and still all runs once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import psycopg
import pytest

from bot.requests.runner import replica_lock
from bot.store import StoreError
from bot.store.records import RunState
from tests.crash.two_bots import DEADLINE_S, TwoBots
from tests.waiting import until

pytestmark = pytest.mark.postgres

_AN_HOUR = 3600.0
"""On the clock of the local DMS: an operation does not end before a test lets it."""


def test_another_takes_over_when_the_leader_is_killed(bots: TwoBots) -> None:
    first, second = bots.both()
    leader, other = (first, second) if first.leads else (second, first)
    bots.fleet.kill(leader)
    assert bots.fleet.wait(lambda: other.leads, DEADLINE_S)
    job = bots.job()
    assert bots.driver.type(f"verify {job}", "dana")
    assert bots.ended(job).state is RunState.SUCCEEDED


def test_both_answer(bots: TwoBots) -> None:
    lives = bots.both()
    before = [bots.logged(life, "slash_command") for life in lives]
    for _ in range(4):
        assert bots.driver.type("list", "dana")
    until(lambda: all(bots.logged(life, "slash_command") > n for life, n in zip(lives, before, strict=True)))


def test_an_approval_pressed_at_both_at_once_executes_once(bots: TwoBots) -> None:
    bots.both()
    job = bots.job("FAILED", "FULL_DUMP")
    card = bots.approval("restart", job)
    with ThreadPoolExecutor(2) as people:
        list(people.map(lambda user: bots.driver.press(card, "approve", user), ("sam", "alex")))
    assert bots.ended(job).state is RunState.SUCCEEDED
    assert len(bots.writes("restart", job)) == 1


def test_what_is_delivered_to_both_is_done_once(bots: TwoBots) -> None:
    bots.both()
    job = bots.job()
    bots.env.slack.control.duplicate_deliveries(1)
    try:
        assert bots.driver.type(f"verify {job}", "dana")
        assert bots.ended(job).state is RunState.SUCCEEDED
    finally:
        bots.env.slack.control.duplicate_deliveries(0)
    assert len(bots.writes("verify", job)) == 1


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_call_of_a_bot_that_is_gone_is_taken_up_by_the_other(bots: TwoBots, how: signal.Signals) -> None:
    """Killed, or told to stop, which it does long before the call has an answer."""
    bots.both()
    job = bots.job()
    bots.dms.fault("StopMigrationJob", "SLOW", delay_seconds=20, after_apply=True, match=job)
    assert bots.driver.type(f"stop {job}", "dana")
    until(lambda: any(call["applied"] for call in bots.writes("stop", job)))
    caller = bots.owner(job)
    assert caller is not None
    if how is signal.SIGKILL:
        bots.fleet.kill(caller)
    else:
        caller.process.send_signal(how)
        assert caller.process.wait(60) == 0
    bots.dms.clear_faults()
    assert bots.ended(job).state is RunState.SUCCEEDED
    assert len(bots.writes("stop", job)) == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
def test_both_recover_when_the_database_is_restarted(bots: TwoBots, how: signal.Signals) -> None:
    lives = bots.both()
    server = bots.env.postgres
    assert server is not None
    following, calling = bots.job(), bots.job()
    bots.dms.operation_seconds(_AN_HOUR)
    assert bots.driver.type(f"stop {following}", "dana")
    until(lambda: [run for run in bots.runs(following) if run.state is RunState.FOLLOWING])
    bots.dms.operation_seconds(30)
    bots.dms.fault("StopMigrationJob", "SLOW", delay_seconds=60, after_apply=True, match=calling)
    assert bots.driver.type(f"stop {calling}", "dana")
    until(lambda: [run for run in bots.runs(calling) if run.state is RunState.CALLING])
    server.stop(how)
    bots.dms.clear_faults()
    until(lambda: [call for call in bots.writes("stop", calling) if call["outcome"] != "PENDING"])
    server.start()
    bots.dms.clock(advance_seconds=_AN_HOUR)
    assert bots.ended(following).state is RunState.SUCCEEDED
    # Its answer may have come while nothing could be written down: then what is known is told, and no more.
    assert bots.ended(calling).state in (RunState.SUCCEEDED, RunState.UNCLEAR)
    assert [len(bots.writes("stop", job)) for job in (following, calling)] == [1, 1]
    until(
        lambda: all(bots.store.is_locked(replica_lock(life.replica)) for life in lives),
        passing=(StoreError,),
    )
    until(lambda: sum(life.leads for life in lives) == 1)
    assert all(life.alive for life in lives)
    again = bots.job()
    assert bots.driver.type(f"verify {again}", "dana")
    assert bots.ended(again).state is RunState.SUCCEEDED


def test_a_bot_that_does_not_lead_takes_up_its_own_call(bots: TwoBots) -> None:
    """What came of the call could not be saved, and the bot lives on, so that no other may take it up."""
    bots.both()
    with _refused(bots):
        job = _called_by_the_other(bots)
        until(lambda: bots.logged(bots.other(), "run_left_to_recovery"))
    assert bots.ended(job).state is RunState.SUCCEEDED
    assert len(bots.writes("stop", job)) == 1


@contextmanager
def _refused(bots: TwoBots) -> Iterator[None]:
    """The database saves no accepted call."""
    with psycopg.connect(bots.env.url, autocommit=True) as connection:
        connection.execute(
            """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
            AS $$ BEGIN RAISE EXCEPTION 'the disk has a bad day'; END $$"""
        )
        connection.execute(
            """CREATE TRIGGER refuse BEFORE UPDATE ON runs FOR EACH ROW
            WHEN (NEW.state = 'following') EXECUTE FUNCTION refuse()"""
        )
        yield
        connection.execute("DROP TRIGGER refuse ON runs")


def _called_by_the_other(bots: TwoBots) -> str:
    """A job whose stop was called by the bot that does not lead."""
    for _ in range(6):
        job = bots.job()
        assert bots.driver.type(f"stop {job}", "dana")
        until(partial(_applied, bots, job))
        if bots.owner(job) is bots.other():
            return job
    raise AssertionError("Slack brings everything to the leader")


def _applied(bots: TwoBots, job: str) -> bool:
    return any(call["applied"] for call in bots.writes("stop", job))
