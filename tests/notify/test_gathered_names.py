"""Messages about several jobs name the project of each. Expected: docs/projects.md, "Names"."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config.projects import Project, Projects
from bot.policy import loader
from bot.policy.access import Access
from bot.slack.render.outbox_messages import OutboxRenderer
from bot.store import Store
from bot.store.records import Escalation, Event, JobSnapshot, OutMessage
from tests.notify.world import NOTIFY, NOW, job
from tests.store.raw import Raw

PROD, STAGING = Project("demo-project", "prod"), Project("demo-staging", "staging")
BOTH = [f"`{place}/europe-west1/catalog-db`" for place in ("🏭 prod", "staging")]


def failures(store: Store, *places: tuple[str, str]) -> list[int]:
    """The job `catalog-db` fails at each of these places; the events' IDs."""
    found = []
    for project, location in places:
        failed = job("FAILED/CDC", "catalog-db", project=project, location=location, error="gone")
        store.save_known([JobSnapshot(failed, NOW, NOW)])
        event = Event(failed.name, failed.create_time, NOW, "changed", "RUNNING/CDC", "FAILED/CDC", "gone")
        found.append(store.add_event(event).id)
    return found


def said(store: Store, kind: str, projects: tuple[Project, ...], **subject: object) -> str:
    policy = loader.parse("", projects=Projects(projects))
    renderer = OutboxRenderer(store, Access(policy=policy), "T1", lambda: NOW + timedelta(minutes=1))
    shown = renderer.render(OutMessage("key", NOTIFY, kind, dict(subject), created=NOW))
    assert shown is not None
    return json.dumps(shown.payload(), ensure_ascii=False)


@pytest.mark.parametrize("kind", ["mass_list", "digest"])
def test_each_line_names_the_project(store: Store, kind: str) -> None:
    events = failures(store, (STAGING.id, "europe-west1"), (PROD.id, "europe-west1"))
    text = said(store, kind, (PROD, STAGING), events=events)
    assert [each in text for each in BOTH] == [True, True]
    assert "2 jobs" in text


@pytest.mark.parametrize("kind", ["mass_failure", "mass_list"])
def test_the_headline_of_a_mass_failure_names_the_projects_production_first(store: Store, kind: str) -> None:
    events = failures(store, (STAGING.id, "europe-west1"), (PROD.id, "europe-west1"))
    assert "🔴 2 jobs in 🏭 prod, staging failed within a minute" in said(
        store, kind, (PROD, STAGING), events=events
    )
    assert "🔴 1 job in staging failed within a minute" in said(
        store, kind, (PROD, STAGING), events=events[:1]
    )


@pytest.mark.parametrize("kind", ["flapping", "settled"])
def test_a_flapping_job_is_named_with_its_project(store: Store, kind: str) -> None:
    events = failures(store, (PROD.id, "europe-west1"))
    assert BOTH[0] in said(store, kind, (PROD, STAGING), events=events)


def test_the_daily_summary_names_the_project_of_each_job(store: Store) -> None:
    events = failures(store, (STAGING.id, "europe-west1"), (PROD.id, "europe-west1"))
    names = [each.job for each in store.events()]
    text = said(
        store,
        "summary",
        (PROD, STAGING),
        events=events,
        date="2026-11-02",
        counts={"FAILED/CDC": 2},
        failed=names,
        stuck=names,
    )
    assert [text.count(each) for each in BOTH] == [3, 3], "still failed, stuck, and failed that day"


def test_with_one_project_the_location_is_named_where_an_id_is_in_two(store: Store) -> None:
    alone = (Project("demo-project"),)
    first, second = failures(store, (PROD.id, "europe-west1"), (PROD.id, "us-central1"))
    text = said(store, "mass_list", alone, events=[first, second])
    assert "🔴 2 jobs failed within a minute" in text
    assert ["`europe-west1/catalog-db`" in text, "`us-central1/catalog-db`" in text] == [True, True]


def test_an_alert_says_where_its_job_is_only_if_another_has_its_id(store: Store) -> None:
    alone = (Project("demo-project"),)
    (first,) = failures(store, (PROD.id, "europe-west1"))
    head = "`catalog-db` in europe-west1"
    assert head not in said(store, "alert", alone, event=first)
    failures(store, (PROD.id, "us-central1"))
    assert head in said(store, "alert", alone, event=first)


def test_a_reminder_of_an_alert_says_where_its_jobs_are(store: Store) -> None:
    events = failures(store, (PROD.id, "europe-west1"), (PROD.id, "us-central1"))
    store.add_escalation(Escalation("e1", "oncall", NOTIFY, "S0ONCALL", "key", tuple(events), 900, NOW))
    text = said(store, "escalation", (Project("demo-project"),), escalation="e1", number=1)
    assert ["`europe-west1/catalog-db`" in text, "`us-central1/catalog-db`" in text] == [True, True]


@pytest.mark.parametrize("kind", ["mass_failure", "mass_list", "digest", "summary"])
def test_a_row_that_cannot_be_read_takes_no_other_from_the_message(
    store: Store, tmp_path: Path, kind: str
) -> None:
    """Nor is its job taken for one that has recovered, or is gone."""
    events = failures(store, (STAGING.id, "europe-west1"), (PROD.id, "europe-west1"))
    about = {"events": events, "date": "2026-11-20", "counts": {"FAILED": 2}}
    before = said(store, kind, (PROD, STAGING), **about)
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE known_jobs SET flags = '[' WHERE name LIKE '%demo-staging%'")
    after = said(store, kind, (PROD, STAGING), **about)
    for text in ("2 jobs", "esolved", "ecovered", "eleted"):
        assert (text in after) == (text in before), text
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute(f"UPDATE events SET at = 'long ago' WHERE id = {events[0]}")
    assert "prod" in said(store, kind, (PROD, STAGING), **about)
