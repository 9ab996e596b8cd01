"""The facts of a request in JSON: what other versions of the bot wrote is read, and they can read ours."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.dms.delay import BackupFiles, MeasuredDelay
from bot.dms.model import ConfigSnapshot, DelayPoint, ObjectId, ObjectsConfig, Selection
from bot.dms.unsupported import UnsupportedEvents
from bot.store import Store, StoreError
from bot.store.codec import as_json, dumps
from bot.store.facts import RequestFacts, delays_from_json
from bot.store.terms import CutoverTerms
from tests.store import make
from tests.store.make import MINUTE, NOW
from tests.store.raw import Raw

ORDERS = make.name("orders")
ONE_AGO = NOW - MINUTE

STORED: dict[str, Any] = {
    "approval_channel": "C9",
    "at_risk": {ORDERS: ["crm", "app"]},
    "called": {ORDERS: "europe-west1/orders"},
    "changes": ["➕ *Added*: `crm`"],
    "config": {"selection": "SPECIFIED_OBJECTS", "chosen": ["app"], "excluded": ["crm.public.log"]},
    "delay": {
        ORDERS: {
            "at": NOW.isoformat(),
            "seconds": 30.0,
            "measured": ONE_AGO.isoformat(),
            "bytes": 512.0,
            "measured_bytes": NOW.isoformat(),
        }
    },
    "effect": "It can resume.",
    "faulty": {ORDERS: True},
    "none_affected": [ORDERS],
    "projects": "All of them are jobs of `prod`.",
    "read_late": True,
    "selections": {ORDERS: {"selection": "ALL_OBJECTS", "chosen": [], "excluded": ["crm"]}},
    "terms": {
        "commander": "U-sam",
        "app_owner": "U-raj",
        "deputy": "",
        "budget_s": 5400,
        "most_seconds": 10.0,
        "most_bytes": 65536,
        "by_itself": True,
        "writers": ["web"],
    },
    "gone": True,
    "restart": "ref-9",
    "void": ["U-kim"],
    "waits_s": 3600.0,
}
"""Every key that a version of the bot has ever written."""

FACTS = RequestFacts(
    delays={ORDERS: MeasuredDelay(NOW, DelayPoint(ONE_AGO, 30.0), DelayPoint(NOW, 512.0))},
    at_risk={ORDERS: ("crm", "app")},
    faulty={ORDERS: True},
    approval_channel="C9",
    terms=CutoverTerms("U-sam", "U-raj", "", 5400, 10.0, 65536, True, ("web",)),
    effect="It can resume.",
    approval_ttl_s=3600.0,
    void_approvers=("U-kim",),
    config=ConfigSnapshot("SPECIFIED_OBJECTS", ("app",), ("crm.public.log",)),
    selections={ORDERS: ConfigSnapshot("ALL_OBJECTS", (), ("crm",))},
    none_affected=(ORDERS,),
    read_late=True,
    projects="All of them are jobs of `prod`.",
    changes=("➕ *Added*: `crm`",),
    restart_ref="ref-9",
    jobs_gone=True,
    display_names={ORDERS: "europe-west1/orders"},
)


def read(stored: object) -> RequestFacts:
    return as_json.structure(json.loads(dumps(stored)), RequestFacts)


def delay(**stored: Any) -> MeasuredDelay:
    return delays_from_json({ORDERS: stored})[ORDERS]


def test_the_json_is_what_every_version_writes_and_reads() -> None:
    assert json.loads(dumps(as_json.unstructure(FACTS))) == STORED
    assert read(STORED) == FACTS


def test_defaults_are_left_out() -> None:
    assert as_json.unstructure(RequestFacts()) == {}
    assert read({}) == RequestFacts()


def test_a_key_of_a_newer_version_is_ignored() -> None:
    assert read(STORED | {"unheard_of": [1, None]}) == FACTS
    assert read({"delay": {ORDERS: {"at": NOW.isoformat(), "unheard_of": 1}}}).delays == {
        ORDERS: MeasuredDelay(NOW)
    }


@pytest.mark.parametrize("value", [None, 7, True, "text", ["text", 1], {"name": 1}], ids=repr)
@pytest.mark.parametrize("key", STORED)
def test_a_value_that_cannot_be_read_counts_as_not_known(key: str, value: object) -> None:
    found = read(STORED | {key: value})
    for other in STORED.keys() - {key}:
        only = {other: STORED[other]}
        assert as_json.unstructure(found)[other] == as_json.unstructure(read(only))[other]


@pytest.mark.parametrize("value", [7, "text", [], {}, {"chosen": ["app"]}, {"selection": None}], ids=repr)
@pytest.mark.parametrize("selection", Selection)
def test_an_edit_from_an_unreadable_selection_matches_no_job(value: object, selection: Selection) -> None:
    """Else it would undo what others have edited meanwhile."""
    found = read({"config": value}).config
    assert found is not None
    assert found != ObjectsConfig(selection).snapshot()
    assert found != ObjectsConfig(selection, (ObjectId("app"),)).snapshot()


@pytest.mark.parametrize("stored", ["[]", "null", '"delay"', "7"])
def test_what_is_no_object_is_an_error_of_the_store(url: str, store: Store, stored: str) -> None:
    store.add_request(make.request())
    with Raw(url) as raw:
        raw.execute("UPDATE requests SET facts = ?", stored)
    with pytest.raises(StoreError, match="table requests"):
        store.request("q1")


def test_facts_come_back_from_the_database(store: Store) -> None:
    request = make.request(facts=FACTS)
    store.add_request(request)
    assert store.request("q1") == request
    changed = replace(FACTS, effect="", delays={})
    moved = store.move_request("q1", [request.state], request.state, facts=changed)
    assert moved == replace(request, facts=changed) == store.request("q1")


def test_a_delay_without_the_time_of_its_measurement_is_not_known() -> None:
    """As older versions stored it."""
    found = delay(at=NOW.isoformat(), seconds=0, bytes=0.0, note="")
    assert found == MeasuredDelay(NOW, undated_seconds=0.0)
    assert found.was_shown_as_zero
    assert not found.is_zero
    assert as_json.unstructure(RequestFacts(delays={ORDERS: found})) == {
        "delay": {ORDERS: {"at": NOW.isoformat(), "seconds": 0.0}}
    }


@pytest.mark.parametrize(("age", "counts"), [(timedelta(minutes=5), True), (timedelta(minutes=6), False)])
def test_a_figure_that_was_old_when_somebody_looked_is_not_known(age: timedelta, counts: bool) -> None:
    then = (NOW - age).isoformat()
    found = delay(at=NOW.isoformat(), seconds=0.0, measured=then, bytes=1.0, measured_bytes=then)
    assert (found.seconds is not None, found.bytes is not None, found.is_zero) == (counts,) * 3
    assert found.was_shown_as_zero


@pytest.mark.parametrize("seconds", ["0", True, None, [], float("inf"), float("nan")], ids=repr)
def test_what_is_no_number_of_seconds_is_not_known(seconds: object) -> None:
    found = delay(at=NOW.isoformat(), seconds=seconds, measured=NOW.isoformat())
    assert found == MeasuredDelay(NOW)


@pytest.mark.parametrize("time", ["?", "", 7, None], ids=repr)
def test_what_is_no_time_is_not_known(time: object) -> None:
    assert delay(at=time, seconds=5.0, measured=time) == MeasuredDelay(undated_seconds=5.0)


def test_a_time_without_a_zone_is_utc() -> None:
    assert delay(at=NOW.replace(tzinfo=None).isoformat()).at == NOW


def test_the_last_figure_of_a_job_that_is_not_measured() -> None:
    last = {"seconds": 240.0, "measured": (NOW - timedelta(days=1)).isoformat()}
    found = delay(at=NOW.isoformat(), seconds=None, last=last, standing="failed · CDC", note="no access")
    point = DelayPoint(NOW - timedelta(days=1), 240.0)
    assert found == MeasuredDelay(NOW, last=point, standing="failed · CDC", note="no access")


def test_unsupported_changes_come_back_as_they_were_stored() -> None:
    stored = {
        "total": 17,
        "tables": [["app.public.audit", 12], ["app.public.logs", 5]],
        "more_tables": 2,
        "until": ONE_AGO.isoformat(),
        "since": NOW.isoformat(),
    }
    found = delay(at=NOW.isoformat(), unsupported=stored)
    tables = (("app.public.audit", 12), ("app.public.logs", 5))
    assert found.unsupported == UnsupportedEvents(17, tables, 2, ONE_AGO, NOW)
    assert as_json.unstructure(RequestFacts(delays={ORDERS: found})) == {
        "delay": {ORDERS: {"at": NOW.isoformat(), "unsupported": stored}}
    }
    none = delay(unsupported={"total": 0})
    assert none.unsupported == UnsupportedEvents(0)
    assert delay(unsupported={"note": "no access"}).unsupported == UnsupportedEvents(note="no access")


def test_backup_files_come_back_as_they_were_stored() -> None:
    stored = {
        "files": 3.0,
        "measured_files": NOW.isoformat(),
        "bytes": 4096.0,
        "measured_bytes": ONE_AGO.isoformat(),
        "last_log": ONE_AGO.isoformat(),
    }
    found = delay(backups=stored)
    assert found.backups == BackupFiles(DelayPoint(NOW, 3), DelayPoint(ONE_AGO, 4096), ONE_AGO)
    assert as_json.unstructure(RequestFacts(delays={ORDERS: found})) == {
        "delay": {ORDERS: {"backups": stored}}
    }
    assert delay(backups={"note": "no access"}).backups == BackupFiles(note="no access")
    assert delay(backups=7).backups is None


@pytest.mark.parametrize("value", [None, "text", [1]], ids=repr)
def test_unsupported_changes_that_cannot_be_read_were_not_looked_at(value: object) -> None:
    assert delay(unsupported=value) == MeasuredDelay()
    assert delay(unsupported={"total": value}) == MeasuredDelay()
    broken = {"total": 1, "tables": [["a"], ["a", "b"], 7, ["b", 1]], "more_tables": None, "until": 7}
    assert delay(unsupported=broken).unsupported == UnsupportedEvents(1, (("b", 1),))
