"""What is known of a replication delay, from a real local Monitoring and a real store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.dms.delay import MeasuredDelay
from bot.dms.gateway import Gateway
from bot.dms.model import DelayPoint, Job, job_name
from bot.dms.unsupported import UnsupportedEvents
from bot.requests.delay import all_zero, changed_since, data_loss_reason, is_stale, measure, plain_text
from bot.store import Store
from bot.store.facts import delays_from_json
from bot.store.records import Event, JobSnapshot
from sandbox.dms import DmsServer
from tests.notify.world import LOCATIONS, NOW, job

ORDERS = job_name("demo-project", LOCATIONS[0], "orders")

ZERO: dict[str, Any] = {
    "seconds": 0.0,
    "bytes": 0.0,
    "at": NOW.isoformat(),
    "measured": (NOW - timedelta(minutes=4)).isoformat(),
    "measured_bytes": NOW.isoformat(),
    "note": "",
    "standing": "",
    "partial": "",
    "unsupported": {"total": 0},
}
"""Looked at now, measured four minutes before: the oldest that Monitoring can be expected to show."""


def delays(**changes: Any) -> dict[str, MeasuredDelay]:
    return delays_from_json({job().name: ZERO | changes})


def seen(gateway: Gateway, store: Store, found: Job) -> MeasuredDelay:
    return measure(gateway, store, (found,), lambda: datetime.now(UTC))[found.name]


def measured_at_zero(dms: DmsServer, gateway: Gateway, age: float) -> Job:
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True, in_phase_for=3600)
    dms.control.set_job("orders", sec_points=[[age, 0]], bytes_points=[[age, 0]])
    return gateway.get_job(ORDERS)


def known(found: Job, state: str) -> JobSnapshot:
    at = datetime.now(UTC) - timedelta(minutes=10)
    return JobSnapshot(job=replace(found, state=state), seen=at, changed=at)


def test_a_negative_figure_is_no_zero(dms: DmsServer, store: Store, gateway: Gateway) -> None:
    measured_at_zero(dms, gateway, 60)
    dms.control.set_job("orders", sec_points=[[60, -5]])
    found = seen(gateway, store, gateway.get_job(ORDERS))
    assert not found.is_zero
    assert (found.seconds, found.note) == (None, "the newest figure is negative")


@pytest.mark.parametrize("state", ["STOPPING", "STOPPED", "RESUMING", "FAILED", "RESTARTING"])
def test_a_pause_counts_although_nobody_has_told_of_its_end_yet(
    dms: DmsServer, store: Store, gateway: Gateway, state: str
) -> None:
    found = measured_at_zero(dms, gateway, 120)
    assert seen(gateway, store, found).is_zero
    store.save_known([known(found, "RUNNING")])
    assert seen(gateway, store, found).is_zero
    store.save_known([known(found, state)])
    assert seen(gateway, store, found).seconds is None


@pytest.mark.parametrize(
    ("before", "counts"),
    [("STOPPED/CDC", False), ("RESUMING/CDC", False), ("FAILED/CDC", False), ("UPDATING/CDC", True)],
)
def test_what_was_measured_before_a_pause_does_not_count(
    dms: DmsServer, store: Store, gateway: Gateway, before: str, counts: bool
) -> None:
    found = measured_at_zero(dms, gateway, 120)
    at = datetime.now(UTC) - timedelta(minutes=1)
    store.add_event(Event(found.name, found.create_time, at, "changed", before, "RUNNING/CDC"))
    assert seen(gateway, store, found).is_zero == counts
    dms.control.set_job("orders", sec_points=[[30, 0]])
    assert seen(gateway, store, found).is_zero


@pytest.mark.parametrize(("after", "old"), [(0, False), (59, False), (61, True)])
def test_a_zero_lasts_five_minutes_from_its_measurement(after: float, old: bool) -> None:
    """60 seconds from sample to sample, up to 180 until it can be seen, and one more for a late sample."""
    assert is_stale(delays(), (job(),), NOW + timedelta(seconds=after)) == old


@pytest.mark.parametrize("changes", [{"measured": None}, {"measured": "?"}, {"at": None}, {"at": "?"}])
def test_a_zero_of_unknown_age_is_old(changes: dict[str, Any]) -> None:
    assert is_stale(delays(**changes), (job(),), NOW)


def test_a_zero_that_was_old_when_it_was_looked_at_is_none() -> None:
    stale = delays(measured=(NOW - timedelta(minutes=6)).isoformat())
    assert all_zero(delays(), (job(),))
    assert not all_zero(stale, (job(),))
    assert "not known" in plain_text(data_loss_reason(stale))
    assert data_loss_reason(delays()) == ()


def test_bytes_alone_are_no_reason_to_stop() -> None:
    assert data_loss_reason(delays(bytes=512.0)) == ()


def test_what_is_behind_says_when_that_was_measured() -> None:
    at = NOW - timedelta(minutes=1)
    found = plain_text(data_loss_reason(delays(seconds=30.0, measured=at.isoformat(), bytes=None)))
    assert found == f"it is *not zero* (30 s (measured {at:%Y-%m-%d %H:%M} UTC))"


def test_of_what_an_older_version_stored_nothing_is_known() -> None:
    old = delays_from_json({job().name: {key: ZERO[key] for key in ("seconds", "bytes", "at", "note")}})
    unlooked = {key: value for key, value in ZERO.items() if key != "unsupported"}
    assert is_stale(delays_from_json({job().name: unlooked}), (job(),), NOW)
    assert not all_zero(old, (job(),))
    assert is_stale(old, (job(),), NOW)
    for stored in ({}, None, {job().name: None}, {job().name: "0"}):
        broken = delays_from_json(stored)
        assert not all_zero(broken, (job(),))
        assert is_stale(broken, (job(),), NOW)


def test_a_zero_that_leaves_changes_out_was_not_shown_as_zero() -> None:
    """So a promote of Oracle that had to wait is not refused for what its card said all along."""
    found = delays(partial="changes that DMS has not begun to read are not counted")[job().name]
    assert (found.was_shown_as_zero, found.is_zero) == (False, False)
    again = replace(found, seconds=DelayPoint(NOW, 0.0))
    assert changed_since({job().name: found}, {job().name: again}) is None


# ---- unsupported changes

COUNT = "unsupported_events_count"


def replicating(dms: DmsServer, gateway: Gateway, counts: dict[str, int] | None = None, **values: Any) -> Job:
    """A job whose delay is zero, with so many unsupported changes by table."""
    given: dict[str, Any] = {"frozen": True, "created_ago": 7200, "in_phase_for": 7000, **values}
    dms.control.add_job("orders", phase="CDC", sec_lag=0, bytes_lag=0, metrics={COUNT: counts or {}}, **given)
    return gateway.get_job(ORDERS)


def test_a_zero_delay_with_unsupported_changes_is_not_clear(
    dms: DmsServer, store: Store, gateway: Gateway
) -> None:
    found = seen(gateway, store, replicating(dms, gateway, {"app.public.audit": 12, "app.public.logs": 3}))
    assert (found.is_zero, found.is_clear) == (True, False)
    assert found.unsupported is not None
    assert found.unsupported.tables == (("app.public.audit", 12), ("app.public.logs", 3))
    assert found.unsupported.total == 15
    reason = plain_text(data_loss_reason({ORDERS: found}))
    assert reason == "it is zero, but *15 changes were not supported*"
    assert data_loss_reason({ORDERS: found}, {ORDERS: found}) == ()


def test_changes_are_counted_over_the_whole_life_of_a_job(
    dms: DmsServer, store: Store, gateway: Gateway
) -> None:
    """They came ten days ago; and a job of the same name before it does not count."""
    day = 86_400.0
    old = replicating(dms, gateway, {"app.public.audit": 12}, created_ago=20 * day, in_phase_for=19 * day)
    assert (seen(gateway, store, old).unsupported or UnsupportedEvents()).total == 12
    samples = [[3 * day, 5], [2 * day - 3600, 4], [600, 3], [60, 0]]
    dms.control.set_job("orders", points={COUNT: {"app.public.audit": samples}})
    anew = replace(old, create_time=datetime.now(UTC) - timedelta(days=2))
    found = seen(gateway, store, anew).unsupported or UnsupportedEvents()
    assert found.total == 7
    assert found.until is not None
    assert datetime.now(UTC) - found.until < timedelta(minutes=2)


def test_nothing_counted_is_not_the_same_as_none(dms: DmsServer, store: Store, gateway: Gateway) -> None:
    found = seen(gateway, store, replicating(dms, gateway))
    assert found.unsupported is not None
    assert (found.unsupported.total, found.is_clear) == (0, True)
    dms.control.set_job("orders", points={COUNT: []})
    found = seen(gateway, store, gateway.get_job(ORDERS))
    assert (found.unsupported, found.is_clear) == (UnsupportedEvents(), True)
    dms.control.fault("ListTimeSeries", "PERMISSION_DENIED", times=None, match=COUNT)
    found = seen(gateway, store, gateway.get_job(ORDERS))
    dms.control.clear_faults()
    assert found.unsupported is not None
    assert (found.unsupported.total, found.is_zero, found.is_clear) == (None, True, False)
    reason = plain_text(data_loss_reason({ORDERS: found}))
    assert reason.startswith("it is zero, but it is *not known* whether changes were not supported (")


def test_oracle_counts_by_object_too(dms: DmsServer, store: Store, gateway: Gateway) -> None:
    """REST `HeterogeneousMetadata.unsupportedEventsCount`: a total, kept for longer than the metric."""
    oracle = {"source_engine": "ORACLE", "destination_provider": "CLOUDSQL", "databases": ["ORCL"]}
    job = replicating(dms, gateway, {"ORCL.SALES.ORDERS": 7}, **oracle)
    dms.control.set_job("orders", points={COUNT: []})
    found = seen(gateway, store, job).unsupported
    assert found == UnsupportedEvents(7, (("ORCL", 7),))
