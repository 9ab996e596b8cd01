"""Calls that come while Google's clients are being loaded."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.config.projects import Project, Projects
from bot.dms.errors import Denied, Unavailable
from bot.dms.many_projects import ProjectGateways
from bot.dms.model import JobList
from bot.runtime.shutdown import Pool
from sandbox.dms import DmsServer
from tests.waiting import until

ONE = Projects((Project("demo-project", locations=("europe-west1",)),))
NOT_YET = "the clients of Google are being loaded"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


def unloaded(host: str | None, rest: str | None = None) -> ProjectGateways:
    return ProjectGateways.open(ONE, host, rest, deadline_s=8.0, write_deadline_s=8.0, now=False)


def waiting(dms: ProjectGateways, pool: ThreadPoolExecutor) -> Future[JobList]:
    found = pool.submit(dms.list_jobs)
    until(found.running)
    return found


def test_a_call_waits_until_they_are_loaded(pool: ThreadPoolExecutor) -> None:
    with DmsServer() as server:
        server.control.add_job("shop", project=ONE.all[0].id, location="europe-west1")
        dms = unloaded(server.grpc_host, server.rest_host)
        found = waiting(dms, pool)
        assert dms.loading_fault() == NOT_YET
        assert dms.load()
        assert [each.id for each in found.result(30).jobs] == ["shop"]
        assert dms.loading_fault() == ""
        dms.close()


def test_a_call_gets_the_error_of_the_start(
    pool: ThreadPoolExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    dms = unloaded(None)
    found = waiting(dms, pool)
    with pytest.raises(Denied) as denied:
        dms.load()
    with pytest.raises(Denied, match="no usable Google credentials"):
        found.result(30)
    assert str(denied.value) == str(found.exception())
    dms.close()


def test_a_stop_ends_the_wait(pool: ThreadPoolExecutor) -> None:
    dms = unloaded("localhost:1")
    found = waiting(dms, pool)
    dms.close()
    with pytest.raises(Unavailable, match="the bot is stopping"):
        found.result(30)
    assert not dms.load(), "it has been closed"
    dms.wait()


def test_the_threads_that_ask_begin_once_they_are_loaded() -> None:
    """So the time of an answer begins then, too."""
    dms = unloaded("localhost:1")
    work = Pool(2, "test", dms.wait)
    done = work.submit(dms.loading_fault)
    with pytest.raises(TimeoutError):
        done.result(0.05)
    dms.load()
    assert done.result(30) == ""
    work.shutdown()
    dms.close()
