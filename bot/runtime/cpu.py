"""Thread switching of the Python interpreter."""

from __future__ import annotations

import sys

_SWITCH_S = 0.001
"""Seconds that a thread may keep the interpreter while others wait; Python's default is 0.005."""


def set_switch_interval() -> None:
    """Let threads switch more often: an acknowledgement takes several short turns between longer work.

    Source: https://docs.python.org/3/library/sys.html#sys.setswitchinterval
    """
    sys.setswitchinterval(_SWITCH_S)
