"""What earlier versions of the bot left is brought up to date, and read to the last row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.store import JobLocked, Store
from bot.store.cutover import CutoverState
from bot.store.records import ACTIVE_RUNS, CallbackToken
from bot.store.schema import MIGRATIONS
from tests.store import make
from tests.store import olddatabases as old
from tests.store.olddatabases import OldDatabase
from tests.store.raw import Raw


@pytest.fixture(params=range(1, len(MIGRATIONS) + 1))
def left(request: pytest.FixtureRequest, kind: str, url: str) -> OldDatabase:
    found = OldDatabase(request.param, kind)
    found.load(url)
    return found


@pytest.fixture
def upgraded(left: OldDatabase, opened: Callable[[], Store]) -> Store:
    return opened()


def test_requests_and_decisions(left: OldDatabase, upgraded: Store) -> None:
    assert upgraded.requests() == old.REQUESTS[::-1]
    assert [type(each.action) for each in upgraded.requests()] == [type(each.action) for each in old.REQUESTS]
    assert upgraded.requests(job=old.ORDERS.name) == old.REQUESTS[:1]
    assert upgraded.requests(by=old.SAM) == old.REQUESTS[1:2]
    assert upgraded.decisions("q1") == left.decisions


def test_runs_and_their_lock(left: OldDatabase, upgraded: Store) -> None:
    assert upgraded.runs() == left.runs
    for run in upgraded.runs(states=ACTIVE_RUNS):
        with pytest.raises(JobLocked) as refused:
            upgraded.add_run(replace(run, id="another"))
        assert refused.value.run == run
    upgraded.add_run(make.run("new", "free", hopeless=True))
    assert upgraded.run("new") == make.run("new", "free", hopeless=True)


def test_freezes(upgraded: Store) -> None:
    assert upgraded.freezes(old.NOW) == old.FREEZES[:2]


def test_the_audit(upgraded: Store) -> None:
    assert upgraded.verify_audit() == ""
    found = upgraded.audit()
    assert [each.seq for each in found] == [1, 2]
    assert tuple(replace(each, seq=0, previous="", hash="") for each in found) == old.AUDIT
    assert upgraded.append_audit(make.entry()).previous == found[-1].hash
    assert upgraded.verify_audit() == ""


def test_what_the_watcher_knows(upgraded: Store) -> None:
    assert upgraded.known_jobs() == {each.job.name: each for each in old.KNOWN}
    faulty = upgraded.faulty_databases([old.ORDERS.name, old.BARE.name])
    assert list(faulty) == [old.ORDERS.name]
    assert [str(each.id) for each in faulty[old.ORDERS.name]] == ["app"]
    assert upgraded.events() == old.EVENTS
    assert upgraded.add_event(make.event()).id == 3


def test_messages_and_watches(upgraded: Store) -> None:
    assert tuple(upgraded.message(each.key) for each in old.MESSAGES) == old.MESSAGES
    assert upgraded.outbox_depth() == 1
    assert upgraded.watches() == old.WATCHES


def test_what_waits_for_webhooks(left: OldDatabase, upgraded: Store) -> None:
    found = (upgraded.next_delivery("siem", "cloudevents"), upgraded.next_delivery("pager", "pagerduty"))
    assert found == left.deliveries


def test_escalations(left: OldDatabase, upgraded: Store) -> None:
    assert (upgraded.escalation("x1"), upgraded.escalation_of("alert:2:C1")) == left.escalations
    assert upgraded.open_escalations() == tuple(each for each in left.escalations[:1] if each)


def test_cutovers(left: OldDatabase, upgraded: Store) -> None:
    cutovers, log = left.cutovers
    assert upgraded.cutovers(tuple(CutoverState)) == cutovers
    assert upgraded.cutovers() == upgraded.cutovers(job=old.ORDERS.name) == cutovers[:1]
    assert upgraded.cutover_log("v1") == log


def test_ids_deliveries_and_values(url: str, upgraded: Store) -> None:
    with Raw(url) as raw:
        ids = {kind: id for id, kind in raw.execute("SELECT id, kind FROM refs")}
    for kind, data in old.REFS.items():
        assert upgraded.ref(old.TEAM, ids[kind]) == CallbackToken(ids[kind], old.TEAM, kind, data)
        assert upgraded.put_ref(old.TEAM, kind, data) == ids[kind]
    assert not upgraded.claim_delivery(old.DELIVERY, old.NOW)
    assert upgraded.value(old.VALUE[0]) == old.VALUE[1]


def test_every_table_of_an_old_database_has_rows(url: str, left: OldDatabase) -> None:
    """So that nothing is upgraded without being read."""
    with Raw(url) as raw:
        listed = (
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
            if raw.postgres
            else "SELECT name FROM sqlite_master WHERE type = 'table'"
        )
        tables = [name for (name,) in raw.execute(listed)]
        assert len(tables) >= 15
        assert [name for name in tables if not raw.execute(f"SELECT 1 FROM {name} LIMIT 1")] == []
