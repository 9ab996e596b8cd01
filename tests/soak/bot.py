"""The bot as `python -m bot` runs it, but for how long it keeps old rows: less than any setting allows."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
import threading
from dataclasses import replace

from prometheus_client import Gauge

from bot.app import Bot
from bot.config import loader
from bot.runtime import logs, process
from bot.runtime.metrics import REGISTRY

KEEP = "SOAK_KEEP_S"
BLOCKS = "soak_python_blocks"
"""The metric that says how many pieces of memory Python's small objects have."""
POOLED = "soak_pool_threads"
"""The metric that says how many threads belong to pools, each of which has a most."""
IN_USE = "soak_malloc_mb"
"""The metric that says how many MB of the C library's heaps are in use: by large objects, gRPC and SQLite."""


class _MallInfo(ctypes.Structure):
    """See mallinfo(3), of glibc 2.33 and newer."""

    _fields_ = (
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")),
    )


def _in_use_mb() -> float:
    mallinfo = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if mallinfo is None:
        return 0.0
    mallinfo.restype = _MallInfo
    found = mallinfo()
    return float(found.uordblks + found.hblkhd) / 2**20


def _blocks() -> int:
    """Without what caches of limited size hold: some fill for longer than a soak, so they are emptied."""
    for name, module in sorted(sys.modules.items()):
        if name.partition(".")[0] in ("bot", "commands"):
            for each in list(vars(module).values()):  # an import may add to it
                if hasattr(each, "cache_parameters") and each.cache_parameters()["maxsize"] is not None:
                    each.cache_clear()
    return sys.getallocatedblocks()


def _pool_threads() -> int:
    """Those of `concurrent.futures`, which numbers them behind the name of their pool."""
    return sum(re.fullmatch(r".+_\d+", each.name) is not None for each in threading.enumerate())


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    settings = replace(loader.load(os.environ), keep_s=float(os.environ[KEEP]))
    Gauge(BLOCKS, "Pieces of memory", registry=REGISTRY).set_function(_blocks)
    Gauge(POOLED, "Threads of pools", registry=REGISTRY).set_function(_pool_threads)
    Gauge(IN_USE, "Memory in use", registry=REGISTRY).set_function(_in_use_mb)
    logs.configure(settings.log_level, settings.log_format, settings.secrets(), command=settings.command)
    process.run(settings, lambda settings, front: Bot(settings, front=front))


if __name__ == "__main__":
    main()
