"""Who hears of what."""

from __future__ import annotations

import pytest

from bot.policy.subscriptions import Recipient, Subscriptions, is_alert, matches, topics
from bot.store.records import Event, Watch
from tests.notify.world import BORN, NOW, job

ORDERS = job(labels=(("env", "prod"),))


def event(before: str = "RUNNING/FULL_DUMP", after: str = "RUNNING/CDC", kind: str = "changed") -> Event:
    return Event(ORDERS.name, BORN, NOW, kind, before, after)


def watch(target: str, jobs: str = "*", *only: str) -> Watch:
    return Watch("w", target, "U1", jobs, only)


@pytest.mark.parametrize(
    ("before", "after", "ready"),
    [
        ("RUNNING/FULL_DUMP", "RUNNING/CDC", True),
        ("STARTING", "RUNNING/CDC", True),
        ("RUNNING/CDC", "RUNNING/READY_FOR_PROMOTE", True),
        ("RESUMING/CDC", "RUNNING/CDC", False),
        ("STOPPED/CDC", "RUNNING/CDC", False),
        ("UPDATING/CDC", "RUNNING/CDC", False),
        ("STOPPING/CDC", "STOPPED/CDC", False),
        ("RESUMING", "RUNNING/CDC", False),
        ("UPDATING/FULL_DUMP", "RUNNING/CDC", True),  # the dump ended while the job was edited
        ("MAINTENANCE/FULL_DUMP", "RUNNING/CDC", True),
        ("A_NEWER_STATE/FULL_DUMP", "RUNNING/CDC", True),
        ("STOPPED/FULL_DUMP", "RUNNING/CDC", True),  # from there it can only restart
    ],
)
def test_ready_is_when_cdc_is_first_reached(before: str, after: str, ready: bool) -> None:
    assert ("ready_to_promote" in topics(event(before, after))) is ready


def test_what_people_must_see_is_loud() -> None:
    assert is_alert(event(after="FAILED/CDC"))
    assert is_alert(event(after="COMPLETED"))
    assert is_alert(event(kind="deleted", after=""))
    assert is_alert(event(kind="created", before="", after="FAILED"))
    assert not is_alert(event("NOT_STARTED", "STARTING"))
    assert not is_alert(event("RUNNING/CDC", "STOPPED/CDC"))


@pytest.mark.parametrize(
    ("jobs", "fits"),
    [
        ("*", True),
        (ORDERS.name, True),
        (job(id="other").name, False),
        ("label:env=prod", True),
        ("label:env=test", False),
        ("label:team=prod", False),
        ("state:RUNNING", True),
        ("state:cdc", True),
        ("state:FAILED", False),
    ],
)
def test_which_jobs_a_watch_means(jobs: str, fits: bool) -> None:
    assert matches(jobs, ORDERS, event()) is fits


def test_the_notify_channel_hears_everything_by_default() -> None:
    found = Subscriptions.of("C1", [watch("C2", "label:env=test")])
    assert found.recipients(event(), ORDERS) == (Recipient("C1", follows_job=True),)


def test_a_watch_of_all_jobs_narrows_the_notify_channel() -> None:
    narrow = Subscriptions.of("C1", [watch("C1", "*", "failed")])
    assert narrow.recipients(event(), ORDERS) == ()
    assert narrow.recipients(event(after="FAILED"), ORDERS) == (Recipient("C1", follows_job=False),)
    one_more = Subscriptions.of("C1", [watch("C1", "label:env=test", "failed")])
    assert one_more.recipients(event(), ORDERS) == (Recipient("C1", follows_job=True),)


def test_several_watches_of_one_target_tell_it_once_as_whole_as_any() -> None:
    found = Subscriptions.of("", [watch("C2", "*", "cdc"), watch("C2", ORDERS.name)])
    assert found.recipients(event(), ORDERS) == (Recipient("C2", follows_job=True),)
