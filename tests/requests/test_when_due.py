"""Promotes that were planned: what is looked at when they are due, and what the person is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.dms.model import Options, job_name
from bot.dms.rules import Action
from bot.requests.revalidate import Revalidation
from bot.requests.schedule import Scheduler
from bot.store.facts import RequestFacts
from bot.store.records import Request, RequestState
from bot.util.command import COMMAND
from sandbox.dms import DmsServer
from tests.policy.command_service import PLACES, PROJECT, CommandService, command_service
from tests.policy.people import ADMIN, access
from tests.store import make

MINUTE = timedelta(minutes=1)
ALONE = 'default_role = "admin"\n[[rule]]\nname = "alone"\nverbs = ["promote"]\napprovals = 0\n'
SQL_SERVER = {
    "source_engine": "SQLSERVER",
    "destination_engine": "SQLSERVER",
    "destination_provider": "CLOUDSQL",
}
ORACLE = {"source_engine": "ORACLE", "destination_engine": "POSTGRESQL"}
NOTHING = {"another": [[1e9, 0.0]]}
"""No sample of any database of the job."""


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def dms() -> Iterator[DmsServer]:
    with DmsServer(port=0, seed="empty") as running:
        yield running


@pytest.fixture
def desk(dms: DmsServer, tmp_path: Path) -> Iterator[CommandService]:
    dms.control.reset("empty")
    with command_service(dms, tmp_path, access(ALONE), clock=now) as opened:
        yield opened


def add_job(dms: DmsServer, **values: Any) -> None:
    given = {"location": PLACES[0], "phase": "CDC", "databases": ["app"], "replicated_for": 3600}
    dms.control.add_job("orders", **given, frozen=True, **values)


def plan(desk: CommandService, due: timedelta, *, when_drained: bool) -> None:
    """As it is stored once it is confirmed, also by versions that refused fewer of them."""
    job = desk.ctx.dms.get_job(job_name(PROJECT, PLACES[0], "orders"))
    desk.ctx.store.add_request(
        make.request(
            "r1",
            action=Action.PROMOTE,
            options=Options(),
            jobs=(job,),
            databases={job.name: ("app",)},
            by=ADMIN,
            state=RequestState.SCHEDULED,
            created=now() + due,
            expires=now() + 60 * MINUTE,
            needed=0,
            facts=RequestFacts(due=now() + due, when_drained=when_drained),
        )
    )


def after_a_tick(desk: CommandService) -> Request:
    assert desk.requests is not None
    Scheduler(desk.requests, Revalidation(desk.requests)).tick(now())
    found = desk.ctx.store.request("r1")
    assert found is not None
    return found


@pytest.mark.parametrize("when_drained", [True, False])
def test_a_job_that_was_stopped_meanwhile_is_told_at_once(
    desk: CommandService, dms: DmsServer, when_drained: bool
) -> None:
    add_job(dms)
    plan(desk, -MINUTE, when_drained=when_drained)
    dms.control.set_job("orders", state="STOPPED")
    ended = after_a_tick(desk)
    assert ended.state is RequestState.OUTDATED
    assert "`orders` was running · CDC when this was requested, and is stopped · CDC now." in ended.note


@pytest.mark.parametrize("when_drained", [True, False])
def test_one_that_would_wait_in_vain_ends_at_once_and_says_what_to_type(
    desk: CommandService, dms: DmsServer, when_drained: bool
) -> None:
    add_job(dms, **ORACLE)
    plan(desk, -MINUTE, when_drained=when_drained)
    ended = after_a_tick(desk)
    assert ended.state is RequestState.OUTDATED
    assert f"`{COMMAND} cutover orders` takes the delay that is low enough." in ended.note


def test_the_final_log_may_be_restored_while_it_waits(desk: CommandService, dms: DmsServer) -> None:
    """No backup files are counted any more then: the service itself says that the last one is restored."""
    add_job(dms, **SQL_SERVER)
    plan(desk, -10 * MINUTE, when_drained=True)
    uploaded = {"app": [[180.0, 1.0], [120.0, 1.0], [60.0, 1.0]]}
    points = {
        "sqlserver/unprocessed_files": NOTHING,
        "sqlserver/unprocessed_file_bytes": NOTHING,
        "sqlserver/transaction_log_upload_sec_lag": uploaded,
        "write_rows_count": NOTHING,
    }
    dms.control.set_job("orders", points=points)
    assert after_a_tick(desk).state is RequestState.SCHEDULED
    dms.control.set_job("orders", phase="READY_FOR_PROMOTE", points=points)
    assert after_a_tick(desk).state is RequestState.RUNNING


def test_only_a_job_that_has_a_final_log_is_read_again_to_measure_it(
    desk: CommandService, dms: DmsServer
) -> None:
    """Nothing else that is measured depends on the phase; what has changed is looked at before."""
    add_job(dms, sec_lag=45)
    plan(desk, -MINUTE, when_drained=True)
    dms.control.clear_calls()
    assert after_a_tick(desk).state is RequestState.SCHEDULED
    assert len(dms.control.calls("GetMigrationJob")) == 1


def test_what_was_missing_for_half_an_hour_is_said(desk: CommandService, dms: DmsServer) -> None:
    add_job(dms, sec_lag=45)
    plan(desk, -31 * MINUTE, when_drained=True)
    ended = after_a_tick(desk)
    assert ended.state is RequestState.EXPIRED
    assert ended.note.startswith("It waited for 31 min")
    assert "`app` of `orders` has not drained" in ended.note
