"""Promoting while something is still to be replicated: a press is not enough."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.deciding import (
    ROLES,
    alone,
    asks,
    audit,
    events,
    eventually,
    full,
    looked_long_ago,
    measured,
    moment,
    policy,
    press_refused,
    private,
)
from tests.e2e.scene import CAUGHT_UP, JSON, Scene, fresh, input_of

LATE: dict[str, Any] = {**CAUGHT_UP, "sec_lag": 30, "bytes_lag": 1000}


@pytest.fixture
def stage(slack: SlackServer, tmp_path: Path) -> Iterator[Scene]:
    with alone(slack, tmp_path) as made:
        yield made


def a_job(stage: Scene, **delay: Any) -> str:
    job = fresh("cut")
    stage.dms.add_job(job, phase="CDC", frozen=True, **delay)
    return job


def now_behind(stage: Scene, job: str, seconds: int) -> None:
    """Changes the delay, and waits until Monitoring tells it."""
    stage.dms.set_job(job, sec_lag=seconds, bytes_lag=seconds)
    measured(stage, job, seconds)


def asked_to_type(stage: Scene, card: JSON, *words: str) -> JSON:
    stage.press(card, "Confirm promote")
    view: JSON = stage.slack.wait_view("dana", ["cannot be undone", *words])
    return view


def fill(stage: Scene, view: JSON, typed: str) -> JSON:
    answer: JSON = stage.slack.submit(view, {input_of(view): typed}, user="dana")
    return answer


def test_the_id_is_typed_while_the_delay_is_not_zero(stage: Scene) -> None:
    job = a_job(stage, **LATE)
    card = stage.type(f"promote {job}")
    assert "As long as the delay is not known to be zero, you will be asked to type" in plain(card)
    view = asked_to_type(stage, card, "NOT ZERO: 30 s", f"Type {job} to go on")
    assert job in str(fill(stage, view, "cut")["errors"])
    assert events(stage, job) == ["requested"]
    assert stage.writes("promote", job) == []
    assert not fill(stage, view, job).get("errors")
    stage.shows(card, "✅ *Promoted*")
    assert len(stage.writes("promote", job)) == 1


def test_the_id_is_typed_while_the_delay_is_not_known(stage: Scene) -> None:
    job = a_job(stage, **CAUGHT_UP)
    stage.dms.monitoring(False)
    card = stage.type(f"promote {job}")
    view = asked_to_type(stage, card, "not known", f"Type {job} to go on")
    assert stage.writes("promote", job) == []
    fill(stage, view, job)
    stage.shows(card, "✅ *Promoted*")


def test_one_late_job_of_several_is_enough(stage: Scene) -> None:
    jobs = [a_job(stage, **CAUGHT_UP), a_job(stage, **LATE)]
    card = stage.type(f"promote {' '.join(jobs)}")
    view = asked_to_type(stage, card, "Type promote 2 jobs to go on")
    assert fill(stage, view, jobs[1])["errors"]
    assert stage.writes("promote", jobs[0]) == []


def test_a_press_is_enough_once_the_delay_was_seen_to_be_zero(stage: Scene) -> None:
    job = a_job(stage, **LATE)
    card = stage.type(f"promote {job}")
    now_behind(stage, job, 0)
    stage.press(card, "Re-check delay")
    card = stage.shows(card, "Replication delay: 0 s")
    assert "asked to type" not in plain(card)
    stage.press(card, "Confirm promote")
    stage.shows(card, "✅ *Promoted*")


def test_what_is_typed_under_an_older_delay_does_not_count(stage: Scene) -> None:
    job = a_job(stage, **LATE)
    card = stage.type(f"promote {job}")
    view = asked_to_type(stage, card, "NOT ZERO: 30 s")
    now_behind(stage, job, 5400)
    stage.press(card, "Re-check delay", "sam")
    card = stage.shows(card, "NOT ZERO: 1 h 30 min")
    before = moment(stage)
    assert not fill(stage, view, job).get("errors")
    private(stage, "dana", "did not count", "1 h 30 min", after=before)
    assert events(stage, job) == ["requested"]
    fill(stage, asked_to_type(stage, card, "NOT ZERO: 1 h 30 min"), job)
    stage.shows(card, "✅ *Promoted*")


def test_a_zero_that_is_old_is_looked_at_again_before_others_are_asked(
    slack: SlackServer, tmp_path: Path
) -> None:
    with alone(slack, tmp_path, policy_file=policy(tmp_path, ROLES)) as stage:
        job = a_job(stage, **CAUGHT_UP)
        card = stage.type(f"promote {job}")
        looked_long_ago(stage, job)
        now_behind(stage, job, 90)
        before = moment(stage)
        stage.press(card, "Confirm promote")
        private(stage, "dana", "did not count", "1 min 30 s", after=before)
        assert events(stage, job) == ["requested"]
        card = stage.shows(card, "NOT ZERO: 1 min 30 s")
        press_refused(stage, card, "Confirm promote", "sam", "Only", "can confirm this")
        fill(stage, asked_to_type(stage, card, "NOT ZERO: 1 min 30 s"), job)
        stage.press(asks(stage, job), "Approve", "alex")
        stage.shows(card, "✅ *Promoted*")
        assert [each.event for each in audit(stage, job)][:3] == ["requested", "confirmed", "approved"]


def press_while_sam_looks(stage: Scene, card: JSON, label: str, user: str, job: str) -> None:
    """Press; while the service is asked for the job, sam has the delay looked at, and it is above zero."""
    now_behind(stage, job, 5400)
    stage.dms.fault("GetMigrationJob", "SLOW", delay_seconds=20, match=full(job))
    asked = len(stage.dms.calls("GetMigrationJob"))
    before = moment(stage)
    stage.press(card, label, user)
    eventually(lambda: len(stage.dms.calls("GetMigrationJob")) > asked)
    stage.press(card, "Re-check delay", "sam")
    stage.shows(card, "NOT ZERO: 1 h 30 min")
    stage.dms.clear_faults()
    private(stage, user, "did not count", "1 h 30 min", after=before)


def test_a_confirmation_that_another_look_outruns_does_not_count(stage: Scene) -> None:
    job = a_job(stage, **CAUGHT_UP)
    card = stage.type(f"promote {job}")
    press_while_sam_looks(stage, card, "Confirm promote", "dana", job)
    assert events(stage, job) == ["requested"]
    fill(stage, asked_to_type(stage, card, "NOT ZERO: 1 h 30 min"), job)
    stage.shows(card, "✅ *Promoted*")


def test_an_approval_that_another_look_outruns_does_not_count(slack: SlackServer, tmp_path: Path) -> None:
    with alone(slack, tmp_path, policy_file=policy(tmp_path, ROLES)) as stage:
        job = a_job(stage, **CAUGHT_UP)
        card = stage.type(f"promote {job}")
        stage.press(card, "Confirm promote")
        asking = asks(stage, job)
        press_while_sam_looks(stage, asking, "Approve", "alex", job)
        assert events(stage, job) == ["requested", "confirmed"]
        stage.press(stage.shows(asking, "NOT ZERO: 1 h 30 min"), "Approve", "alex")
        stage.shows(card, "✅ *Promoted*")
