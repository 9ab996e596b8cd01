"""What webhooks get: as `docs/webhooks.md` says, for every kind of event and row."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from jsonschema import Draft202012Validator

from bot.dms.model import Endpoint
from bot.policy.subscriptions import ACTION_FAILED, FREEZE, KINDS
from bot.store.records import AuditEntry
from bot.webhooks import cloud_events, pagerduty
from bot.webhooks.outgoing import outgoing
from tests.store import make
from tests.webhooks.world import JOB, NOW, PROJECTS, SECRET, a_webhook, saved

DOCS = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
BLOCKS = [json.loads(text) for text in re.findall(r"^```json\n(.*?)^```", DOCS.read_text(), re.M | re.S)]
EXAMPLE, ROW, SCHEMA, ALERT = BLOCKS
DOCUMENTED = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
FAILED = saved(
    "changed",
    "RUNNING/CDC",
    "FAILED/CDC",
    id=4711,
    detail="connection to the source lost",
    job=replace(
        JOB,
        state="FAILED",
        display_name="Orders",
        create_time=datetime(2026, 2, 27, 12, tzinfo=UTC),
        source=Endpoint("a", "POSTGRESQL"),
        destination=Endpoint("b", "POSTGRESQL"),
    ),
)
EVENTS = {
    "created": saved("created", after="DRAFT"),
    "recreated": saved("recreated", "STOPPED/CDC", "CREATING"),
    "changed": saved("changed", "STARTING", "RUNNING/FULL_DUMP"),
    "failed": FAILED,
    "completed": saved("changed", "RUNNING/PROMOTE_IN_PROGRESS", "COMPLETED"),
    "ready_to_promote": saved("changed", "RUNNING/FULL_DUMP", "RUNNING/CDC"),
    "recovered": saved("changed", "FAILED/CDC", "RUNNING/CDC"),
    "stop_writes": saved("changed", "STARTING", "RUNNING/WAITING_FOR_SOURCE_WRITES_TO_STOP"),
    "writes_may_resume": saved("changed", "RUNNING/PREPARING_THE_DUMP", "RUNNING/FULL_DUMP"),
    "deleted": saved("deleted", "STOPPED/CDC"),
    "stuck": saved("stuck", after="STOPPING", detail="No change for 31 minutes."),
    "delayed": saved("delayed", NOW.isoformat(), "1200"),
    "error": saved("error", "told", "RUNNING/CDC", detail="disk full"),
    "database_failed": saved("database_failed", after="app, crm", detail="app: x\ncrm: y"),
    "database_error": saved("database_error", "told", "app", detail="app: x"),
    "cleared": saved("cleared", "error", "RUNNING/CDC"),
}


def test_no_kind_is_left_out() -> None:
    """Whoever adds a kind of event says here what webhooks get, and whether it opens or closes an alert."""
    named = {"with_errors", "errors_cleared"}  # words for several kinds
    assert set(EVENTS) == KINDS - named - {ACTION_FAILED, FREEZE}
    documented = DOCS.read_text().partition("`KIND` is")[2].partition("`EVENT` is")[0]
    assert set(re.findall(r"`([a-z_]+)`", documented)) == set(EVENTS)


def sent(saved_event: Any) -> dict[str, Any]:
    return cloud_events.of_event(saved_event, PROJECTS)


@pytest.mark.parametrize("kind", EVENTS)
def test_every_kind_is_as_the_schema_says(kind: str) -> None:
    found = sent(EVENTS[kind])
    DOCUMENTED.validate(found)
    assert found["type"] == f"dms-bot.job.{kind}"
    # CloudEvents' own reader takes it, in structured mode.
    message = HTTPMessage({"content-type": cloud_events.CONTENT_TYPE}, json.dumps(found).encode())
    assert from_http_event(message).get_id() == found["id"]
    assert "told" not in json.dumps(found), "what the bot notes for itself"


def test_the_example_is_what_is_sent() -> None:
    found = sent(FAILED)
    assert found | {"id": EXAMPLE["id"]} == EXAMPLE
    DOCUMENTED.validate(EXAMPLE)


def test_an_audit_row_is_sent_whole() -> None:
    given = {name: value for name, value in ROW["data"].items() if name != "at"}
    row = AuditEntry(at=NOW, **given)
    assert cloud_events.of_audit(row) == ROW
    DOCUMENTED.validate(ROW)


def test_rows_about_no_job_or_all() -> None:
    for job in ("", "*"):
        found = cloud_events.of_audit(make.entry(job=job, event="frozen", seq=1, previous="", hash="ab" * 32))
        DOCUMENTED.validate(found)
        assert (found["source"], "subject" in found) == ("urn:dms-bot", False)


def test_an_id_is_of_its_event_alone() -> None:
    """After a restore, numbers begin again: another event with the same number has another ID."""
    first, again = sent(EVENTS["created"]), sent(EVENTS["created"])
    assert first["id"] == again["id"]
    assert first["id"] != sent(saved("created", after="CREATING"))["id"]
    assert "." not in first["id"], "what signatures are joined with"


def test_figures_of_some_kinds() -> None:
    data = {kind: sent(EVENTS[kind])["data"] for kind in ("delayed", "database_failed", "cleared", "error")}
    assert (data["delayed"]["delay_s"], data["delayed"]["measured"]) == (1200, NOW.isoformat())
    assert data["delayed"]["after"] == ""
    assert data["database_failed"]["databases"] == "app, crm"
    assert data["cleared"]["cleared"] == "error"
    assert (data["error"]["before"], data["error"]["after"]) == ("", "RUNNING/CDC")


def test_no_secret_gets_out() -> None:
    job = replace(JOB, display_name="password=hunter2")
    found = json.dumps(sent(saved("error", after="RUNNING/CDC", detail="token: hunter2 " * 900, job=job)))
    row = json.dumps(cloud_events.of_audit(make.entry(detail="pwd=hunter2", seq=1, hash="ab" * 32)))
    assert "hunter2" not in found + row
    assert found.count("[secret]") > 2
    assert len(found) < 20_000


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The vector of its libraries' own tests."""
    delivery = make.delivery("msg_p5jXN8AQM9LWM0D4loKWxJek", body={"test": 2432232314})
    made = outgoing(a_webhook("https://x"), delivery, datetime.fromtimestamp(1614265330.9, UTC))
    assert made.body == b'{"test": 2432232314}'
    assert made.headers["webhook-timestamp"] == "1614265330"
    assert made.headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert SECRET == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_alert_is_the_documented_one() -> None:
    cloud_event = sent(FAILED)
    (step,) = [each for each in pagerduty.steps(FAILED.event) if each.action == "trigger"]
    found = pagerduty.body(step, FAILED.event, cloud_event)
    assert found["payload"].pop("custom_details") == cloud_event["data"]
    expected = {name: value for name, value in ALERT.items() if name != "routing_key"}
    expected["payload"] = {
        name: value for name, value in ALERT["payload"].items() if name != "custom_details"
    }
    assert found == expected


