"""A replication delay counts from when it was measured, not from when somebody looked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack import SlackServer, plain
from tests.e2e.env import JSON, Env, input_of, unique_id
from tests.e2e.helpers import (
    aged,
    change_delays,
    events,
    full,
    moment,
    private,
    request_of,
    set_delay,
    single_bot,
    undated,
)
from tests.waiting import until

CDC: dict[str, Any] = {"phase": "CDC", "frozen": True, "in_phase_for": 3000.0}


@pytest.fixture
def env(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    with single_bot(slack, tmp_path) as made:
        yield made


def a_job(env: Env, seconds: Any, size: Any = (), **values: Any) -> str:
    """A job in CDC whose delay was measured so: age in seconds, and value."""
    job = unique_id("measured")
    env.dms.add_job(job, **(CDC | values))
    env.dms.set_job(job, sec_points=seconds, bytes_points=size)
    return job


def said_at(text: str, before: str) -> float:
    """The time that stands behind `before` in what somebody reads, in epoch seconds."""
    return float(text.split(f"{before}<!date^", 1)[1].split("^", 1)[0])


def asked_to_type(env: Env, card: JSON, job: str) -> JSON:
    env.press(card, "confirm")
    view: JSON = env.slack.wait_view("dana", f"Type {job} to confirm")
    assert env.writes("promote", job) == []
    return view


def typed(env: Env, card: JSON, job: str) -> None:
    view = asked_to_type(env, card, job)
    assert not env.slack.submit(view, {input_of(view): job}, user="dana").get("errors")
    env.shows_done(card, "promote")


def test_a_zero_counts_that_monitoring_can_be_expected_to_show_now(env: Env) -> None:
    """Sampled every 60 seconds, visible up to 180 seconds later."""
    job = a_job(env, [[235, 0]], [[235, 0]])
    card = env.type(f"promote {job}")
    text = plain(card)
    assert "✅ *Replication delay: 0 s · 0 B* (measured <!date^" in text
    assert said_at(text, "0 B* (measured ") == pytest.approx(time.time() - 235, abs=10)
    env.press(card, "confirm")
    env.shows_done(card, "promote")


def test_a_zero_that_was_measured_six_minutes_ago_is_not_known(env: Env) -> None:
    job = a_job(env, [[360, 0]], [[30, 0]])
    card = env.type(f"promote {job}")
    text = plain(card)
    assert "*The replication delay is not known*: the newest figure is 0 s (measured <!date^" in text
    assert said_at(text, "0 s (measured ") == pytest.approx(time.time() - 360, abs=10)
    assert "✅" not in text
    typed(env, card, job)


def test_the_job_card_and_the_chart_say_that_an_old_figure_is_old(env: Env) -> None:
    job = a_job(env, [[3000, 0]], [[3000, 0]])
    text = plain(env.type(f"show {job}"))
    assert "*not known*: the newest figure is 0 s (measured <!date^" in text
    assert "✅" not in text
    answer = env.type(f"delay {job}")
    assert "*not known*: the newest figure is 0 s (measured" in plain(answer)
    assert "*Nothing was measured*" in plain(answer)


def test_a_chart_that_slack_does_not_take_costs_the_chart_alone(env: Env) -> None:
    job = a_job(env, [[60, 42]], [[60, 1000]])
    env.slack.fault("files.getUploadURLExternal", "missing_scope", times=1)
    text = plain(env.type(f"delay {job} --picture"))
    assert "The file could not be posted: the app lacks the scope `files:write`" in text
    assert "The destination is *42 s" in text


def test_the_delay_is_a_chart_that_slack_draws_and_a_picture_on_demand(env: Env) -> None:
    job = a_job(env, [[600, 0], [300, 90], [60, 42]], [[60, 1000]])
    answer = env.type(f"delay {job}")
    seconds, size = (each for each in answer["blocks"] if each["type"] == "data_visualization")
    (line,) = seconds["chart"]["series"]
    assert [each["value"] for each in line["data"]] == [0, 90, 42]
    assert [each["label"] for each in line["data"]] == seconds["chart"]["axis_config"]["categories"]
    assert [each["value"] for each in size["chart"]["series"][0]["data"]] == [1000]
    assert not env.slack.calls("files.completeUploadExternal")
    before = env.now()
    env.press(answer, "Detailed picture")
    env.slack.wait_message(channel="dms", contains=["The destination is *42 s", job], after=before)
    assert env.slack.calls("files.completeUploadExternal")


def test_an_old_workspace_gets_the_picture_once(env: Env) -> None:
    job = a_job(env, [[60, 42]], [[60, 1000]])
    env.slack.lack(["data_visualization"])
    try:
        before = env.now()
        for _ in range(2):
            answer = env.type(f"delay {job}")
            assert "The destination is *42 s" in plain(answer)
            assert answer["files"]
        found = env.slack.messages(channel="dms", user="dana", after=before)
        assert len(found) == 2
    finally:
        env.slack.lack(())


def test_the_job_card_says_how_old_the_figure_is(env: Env) -> None:
    job = a_job(env, [[60, 42]], [[180, 1000]])
    text = plain(env.type(f"show {job}"))
    assert "Delay 42 s (measured <!date^" in text
    assert "{ago}" in text
    for before, age in (("42 s (measured ", 60), ("1000 B (measured ", 180)):
        assert said_at(text, before) == pytest.approx(time.time() - age, abs=10)


def test_without_monitoring_the_job_card_says_why_no_delay_is_known(env: Env) -> None:
    job = a_job(env, [[60, 0]])
    env.dms.monitoring(False)
    assert "*not known*: " in (text := plain(env.type(f"show {job}")))
    assert "monitoring.timeSeries.list" in text


def test_the_figures_of_a_former_job_of_the_same_name_do_not_count(env: Env) -> None:
    job = a_job(env, [[120, 0]], created_ago=60.0, in_phase_for=30.0)
    card = env.type(f"promote {job}")
    assert "*The replication delay is not known*: nothing was measured in the last hour" in plain(card)
    assert "not known" in plain(env.type(f"show {job}"))
    asked_to_type(env, card, job)


def test_what_was_measured_before_a_resume_does_not_count(env: Env) -> None:
    job = a_job(env, [[90, 0]], state="STOPPED")
    until(lambda: env.bot.store.known_job(full(job)))
    env.dms.set_job(job, state="RUNNING", phase="CDC")
    until(lambda: [e for e in env.bot.store.events(full(job)) if e.after == "RUNNING/CDC"])
    asked_to_type(env, env.type(f"promote {job}"), job)
    env.dms.set_job(job, sec_points=[[0, 0]])
    set_delay(env, job, 0)
    card = env.type(f"promote {job}")
    assert "✅ *Replication delay: 0 s*" in plain(card)


def test_seconds_decide_and_bytes_above_zero_are_a_warning(env: Env) -> None:
    job = a_job(env, [[60, 0]], [[60, 512]])
    card = env.type(f"promote {job}")
    assert "✅ *Replication delay: 0 s · 512 B* (measured" in plain(card)
    assert "bytes are above zero" in plain(card)
    env.press(card, "confirm")
    env.shows_done(card, "promote")


@pytest.mark.parametrize(
    ("engine", "to", "said"),
    [
        ("ORACLE", "POSTGRESQL", "changes that DMS has not begun to read are not counted"),
        ("SQLSERVER", "POSTGRESQL", "DMS's guide does not say which changes it leaves out"),
        # "Failback migrations" (SQL Server to AlloyDB): "a very similar flow".
        ("POSTGRESQL", "SQLSERVER", "DMS's guide does not say which changes it leaves out"),
    ],
)
def test_a_zero_that_leaves_unread_changes_out_is_not_enough(
    env: Env, engine: str, to: str, said: str
) -> None:
    ends = {"source_engine": engine, "destination_engine": to, "destination_provider": "CLOUDSQL"}
    job = a_job(env, [[60, 0]], **ends)
    card = env.type(f"promote {job}")
    assert "*The replication delay is not known* to be zero: 0 s (measured" in plain(card)
    assert said in plain(card)
    env.dms.set_job(job, sec_points=[[60, 9]])
    assert f"; {said}" in plain(env.type(f"show {job}"))
    typed(env, card, job)


def test_no_zero_is_waited_for_with_backup_files(env: Env) -> None:
    """ "Migration job metrics" (SQL Server): from the time in a backup file's name until it is restored.
    "Finalize a migration" (SQL Server): wait until no unprocessed bytes are left."""
    ends = {
        "source_engine": "SQLSERVER",
        "destination_engine": "SQLSERVER",
        "destination_provider": "CLOUDSQL",
    }
    job = a_job(env, [[60, 280]], [[60, 512]], **ends)
    card = env.type(f"promote {job}")
    text = plain(card)
    assert "*Restore delay: 4 min 40 s · 512 B* (measured" in text
    assert "There is no zero to wait for" in text
    assert "until no unprocessed bytes are left" in text
    assert "NOT ZERO" not in text
    assert "You'll type the job ID next · " in text
    typed(env, card, job)


def test_one_database_does_not_hide_another(env: Env) -> None:
    samples = {"sales": [[30, 0]], "billing": [[1800, 0]]}
    job = a_job(env, samples, databases=["sales", "billing", "new"])
    card = env.type(f"promote {job}")
    assert "not known*: it was not measured for new" in plain(card)
    asked_to_type(env, card, job)
    assert "not known*: the newest figure is 0 s" in plain(
        env.type(f"promote {job} --databases billing,sales")
    )
    alone = env.type(f"promote {job} --databases sales")
    assert "✅ *Replication delay: 0 s*" in plain(alone)


def test_a_press_counts_by_when_the_zero_was_measured(env: Env) -> None:
    """Looked at 90 seconds ago, but measured four minutes before that."""
    job = a_job(env, [[240, 0]])
    card = env.type(f"promote {job}")
    later(env, job, 90)
    env.dms.set_job(job, sec_points=[[30, 20]])
    before = moment(env)
    env.press(card, "confirm")
    private(env, "dana", "did not count", "not zero", "20 s (measured <!date^", after=before)
    assert events(env, job) == ["requested"]
    typed(env, env.shows(card, "NOT ZERO: 20 s"), job)


def later(env: Env, job: str, seconds: float) -> None:
    """As if that time had passed since the card was shown."""
    change_delays(env, job, lambda seen: aged(seen, seconds))


def test_a_zero_that_an_older_version_stored_without_its_time_is_looked_at_again(env: Env) -> None:
    job = a_job(env, [[60, 0]])
    card = env.type(f"promote {job}")
    change_delays(env, job, undated)
    asked_to_type(env, card, job)
    env.press(card, "recheck")
    until(lambda: request_of(env, job).facts.delays[full(job)].seconds is not None)
    env.press(card, "confirm")
    env.shows_done(card, "promote")


# ---- engines with measures of their own

SQL_SERVER = {
    "source_engine": "SQLSERVER",
    "destination_engine": "SQLSERVER",
    "destination_provider": "CLOUDSQL",
}


def test_sql_server_says_what_is_left_to_restore(env: Env) -> None:
    """ "Finalize a migration": no unprocessed bytes, and a last log taken after the writes stopped."""
    job = a_job(env, [[60, 0]], databases=["hr", "payroll"], **SQL_SERVER)
    sizes = {"hr": [[90, 2048]], "payroll": [[60, 1024]]}
    files = {"hr": [[90, 2]], "payroll": [[60, 1]]}
    points = {"sqlserver/unprocessed_file_bytes": sizes, "sqlserver/unprocessed_files": files}
    env.dms.set_job(job, points={**points, "sqlserver/transaction_log_upload_sec_lag": [[60, 240]]})
    shown = plain(env.type(f"show {job}"))
    assert "⚠️ *Not restored yet: 3 KiB of backup files* in 3 files (measured <!date^" in shown
    assert said_at(shown, "log was uploaded ") == pytest.approx(time.time() - 300, abs=10)
    card = env.type(f"promote {job}")
    text = plain(card)
    assert "*The replication delay is not known* to be zero: 0 s (measured" in text
    assert "it counts from the time in a backup file's name" in text
    assert ":rotating_light: *Not restored yet: 3 KiB of backup files* in 3 files" in text
    env.dms.set_job(job, points={"sqlserver/unprocessed_file_bytes": [[60, 0]]})
    env.press(card, "recheck")
    env.shows(card, "No unprocessed bytes of backup files are left (measured")
    typed(env, card, job)


# ---- unsupported changes

COUNT = "unsupported_events_count"


def test_a_zero_with_unsupported_changes_is_no_all_clear(env: Env) -> None:
    job = a_job(env, [[60, 0]], [[60, 0]], metrics={COUNT: {"app.public.audit": 12, "app.public.logs": 3}})
    missing = (
        "15 changes were not supported and may be missing on the destination*: most in app.public.audit (12)"
    )
    assert f"⚠️ *{missing}" in plain(env.type(f"show {job}"))
    answer = plain(env.type(f"delay {job}"))
    for words in ("0 s · 0 B", missing, job):
        assert words in answer
    card = env.type(f"promote {job}")
    text = plain(card)
    assert "✅ *Replication delay: 0 s · 0 B*" in text
    assert f":rotating_light: *{missing}, app.public.logs (3)" in text
    view = asked_to_type(env, card, job)
    assert missing in plain(view)
    env.dms.set_job(job, metrics={COUNT: {"app.public.audit": 20}}, sec_points=[[0, 0]])

    def looked_again() -> str:
        """Cloud Monitoring has the new count with its next sample."""
        env.press(card, "recheck")
        return plain(env.current(card))

    until(looked_again, lambda text: "23 changes were not supported" in text, every_s=0.3)
    errors = env.slack.submit(view, {input_of(view): job}, user="dana").get("errors") or {}
    assert events(env, job) == ["requested"], "the view shows fewer"
    assert not errors
    typed(env, env.shows(card, "23 changes were not supported"), job)
    assert len(env.writes("promote", job)) == 1


def test_changes_that_were_shown_do_not_stop_a_late_press(env: Env) -> None:
    """The zero has to be measured again; the changes are those that the person typed the ID for."""
    job = a_job(env, [[240, 0]], metrics={COUNT: {"app.public.audit": 12}})
    card = env.type(f"promote {job}")
    later(env, job, 90)
    env.dms.set_job(job, sec_points=[[30, 0]])
    typed(env, card, job)


def test_unsupported_changes_that_cannot_be_read_do_not_look_like_none(env: Env) -> None:
    job = a_job(env, [[60, 0]])
    env.dms.fault("ListTimeSeries", "PERMISSION_DENIED", times=None, match=COUNT)
    assert "⚠️ Whether changes were not supported is *not known*: " in plain(env.type(f"show {job}"))
    card = env.type(f"promote {job}")
    env.dms.clear_faults()
    assert "✅ *Replication delay: 0 s*" in plain(card)
    assert "Whether changes were not supported is *not known*: " in plain(card)
    typed(env, card, job)


# ---- the full dump


def test_a_dump_says_how_far_it_is_and_about_how_long_it_takes(env: Env) -> None:
    """12 points in the last hour: 38 points take 3 h 10 min."""
    sizes = [{"name": "sales", "dump_seconds": 36_000}, {"name": "billing", "dump_seconds": 36_000}]
    job = env.add_job("dump", phase="FULL_DUMP", databases=sizes, in_phase_for=3600.0)
    rising = [[60 * age + 40, 62 - age / 5] for age in range(60, -1, -1)]
    env.dms.set_job(job, points={"fulldump_progress_percentage": rising})
    text = plain(env.type(f"show {job}"))
    assert said_at(text, "62% (measured ") == pytest.approx(time.time() - 40, abs=10)
    assert "· about 3 h left" in text
    listed = plain(env.type(f"databases {job}"))
    assert "Full dump: 62% (measured <!date^" in listed
    assert "Oldest percentage measured <!date^" in listed
    env.dms.set_job(job, points={"fulldump_progress_percentage": [[1800, 60], [900, 60], [60, 60]]})
    assert "time left *not known*: it has not risen for 29 min" in plain(env.type(f"show {job}"))
    env.dms.monitoring(False)
    assert "Full dump *not known*: " in (text := plain(env.type(f"show {job}")))
    assert "monitoring.timeSeries.list" in text


# ---- a job that failed in CDC


def failed(env: Env, **values: Any) -> str:
    """Its delay was four minutes when it was measured last, ten minutes ago."""
    return a_job(env, [[600, 240], [660, 180]], [[600, 1000]], state="FAILED", error="gone", **values)


def test_a_job_that_failed_in_cdc_is_promoted_as_the_way_out(env: Env) -> None:
    job = failed(env, databases=["sales", "billing"])
    shown = plain(env.type(f"show {job}"))
    assert "(Promote…)" in shown
    assert "If the source is lost for good, promote instead" in shown
    card = env.type(f"promote {job}")
    text = plain(card)
    assert "The destination may miss changes on the source since <!date^" in text
    assert said_at(text, "changes on the source since ") == pytest.approx(time.time() - 840, abs=10)
    assert "(last known delay 4 min, measured <!date^" in text
    assert "*The job has failed*" in text
    assert "*The data of `billing`, `sales` may be incomplete*" in text
    typed(env, card, job)
    assert len(env.writes("promote", job)) == 1


def test_the_alert_of_a_job_that_failed_in_cdc_offers_to_promote_it(env: Env) -> None:
    job = a_job(env, [[60, 0]])
    until(lambda: env.bot.store.known_job(full(job)))
    env.dms.set_job(job, state="FAILED", error="gone")
    alert = env.slack.wait_message(
        channel="db-migrations", contains=["Failed", job, "(Promote…)", "(Restart…)"]
    )
    text = plain(alert)
    assert text.index("the job may continue on its own") < text.index("promote instead")


def test_a_failed_database_of_a_failed_job_is_promoted_by_itself(env: Env) -> None:
    job = failed(env, databases=["sales", "billing"])
    card = env.type(f"promote {job} --databases sales")
    typed(env, card, job)


def test_of_a_failed_job_a_press_may_come_late(env: Env) -> None:
    """Nothing is measured meanwhile, so there is nothing new to show."""
    job = failed(env)
    card = env.type(f"promote {job}")
    later(env, job, 600)
    typed(env, card, job)


def test_without_a_known_delay_a_failed_job_says_so(env: Env) -> None:
    job = failed(env)
    env.dms.monitoring(False)
    card = env.type(f"promote {job}")
    assert "how much is *not known*" in plain(card)
    assert "monitoring.timeSeries.list" in plain(card)
    typed(env, card, job)


def test_a_job_that_failed_before_cdc_is_not_promoted(env: Env) -> None:
    job = env.add_job("early", state="FAILED", phase="FULL_DUMP")
    answer = plain(env.type(f"promote {job}"))
    assert "Only a job that has reached CDC" in answer
    assert "Possible now: restart" in answer
    assert env.writes("promote", job) == []


def test_a_restart_of_a_failed_job_says_what_comes_first(env: Env) -> None:
    may_recover = failed(env)
    ends = {"source_engine": "SQLSERVER", "destination_engine": "SQLSERVER"}
    sqlserver = failed(env, **ends, destination_provider="CLOUDSQL")
    text = plain(env.type(f"restart {may_recover}"))
    assert "*Fix the cause first, and wait*: the job may continue on its own then" in text
    assert "promote instead" in text
    text = plain(env.type(f"restart {sqlserver}"))
    assert "*Fix the cause first*" in text
    assert "on its own" not in text
