"""The machine in neutral words."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

import psutil


def described() -> str:
    """Cores, memory, system and the versions that matter."""
    cores = os.cpu_count() or 1
    memory = psutil.virtual_memory().total / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in ("slack-bolt", "google-cloud-dms", "grpcio"))
    return (
        f"{cores} {'core' if cores == 1 else 'cores'} ({platform.machine()}), {memory:.0f} GiB of memory, "
        f"{platform.system()}, Python {platform.python_version()}, {libraries}"
    )


def load() -> float:
    """How many processes wanted to run, on average over the last minute."""
    return os.getloadavg()[0]
