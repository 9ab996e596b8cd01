"""The daily summary: once a day, whatever clocks, replicas and the law do with the hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest

from bot.config.projects import Place, Project, Projects
from bot.config.settings import Settings
from bot.policy.access import Access
from bot.policy.model import Summary
from bot.slack.render import summary
from bot.slack.render.outbox_messages import OutboxRenderer
from bot.store import Store, open_store
from bot.store.records import Event, JobSnapshot, OutMessage
from bot.watch.daily_summary import DailySummary, summary_subject
from bot.watch.poll_times import PollTimes
from bot.watch.transitions import STUCK
from tests.jobs import a_job
from tests.notify.world import BORN, LOCATIONS, NOTIFY, NOW, job
from tests.policy.people import OPEN
from tests.slack.checks import all_text

SETTINGS = Settings(
    "demo-project", LOCATIONS, NOTIFY, "unused", summary_at="09:00", summary_zone="Europe/Berlin"
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def posted(store: Store) -> list[OutMessage]:
    return list(store.ready_to_send(NOW + timedelta(days=999)))


def days(store: Store) -> list[str]:
    return [message.subject["date"] for message in posted(store)]


def through(store: Store, begin: str, end: str, settings: Settings = SETTINGS) -> None:
    """Let the clock run, with a look every ten minutes, by a bot that starts anew each time."""
    now = at(begin)
    while now <= at(end):
        DailySummary(store, settings).tick(now)
        now += timedelta(minutes=10)


def test_it_is_told_once_a_day_at_its_hour(store: Store) -> None:
    through(store, "2026-11-02T00:00+01:00", "2026-11-04T23:59+01:00")
    assert days(store) == ["2026-11-02", "2026-11-03", "2026-11-04"]
    assert [message.channel for message in posted(store)] == [NOTIFY] * 3


def test_it_is_told_at_the_hour_on_the_wall_there(store: Store) -> None:
    schedule = DailySummary(store, SETTINGS)
    assert not schedule.tick(at("2026-11-02T08:59+01:00"))
    assert schedule.tick(at("2026-11-02T09:00+01:00"))
    assert not schedule.tick(at("2026-11-02T09:01+01:00"))


@pytest.mark.parametrize(
    ("begin", "end", "told"),
    [
        ("2026-10-24T12:00+02:00", "2026-10-26T00:30+01:00", ["2026-10-25"]),
        ("2026-03-28T12:00+01:00", "2026-03-30T00:30+02:00", ["2026-03-29"]),
    ],
    ids=["the hour comes twice", "the hour does not come"],
)
def test_when_the_clocks_change(store: Store, begin: str, end: str, told: list[str]) -> None:
    night = replace(SETTINGS, summary_at="02:30")
    DailySummary(store, night).tick(at(begin))
    through(store, begin, end, night)
    assert days(store) == told


def test_two_replicas_tell_it_once(store: Store, tmp_path: Path) -> None:
    other = open_store(str(tmp_path / "bot.db"))
    first, second = DailySummary(store, SETTINGS), DailySummary(other, SETTINGS)
    now = at("2026-11-02T09:00+01:00")
    assert [first.tick(now), second.tick(now), first.tick(now)] == [True, False, False]
    other.close()


def test_a_morning_missed_is_told_when_the_bot_is_back(store: Store) -> None:
    DailySummary(store, SETTINGS).tick(at("2026-11-02T09:00+01:00"))
    DailySummary(store, SETTINGS).tick(at("2026-11-03T15:00+01:00"))
    assert days(store) == ["2026-11-02", "2026-11-03"]


def test_a_bot_set_up_in_the_afternoon_waits_for_its_first_morning(store: Store) -> None:
    DailySummary(store, SETTINGS).tick(at("2026-11-02T15:00+01:00"))
    DailySummary(store, SETTINGS).tick(at("2026-11-03T09:00+01:00"))
    assert days(store) == ["2026-11-03"]


def test_a_clock_that_goes_back_does_not_tell_a_day_again(store: Store) -> None:
    for text in ("2026-11-02T09:00+01:00", "2026-11-03T09:00+01:00", "2026-11-02T10:00+01:00"):
        DailySummary(store, SETTINGS).tick(at(text))
    assert days(store) == ["2026-11-02", "2026-11-03"]


def test_the_policy_file_says_when_and_where(store: Store) -> None:
    wake = Flag()
    plan = Summary(at=time(18, 30), zone="UTC", channel="C0OTHER001")
    schedule = DailySummary(store, SETTINGS, summary=plan, wake=wake)
    assert not schedule.tick(at("2026-11-02T09:00+01:00"))
    assert not wake.is_set()
    assert schedule.tick(at("2026-11-02T18:30+00:00"))
    assert wake.is_set()
    assert [message.channel for message in posted(store)] == ["C0OTHER001"]


def test_without_an_hour_there_is_none(store: Store) -> None:
    assert not DailySummary(store, replace(SETTINGS, summary_at="")).tick(NOW)


def test_it_counts_jobs_and_names_what_needs_somebody(store: Store) -> None:
    seen = [
        JobSnapshot(job("RUNNING/CDC", "a"), NOW, NOW),
        JobSnapshot(job("RUNNING/CDC", "b"), NOW, NOW),
        JobSnapshot(job("FAILED/CDC", "c"), NOW, NOW),
        JobSnapshot(job("STOPPING/CDC", "d"), NOW, NOW, flags=(STUCK,)),
    ]
    store.save_known(seen)
    failure = Event(seen[2].job.name, BORN, NOW, "changed", "RUNNING/CDC", "FAILED/CDC")
    old = store.add_event(replace(failure, at=NOW - timedelta(hours=25)))
    new = store.add_event(replace(failure, at=NOW - timedelta(hours=2)))
    store.add_event(Event(seen[0].job.name, BORN, NOW, "changed", "STARTING", "RUNNING/FULL_DUMP"))
    subject = summary_subject(store, NOW.date(), NOW)
    assert subject["counts"] == {"RUNNING/CDC": 2, "FAILED/CDC": 1, "STOPPING/CDC": 1}
    assert (subject["failed"], subject["stuck"]) == ([seen[2].job.name], [seen[3].job.name])
    assert subject["events"] == [new.id] != [old.id]


def test_it_counts_no_job_of_a_location_that_is_no_longer_served(store: Store) -> None:
    store.save_known([JobSnapshot(job("FAILED/CDC", "a"), NOW, NOW)])
    here, elsewhere = (Projects((Project("demo-project", locations=(each,)),)) for each in LOCATIONS)
    assert summary_subject(store, NOW.date(), NOW, here)["counts"] == {"FAILED/CDC": 1}
    assert summary_subject(store, NOW.date(), NOW, elsewhere)["counts"] == {}


def test_it_says_which_places_nobody_has_read_lately(store: Store) -> None:
    """What is known of their jobs is old; without any, nobody knows that there is none."""
    here, there, away = LOCATIONS[0], "us-central1", "us-east1"
    projects = Projects((Project("demo-project", locations=(here, there, away)),))
    times = {Place("demo-project", here): NOW, Place("demo-project", there): NOW - timedelta(hours=3)}
    PollTimes(store, slow_s=60).keep(times.items(), 100.0)
    subject = summary_subject(store, NOW.date(), NOW, projects)
    renderer = OutboxRenderer(store, Access(policy=OPEN), "T1", lambda: NOW)
    shown = renderer.render(OutMessage("key", NOTIFY, "summary", subject, created=NOW))
    assert shown is not None
    text = all_text(shown.payload())
    assert "*Not read lately*" in text
    assert [each in text for each in (here, there, away)] == [False, True, True]
    assert there in shown.text, "the notification says so, too"
    assert "There are no migration jobs" not in text


PROD, STAGING, LAB = "acme-prod", "acme-staging", "demo-project"
SEVERAL = replace(
    SETTINGS,
    project_tables=(Project(PROD, "prod", notify_channel="C0PROD0001"), Project(STAGING), Project(LAB)),
)


def by_channel(store: Store, settings: Settings, summary: Summary | None = None) -> dict[str, Any]:
    store.save_known(
        [
            JobSnapshot(a_job("a", project=PROD), NOW, NOW),
            JobSnapshot(a_job("b", "FAILED", project=LAB), NOW, NOW),
        ]
    )
    DailySummary(store, settings, summary=summary).tick(at("2026-11-02T09:00+01:00"))
    return {message.channel: message.subject for message in posted(store)}


def test_each_notification_channel_gets_its_own_projects(store: Store) -> None:
    found = by_channel(store, SEVERAL)
    assert {channel: dict(each["projects"]) for channel, each in found.items()} == {
        "C0PROD0001": {PROD: 1},
        NOTIFY: {STAGING: 0, LAB: 1},
    }
    assert [len(each["failed"]) for each in (found["C0PROD0001"], found[NOTIFY])] == [0, 1]
    assert not DailySummary(store, SEVERAL).tick(at("2026-11-02T10:00+01:00"))


def test_a_channel_of_the_policy_gets_one_summary_of_all(store: Store) -> None:
    found = by_channel(store, SEVERAL, Summary(time(9), "Europe/Berlin", "C0BOARD001"))
    assert {channel: sum(each["counts"].values()) for channel, each in found.items()} == {"C0BOARD001": 2}


def test_a_summary_names_its_projects() -> None:
    assert (
        "Migrations of prod on 2026-11-02: 3 jobs"
        in summary.summary("2026-11-02", {"FAILED": 3}, projects={"prod": 3}).text
    )
    both = summary.summary("2026-11-02", {"FAILED": 3}, projects={"prod": 3, "staging": 0})
    assert "*By project*: prod 3 · staging 0" in str(both.blocks)


@pytest.mark.parametrize(
    ("aliases", "shown"), [(["shop"], "all locations"), (["shop", "lab"], "shop")], ids=["one", "several"]
)
def test_a_project_that_is_polled_as_a_whole_is_named(aliases: list[str], shown: str) -> None:
    """The Home tab and errors of the service name places in the same way."""
    projects = Projects(tuple(Project(f"acme-{each}", each, ("-",)) for each in aliases))
    assert projects.called(Place("acme-shop", "-")) == shown
