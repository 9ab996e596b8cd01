"""Starts two parts side by side, of which one gets a head start."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

_AHEAD_S = 1.0
_PAUSE_S = 0.05
"""In this time, what Slack held back for the connection is acknowledged, with nothing beside it."""


def one_ahead(first: Callable[[], None], then: Callable[[], None], ahead_s: float = _AHEAD_S) -> None:
    """Call `first`, and `then` soon after its end, or after `ahead_s` seconds beside it. Returns after both.

    Raises:
        Exception: what the one that fails raises; the other is left to itself.
    """
    over = threading.Event()

    def ahead() -> None:
        try:
            first()
        finally:
            over.set()

    def behind() -> None:
        if over.wait(ahead_s):
            time.sleep(_PAUSE_S)
        then()

    pool = ThreadPoolExecutor(2, thread_name_prefix="start")
    both = [pool.submit(ahead), pool.submit(behind)]
    pool.shutdown(wait=False)
    for each in wait(both, return_when=FIRST_EXCEPTION).done:
        each.result()