# docs/webhooks.md, "PagerDuty": by event, what it opens with which severity, and what it may close.
STEPS = {
    "created": (None, set()),
    "recreated": (None, {"failed", "stuck", "delayed", "with_errors"}),
    "changed": (None, {"failed", "stuck", "delayed"}),
    "failed": (("failed", "critical"), {"stuck", "delayed", "with_errors"}),
    "completed": (None, {"failed", "stuck", "delayed", "with_errors"}),
    "ready_to_promote": (None, {"failed", "stuck"}),
    "deleted": (None, {"failed", "stuck", "delayed", "with_errors"}),
    "stuck": (("stuck", "warning"), set()),
    "delayed": (("delayed", "warning"), set()),
    "error": (("with_errors", "warning"), set()),
    "database_failed": (("with_errors", "error"), set()),
    "database_error": (("with_errors", "warning"), set()),
    "cleared": (None, {"with_errors"}),
}


@pytest.mark.parametrize(("engine", "kind"), [("MYSQL", "databases"), ("ORACLE", "objects"), ("", "objects")])
def test_the_job_says_what_failed(engine: str, kind: str) -> None:
    job = replace(JOB, source=Endpoint("a", engine), destination=Endpoint("b", "POSTGRESQL"))
    found = saved("database_failed", after="shop.eu", job=job)
    bodies = [pagerduty.body(step, found.event, sent(found), job) for step in pagerduty.steps(found.event)]
    assert f"has {kind} that failed (shop.eu)" in str(bodies)


@pytest.mark.parametrize("kind", STEPS)
def test_what_an_event_opens_and_closes(kind: str) -> None:
    event, cloud_event = EVENTS[kind].event, sent(EVENTS[kind])
    opened, closed = STEPS[kind]
    bodies = [pagerduty.body(step, event, cloud_event) for step in pagerduty.steps(event)]
    keys = {each["dedup_key"] for each in bodies if each["event_action"] == "resolve"}
    assert keys == {f"dms-bot:{event.job}:{alert}" for alert in closed}
    triggers = [each for each in bodies if each["event_action"] == "trigger"]
    assert [(each["payload"]["class"], each["payload"]["severity"]) for each in triggers] == (
        [opened] if opened else []
    )
    assert all(len(each["payload"]["summary"]) <= 1024 for each in triggers)
    assert all(set(each) == {"event_action", "dedup_key"} for each in bodies if each not in triggers)


def test_a_delay_that_is_over_closes_its_alert() -> None:
    steps = pagerduty.steps(saved("cleared", "delayed").event)
    assert [(each.action, each.alert) for each in steps] == [("resolve", "delayed")]


def test_a_long_name_still_has_a_key() -> None:
    # https://developer.pagerduty.com/docs/send-alert-event: at most 255 characters
    keys = {pagerduty.dedup_key("projects/" + "x" * 300 + end, "failed") for end in "ab"}
    assert len(keys) == 2
    assert all(len(key) <= 255 for key in keys)
