"""One cycle of the watcher over all locations, against the bare list calls."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import env
from benchmarks.figures import Figure, Scale, median
from benchmarks.rawclient import raw_client
from bot.config.settings import Settings
from bot.dms.gateway import Gateway
from bot.store import open_store
from bot.watch.watcher import Watcher

GOAL = 1.3
_THREADS = 6
"""As many as the watcher has."""
_TICK_S = 1.05


def measured(scale: Scale) -> list[Figure]:
    places = env.locations(scale.locations)
    with ExitStack() as stack:
        far = stack.enter_context(env.dms())
        names = env.plant(far, places, scale.jobs)
        raw = stack.enter_context(raw_client(far.grpc))
        pool = stack.enter_context(ThreadPoolExecutor(_THREADS))
        cycle = stack.enter_context(_watching(far, places, names))
        cycle.once()
        assert cycle.watcher.jobs == scale.jobs
        other = Gateway(env.PROJECT, places, far.grpc, far.rest)
        stack.callback(other.close)
        return _figures(scale, cycle, lambda: sum(pool.map(raw.jobs, places)), other, far)


class _Cycle:
    """A watcher whose locations can be made due."""

    def __init__(self, watcher: Watcher, looked: threading.Semaphore, one_each: list[str]) -> None:
        self.watcher = watcher
        self._looked = looked
        self._one_each = one_each

    def once(self) -> float:
        """Look at every location; seconds until the last one has been read and compared.

        Looks at single jobs' databases and delays go on beside, as they do in the bot, and are not
        waited for.
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
def _watching(far: env.LocalDms, places: tuple[str, ...], names: list[str]) -> Iterator[_Cycle]:
    looked = threading.Semaphore(0)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        gateway = Gateway(env.PROJECT, places, far.grpc, far.rest)
        stack.callback(gateway.close)
        store = open_store(str(Path(folder) / "bot.db"))
        stack.callback(store.close)
        settings = Settings(env.PROJECT, places, "C0DBMIGRAT", "xoxb-bot")
        watcher = Watcher(gateway, store, settings, on_cycle=lambda *_: looked.release())
        stack.callback(watcher.close)
        first = {name.split("/")[3]: name for name in names}
        yield _Cycle(watcher, looked, [first[place] for place in places])


def _figures(
    scale: Scale, cycle: _Cycle, bare_calls: Callable[[], int], other: Gateway, far: env.LocalDms
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
        time.sleep(_TICK_S)
        bare_calls()
        other.list_jobs(durations=False)
        for side in (bare_once, ours_once) if number % 2 else (ours_once, bare_once):
            side()
    what = f"{scale.jobs:,} jobs in {scale.locations} locations"
    far.control.clear_calls()
    cycle.once()
    made = len(far.control.calls("ListMigrationJobs"))
    far.control.clear_calls()
    bare_calls()
    needed = len(far.control.calls("ListMigrationJobs"))
    return [
        Figure(
            "watcher cycle",
            f"{what}, running ones ticking",
            "ms",
            1e3 * median(ours),
            1e3 * median(bare),
            GOAL,
        ),
        Figure("watcher cycle", "list calls in a cycle, and pages needed", "calls", made, needed, 1.0),
    ]
