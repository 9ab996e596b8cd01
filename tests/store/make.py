"""Records to fill a store with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.dms.model import Endpoint, Fault, Job, ObjectId, ObjectsConfig, Options, job_name
from bot.dms.rules import Action
from bot.store.records import (
    AuditEntry,
    Escalation,
    Event,
    Freeze,
    JobSnapshot,
    OutMessage,
    Person,
    Request,
    RequestState,
    Run,
    RunState,
    Watch,
    WebhookDelivery,
)
from tests.jobs import a_job

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DANA = Person("T1", "U-dana", "C1")


def name(id: str) -> str:
    return job_name("acme", "europe-west1", id)


def job(id: str = "orders", **changes: Any) -> Job:
    given: dict[str, Any] = {
        "create_time": NOW,
        "phase": "CDC",
        "display_name": f"Job {id}",
        "labels": (("env", "prod"), ("team", "orders")),
        "source": Endpoint("projects/acme/locations/x/connectionProfiles/a", "MYSQL", "RDS", "a:3306"),
        "destination": Endpoint("projects/acme/locations/x/connectionProfiles/b", "MYSQL", "CLOUDSQL", "b"),
        "update_time": NOW + MINUTE,
        "duration_s": 12.5,
        "error": Fault(9, "log_bin is off ⚠"),
    }
    return a_job(id, **{**given, **changes})


def request(id: str = "q1", *ids: str, **changes: Any) -> Request:
    jobs = tuple(job(each) for each in ids or ("orders",))
    given: dict[str, Any] = {
        "id": id,
        "action": Action.RESTART,
        "options": Options(databases=("a", "b"), objects=ObjectsConfig("X", (ObjectId("a"),))),
        "jobs": jobs,
        "databases": {each.name: ("a", "b") for each in jobs},
        "by": DANA,
        "state": RequestState.APPROVING,
        "created": NOW,
        "expires": NOW + 15 * MINUTE,
        "needed": 2,
    }
    return Request(**{**given, **changes})


def run(id: str = "r1", of: str = "orders", **changes: Any) -> Run:
    given: dict[str, Any] = {
        "id": id,
        "request": "q1",
        "job": name(of),
        "action": Action.STOP,
        "state": RunState.QUEUED,
        "call_id": f"call-{id}",
        "created": NOW,
        "by": "U-dana",
    }
    return Run(**{**given, **changes})


def known(id: str = "orders", **changes: Any) -> JobSnapshot:
    return JobSnapshot(**{"job": job(id), "seen": NOW, "changed": NOW, **changes})


def event(of: str = "orders", **changes: Any) -> Event:
    return Event(**{"job": name(of), "create_time": NOW, "at": NOW, "kind": "changed", **changes})


def message(key: str = "m1", **changes: Any) -> OutMessage:
    return OutMessage(
        **{"key": key, "channel": "C1", "kind": "card", "subject": {"request": "q1"}, **changes}
    )


def freeze(id: str = "f1", on: str = "*", **changes: Any) -> Freeze:
    given = {"id": id, "job": on, "until": NOW + 60 * MINUTE, "reason": "sale", "by": "U-sam", "created": NOW}
    return Freeze(**{**given, **changes})


def watch(id: str = "w1", **changes: Any) -> Watch:
    return Watch(**{"id": id, "target": "C1", "by": "U-dana", "created": NOW, **changes})


def entry(**changes: Any) -> AuditEntry:
    given = {"at": NOW, "event": "requested", "user": "U-dana", "team": "T1", "job": name("orders")}
    return AuditEntry(**{**given, **changes})


def escalation(id: str = "x1", **changes: Any) -> Escalation:
    given = {
        "id": id,
        "rule": "production",
        "channel": "C1",
        "group": "@dba-team",
        "message": f"alert:{id}:C1",
        "events": (1,),
        "repeat_s": 900,
        "started": NOW,
        "next_at": NOW + 15 * MINUTE,
    }
    return Escalation(**{**given, **changes})


def delivery(event: str = "event-1", **changes: Any) -> WebhookDelivery:
    given = {
        "webhook": "siem",
        "format": "cloudevents",
        "event": event,
        "body": {"id": event},
        "created": NOW,
    }
    return WebhookDelivery(**{**given, **changes})
