"""The watcher over several projects: one that is away, and a database from the time of one project."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.config.projects import Place, Project, Projects
from bot.config.settings import Settings
from bot.dms.many_projects import ProjectGateways
from bot.dms.model import short_name
from bot.store import Store
from bot.watch.recipients import SavedEvent
from bot.watch.watcher import Watcher
from sandbox.dms import DmsServer
from sandbox.dms.regions import CITIES
from tests.notify.world import NOW, running
from tests.waiting import until

PROD, STAGING = "demo-project", "demo-staging"
EUROPE, US = "europe-west1", "us-central1"
FIRST = Project(PROD, "prod", (EUROPE, US))
SECOND = Project(STAGING, "staging", (EUROPE, US))


@pytest.fixture
def dms(dms: DmsServer) -> DmsServer:
    dms.control.add_project(STAGING, EUROPE, US)
    return dms


class Bots:
    """One bot after another on the same database, each with settings of its own."""

    def __init__(self, server: DmsServer, store: Store, settings: Settings) -> None:
        self._server = server
        self._store = store
        self._settings = settings
        self._opened: list[ProjectGateways] = []

    def watcher(
        self,
        *projects: Project,
        deadline_s: float = 5.0,
        on_events: Callable[[Sequence[SavedEvent]], None] = lambda _: None,
    ) -> Watcher:
        where = (self._server.grpc_host, self._server.rest_host)
        service = ProjectGateways.open(
            Projects(projects), *where, deadline_s=deadline_s, write_deadline_s=deadline_s
        )
        self._opened.append(service)
        self.polls: list[tuple[Place, str]] = []
        settings = replace(self._settings, project="", locations=(), project_tables=projects)
        return Watcher(
            service,
            self._store,
            settings,
            on_events=on_events,
            on_cycle=lambda place, error: self.polls.append((place, error)),
        )

    def close(self) -> None:
        for each in self._opened:
            each.close()


@pytest.fixture
def bots(dms: DmsServer, store: Store, settings: Settings) -> Iterator[Bots]:
    made = Bots(dms, store, settings)
    yield made
    dms.control.clear_faults()
    made.close()


def add(dms: DmsServer, id: str, project: str = PROD, location: str = EUROPE) -> str:
    dms.control.add_job(id, project=project, location=location, phase="CDC", frozen=True)
    return f"projects/{project}/locations/{location}/migrationJobs/{id}"


def told(store: Store) -> list[tuple[str, str]]:
    return sorted((each.kind, each.job.removeprefix("projects/")) for each in store.events())


@pytest.mark.parametrize("kind", ["DENIED", "UNAUTHENTICATED"])
def test_a_project_that_refuses_is_not_told_as_deleted_and_others_go_on(
    kind: str, dms: DmsServer, store: Store, bots: Bots
) -> None:
    add(dms, "orders")
    away = [add(dms, f"away-{number}", STAGING, place) for number in range(4) for place in (EUROPE, US)]
    watcher = bots.watcher(FIRST, SECOND)
    watcher.tick()
    dms.control.project_condition(STAGING, kind)
    with running(watcher):
        bots.polls.clear()
        until(lambda: {place for place, error in bots.polls if error} == set(SECOND.places))
        dms.control.set_job("orders", state="STOPPED")
        until(lambda: told(store))
        dms.control.clear_faults()
        until(lambda: all((place, "") in bots.polls for place in SECOND.places))
    assert told(store) == [("changed", f"{PROD}/locations/{EUROPE}/migrationJobs/orders")]
    assert set(away) <= set(store.known_names())


def test_many_silent_places_neither_hold_back_another_project_nor_lose_jobs(
    dms: DmsServer, store: Store, bots: Bots
) -> None:
    regions = tuple(CITIES)
    dms.control.add_project(STAGING, *regions)
    away = add(dms, "away", STAGING, regions[0])
    add(dms, "orders")
    watcher = bots.watcher(Project(STAGING, "staging", regions), FIRST, deadline_s=60.0)
    watcher.tick()
    dms.control.project_condition(STAGING, "SILENT")
    with running(watcher):
        dms.control.set_job("orders", state="STOPPED")
        until(lambda: told(store), timeout=45.0)  # long before the deadline of a silent call
        dms.control.clear_faults()
    assert told(store) == [("changed", f"{PROD}/locations/{EUROPE}/migrationJobs/orders")]
    assert away in store.known_names()


def test_what_was_there_before_a_location_could_be_reached_is_not_told(
    dms: DmsServer, store: Store, bots: Bots
) -> None:
    """`migrationJobs.list` of location `-` answers without the locations that it names as unreachable. Their
    jobs are taken over silently when they come, also by another process; only those made later are new."""
    everywhere = Project(PROD, "prod")
    add(dms, "orders", location=US)
    before = add(dms, "billing")
    dms.control.location_unreachable(EUROPE)
    bots.watcher(everywhere).tick()
    assert before not in store.known_names()
    bots.watcher(everywhere).tick()
    dms.control.clear_faults()
    add(dms, "stock", location=US)
    bots.watcher(everywhere).tick()
    assert before in store.known_names()
    assert told(store) == [("created", f"{PROD}/locations/{US}/migrationJobs/stock")]
    dms.control.location_unreachable(EUROPE)
    bots.watcher(everywhere).tick()
    dms.control.clear_faults()
    add(dms, "later")
    add(dms, "elsewhere", location="asia-east1")
    bots.watcher(everywhere).tick()
    assert [id.rpartition("/")[2] for _, id in told(store)] == ["elsewhere", "later", "stock"]


def test_a_job_that_cannot_be_saved_keeps_no_location_unseen(
    dms: DmsServer, store: Store, bots: Bots
) -> None:
    """What was there before a location answered stays untold, and what is new there is told, all the same."""

    def fail(saved: Sequence[SavedEvent]) -> None:
        if any(short_name(each.event.job) == "bad" for each in saved):
            raise KeyError("a fault of ours")

    watcher = bots.watcher(Project(PROD, "prod"), on_events=fail)
    for id in ("bad", "orders"):
        add(dms, id, location=US)
    before = add(dms, "billing")
    dms.control.location_unreachable(EUROPE)
    watcher.tick()
    dms.control.clear_faults()
    for id in ("bad", "orders"):
        dms.control.set_job(id, state="STOPPED")
    watcher.nudge(before)
    watcher.tick()
    changed = ("changed", f"{PROD}/locations/{US}/migrationJobs/orders")
    assert told(store) == [changed]
    assert before in store.known_names()
    later = add(dms, "later")
    watcher.nudge(before)
    watcher.tick()
    assert told(store) == [changed, ("created", later.removeprefix("projects/"))]


# A database of the time when a bot had one project: its keys name a location alone.


def make_old(tmp_path: Path) -> None:
    """The keys as the version before several projects wrote them."""
    with sqlite3.connect(tmp_path / "bot.db") as database:
        kept = {f"watcher:baseline:{each}": NOW.isoformat() for each in (EUROPE, US)}
        database.execute("DELETE FROM small_values WHERE id LIKE 'watcher:baseline%'")
        database.executemany("INSERT INTO small_values (id, content) VALUES (?, ?)", kept.items())


@pytest.fixture
def old(dms: DmsServer, bots: Bots, tmp_path: Path) -> list[str]:
    """What the bot of one project knew, and what it has not seen yet, in both projects."""
    known = [add(dms, "orders"), add(dms, "billing", location=US)]
    bots.watcher(FIRST).tick()
    make_old(tmp_path)
    add(dms, "fresh", location=US)
    add(dms, "orders", STAGING)
    add(dms, "stock", STAGING, US)
    return known


FRESH = ("created", f"{PROD}/locations/{US}/migrationJobs/fresh")


@pytest.mark.parametrize("projects", [(FIRST,), (FIRST, SECOND), (SECOND, FIRST)])
def test_what_was_known_before_is_neither_told_again_nor_as_deleted(
    projects: tuple[Project, ...], store: Store, bots: Bots, old: list[str]
) -> None:
    """Only the job that came meanwhile is told; those of a project that is new are taken as they are."""
    for _ in range(2):
        bots.watcher(*projects).tick()
        assert told(store) == [FRESH]
    assert set(old) <= set(store.known_names())
    assert len(store.known_names()) == (3 if len(projects) == 1 else 5)


def test_a_project_that_is_taken_out_is_kept_silently_until_it_is_back(
    dms: DmsServer, store: Store, bots: Bots, old: list[str]
) -> None:
    bots.watcher(SECOND).tick()
    assert told(store) == []
    assert set(old) <= set(store.known_names())
    dms.control.set_job(f"{PROD}/{EUROPE}/orders", state="STOPPED")
    bots.watcher(SECOND, FIRST).tick()
    assert told(store) == [("changed", f"{PROD}/locations/{EUROPE}/migrationJobs/orders"), FRESH]


@pytest.mark.parametrize(("projects", "news"), [((FIRST,), True), ((FIRST, SECOND), False)])
def test_an_old_database_without_jobs(
    projects: tuple[Project, ...], news: bool, dms: DmsServer, store: Store, bots: Bots, tmp_path: Path
) -> None:
    """One project: it is the one of before. Several: nobody can tell, so what is there is not told as new."""
    make_old(tmp_path)
    add(dms, "orders")
    bots.watcher(*projects).tick()
    assert bool(told(store)) is news


def test_a_location_that_is_new_in_an_old_database_is_not_announced(
    dms: DmsServer, store: Store, bots: Bots, old: list[str]
) -> None:
    dms.control.add_project(PROD, "asia-east1")
    add(dms, "far", location="asia-east1")
    bots.watcher(replace(FIRST, locations=(*FIRST.locations, "asia-east1"))).tick()
    assert told(store) == [FRESH]
