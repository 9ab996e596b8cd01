"""Lists that never end, repeat themselves, lose their page tokens, or name something twice.

Source of what a service may do with pages: AIP-158 (pagination).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from bot.config.projects import Place
from bot.dms.errors import DmsError, Refused, Unavailable
from bot.dms.gateway import Gateway
from bot.dms.model import job_name
from bot.dms.paging import MAX_PAGES, read_all
from sandbox.dms import DmsControl, DmsServer
from tests.dms.fake_service import JobsPb, fake_service
from tests.dms.test_reads import message

PLACE = "europe-west1"
ONE = job_name("demo-project", PLACE, "one")


def _jobs(gateway: Gateway) -> Sequence[str]:
    found = gateway.list_jobs(Place(gateway.project.id, PLACE))
    if found.unreachable:
        raise Unavailable("incomplete")
    return [each.id for each in found.jobs]


def _operations(gateway: Gateway) -> Sequence[str]:
    job = gateway.get_job(ONE)
    return [each.name for each in gateway.operations(job, job.create_time)]


LISTS: dict[str, Callable[[Gateway], Sequence[str]]] = {
    "ListMigrationJobs": _jobs,
    "ListMigrationJobObjects": lambda gateway: [each.name for each in gateway.databases(ONE)],
    "ListOperations": _operations,
    "ListConnectionProfiles": lambda gateway: [
        each.source.host for each in gateway.list_jobs(Place(gateway.project.id, PLACE)).jobs
    ],
}
WITHOUT_HOSTS = "ListConnectionProfiles"
"""Jobs are shown without hosts if this list fails: it is no reason to show nothing."""


@pytest.fixture(scope="module")
def dms() -> Iterator[DmsServer]:
    with DmsServer(port=0, seed="empty") as started:
        for job in ("one", "two"):
            started.control.add_job(job, databases=["a", "b"], phase="CDC", frozen=True)
        gateway = _gateway(started)
        for _ in range(2):
            gateway.verify(gateway.get_job(ONE))
        gateway.close()
        yield started


@pytest.fixture
def far(dms: DmsServer) -> Iterator[tuple[Gateway, DmsControl]]:
    """A gateway that has read nothing yet, and the local DMS with two of everything."""
    gateway = _gateway(dms)
    yield gateway, dms.control
    dms.control.clear_faults()
    gateway.close()


def _gateway(dms: DmsServer) -> Gateway:
    return Gateway(dms.project, (PLACE,), dms.grpc_host, dms.rest_host, deadline_s=5.0)


@pytest.mark.parametrize("method", LISTS)
def test_a_list_whose_token_expires_once_is_begun_anew(far: tuple[Gateway, DmsControl], method: str) -> None:
    gateway, control = far
    control.fault(method, "EXPIRED", times=1)
    control.fault(method, "SHORT", times=None)
    found = LISTS[method](gateway)
    assert len(set(found)) == len(found) == 2
    assert all(found)


@pytest.mark.parametrize("kind", ["ENDLESS", "REPEATED", "EXPIRED"])
@pytest.mark.parametrize("method", LISTS)
def test_a_list_that_is_not_whole_is_not_taken_for_whole(
    far: tuple[Gateway, DmsControl], method: str, kind: str
) -> None:
    gateway, control = far
    control.clear_calls()
    control.fault(method, kind, times=None)
    control.fault(method, "SHORT", times=None)
    if method == WITHOUT_HOSTS:
        assert LISTS[method](gateway) == ["", ""]
    else:
        with pytest.raises(Unavailable):
            LISTS[method](gateway)
    assert 2 <= len(control.calls(method)) <= MAX_PAGES


def test_a_job_on_two_pages_counts_once_as_it_was_read_last() -> None:
    def page(request: Any, _context: Any) -> Any:
        if request.page_token:
            return JobsPb(migration_jobs=[message("twice", state=10), message("last")])
        return JobsPb(migration_jobs=[message("first"), message("twice")], next_page_token="2")

    with fake_service() as far:
        far.on("ListMigrationJobs", page)
        gateway = Gateway("p", ("l",), far.host, far.rest_host)
        listed = gateway.list_jobs().jobs
        gateway.close()
    assert [(each.id, each.state) for each in listed] == [
        ("first", "RUNNING"),
        ("twice", "STOPPED"),
        ("last", "RUNNING"),
    ]


def _said(read: Callable[[str], str]) -> DmsError:
    """What is said of a list whose pages are just the tokens of the next ones."""
    with pytest.raises(DmsError) as caught:
        read_all([], read, lambda page: page, "jobs of a")
    return caught.value


def test_each_trouble_is_one_sentence() -> None:
    def refusing(token: str) -> str:
        if token:
            raise Refused("The page token is not valid.", code="INVALID_ARGUMENT")
        return "next"

    numbers = iter(range(1, 10_000))
    said = {
        "has no end: DMS gave a next page 200 times": _said(lambda _token: str(next(numbers))),
        "DMS gave the same page token again": _said(lambda _token: "again"),
        "twice, DMS did not accept the page token": _said(refusing),
    }
    for words, error in said.items():
        assert isinstance(error, Unavailable)
        assert words in str(error)
        assert str(error).startswith("The list of the jobs of a ")


def test_a_refusal_of_the_first_page_is_not_about_its_token() -> None:
    def refusing(_token: str) -> str:
        raise Refused("The filter is not valid.", code="INVALID_ARGUMENT")

    assert str(_said(refusing)) == "The filter is not valid."
