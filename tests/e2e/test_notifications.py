"""What channels and people are told, through the whole chain: watcher, outbox, notifier, Slack."""

from __future__ import annotations

import collections
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sandbox.slack import pings, plain
from tests.e2e.env import Env, open_env, unique_id
from tests.waiting import until

NEWS = "db-migrations"


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    folder = tmp_path_factory.mktemp("notify")
    at = datetime.now(UTC)
    # It is morning there: a bot that begins a little later does not begin on the next day.
    summary_zone = "UTC" if at.hour < 12 else "Etc/GMT+12"
    summary_at = f"{at.astimezone(ZoneInfo(summary_zone)):%H:%M}"
    with open_env(folder, summary_at=summary_at, summary_zone=summary_zone, delay_alert_s=600.0) as made:
        yield made
        assert made.slack.violations() == []


def a_job(env: Env, prefix: str, **values: Any) -> str:
    """A job that the watcher has seen, and told."""
    job = unique_id(prefix)
    env.dms.add_job(job, **{"databases": ["sales"], "frozen": True, **values})
    env.slack.wait_message(channel=NEWS, contains=f"`{job}`")
    return job


def told(env: Env, job: str, channel: str = NEWS, user: str | None = None) -> list[dict[str, Any]]:
    """Messages about a job that are not in a thread."""
    messages = env.slack.messages(channel=channel, user=user)
    return [m for m in messages if f"`{job}`" in plain(m) and m.get("thread_ts") in (None, m["ts"])]


def test_one_message_a_job_kept_up_to_date_with_details_in_its_thread(env: Env) -> None:
    job = a_job(env, "line", state="RUNNING", phase="FULL_DUMP")
    first = told(env, job)
    env.dms.set_job(job, state="STOPPING")
    line = env.shows(first[0], "Stopping", "outside Slack")
    env.dms.set_job(job, state="RUNNING", phase="FULL_DUMP")
    env.shows(line, "Running", "full dump")
    assert len(told(env, job)) == 1
    thread = env.slack.wait_for(lambda _: (found := env.slack.thread(NEWS, line["ts"]))[2:] and found)
    assert any("Stopping" in plain(reply) for reply in thread[1:])


def test_what_things_are_called_pings_nobody(env: Env) -> None:
    rude = "<!channel> <!subteam^S0DBATEAM1> <@U0SAM00001> <https://example.com|click>"
    job = a_job(
        env,
        "rude",
        state="RUNNING",
        phase="CDC",
        display_name=rude,
        labels={"team": rude},
        source_host=rude,
        databases=[rude],
    )
    env.dms.set_job(job, state="FAILED", error={"code": 9, "message": rude})
    env.slack.wait_message(channel=NEWS, contains=[job, "Failed", "[Verify]"])
    for text in (f"show {job}", f"databases {job}", f"history {job}", f"restart {job}", "list"):
        env.type(text)
    for message in env.slack.messages():
        mrkdwn = [block for block in message["blocks"] if block["type"] != "header"]
        assert set(pings({**message, "blocks": mrkdwn})) <= {"@U0DANA0001"}, plain(message)


def test_a_failure_is_told_fresh_with_its_cause_and_what_can_be_done(env: Env) -> None:
    job = a_job(env, "fails", state="RUNNING", phase="CDC")
    error = {"code": 9, "message": "replication slot does not exist: all replication slots are in use"}
    env.dms.set_job(job, state="FAILED", error=error)
    alert = env.slack.wait_message(channel=NEWS, contains=["Failed", job, "[Verify]", "(Restart…)"])
    text = plain(alert)
    assert "all replication slots are in use" in text
    assert "cloud.google.com/database-migration/docs" in text
    before = env.now(NEWS)
    env.press(alert, "Verify")
    env.slack.wait_message(channel=NEWS, contains=["✅", "Verified", job], after=before)
    assert len(env.writes("verify", job)) == 1


def test_cdc_reached_says_what_to_do_next(env: Env) -> None:
    job = a_job(env, "cdc", state="RUNNING", phase="FULL_DUMP")
    env.dms.set_job(job, phase="CDC")
    alert = env.slack.wait_message(channel=NEWS, contains=["CDC", job, "(Promote…)", "delay"])
    assert "promote" in plain(alert)


def test_an_alert_stops_warning_once_the_job_was_restarted(env: Env) -> None:
    job = a_job(env, "over", state="RUNNING", phase="FULL_DUMP")
    env.dms.set_job(job, state="STOPPED")
    alert = env.slack.wait_message(channel=NEWS, contains=["Act now", job, "[Restart…]"])
    assert plain(alert).count("restart or delete it") == 1
    env.dms.set_job(job, state="RUNNING")
    over = plain(env.shows(alert, "Was stopped in the full dump", "now ", "full dump"))
    assert "WAL" not in over
    assert "Restart…" not in over
    assert "[Show]" in over
    env.dms.set_job(job, state="FAILED", error={"code": 9, "message": "no space left"})
    failed = env.slack.wait_message(channel=NEWS, contains=[f"*Failed*: `{job}`", "(Restart…)"])
    env.dms.remove_job(job)
    assert "Restart…" not in plain(
        env.shows(failed, "*Had failed*", "no space left", "*Resolved*", "Deleted")
    )


def test_changes_made_here_name_who_made_them(env: Env) -> None:
    job = a_job(env, "mine", state="STOPPED", phase="CDC", frozen=False)
    env.type(f"resume {job}", user="sam")
    env.slack.wait_message(channel=NEWS, contains=[job, "— by sam"])


