"""How much memory the process keeps for its threads."""

from __future__ import annotations

import ctypes
import os

_M_ARENA_MAX = -8
"""Of glibc's malloc.h; see mallopt(3)."""
_ARENAS = 2


def limit_arenas() -> None:
    """Let all threads allocate from two heaps. To be called before there are any.

    By default, glibc makes eight heaps for each core, and each keeps what its threads have freed: with a
    hundred threads that take turns, the process grows for hours. Threads that wait for Python's lock do not
    allocate, so more heaps gain little. `MALLOC_ARENA_MAX`, if set, is kept; other C libraries have no such
    heaps.
    """
    if "MALLOC_ARENA_MAX" in os.environ:
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
