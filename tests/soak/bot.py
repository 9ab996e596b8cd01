"""The bot as `python -m bot` runs it, but for how long it keeps old rows: less than any setting allows."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from dataclasses import replace

from prometheus_client import Gauge

from bot.app import Bot
from bot.config import loader
from bot.runtime import logs, process
from bot.runtime.metrics import REGISTRY

KEEP = "SOAK_KEEP_S"
BLOCKS = "soak_python_blocks"
"""The metric that says how many pieces of memory Python's small objects have."""
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


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    settings = replace(loader.load(os.environ), keep_s=float(os.environ[KEEP]))
    Gauge(BLOCKS, "Pieces of memory", registry=REGISTRY).set_function(sys.getallocatedblocks)
    Gauge(IN_USE, "Memory in use", registry=REGISTRY).set_function(_in_use_mb)
    logs.configure(settings.log_level, settings.log_format, settings.secrets(), command=settings.command)
    process.run(settings, lambda settings, front: Bot(settings, front=front))


if __name__ == "__main__":
    main()
