"""What a restored database would still send is ended, told and audited."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bot.requests.queries import outcome_key
from bot.requests.restored import end_unfinished
from bot.store import open_store
from bot.store.facts import RequestFacts
from bot.store.records import RequestState, RunState
from tests.store import make
from tests.store.raw import Raw


def test_what_was_scheduled_is_not_sent(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "bot.db"))
    due = make.NOW + timedelta(hours=2)
    facts = RequestFacts(due=due, zone="UTC")
    store.add_request(make.request("q1", "orders", "crm", state=RequestState.SCHEDULED, facts=facts))
    end_unfinished(store, make.NOW)
    ended = store.request("q1")
    assert ended is not None
    assert (ended.state, ended.ended) == (RequestState.OUTDATED, make.NOW)
    assert "restored from a backup" in ended.note
    rows = store.audit(request="q1")
    assert [(row.event, row.job) for row in rows] == [("outdated", job.name) for job in ended.jobs]
    assert store.message(outcome_key("q1", 1)) is not None, "whoever requested it is notified"
    store.close()


def test_what_cannot_be_read_is_not_sent_either(tmp_path: Path) -> None:
    """The version that wrote it may run again, and would send it."""
    store = open_store(str(tmp_path / "bot.db"))
    for id, state in (("q1", RequestState.SCHEDULED), ("q2", RequestState.RUNNING)):
        store.add_request(make.request(id, "orders", "crm", state=state))
    store.add_run(make.run("r1", "orders", request="q2", state=RunState.CALLING))
    store.add_run(make.run("r2", "crm", request="q2", state=RunState.QUEUED))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE requests SET action = 'levitate'")
        raw.execute("UPDATE runs SET action = 'levitate' WHERE id = 'r1'")
        end_unfinished(store, make.NOW)
        assert raw.execute("SELECT state FROM requests ORDER BY id") == [("outdated",), ("running",)]
        ended = raw.execute("SELECT state, ended IS NULL, note LIKE '%restored%' FROM runs")
    assert ended == [("unclear", 0, 1)] * 2
    told = {(each.event, each.job, each.request, each.run) for each in store.audit()}
    orders, crm = make.name("orders"), make.name("crm")
    assert told == {
        *(("outdated", each, "q1", "") for each in (orders, crm)),
        ("unclear", orders, "q2", "r1"),
        ("unclear", crm, "q2", "r2"),
    }
    store.close()
