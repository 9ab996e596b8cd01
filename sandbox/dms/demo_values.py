"""What the jobs of the demo are made of."""

from __future__ import annotations

from typing import Any

HOUR = 3600.0
DAY = 24 * HOUR
WEST = "europe-west1"
CENTRAL = "us-central1"


def dumps(*sizes: tuple[str, float]) -> list[dict[str, Any]]:
    """Databases with the hours that their dumps take."""
    return [{"name": name, "dump_seconds": hours * HOUR} for name, hours in sizes]
