"""How the threads of this process take turns in the one interpreter that they share."""

from __future__ import annotations

import sys

_SWITCH_S = 0.001
"""How long a thread may go on while others wait for their turn; Python's own default is five times that."""


def set_switch_interval() -> None:
    """An acknowledgement takes several short turns, and must not wait long for one behind other work."""
    sys.setswitchinterval(_SWITCH_S)
