"""How the threads of this process take turns: shortly, and on one processor core.

One interpreter lets one thread go on at a time anyway. On several cores each turn has to wake another
core first, which costs more than the turn itself: under load, acknowledgements would take longer by half.
"""

from __future__ import annotations

import os
import random
import sys

_SWITCH_S = 0.001
"""How long a thread may go on while others wait for their turn; Python's own default is five times that."""


def pin_to_one_cpu() -> int | None:
    """Bind this process and the threads that it starts from now on to one of the cores it may use.

    Returns the core's number, or None where there is no choice or the system does not allow one.
    Source: sched_setaffinity(2)
    """
    if sys.platform != "linux":
        return None
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        return None
    # Several bots of one machine should not meet on the same one.
    core = random.SystemRandom().choice(allowed)
    try:
        os.sched_setaffinity(0, {core})
    except OSError:
        return None
    return core


def set_switch_interval() -> None:
    """An acknowledgement takes several short turns, and must not wait long for one behind other work."""
    sys.setswitchinterval(_SWITCH_S)
