"""Loading code, without what takes long and is not needed."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Pause garbage collection while modules load: they stay, and it would take a sixth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def without(module: str) -> Iterator[None]:
    """Let imports not find a module that they can do without, unless it has been loaded already."""
    if module in sys.modules:
        yield
        return
    # Source: https://docs.python.org/3/reference/import.html#the-module-cache
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]
