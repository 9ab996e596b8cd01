"""The bot as `python -m bot` runs it, but for how long it keeps old rows: less than any setting allows."""

from __future__ import annotations

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
"""The metric that says how many pieces of memory Python's objects have."""


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    settings = replace(loader.load(os.environ), keep_s=float(os.environ[KEEP]))
    Gauge(BLOCKS, "Pieces of memory", registry=REGISTRY).set_function(sys.getallocatedblocks)
    logs.configure(settings.log_level, settings.log_format, settings.secrets(), command=settings.command)
    process.run(settings, lambda settings, front: Bot(settings, front=front))


if __name__ == "__main__":
    main()
