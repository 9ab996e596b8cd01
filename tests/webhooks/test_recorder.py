"""Which webhook gets what, and that it is saved with what it tells of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.config.settings import Settings
from bot.config.webhooks import Format, Webhook
from bot.store import Store
from bot.store.records import EVERY_JOB
from bot.watch.recipients import SavedEvent
from bot.webhooks.recorder import Recorder
from bot.webhooks.webhooks import unknown_kinds
from tests.jobs import a_job
from tests.store import make
from tests.store.raw import Raw
from tests.webhooks.world import JOB, NOW, PAGER_KEY, PROJECTS, a_webhook, saved

FAILED = saved("changed", "RUNNING/CDC", "FAILED/CDC", id=1)
STUCK = saved("stuck", after="STOPPING", id=2)
GOES_ON = saved("changed", "FAILED/CDC", "RUNNING/CDC", id=3)
OTHER_JOB = a_job("pricing", "FAILED", project="acme-test", create_time=NOW)
ELSEWHERE = saved("changed", "RUNNING/CDC", "FAILED/CDC", id=4, job=OTHER_JOB)
DELETED = saved("deleted", "RUNNING/CDC", id=5)
PAGER = replace(
    a_webhook("https://x"), name="pager", format=Format.PAGERDUTY, secrets=(PAGER_KEY,), labels=()
)


def recorded(store: Store, webhook: Webhook, *events: SavedEvent) -> list[str]:
    """Kinds that wait for the webhook, after it was told of these events."""
    recorder = Recorder(store, (webhook,), PROJECTS)
    for each in events:
        recorder.record_events([each])
    return drained(store, webhook)


def drained(store: Store, webhook: Webhook) -> list[str]:
    found = []
    while delivery := store.next_delivery(webhook.name, webhook.format):
        body = delivery.body
        found.append(
            f"{body['event_action']} {body['dedup_key'].rpartition(':')[2]}"
            if delivery.alert
            else body["type"].removeprefix("dms-bot.")
        )
        store.delivery_sent(delivery.id)
    return found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["job.failed", "job.stuck", "job.failed"]),
        ({"events": ("stuck",)}, ["job.stuck"]),
        ({"events": ("cdc",)}, ["job.failed", "job.failed"]),
        ({"events": ("completed",)}, []),
        ({"events": (), "audit": True}, []),
        ({"projects": ("acme-test",)}, ["job.failed"]),
        ({"labels": (("team", "orders"),)}, ["job.failed", "job.stuck"]),
        ({"labels": (("team", "crm"),)}, []),
        ({"projects": ("acme-test",), "labels": (("team", "orders"),)}, []),
    ],
)
def test_events_are_chosen(store: Store, changes: dict[str, object], expected: list[str]) -> None:
    webhook = replace(a_webhook("https://x"), **changes)  # type: ignore[arg-type]
    assert recorded(store, webhook, FAILED, STUCK, ELSEWHERE) == expected


def test_alerts_are_closed_only_if_they_were_opened(store: Store) -> None:
    assert recorded(store, PAGER, GOES_ON, FAILED, STUCK, DELETED, DELETED) == [
        "trigger failed",
        "trigger stuck",
        "resolve failed",
        "resolve stuck",
    ]


def test_the_end_of_an_alert_comes_with_its_beginning(store: Store) -> None:
    only_failed = replace(PAGER, events=("failed",))
    assert recorded(store, only_failed, STUCK, FAILED, GOES_ON) == ["trigger failed", "resolve failed"]
    # It has lost its label, and `cdc` has nothing to do with its end.
    labelled = replace(PAGER, name="labelled", events=("cdc",), labels=(("team", "orders"),))
    moved = replace(GOES_ON, snapshot=replace(GOES_ON.snapshot, job=replace(JOB, labels=())))
    assert recorded(store, labelled, FAILED, moved) == ["trigger failed", "resolve failed"]
    only_failed_databases = replace(PAGER, name="other", events=("database_failed",))
    error, failed = saved("error", after="RUNNING/CDC"), saved("database_failed", after="app")
    cleared = saved("cleared", "database_failed", "RUNNING/CDC")
    assert recorded(store, only_failed_databases, error, failed, cleared) == [
        "trigger with_errors",
        "resolve with_errors",
    ]


def test_who_acknowledges_in_slack_acknowledges_what_is_open_of_that_job(store: Store) -> None:
    recorder = Recorder(store, (PAGER,), PROJECTS)
    recorder.attach()
    for event in (FAILED, STUCK, saved("changed", "STOPPING", "STOPPED/CDC", id=6), ELSEWHERE):
        recorder.record_events([event])
    drained(store, PAGER)
    for _ in range(2):
        store.append_audit(make.entry(event="acknowledged", job=OTHER_JOB.name))
    assert drained(store, PAGER) == ["acknowledge failed"], "once, and nothing of the other job"
    recorder.record_events([replace(DELETED, event=replace(DELETED.event, job=OTHER_JOB.name))])
    assert drained(store, PAGER) == ["resolve failed"]
    store.append_audit(make.entry(event="acknowledged", job=OTHER_JOB.name))
    assert drained(store, PAGER) == []


def audited(store: Store, webhook: Webhook) -> list[str]:
    """Rows that wait for the webhook, after one of each kind was appended."""
    store.save_known([make.known("orders")])
    store.add_request(make.request("q1", "gone"))
    Recorder(store, (webhook,), PROJECTS).attach()
    for event, job, request in (
        ("requested", make.name("orders"), ""),
        ("frozen", EVERY_JOB, ""),
        ("watched", "", ""),
        ("succeeded", make.name("gone"), "q1"),
        ("unknown", make.name("unknown"), ""),
    ):
        store.append_audit(make.entry(event=event, job=job, request=request))
    return [each.removeprefix("audit.") for each in drained(store, webhook)]


def test_a_job_that_cannot_be_understood_keeps_no_audit_row_away(store: Store, tmp_path: Path) -> None:
    """Neither from the audit, nor from webhooks; one that asks for labels gets it if the request has them."""
    store.save_known([make.known("orders")])
    store.add_request(make.request("q1", "orders"))
    store.add_request(make.request("q2", "orders"))
    audit = replace(a_webhook("https://x", audit=True), events=())
    prod = replace(audit, name="prod", labels=(("env", "prod"),))
    Recorder(store, (prod, audit), PROJECTS).attach()
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE known_jobs SET flags = '['")
        raw.execute("UPDATE requests SET action = 'levitate' WHERE id = 'q2'")
    for request in ("q1", "q2", ""):
        store.append_audit(make.entry(job=make.name("orders"), request=request))
    assert len(store.audit()) == 3
    assert len(drained(store, audit)) == 3
    assert len(drained(store, prod)) == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"audit": False}, []),
        ({}, ["requested", "frozen", "watched", "succeeded", "unknown"]),
        ({"events": ()}, ["requested", "frozen", "watched", "succeeded", "unknown"]),
        ({"projects": ("acme",)}, ["requested", "frozen", "succeeded", "unknown"]),
        ({"projects": ("acme-test",)}, ["frozen"]),
        ({"labels": (("team", "orders"),)}, ["requested", "frozen", "succeeded"]),
        ({"labels": (("team", "crm"),)}, ["frozen"]),
    ],
)
def test_rows_of_the_audit_are_chosen(store: Store, changes: dict[str, object], expected: list[str]) -> None:
    assert audited(store, replace(a_webhook("https://x", audit=True), **changes)) == expected  # type: ignore[arg-type]


def test_it_is_saved_with_what_it_tells_of_or_not_at_all(store: Store) -> None:
    webhook = a_webhook("https://x", audit=True)
    recorder = Recorder(store, (webhook,), PROJECTS)
    recorder.attach()

    def killed() -> None:
        with store.transaction():
            store.append_audit(make.entry())
            recorder.record_events([FAILED])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    assert store.audit() == ()
    assert drained(store, webhook) == []


def test_nothing_about_a_webhook_keeps_an_action_from_its_row(store: Store) -> None:
    """A name that no job can have, as a newer service might send it."""
    Recorder(store, (a_webhook("https://x", audit=True, projects=("acme",)),), PROJECTS).attach()
    entry = store.append_audit(make.entry(job="projects/odd/name"))
    assert store.audit() == (entry,)


def test_words_that_are_no_kind_of_event() -> None:
    events = ("failed", "faild", "action_failed")
    webhooks = (a_webhook("https://x", events=events), a_webhook("https://x"))
    given = Settings("acme", ("x",), "C1", "xoxb-1", webhooks=webhooks)
    assert unknown_kinds(given.webhooks) == (
        "events of the webhook 'siem' names 'faild', which is no kind of event (did you mean failed?); "
        "docs/notifications.md has them all.",
        "events of the webhook 'siem' names 'action_failed', which is in the audit alone; "
        "set audit = true to get it.",
    )
