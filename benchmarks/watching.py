"""One cycle of the watcher over all places of one project, or of several, against the bare list calls."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import env
from benchmarks.figures import Figure, Scale, median
from benchmarks.rawclient import raw_client
from bot.config.projects import Place, Projects
from bot.config.settings import Settings
from bot.dms.many_projects import ProjectGateways
from bot.store import open_store
from bot.watch.watcher import Watcher

GOAL = 1.2
THREADS = 6
"""For each project as many as the watcher has."""
TICK_S = 1.05


def measured(scale: Scale) -> list[Figure]:
    return _measured(scale, env.projects(1, scale.locations), "watcher cycle")


def of_many_projects(scale: Scale) -> list[Figure]:
    return _measured(scale, env.projects(scale.projects, scale.locations), "watcher, several projects")


def _measured(scale: Scale, projects: Projects, benchmark: str) -> list[Figure]:
    with ExitStack() as stack:
        far = stack.enter_context(env.dms())
        names = env.plant_in(far, projects, scale.jobs)
        raw = stack.enter_context(raw_client(far.grpc))
        pool = stack.enter_context(ThreadPoolExecutor(THREADS * len(projects)))
        cycle = stack.enter_context(watched(far, projects, names))
        cycle.once()
        assert cycle.watcher.jobs == scale.jobs
        other = stack.enter_context(_gateways(far, projects))

        def bare() -> int:
            return sum(pool.map(raw.jobs_of, projects.places))

        return _figures(scale, projects, benchmark, cycle, bare, other, far)


class _Cycle:
    """A watcher whose places can be made due."""

    def __init__(self, watcher: Watcher, looked: threading.Semaphore, one_each: list[str]) -> None:
        self.watcher = watcher
        self._looked = looked
        self._one_each = one_each

    def once(self) -> float:
        """Look at every place; seconds until the last one has been read and compared.

        Looks at single jobs' databases and delays, which come after it in the bot, are no part of it.
        """
        for name in self._one_each:
            self.watcher.nudge(name)
        begun = time.perf_counter()
        ticking = threading.Thread(target=self.watcher.tick)
        ticking.start()
        for _ in self._one_each:
            assert self._looked.acquire(timeout=60)
        seconds = time.perf_counter() - begun
        ticking.join()
        return seconds


@contextmanager
def _gateways(far: env.LocalDms, projects: Projects) -> Iterator[ProjectGateways]:
    made = ProjectGateways.open(projects, far.grpc, far.rest, deadline_s=20.0, write_deadline_s=30.0)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def watched(far: env.LocalDms, projects: Projects, names: list[str]) -> Iterator[_Cycle]:
    looked = threading.Semaphore(0)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        gateways = stack.enter_context(_gateways(far, projects))
        store = open_store(str(Path(folder) / "bot.db"))
        stack.callback(store.close)
        settings = Settings(
            "", projects.all[0].locations, "C0DBMIGRAT", "xoxb-bot", project_tables=projects.all
        )
        watcher = Watcher(gateways, store, settings, on_cycle=lambda *_: looked.release())
        stack.callback(watcher.close)
        first = {_place(name): name for name in names}
        yield _Cycle(watcher, looked, [first[place] for place in projects.places])


def _place(name: str) -> Place:
    return Place(*name.split("/")[1:4:2])


def _figures(
    scale: Scale,
    projects: Projects,
    benchmark: str,
    cycle: _Cycle,
    bare_calls: Callable[[], int],
    other: ProjectGateways,
    far: env.LocalDms,
) -> list[Figure]:
    ours: list[float] = []
    bare: list[float] = []

    def bare_once() -> None:
        begun = time.perf_counter()
        assert bare_calls() == scale.jobs
        bare.append(time.perf_counter() - begun)

    def ours_once() -> None:
        ours.append(cycle.once())

    for number in range(max(2, scale.repeats // 2)):
        # Every running job has run on since the last look; and the pause has left the processor cold.
        time.sleep(TICK_S)
        bare_calls()
        other.list_jobs(durations=False)
        for side in (bare_once, ours_once) if number % 2 else (ours_once, bare_once):
            side()
    what = f"{scale.jobs:,} jobs in {scale.locations} locations"
    if projects.several:
        what += f" of each of {len(projects)} projects"
    far.control.clear_calls()
    cycle.once()
    made = _listings(far)
    far.control.clear_calls()
    bare_calls()
    needed = _listings(far)
    assert made.keys() == needed.keys(), "every place is listed, and no other"
    return [
        Figure(
            benchmark,
            f"{what}, running ones ticking",
            "ms",
            1e3 * median(ours),
            1e3 * median(bare),
            GOAL,
        ),
        Figure(
            benchmark, "list calls in a cycle, and pages needed", "calls", made.total(), needed.total(), 1.0
        ),
    ]


def _listings(far: env.LocalDms) -> Counter[str]:
    """Calls that list jobs, by what they list."""
    return Counter(call["request"]["parent"] for call in far.control.calls("ListMigrationJobs"))
