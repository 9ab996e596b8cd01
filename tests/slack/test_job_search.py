"""Which jobs a menu offers and which a message means, from the store alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.config.projects import Project, Projects
from bot.dms.model import Job, job_name
from bot.policy.access import Access
from bot.policy.loader import parse
from bot.slack.inbound import payloads
from bot.slack.inbound.job_search import JobSearch
from bot.store import Store, open_store
from bot.store.records import JobSnapshot, Person
from commands import all_verbs, permissions

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
DANA, QUINN = Person("T1", "U0DANA0001"), Person("T1", "U0QUINN001")
PROJECTS = Projects((Project("acme-prod", alias="prod"), Project("acme-dev", alias="dev")))
CONSOLE = "https://console.cloud.google.com/dbmigration/migrations/locations/{}/instances/{}?project={}"
POLICY = """
default_role = "viewer"
[[rule]]
verbs = ["view"]
labels = ["secret=yes"]
allow = ["U0DANA0001"]
"""
JOBS = [
    ("acme-prod", "europe-west1", "orders-db", "Orders", {}),
    ("acme-dev", "us-central1", "orders-db", "", {}),
    ("acme-prod", "europe-west1", "old-orders", "", {}),
    ("acme-prod", "us-central1", "billing", "Payments and orders", {}),
    ("acme-prod", "europe-west1", "hr-secret", "orders of HR", {"secret": "yes"}),
    ("gone", "europe-west1", "orders-of-old", "", {}),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(str(tmp_path_factory.mktemp("store") / "bot.db"))
    snapshots = []
    for project, location, id_, shown, labels in JOBS:
        job = Job(job_name(project, location, id_), NOW, "RUNNING", "CDC", display_name=shown)
        snapshots.append(JobSnapshot(replace(job, labels=tuple(labels.items())), NOW, NOW))
    store.save_known(snapshots)
    yield store
    store.close()


@pytest.fixture
def search(store: Store) -> JobSearch:
    policy = parse(POLICY, permissions=permissions(all_verbs()), projects=PROJECTS)
    return JobSearch(store, Access(policy=policy))


def offered(search: JobSearch, typed: str, who: Person = QUINN) -> list[str]:
    return [each["value"] for each in search.options(who, typed)]


def test_prefixes_come_first_whatever_the_case(search: JobSearch) -> None:
    assert offered(search, "#ORDERS") == [
        "acme-dev/us-central1/orders-db",
        "acme-prod/europe-west1/orders-db",
        "acme-prod/europe-west1/old-orders",
        "acme-prod/us-central1/billing",
    ]
    assert offered(search, "orders–db")[:2] == [
        "acme-dev/us-central1/orders-db",
        "acme-prod/europe-west1/orders-db",
    ]


def test_none_of_a_location_that_is_no_longer_served(store: Store) -> None:
    fewer = Projects((Project("acme-prod", "prod", ("europe-west1",)), PROJECTS.all[1]))
    policy = parse(POLICY, permissions=permissions(all_verbs()), projects=fewer)
    search = JobSearch(store, Access(policy=policy))
    assert set(offered(search, "us-central1")) == {"acme-dev/us-central1/orders-db"}
    assert search.mentioned(QUINN, CONSOLE.format("us-central1", "billing", "acme-prod")) == []


def test_a_location_and_an_alias_are_found(search: JobSearch) -> None:
    assert offered(search, "dev/") == ["acme-dev/us-central1/orders-db"]
    assert set(offered(search, "us-central1")) == {
        "acme-dev/us-central1/orders-db",
        "acme-prod/us-central1/billing",
    }
    assert offered(search, "nothing") == []


def test_only_those_that_this_person_may_see(search: JobSearch) -> None:
    assert "acme-prod/europe-west1/hr-secret" not in offered(search, "")
    assert offered(search, "hr", DANA) == ["acme-prod/europe-west1/hr-secret"]


def test_an_id_in_two_places_is_shown_with_its_own(search: JobSearch) -> None:
    texts = [each["text"]["text"] for each in search.options(QUINN, "orders")]
    assert texts == ["dev/us-central1/orders-db", "prod/europe-west1/orders-db", "old-orders", "billing"]


def test_at_most_100_options_within_slacks_limits(store: Store, search: JobSearch) -> None:
    jobs = [
        Job(job_name("acme-dev", "eu", f"zz-{n}"), NOW, "RUNNING", display_name="x" * 200) for n in range(150)
    ]
    many = [JobSnapshot(each, NOW, NOW) for each in jobs]
    store.save_known(many)
    found = search.options(QUINN, "zz")
    for each in many:
        store.forget_job(each.job.name)
    assert len(found) == 100
    assert all(len(each["description"]["text"]) <= 75 for each in found)


def test_jobs_in_a_message(search: JobSearch) -> None:
    link = CONSOLE.format("us-central1", "orders-db", "acme-dev")
    dev = job_name("acme-dev", "us-central1", "orders-db")
    assert search.mentioned(QUINN, f"look: <{link}|our job>, please") == [dev], "the other twin is not meant"
    assert search.mentioned(QUINN, "is Billing or old-orders slow?") == [
        job_name("acme-prod", "us-central1", "billing"),
        job_name("acme-prod", "europe-west1", "old-orders"),
    ]
    assert len(search.mentioned(QUINN, "orders-db is slow")) == 2
    assert search.mentioned(QUINN, "hr-secret failed") == []
    assert search.mentioned(DANA, "hr-secret failed") == [job_name("acme-prod", "europe-west1", "hr-secret")]
    assert search.mentioned(QUINN, f"new {link.replace('orders-db', 'new')}") == [
        dev.replace("orders-db", "new")
    ]
    assert search.mentioned(QUINN, CONSOLE.format("eu", "x", "other")) == [], "of no project of this bot"


def test_a_shortcuts_message_is_read_in_its_text_blocks_and_attachments() -> None:
    """Shape: page shortcuts-interaction-payload; blocks and attachments as in chat.postMessage."""
    body: dict[str, Any] = {
        "type": "message_action",
        "user": {"id": "U1"},
        "team": {"id": "T1"},
        "channel": {"id": "C1"},
        "trigger_id": "t",
        "response_url": "https://hooks.example/1",
        "message": {
            "user": "secret-id",
            "text": "plain",
            "blocks": [
                {"type": "section", "text": {"type": "mrkdwn", "text": "`in-block`"}},
                {
                    "type": "rich_text",
                    "elements": [{"elements": [{"type": "link", "url": "https://x/in-link"}]}],
                },
            ],
            "attachments": [{"fallback": "in-fallback", "fields": [{"title": "Job", "value": "in-field"}]}],
        },
    }
    used = payloads.parse_shortcut(body)
    assert (used.who.channel, used.trigger) == ("C1", "t")
    for word in ("plain", "in-block", "in-link", "in-fallback", "in-field"):
        assert word in used.text
    assert "secret-id" not in used.text
    everywhere = payloads.parse_shortcut({"type": "shortcut", "user": {"id": "U1"}, "trigger_id": "t"})
    assert (everywhere.text, everywhere.who.channel, everywhere.response_url) == ("", "", "")
