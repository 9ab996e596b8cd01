"""`--at`: what is scheduled is sent once, when it is due, and only if everything still holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.app import now
from bot.store.records import RequestState
from sandbox.slack import SlackServer, plain
from tests.e2e.env import CAUGHT_UP, JSON, Env, steps
from tests.e2e.helpers import (
    ROLES,
    AheadClock,
    asks,
    audit_events,
    full,
    moment,
    open_servers,
    policy,
    private,
    request_of,
    single_bot,
    started,
)
from tests.waiting import until

RULES = ROLES + '\n[[rule]]\nname = "four eyes"\nverbs = ["promote"]\napprovals = 1\n'


@pytest.fixture(scope="module")
def clock() -> AheadClock:
    return AheadClock()


@pytest.fixture(scope="module")
def env(clock: AheadClock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    folder = tmp_path_factory.mktemp("schedule")
    rules = policy(folder, RULES)
    with SlackServer() as own, single_bot(own, folder, clock=clock, policy_file=rules) as made:
        yield made


@pytest.fixture
def from_now() -> AheadClock:
    return AheadClock()


@pytest.fixture
def fresh(slack: SlackServer, from_now: AheadClock, tmp_path: Path) -> Iterator[Env]:
    """A bot whose clock begins as that of Cloud Monitoring."""
    rules = policy(tmp_path, RULES)
    with single_bot(slack, tmp_path, clock=from_now, policy_file=rules) as made:
        yield made


def waits(env: Env, card: JSON) -> JSON:
    return env.shows(card, "lists, moves and cancels")


def schedule(env: Env, line: str) -> JSON:
    """Type the line, and confirm the card."""
    card = env.shows(env.type(line), "Scheduled for", step="confirm")
    env.confirm(card)
    return card


def state(env: Env, job: str) -> RequestState:
    return request_of(env, job).state


def test_a_stop_is_sent_when_it_is_due(env: Env, clock: AheadClock) -> None:
    job = env.add_job("later", state="RUNNING", phase="CDC")
    card = schedule(env, f'stop {job} --at "in 2h"')
    waits(env, card)
    assert state(env, job) is RequestState.SCHEDULED
    assert env.writes("stop", job) == []
    clock.forward(hours=2)
    env.shows_done(card, "stop")
    assert len(env.writes("stop", job)) == 1
    happened = [event for event, _ in audit_events(env, job)]
    assert happened[:4] == ["requested", "confirmed", "due", "calling"]


def test_a_time_is_meant_in_the_zone_of_the_person(env: Env) -> None:
    job = env.add_job("later", state="RUNNING", phase="CDC")
    card = env.shows(env.type(f'stop {job} --at "tomorrow 12:00"'), step="confirm")
    due = request_of(env, job).facts.due
    assert due is not None
    assert due > request_of(env, job).created
    # At noon, no zone puts its clocks forward or back.
    assert due.astimezone(ZoneInfo("Europe/Amsterdam")).hour == 12
    assert plain(card).count(f"<!date^{int(due.timestamp())}^") == 1


@pytest.mark.parametrize(
    ("typed", "told"),
    [("2020-01-01 02:00", "is in the past"), ("05/12", "means two days"), ("Sat", "no time of day")],
)
def test_a_time_that_is_none_is_refused(env: Env, typed: str, told: str) -> None:
    job = env.add_job("later", state="RUNNING", phase="CDC")
    assert told in plain(env.type(f'stop {job} --at "{typed}"'))
    assert env.bot.store.requests(job=job) == ()


def test_it_can_be_cancelled_and_moved(env: Env) -> None:
    job = env.add_job("later", state="RUNNING", phase="CDC")
    first = schedule(env, f'stop {job} --at "in 3h"')
    waits(env, first)
    listed = env.type("schedule")
    assert job in plain(listed)
    moved = env.shows(env.type(f'schedule --move {job} --at "in 5h"'), "Scheduled for", step="confirm")
    assert len(env.bot.store.requests([RequestState.SCHEDULED], job=request_of(env, job).jobs[0].name)) == 1
    env.confirm(moved)
    env.shows(first, "Moved", "moved to")
    waits(env, moved)
    env.press(moved, "cancel")
    env.shows(moved, "Cancelled")
    assert env.writes("stop", job) == []


def test_approvals_are_given_ahead(fresh: Env, from_now: AheadClock) -> None:
    env = fresh
    job = env.add_job("later", state="RUNNING", phase="CDC", **CAUGHT_UP)
    card = schedule(env, f'promote {job} --at "in 2m"')
    asked = asks(env, job)
    assert f"`{job}` at <!date" in plain(asked)
    env.press(asked, "approve", "alex")
    waits(env, card)
    from_now.forward(minutes=2)
    env.shows_done(card, "promote")
    assert len(env.writes("promote", job)) == 1


def test_without_approval_nothing_is_sent(fresh: Env, from_now: AheadClock) -> None:
    job = fresh.add_job("later", state="RUNNING", phase="CDC", **CAUGHT_UP)
    card = schedule(fresh, f'promote {job} --at "in 2h"')
    asks(fresh, job)
    from_now.forward(hours=2)
    fresh.shows(card, "Expired")
    assert fresh.writes("promote", job) == []


def test_a_promote_is_sent_only_with_a_delay_of_zero(fresh: Env, from_now: AheadClock) -> None:
    job = fresh.add_job("later", state="RUNNING", phase="CDC", sec_lag=45)
    line = f'promote {job} --at "in 2h"'
    card = fresh.shows(fresh.type(line), "only if the replication delay", step="confirm")
    fresh.confirm(card, typed=job)
    fresh.press(asks(fresh, job), "approve", "alex")
    waits(fresh, card)
    from_now.forward(hours=2)
    fresh.shows(card, "not known", "nothing was sent")
    assert fresh.writes("promote", job) == []


def test_a_job_that_has_changed_is_left_alone(env: Env, clock: AheadClock) -> None:
    job = env.add_job("later", state="RUNNING", phase="CDC")
    card = waits(env, schedule(env, f'stop {job} --at "in 2h"'))
    env.dms.set_job(job, state="FAILED")
    clock.forward(hours=2)
    env.shows(card, "Out of date", "failed")
    assert env.writes("stop", job) == []


def test_a_freeze_at_that_time_forbids_it(env: Env) -> None:
    job = env.add_job("later", state="RUNNING", phase="CDC")
    env.type(f'freeze {job} --until 2h --reason "month end"', user="sam")
    assert "month end" in plain(env.type(f'stop {job} --at "in 1h"'))
    card = env.shows(env.type(f'stop {job} --at "in 3h"'), step="confirm")
    assert "confirm" in steps(card)


def test_a_freeze_set_later_stops_it_when_it_is_due(env: Env, clock: AheadClock) -> None:
    job = env.add_job("later", state="RUNNING", phase="CDC")
    card = waits(env, schedule(env, f'stop {job} --at "in 2h"'))
    env.type(f'freeze {job} --until 9h --reason "month end"', user="sam")
    clock.forward(hours=2)
    env.shows(card, "frozen until", "month end", "nothing was sent")
    assert env.writes("stop", job) == []


def test_only_those_concerned_cancel_it(env: Env) -> None:
    job = env.add_job("later", state="RUNNING", phase="CDC")
    card = waits(env, schedule(env, f'stop {job} --at "in 3h"'))
    before = moment(env)
    env.press(card, "cancel", "riley")
    private(env, "riley", "can withdraw this", after=before)
    assert state(env, job) is RequestState.SCHEDULED


def test_an_empty_schedule_says_so(tmp_path: Path, slack: SlackServer) -> None:
    with single_bot(slack, tmp_path) as env:
        assert "Nothing is scheduled" in plain(env.type("schedule"))


@pytest.mark.parametrize(("late_m", "sent"), [(10, 1), (20, 0)])
def test_a_time_missed_while_the_bot_was_down(tmp_path: Path, late_m: float, sent: int) -> None:
    clock = AheadClock()
    with open_servers() as (slack, dms):
        with started(slack, dms, tmp_path, clock) as env:
            job = env.add_job("missed", state="RUNNING", phase="CDC")
            card = waits(env, schedule(env, f'stop {job} --at "in 2h"'))
        clock.forward(hours=2, minutes=late_m)
        with started(slack, dms, tmp_path, clock) as env:
            if sent:
                env.shows_done(card, "stop")
            else:
                env.shows(card, "It was due at", "nothing was sent")
            assert len(env.writes("stop", job)) == sent


def test_a_move_keeps_the_reason_and_is_told_as_one(env: Env) -> None:
    job = env.add_job("later", state="RUNNING", phase="CDC")
    first = waits(env, schedule(env, f'stop {job} --at "in 3h" --reason "disk swap"'))
    moved = env.type(f'schedule --move europe-west1/{job} --at "in 5h"')
    assert "disk swap" in plain(env.shows(moved, step="confirm"))
    env.confirm(moved)
    env.shows(first, "Moved")
    told = env.slack.wait_message(channel="dms", contains=["moved", job, "moved to"])
    assert "cancelled" not in plain(told)


def test_any_job_of_several_names_their_request(env: Env) -> None:
    one, other = (env.add_job("later", state="RUNNING", phase="CDC") for _ in range(2))
    waits(env, schedule(env, f'stop {one} {other} --at "in 3h"'))
    moved = env.type(f'schedule --move #{other.upper()} --at "in 5h"')
    env.shows(moved, one, other, step="confirm")


def test_one_request_is_moved_once(env: Env) -> None:
    job = env.add_job("later", state="RUNNING", phase="CDC")
    waits(env, schedule(env, f'stop {job} --at "in 3h"'))
    mine = env.shows(env.type(f'schedule --move {job} --at "in 5h"'), step="confirm")
    theirs = env.shows(env.type(f'schedule --move {job} --at "in 6h"', user="sam"), step="confirm")
    env.confirm(theirs, user="sam")
    waits(env, theirs)
    env.press(mine, "confirm")
    env.shows(mine, "no longer scheduled")
    (left,) = env.bot.store.requests([RequestState.SCHEDULED], job=full(job))
    assert left.by.user == request_of(env, job).by.user


def test_what_waits_for_approval_is_listed_too(fresh: Env) -> None:
    job = fresh.add_job("later", state="RUNNING", phase="CDC", **CAUGHT_UP)
    schedule(fresh, f'promote {job} --at "in 2h"')
    asks(fresh, job)
    listed = fresh.type("schedule", user="riley")
    assert job in plain(listed)
    assert "Awaiting approval" in plain(listed)
    assert "cancel" not in steps(listed), "Riley may only look"
    assert "awaits approval" in plain(fresh.type(f'schedule --move {job} --at "in 3h"'))


def test_a_promote_waits_until_nothing_is_missing(fresh: Env, from_now: AheadClock) -> None:
    """Three samples in a row that end after it was approved; zeros from before do not count."""
    job = fresh.add_job("later", state="RUNNING", phase="CDC", **CAUGHT_UP)
    zero = {"app": [[60.0, 0.0], [120.0, 0.0], [180.0, 0.0]]}
    silent = {"none": [[1e9, 0.0]]}
    fresh.dms.set_job(
        job, points={"max_replica_sec_lag": zero, "max_replica_bytes_lag": zero, "write_rows_count": silent}
    )
    card = fresh.shows(fresh.type(f"promote {job} --when-drained"), "once nothing is missing", step="confirm")
    fresh.confirm(card)
    fresh.press(asks(fresh, job), "approve", "alex")
    waits(fresh, card)
    from_now.forward(seconds=20)
    fresh.shows(card, "lists, moves and cancels")
    listed = plain(fresh.type("schedule"))
    assert "Sent once nothing is missing, until" in listed
    assert re.search(r"UTC>, \d+ s ago", listed), "it waits since then"
    assert fresh.writes("promote", job) == []
    due = request_of(fresh, job).facts.due
    assert due is not None
    until(lambda: (now() - due).total_seconds() > 0.4)
    zero = {"app": [[0.2, 0.0], [0.1, 0.0], [0.0, 0.0]]}
    fresh.dms.set_job(job, points={"max_replica_sec_lag": zero, "max_replica_bytes_lag": zero})
    from_now.forward(seconds=20)
    fresh.shows_done(card, "promote")
    assert len(fresh.writes("promote", job)) == 1


def test_a_promote_that_would_never_be_sent_is_refused_ahead(env: Env) -> None:
    """Nothing is measured of a stopped job, so its delay is never known to be zero when the time comes."""
    job = env.add_job("later", state="STOPPED", phase="CDC")
    env.shows(env.type(f'promote {job} --at "in 2h"'), "would never be sent")
    assert not env.bot.store.requests(tuple(RequestState), job=full(job))


def test_what_is_still_missing_half_an_hour_later_is_not_promoted(fresh: Env, from_now: AheadClock) -> None:
    job = fresh.add_job("later", state="RUNNING", phase="CDC", sec_lag=45)
    card = fresh.shows(fresh.type(f"promote {job} --when-drained"), step="confirm")
    fresh.confirm(card)
    fresh.press(asks(fresh, job), "approve", "alex")
    waits(fresh, card)
    from_now.forward(minutes=31)
    fresh.shows(card, "Expired", "has not drained")
    assert fresh.writes("promote", job) == []
