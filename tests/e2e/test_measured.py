"""A replication delay counts from when it was measured, not from when somebody looked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.deciding import aged, alone, events, eventually, full, measured, moment, private, request_of
from tests.e2e.scene import JSON, Scene, fresh, input_of

CDC: dict[str, Any] = {"phase": "CDC", "frozen": True, "in_phase_for": 3000.0}


@pytest.fixture
def stage(slack: SlackServer, tmp_path: Path) -> Iterator[Scene]:
    with alone(slack, tmp_path) as made:
        yield made


def a_job(stage: Scene, seconds: Any, size: Any = (), **values: Any) -> str:
    """A job in CDC whose delay was measured so: age in seconds, and value."""
    job = fresh("measured")
    stage.dms.add_job(job, **(CDC | values))
    stage.dms.set_job(job, sec_points=seconds, bytes_points=size)
    return job


def said_at(text: str, before: str) -> float:
    """The time that stands behind `before` in what somebody reads, in epoch seconds."""
    return float(text.split(f"{before}<!date^", 1)[1].split("^", 1)[0])


def asked_to_type(stage: Scene, card: JSON, job: str) -> JSON:
    stage.press(card, "Confirm promote")
    view: JSON = stage.slack.wait_view("dana", f"Type {job} to go on")
    assert stage.writes("promote", job) == []
    return view


def typed(stage: Scene, card: JSON, job: str) -> None:
    view = asked_to_type(stage, card, job)
    assert not stage.slack.submit(view, {input_of(view): job}, user="dana").get("errors")
    stage.shows(card, "✅ *Promoted*")


def test_a_zero_counts_that_monitoring_can_be_expected_to_show_now(stage: Scene) -> None:
    """Sampled every 60 seconds, visible up to 180 seconds later."""
    job = a_job(stage, [[235, 0]], [[235, 0]])
    card = stage.type(f"promote {job}")
    text = plain(card)
    assert "✅ *Replication delay: 0 s · 0 B* (measured <!date^" in text
    assert said_at(text, "0 B* (measured ") == pytest.approx(time.time() - 235, abs=10)
    stage.press(card, "Confirm promote")
    stage.shows(card, "✅ *Promoted*")


def test_a_zero_that_was_measured_six_minutes_ago_is_not_known(stage: Scene) -> None:
    job = a_job(stage, [[360, 0]], [[30, 0]])
    card = stage.type(f"promote {job}")
    text = plain(card)
    assert "*The replication delay is not known*: the newest figure is 0 s (measured <!date^" in text
    assert said_at(text, "0 s (measured ") == pytest.approx(time.time() - 360, abs=10)
    assert "✅" not in text
    typed(stage, card, job)


def test_the_job_card_and_the_chart_say_that_an_old_figure_is_old(stage: Scene) -> None:
    job = a_job(stage, [[3000, 0]], [[3000, 0]])
    text = plain(stage.type(f"show {job}"))
    assert "*not known*: the newest figure is 0 s (measured <!date^" in text
    assert "✅" not in text
    stage.slack.command(f"delay {job}")
    stage.slack.wait_message(channel="dms", contains=["*not known*: the newest figure is 0 s (measured", job])


def test_the_job_card_says_how_old_the_figure_is(stage: Scene) -> None:
    job = a_job(stage, [[60, 42]], [[180, 1000]])
    text = plain(stage.type(f"show {job}"))
    assert "⚠️ 42 s (measured <!date^" in text
    assert "{ago}" in text
    for before, age in (("42 s (measured ", 60), ("1000 B (measured ", 180)):
        assert said_at(text, before) == pytest.approx(time.time() - age, abs=10)


def test_without_monitoring_the_job_card_says_why_no_delay_is_known(stage: Scene) -> None:
    job = a_job(stage, [[60, 0]])
    stage.dms.monitoring(False)
    assert "*not known*: " in (text := plain(stage.type(f"show {job}")))
    assert "monitoring.timeSeries.list" in text


def test_the_figures_of_a_former_job_of_the_same_name_do_not_count(stage: Scene) -> None:
    job = a_job(stage, [[120, 0]], created_ago=60.0, in_phase_for=30.0)
    card = stage.type(f"promote {job}")
    assert "*The replication delay is not known*: nothing was measured in the last hour" in plain(card)
    assert "not known" in plain(stage.type(f"show {job}"))
    asked_to_type(stage, card, job)


def test_what_was_measured_before_a_resume_does_not_count(stage: Scene) -> None:
    job = a_job(stage, [[90, 0]], state="STOPPED")
    eventually(lambda: stage.bot.store.known_job(full(job)))
    stage.dms.set_job(job, state="RUNNING", phase="CDC")
    eventually(lambda: [e for e in stage.bot.store.events(full(job)) if e.after == "RUNNING/CDC"])
    asked_to_type(stage, stage.type(f"promote {job}"), job)
    stage.dms.set_job(job, sec_points=[[0, 0]])
    measured(stage, job, 0)
    card = stage.type(f"promote {job}")
    assert "✅ *Replication delay: 0 s*" in plain(card)


def test_seconds_decide_and_bytes_above_zero_are_a_warning(stage: Scene) -> None:
    job = a_job(stage, [[60, 0]], [[60, 512]])
    card = stage.type(f"promote {job}")
    assert "✅ *Replication delay: 0 s · 512 B* (measured" in plain(card)
    assert "bytes are above zero" in plain(card)
    stage.press(card, "Confirm promote")
    stage.shows(card, "✅ *Promoted*")


@pytest.mark.parametrize("engine", ["ORACLE", "SQLSERVER"])
def test_a_zero_that_leaves_unread_changes_out_is_not_enough(stage: Scene, engine: str) -> None:
    job = a_job(stage, [[60, 0]], source_engine=engine)
    card = stage.type(f"promote {job}")
    assert "*The replication delay is not known* to be zero: 0 s (measured" in plain(card)
    typed(stage, card, job)


def test_one_database_does_not_hide_another(stage: Scene) -> None:
    samples = {"sales": [[30, 0]], "billing": [[1800, 0]]}
    job = a_job(stage, samples, databases=["sales", "billing", "new"])
    card = stage.type(f"promote {job}")
    assert "not known*: it was not measured of new" in plain(card)
    asked_to_type(stage, card, job)
    assert "not known*: the newest figure is 0 s" in plain(
        stage.type(f"promote {job} --databases billing,sales")
    )
    alone = stage.type(f"promote {job} --databases sales")
    assert "✅ *Replication delay: 0 s*" in plain(alone)


def test_a_press_counts_by_when_the_zero_was_measured(stage: Scene) -> None:
    """Looked at 90 seconds ago, but measured four minutes before that."""
    job = a_job(stage, [[240, 0]])
    card = stage.type(f"promote {job}")
    later(stage, job, 90)
    stage.dms.set_job(job, sec_points=[[30, 20]])
    before = moment(stage)
    stage.press(card, "Confirm promote")
    private(stage, "dana", "did not count", "not zero", "20 s (measured <!date^", after=before)
    assert events(stage, job) == ["requested"]
    typed(stage, stage.shows(card, "NOT ZERO: 20 s"), job)


def later(stage: Scene, job: str, seconds: float) -> None:
    """As if that time had passed since the card was shown."""
    request = request_of(stage, job)
    (fact,) = request.facts["delay"].values()
    facts = dict(request.facts) | {"delay": {full(job): aged(fact, seconds)}}
    assert stage.bot.store.move_request(request.id, [request.state], request.state, facts=facts)


def test_a_zero_that_an_older_version_stored_without_its_time_is_looked_at_again(stage: Scene) -> None:
    job = a_job(stage, [[60, 0]])
    card = stage.type(f"promote {job}")
    request = request_of(stage, job)
    (fact,) = request.facts["delay"].values()
    old = {key: fact[key] for key in ("at", "seconds", "bytes", "note")}
    facts = dict(request.facts) | {"delay": {full(job): old}}
    assert stage.bot.store.move_request(request.id, [request.state], request.state, facts=facts)
    asked_to_type(stage, card, job)
    stage.press(card, "Re-check delay")
    eventually(lambda: request_of(stage, job).facts["delay"][full(job)].get("measured"))
    stage.press(card, "Confirm promote")
    stage.shows(card, "✅ *Promoted*")


# ---- a job that failed in CDC


def failed(stage: Scene, **values: Any) -> str:
    """Its delay was four minutes when it was measured last, ten minutes ago."""
    return a_job(stage, [[600, 240], [660, 180]], [[600, 1000]], state="FAILED", error="gone", **values)


def test_a_job_that_failed_in_cdc_is_promoted_as_the_way_out(stage: Scene) -> None:
    job = failed(stage, databases=["sales", "billing"])
    shown = plain(stage.type(f"show {job}"))
    assert "[Promote]" in shown
    assert "If the source is lost for good, promote instead" in shown
    card = stage.type(f"promote {job}")
    text = plain(card)
    assert "The destination may miss what the source got since <!date^" in text
    assert said_at(text, "what the source got since ") == pytest.approx(time.time() - 840, abs=10)
    assert "(last known delay 4 min, measured <!date^" in text
    assert "*The job has failed*" in text
    assert "*The data of `billing`, `sales` may be incomplete*" in text
    typed(stage, card, job)
    assert len(stage.writes("promote", job)) == 1


def test_the_alert_of_a_job_that_failed_in_cdc_offers_to_promote_it(stage: Scene) -> None:
    job = a_job(stage, [[60, 0]])
    eventually(lambda: stage.bot.store.known_job(full(job)))
    stage.dms.set_job(job, state="FAILED", error="gone")
    alert = stage.slack.wait_message(
        channel="db-migrations", contains=["FAILED", job, "[Promote]", "[Restart]"]
    )
    text = plain(alert)
    assert text.index("the job may go on by itself") < text.index("promote instead")


def test_a_failed_database_of_a_failed_job_is_promoted_by_itself(stage: Scene) -> None:
    job = failed(stage, databases=["sales", "billing"])
    card = stage.type(f"promote {job} --databases sales")
    typed(stage, card, job)


def test_of_a_failed_job_a_press_may_come_late(stage: Scene) -> None:
    """Nothing is measured meanwhile, so there is nothing new to show."""
    job = failed(stage)
    card = stage.type(f"promote {job}")
    later(stage, job, 600)
    typed(stage, card, job)


def test_without_a_known_delay_a_failed_job_says_so(stage: Scene) -> None:
    job = failed(stage)
    stage.dms.monitoring(False)
    card = stage.type(f"promote {job}")
    assert "how much is *not known*" in plain(card)
    assert "monitoring.timeSeries.list" in plain(card)
    typed(stage, card, job)


def test_a_job_that_failed_before_cdc_is_not_promoted(stage: Scene) -> None:
    job = fresh("early")
    stage.dms.add_job(job, state="FAILED", phase="FULL_DUMP", frozen=True)
    answer = plain(stage.type(f"promote {job}"))
    assert "Only a job that has reached CDC" in answer
    assert "Possible now: restart" in answer
    assert stage.writes("promote", job) == []


def test_a_restart_of_a_failed_job_says_what_comes_first(stage: Scene) -> None:
    heals, mysql = failed(stage), failed(stage, source_engine="MYSQL", destination_engine="MYSQL")
    text = plain(stage.type(f"restart {heals}"))
    assert "*Fix the cause first, and wait*: the job may go on by itself then" in text
    assert "promote instead" in text
    text = plain(stage.type(f"restart {mysql}"))
    assert "*Fix the cause first*" in text
    assert "by itself" not in text
