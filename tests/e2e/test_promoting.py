"""Promoting while something is still to be replicated: a press is not enough."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.env import CAUGHT_UP, JSON, Env, input_of, steps
from tests.e2e.helpers import (
    ROLES,
    age_delay,
    asks,
    audit,
    events,
    full,
    moment,
    policy,
    press_refused,
    private,
    recheck,
    set_delay,
    single_bot,
)
from tests.waiting import until

LATE: dict[str, Any] = {**CAUGHT_UP, "sec_lag": 30, "bytes_lag": 1000}


@pytest.fixture
def env(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    with single_bot(slack, tmp_path) as made:
        yield made


def a_job(env: Env, **delay: Any) -> str:
    return env.add_job("cut", phase="CDC", **delay)


def now_behind(env: Env, job: str, seconds: int) -> None:
    """Changes the delay, and waits until Monitoring tells it."""
    env.dms.set_job(job, sec_lag=seconds, bytes_lag=seconds)
    set_delay(env, job, seconds)


def asked_to_type(env: Env, card: JSON, *words: str) -> JSON:
    env.press(card, "confirm")
    view: JSON = env.slack.wait_view("dana", ["cannot be undone", *words])
    return view


def fill(env: Env, view: JSON, typed: str) -> JSON:
    answer: JSON = env.slack.submit(view, {input_of(view): typed}, user="dana")
    return answer


def test_the_id_is_typed_while_the_delay_is_not_zero(env: Env) -> None:
    job = a_job(env, **LATE)
    card = env.type(f"promote {job}")
    assert "You'll type the job ID next, unless the delay is 0 by then" in plain(card)
    view = asked_to_type(env, card, "NOT ZERO: 30 s", f"Type {job} to confirm")
    assert job in str(fill(env, view, "cut")["errors"])
    assert events(env, job) == ["requested"]
    assert env.writes("promote", job) == []
    assert not fill(env, view, job).get("errors")
    env.shows_done(card, "promote")
    assert len(env.writes("promote", job)) == 1


def test_the_id_is_typed_while_the_delay_is_not_known(env: Env) -> None:
    job = a_job(env, **CAUGHT_UP)
    env.dms.monitoring(False)
    card = env.type(f"promote {job}")
    view = asked_to_type(env, card, "not known", f"Type {job} to confirm")
    assert env.writes("promote", job) == []
    fill(env, view, job)
    env.shows_done(card, "promote")


def test_one_late_job_of_several_is_enough(env: Env) -> None:
    jobs = [a_job(env, **CAUGHT_UP), a_job(env, **LATE)]
    card = env.type(f"promote {' '.join(jobs)}")
    view = asked_to_type(env, card, "Type promote 2 jobs to confirm")
    assert fill(env, view, jobs[1])["errors"]
    assert env.writes("promote", jobs[0]) == []


def test_a_press_is_enough_once_the_delay_was_seen_to_be_zero(env: Env) -> None:
    job = a_job(env, **LATE)
    card = env.type(f"promote {job}")
    now_behind(env, job, 0)
    env.press(card, "recheck")
    card = env.shows(card, "Replication delay: 0 s")
    assert "You'll type" not in plain(card)
    env.press(card, "confirm")
    env.shows_done(card, "promote")


def test_what_is_typed_under_an_older_delay_does_not_count(env: Env) -> None:
    job = a_job(env, **LATE)
    card = env.type(f"promote {job}")
    view = asked_to_type(env, card, "NOT ZERO: 30 s")
    now_behind(env, job, 5400)
    env.press(card, "recheck", "sam")
    card = env.shows(card, "NOT ZERO: 1 h 30 min")
    before = moment(env)
    assert not fill(env, view, job).get("errors")
    private(env, "dana", "did not count", "1 h 30 min", after=before)
    assert events(env, job) == ["requested"]
    fill(env, asked_to_type(env, card, "NOT ZERO: 1 h 30 min"), job)
    env.shows_done(card, "promote")


def test_a_zero_that_is_old_is_looked_at_again_before_others_are_asked(
    slack: SlackServer, tmp_path: Path
) -> None:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path, ROLES)) as env:
        job = a_job(env, **CAUGHT_UP)
        card = env.type(f"promote {job}")
        age_delay(env, job)
        now_behind(env, job, 90)
        before = moment(env)
        env.press(card, "confirm")
        private(env, "dana", "did not count", "1 min 30 s", after=before)
        assert events(env, job) == ["requested"]
        card = env.shows(card, "NOT ZERO: 1 min 30 s")
        press_refused(env, card, "confirm", "sam", "Only", "can confirm this")
        fill(env, asked_to_type(env, card, "NOT ZERO: 1 min 30 s"), job)
        env.press(asks(env, job), "approve", "alex")
        env.shows_done(card, "promote")
        assert [each.event for each in audit(env, job)][:3] == ["requested", "confirmed", "approved"]


def press_while_sam_looks(env: Env, card: JSON, label: str, user: str, job: str) -> None:
    """Press; while the service is asked for the job, sam has the delay looked at, and it is above zero."""
    now_behind(env, job, 5400)
    env.dms.fault("GetMigrationJob", "SLOW", delay_seconds=20, match=full(job))
    asked = len(env.dms.calls("GetMigrationJob"))
    before = moment(env)
    env.press(card, label, user)
    until(lambda: len(env.dms.calls("GetMigrationJob")) > asked)
    if "recheck" in steps(card):
        env.press(card, "recheck", "sam")
    else:
        recheck(env, card, "sam")
    env.shows(card, "NOT ZERO: 1 h 30 min")
    env.dms.clear_faults()
    private(env, user, "did not count", "1 h 30 min", after=before)


def test_a_confirmation_that_another_look_outruns_does_not_count(env: Env) -> None:
    job = a_job(env, **CAUGHT_UP)
    card = env.type(f"promote {job}")
    press_while_sam_looks(env, card, "confirm", "dana", job)
    assert events(env, job) == ["requested"]
    fill(env, asked_to_type(env, card, "NOT ZERO: 1 h 30 min"), job)
    env.shows_done(card, "promote")


def test_an_approval_that_another_look_outruns_does_not_count(slack: SlackServer, tmp_path: Path) -> None:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path, ROLES)) as env:
        job = a_job(env, **CAUGHT_UP)
        card = env.type(f"promote {job}")
        env.press(card, "confirm")
        asking = asks(env, job)
        press_while_sam_looks(env, asking, "approve", "alex", job)
        assert events(env, job) == ["requested", "confirmed"]
        env.press(env.shows(asking, "NOT ZERO: 1 h 30 min"), "approve", "alex")
        env.shows_done(card, "promote")
