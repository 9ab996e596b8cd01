"""Databases as versions of the bot left them, `old/<schema's version>.<kind>.sql`, and what is in them.

A new migration brings two new files, which `python -m tests.store.olddatabases` writes. The files that
are there are never written again: they are what that version made of `fill`.
"""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from bot.dms.delay import MeasuredDelay
from bot.dms.model import ConfigSnapshot, DelayPoint, Endpoint, Fault, Job, ObjectId, ObjectsConfig, Options
from bot.dms.rules import Action
from bot.store import Store, open_store
from bot.store.cutover import Cutover, CutoverEntry, CutoverPlan, CutoverState, Progress, Sample, Tick
from bot.store.facts import RequestFacts
from bot.store.records import (
    AuditEntry,
    Decision,
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
from bot.store.schema import MIGRATIONS
from tests.store.pg_server import postgres_server

FOLDER = Path(__file__).parent / "old"
NOW = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
TEAM, DANA, SAM = "T1", "U-dana", "U-sam"
PLACE = "projects/acme/locations/europe-west1"
DELIVERY = "Ev1"
VALUE = ("schedule:daily", "2026-03-01 — Übersicht")
REFS: dict[str, dict[str, Any]] = {
    "job": {"name": "orders", "page": 2},
    "form": {"verb": "restart", "flags": ["failed-only"]},
}

ORDERS = Job(
    name=f"{PLACE}/migrationJobs/orders",
    create_time=NOW - 48 * HOUR,
    state="RUNNING",
    phase="CDC",
    type="CONTINUOUS",
    display_name="Orders → AlloyDB “new”",
    labels=(("env", "prod"), ("team", "orders")),
    source=Endpoint(f"{PLACE}/connectionProfiles/a", "POSTGRESQL", "RDS", "a.example.com:5432"),
    destination=Endpoint(f"{PLACE}/connectionProfiles/b", "POSTGRESQL", "ALLOYDB", "b"),
    update_time=NOW - HOUR,
    end_time=NOW,
    duration_s=172800.5,
    error=Fault(9, "wal_level must be logical ⚠"),
    parallelism="MAX",
)
BARE = Job(f"{PLACE}/migrationJobs/bare", NOW, "STATE_17")
"""All that may be left out is, and its state is one that nobody has heard of."""

REQUESTS = (
    Request(
        id="q1",
        action=Action.RESTART,
        options=Options(
            databases=("app", "crm"),
            failed_only=True,
            stop_first=True,
            skip_validation=True,
            with_destination=True,
            objects=ObjectsConfig(
                "SPECIFIED_OBJECTS", (ObjectId("app"),), (ObjectId("crm", "TABLE", "public", "log"),)
            ),
            parallelism="MIN",
        ),
        jobs=(ORDERS, BARE),
        databases={ORDERS.name: ("app", "crm"), BARE.name: ()},
        by=Person(TEAM, DANA, "C1"),
        state=RequestState.DENIED,
        created=NOW,
        expires=NOW + HOUR,
        needed=2,
        rule="production",
        ended_by=SAM,
        note="not on a Friday",
        ended=NOW + HOUR / 2,
        reminded=True,
        parent="q0",
        warning=("Everything since the dump is lost.", "2 databases"),
        typed=True,
        self_approval=False,
    ),
    Request(
        id="q2",
        action=Action.VERIFY,
        options=Options(),
        jobs=(BARE,),
        databases={},
        by=Person(TEAM, SAM),
        state=RequestState.APPROVING,
        created=NOW,
        expires=NOW + HOUR,
    ),
    Request(
        id="q3",
        action=Action.PROMOTE,
        options=Options(),
        jobs=(BARE,),
        databases={},
        by=Person(TEAM, DANA),
        state=RequestState.OUTDATED,
        created=NOW,
        expires=NOW + HOUR,
        facts=RequestFacts(
            delays={
                ORDERS.name: MeasuredDelay(
                    NOW,
                    seconds=DelayPoint(NOW - MINUTE, 30.0),
                    bytes=DelayPoint(NOW - 2 * MINUTE, 512.0),
                    partial="changes that DMS has not begun to read are not counted",
                ),
                f"{PLACE}/migrationJobs/failed": MeasuredDelay(
                    NOW,
                    last=DelayPoint(NOW - 24 * HOUR, 240.0),
                    standing="FAILED in CDC",
                    note="no access",
                ),
                BARE.name: MeasuredDelay(NOW, undated_seconds=0.0),
            },
            at_risk={ORDERS.name: ("crm",)},
            approval_channel="C9",
            effect="Both can resume.",
            approval_ttl_s=3600.0,
            void_approvers=("U-kim",),
            config=ConfigSnapshot("SPECIFIED_OBJECTS", ("app",), ("crm.public.log",)),
            changes=("➕ *Added*: `crm`",),
            restart_ref="ref-9",
            jobs_gone=True,
            display_names={ORDERS.name: "europe-west1/orders"},
        ),
    ),
)
DECISIONS = (
    Decision("q1", SAM, approve=False, reason="not on a Friday", at=NOW, channel="C1"),
    Decision("q1", "U-kim", approve=True, reason="", at=NOW + HOUR, channel=""),
)
RUNS = (
    Run(
        id="r1",
        request="q1",
        job=ORDERS.name,
        action=Action.RESTART,
        state=RunState.FAILED,
        call_id="0b9e1f6c-6f0e-4d3c-9e55-6f5f0c1d2a3b",
        owner="bot-1",
        operation=f"{PLACE}/operations/7",
        created=NOW,
        called=NOW + HOUR,
        ended=NOW + 2 * HOUR,
        note="the source refused",
        by=DANA,
        stopped_job=True,
    ),
    *(
        Run(f"r-{state.value}", "q2", f"{PLACE}/migrationJobs/{state.value}", Action.VERIFY, state, "")
        for state in (RunState.QUEUED, RunState.CALLING, RunState.FOLLOWING)
    ),
    Run(
        "r-gone",
        "q2",
        f"{PLACE}/migrationJobs/gone",
        Action.VERIFY,
        RunState.REFUSED,
        "",
        hopeless=True,
        stopped_job=False,
    ),
)
FREEZES = (
    Freeze("f1", "*", NOW + HOUR, "sale", SAM, NOW),
    Freeze("f2", ORDERS.name, NOW + 2 * HOUR, "audit", SAM, NOW),
    Freeze("f3", ORDERS.name, NOW + 2 * HOUR, "by mistake", SAM, NOW, NOW, DANA),
)
AUDIT = (
    AuditEntry(
        at=NOW,
        event="requested",
        user=DANA,
        team=TEAM,
        channel="C1",
        action="restart",
        job=ORDERS.name,
        job_create_time="2026-02-27T12:00:00+00:00",
        job_status="RUNNING/CDC",
        request="q1",
        run="r1",
        operation=f"{PLACE}/operations/7",
        detail="“quoted” 'twice'",
    ),
    AuditEntry(NOW + HOUR, "frozen"),
)
KNOWN = (
    JobSnapshot(
        ORDERS, NOW, NOW - HOUR, {"app": "FAILED/CDC", "crm": "RUNNING/CDC"}, ("stuck", "delayed"), 3
    ),
    JobSnapshot(BARE, NOW, NOW),
)
EVENTS = (
    Event(ORDERS.name, NOW - 48 * HOUR, NOW, "changed", "STARTING", "RUNNING/CDC", "by hand", "outside", 1),
    Event(BARE.name, NOW, NOW, "created", id=2),
)
MESSAGES = (
    OutMessage(
        key="card:q1",
        channel="C1",
        kind="card",
        subject={"request": "q1", "many": [1, {"a": None}]},
        order=ORDERS.name,
        thread_of="timeline:orders",
        response_url="https://hooks.slack.com/commands/1",
        rev=3,
        sent_rev=2,
        ts="1772366400.000100",
        attempts=4,
        not_before=NOW + HOUR,
        error="channel_not_found",
        created=NOW,
        id=1,
    ),
    OutMessage("note:q2", "C2", "note", {}, created=NOW, id=2),
)
WATCHES = (
    Watch("w1", "C1", DANA, "label:env=prod", ("FAILED", "deleted"), NOW),
    Watch("w2", DANA, DANA),
)
WEBHOOK_DELIVERIES = (
    WebhookDelivery(
        webhook="siem",
        format="cloudevents",
        event="audit-1-abc",
        body={"id": "audit-1-abc", "data": {"detail": "Übersicht"}},
        created=NOW,
        attempts=3,
        not_before=NOW + HOUR,
        failing_since=NOW,
        id=1,
    ),
    WebhookDelivery("pager", "pagerduty", "event-1-abc", {}, NOW, "orders:failed", "trigger", id=2),
)
ESCALATIONS = (
    Escalation(
        id="x1",
        rule="production",
        channel="C1",
        group="@dba-team",
        message="alert:1:C1",
        events=(1, 2),
        repeat_s=900,
        started=NOW,
        next_at=NOW + HOUR,
        repeats=2,
    ),
    Escalation("x2", "Übersicht", "C1", "S1", "alert:2:C1", (), 0, NOW, ended=NOW, acknowledged_by=SAM),
)
CUTOVERS = (
    Cutover(
        id="v1",
        team=TEAM,
        by=Person(TEAM, DANA, "C1"),
        state=CutoverState.DRAINING,
        plan=CutoverPlan(
            (ORDERS.name,),
            {ORDERS.name: "europe-west1/orders"},
            at=NOW,
            zone="Europe/Berlin",
            commander=DANA,
            app_owner=SAM,
            writers=("checkout",),
            channel="C1",
        ),
        created=NOW - HOUR,
        since=NOW,
        request="q1",
        rehearsed=NOW - 48 * HOUR,
        progress=Progress(
            writers=(Tick("checkout", SAM, NOW),),
            here={DANA: NOW},
            samples=(Sample(ORDERS.name, "app", NOW, 0.0, 0.0, 2),),
            stopped=NOW,
            stopped_by=SAM,
        ),
        rev=7,
    ),
    Cutover(
        "v2",
        TEAM,
        Person(TEAM, SAM),
        CutoverState.DONE,
        CutoverPlan((BARE.name,)),
        NOW - 2 * HOUR,
        NOW,
        rehearsal=True,
        ended=NOW,
    ),
)
CUTOVER_LOG = (CutoverEntry("v1", NOW, "stopped", SAM, ORDERS.name, "“checkout” is off", 1),)


@dataclass(frozen=True)
class OldDatabase:
    """What the bot left when its schema had `version` migrations."""

    version: int
    kind: str
    """`sqlite` or `postgres`."""

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.version}.{self.kind}.sql"

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Before the third migration a decision did not say where it was made."""
        return DECISIONS if self.version >= 3 else tuple(replace(each, channel=None) for each in DECISIONS)

    @property
    def runs(self) -> tuple[Run, ...]:
        """Before the second migration nobody noted which ones are hopeless, and before the third, which
        ones had stopped their job."""
        runs = RUNS if self.version >= 2 else tuple(replace(each, hopeless=False) for each in RUNS)
        return runs if self.version >= 3 else tuple(replace(each, stopped_job=None) for each in runs)

    @property
    def deliveries(self) -> tuple[WebhookDelivery | None, ...]:
        """Before the fifth migration nothing went to webhooks."""
        return WEBHOOK_DELIVERIES if self.version >= 5 else (None, None)

    @property
    def escalations(self) -> tuple[Escalation | None, ...]:
        """Before the sixth migration nothing was escalated."""
        return ESCALATIONS if self.version >= 6 else (None, None)

    @property
    def cutovers(self) -> tuple[tuple[Cutover, ...], tuple[CutoverEntry, ...]]:
        """Before the seventh migration there were no cutovers."""
        return (CUTOVERS, CUTOVER_LOG) if self.version >= 7 else ((), ())

    def load(self, url: str) -> None:
        script = self.path.read_text(encoding="utf-8")
        if self.kind == "sqlite":
            with closing(sqlite3.connect(url)) as database:
                database.executescript(script)
            return
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(script.encode())


def fill(store: Store) -> None:
    """A few rows of each table."""
    for request in REQUESTS:
        store.add_request(request)
    for decision in DECISIONS:
        store.add_decision(decision)
    for run in RUNS:
        store.add_run(run)
    for freeze in FREEZES:
        store.add_freeze(freeze)
    for entry in AUDIT:
        store.append_audit(entry)
    store.save_known(KNOWN)
    for event in EVENTS:
        store.add_event(event)
    for message in MESSAGES:
        store.enqueue(message)
    for watch in WATCHES:
        store.add_watch(watch)
    for delivery in WEBHOOK_DELIVERIES:
        store.add_delivery(delivery)
    for escalation in ESCALATIONS:
        store.add_escalation(escalation)
    for cutover in CUTOVERS:
        store.add_cutover(cutover)
    for line in CUTOVER_LOG:
        store.add_cutover_entry(line)
    for kind, data in REFS.items():
        store.put_ref(TEAM, kind, data)
    store.claim_delivery(DELIVERY, NOW)
    store.put_value(*VALUE)


def _dump_sqlite(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/bot.db"
        _fill(file)
        with closing(sqlite3.connect(file)) as database:
            path.write_text("\n".join(database.iterdump()) + "\n", encoding="utf-8")


def _dump_postgres(path: Path) -> None:
    with postgres_server() as server:
        url = server.new_database()
        _fill(url)
        # As INSERT, since COPY takes its rows from the client.
        command = ["pg_dump", "--inserts", "--no-owner", "--no-comments", url]
        dumped = subprocess.run(command, check=True, capture_output=True, text=True)
    # Commands of psql, which the server does not know.
    lines = [line for line in dumped.stdout.splitlines() if line and not line.startswith(("\\", "--"))]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _fill(url: str) -> None:
    store = open_store(url)
    fill(store)
    store.close()


if __name__ == "__main__":
    for kind, dump in (("sqlite", _dump_sqlite), ("postgres", _dump_postgres)):
        left = OldDatabase(len(MIGRATIONS), kind)
        if not left.path.exists():
            dump(left.path)
