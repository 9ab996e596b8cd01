"""A percentage as a row of cells."""

from __future__ import annotations

_CELLS = 10


def gauge(percent: float) -> str:
    """`▰▰▰▱▱▱▱▱▱▱`: full only at 100 percent."""
    filled = int(_CELLS * min(max(percent, 0.0), 100.0) / 100 + 1e-9)
    return f"{'▰' * filled}{'▱' * (_CELLS - filled)}"
