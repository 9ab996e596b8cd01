"""What a restored database would still send is ended, told and audited."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from bot.requests.queries import outcome_key
from bot.requests.restored import end_unfinished
from bot.store import open_store
from bot.store.facts import RequestFacts
from bot.store.records import RequestState
from tests.store import make


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