def test_deleted_jobs_are_told_and_unreachable_locations_are_not(env: Env) -> None:
    stays, goes = a_job(env, "stays"), a_job(env, "goes", location="us-central1")
    env.dms.location_unreachable("europe-west1")
    env.dms.remove_job(goes)
    env.slack.wait_message(channel=NEWS, contains=["Deleted", goes])
    assert not any("Deleted" in plain(m) for m in told(env, stays))
    env.dms.location_unreachable("europe-west1", False)


def test_database_failures_and_long_delays_are_told(env: Env) -> None:
    job = a_job(env, "part", state="RUNNING", phase="FULL_DUMP", databases=["sales", "billing"])
    env.dms.set_database(job, "billing", state="FAILED", error={"code": 9, "message": "no space left"})
    env.dms.set_job(job, phase="CDC")
    words = [f"*Databases failed*: billing: `{job}`", "no space left", "[Restart billing…]"]
    alert = env.slack.wait_message(channel=NEWS, contains=words)
    assert "Promote…" not in plain(alert), "what it advises against is not offered"
    assert "europe-west1" in plain(alert)
    assert "1 database failed: billing" in plain(env.type("list state=running"))
    assert f"*Not failed, but running with errors*: `{job}`" in plain(env.type("list state=failed"))
    env.home("dana", f"*`{job}`* · *Running with errors* · CDC · 1 database failed: `billing`")
    late = a_job(env, "late", state="RUNNING", phase="CDC", sec_lag=5000, in_phase_for=3600)
    words = ["*Replication delay is high*", "(measured <!date^", f": `{late}`", "Do not promote now"]
    assert "Promote…" not in plain(env.slack.wait_message(channel=NEWS, contains=words))


def test_a_burst_becomes_one_digest(env: Env) -> None:
    prefix = unique_id("burst")
    before = env.now(NEWS)
    env.dms.add_many(50, prefix=prefix, state="NOT_STARTED")
    digest = env.slack.wait_message(channel=NEWS, contains=["50 jobs", "Created"], after=before)
    fresh_ones = [m for m in env.slack.messages(channel=NEWS) if m["ts"] > before and prefix in plain(m)]
    assert [m["ts"] for m in fresh_ones] == [digest["ts"]]


def test_watch_by_person_and_channel(env: Env) -> None:
    job = a_job(env, "watched", state="RUNNING", phase="CDC")
    answer = env.type(f"watch {job} --dm --only failed", user="alex")
    assert "now subscribed to" in plain(answer)
    # This is how a channel that was picked behind `#` arrives.
    assert "<#C0GENERAL1>" in plain(env.type(f"watch {job} --channel <#C0GENERAL1|general>", user="sam"))
    assert job in plain(env.type("watches", user="alex"))
    env.dms.set_job(job, state="FAILED", error={"code": 9, "message": "gone"})
    env.slack.wait_message(channel="general", contains=["Failed", job])
    env.slack.wait_message(
        user="alex", contains=["Failed", job, "gone"], where=lambda m: m["channel"][0] == "D"
    )
    assert "no longer" in plain(env.type(f"unwatch {job} --dm", user="alex"))


def test_nothing_is_told_twice(env: Env) -> None:
    keys = collections.Counter(
        m["metadata"]["event_payload"]["key"]
        for m in env.slack.messages(include_ephemeral=False)
        if m.get("metadata")
    )
    assert keys
    assert {key: count for key, count in keys.items() if count > 1} == {}


def test_daily_summary_comes_once(env: Env) -> None:
    env.slack.wait_message(channel=NEWS, contains="Migrations on")
    found = [m for m in env.slack.messages(channel=NEWS) if "Migrations on" in plain(m)]
    assert len(found) == 1


def test_delay_is_posted_as_a_picture(env: Env) -> None:
    job = a_job(env, "delay", state="RUNNING", phase="CDC", sec_lag=42, in_phase_for=3600)
    env.slack.command(f"delay {job} --picture")
    message = env.slack.wait_message(channel="dms", contains=[job], where=lambda m: bool(m.get("files")))
    picture = env.slack.download(message["files"][0])
    assert picture.startswith(b"\x89PNG")
    assert "42 s" in plain(message)


def test_without_monitoring_it_says_so_and_the_rest_works(env: Env) -> None:
    job = a_job(env, "blind", state="RUNNING", phase="CDC")
    env.dms.monitoring(False)
    assert "Monitoring" in plain(env.type(f"delay {job}"))
    assert "Running" in plain(env.type(f"show {job}"))
    card = env.type(f"promote {job}")
    assert "not known" in plain(card)
    assert "[Confirm promote…]" in plain(card)
    env.dms.monitoring(True)


def test_promote_warns_in_red_while_the_delay_is_above_zero(env: Env) -> None:
    job = a_job(env, "lag", state="RUNNING", phase="CDC", sec_lag=30, bytes_lag=1000)
    until(lambda: "30 s" in plain(env.type(f"show {job}")))
    card = env.type(f"promote {job}")
    env.shows_as(card, "behind", "30 s", step="recheck")
    # The worst of the last minute counts, so that the delay is seen to rise at once.
    env.dms.set_job(job, sec_lag=90)
    until(lambda: "1 min 30 s" in plain(env.type(f"show {job}")))
    env.press(card, "recheck")
    env.shows_as(card, "behind", "1 min 30 s")
    calm = a_job(env, "calm", state="RUNNING", phase="CDC", sec_lag=0, bytes_lag=0)
    until(lambda: "Replication delay: 0 s" in plain(env.type(f"promote {calm}")))


def test_home_shows_jobs_requests_and_watches(env: Env) -> None:
    job = a_job(env, "home", state="RUNNING", phase="CDC")
    env.type(f"watch {job} --dm", user="riley")
    env.type(f"promote {job}", user="riley")
    home = plain(env.home("riley", f"*`{job}`* · *Running* · CDC · promote requested"))
    assert f"• `{job}` → <@U0RILEY001>" in home
