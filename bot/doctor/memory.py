"""How much memory the doctor itself takes: in the bot's container, both share one limit."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from pathlib import Path

from bot.doctor.finding import Finding, ok, warn

_CGROUP = Path("/sys/fs/cgroup")
_CHECK = "memory"
_MIB = 2**20
_SPARE = 64 * _MIB
"""Bytes that should be free besides: the kernel ends a process of a container that reaches its limit."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A container's memory, in bytes."""

    most: int
    used: int
    """By all processes of the container, without what the kernel can free at once."""


def check() -> Finding:
    """The last check: before it, the doctor has not taken all that it takes."""
    return judged(peak_bytes(), limit())


def judged(peak: int, found: Limit | None) -> Finding:
    took = f"The doctor took {_mib(peak)} at most"
    if found is None:
        return ok(_CHECK, f"{took}; this machine sets no limit of its own.")
    words = f"{took}; of the container's {_mib(found.most)}, {_mib(found.used)} are in use with it"
    if found.most - found.used >= _SPARE:
        return ok(_CHECK, f"{words}.")
    fix = (
        f"Give the container at least {_mib(found.used + 2 * _SPARE)}, or run the doctor in its "
        "own container."
    )
    return warn(_CHECK, f"{words}.", fix)


def peak_bytes() -> int:
    """The most that this process has had in memory. Source: `man getrusage` (kilobytes; bytes on macOS)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def limit(folder: Path = _CGROUP) -> Limit | None:
    """The container's limit; None if there is none, or it cannot be read.

    Source: https://docs.kernel.org/admin-guide/cgroup-v2.html and .../cgroup-v1/memory.html
    """
    for most, used, stat in (
        ("memory.max", "memory.current", "memory.stat"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
    ):
        try:
            at_most, taken = int((folder / most).read_text()), int((folder / used).read_text())
            reclaimable = _reclaimable((folder / stat).read_text())
        except (OSError, ValueError):
            # Also the word `max`, for no limit.
            continue
        # Version 1 has a number of this size for no limit.
        return Limit(at_most, max(0, taken - reclaimable)) if at_most < 2**60 else None
    return None


def _reclaimable(stat: str) -> int:
    """Bytes of files that the kernel drops when memory is short."""
    for line in stat.splitlines():
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(value)
    return 0


def _mib(size: int) -> str:
    return f"{size / _MIB:,.0f} MiB"
