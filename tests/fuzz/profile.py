"""How many cases are tried: a few in `make test`, all of them in `make fuzz` (HYPOTHESIS_PROFILE=full)."""

from __future__ import annotations

import os
from collections import Counter

from hypothesis import HealthCheck, settings

FULL = os.environ.get("HYPOTHESIS_PROFILE") == "full"
LEAST = 100_000
"""Cases that a full run must come to."""
FEW = 40
"""Cases of a test that says nothing else: they are the same each time, so more would only take longer."""
BATCH = 5
"""Deliveries of one example: they are made one after the other, and looked at together."""
tried: Counter[str] = Counter()


def load() -> None:
    """For tests that say nothing else: no machine is too slow, and what is tried is no matter of luck."""
    most = 100 if FULL else FEW
    settings.register_profile(
        "dms-bot", max_examples=most, deadline=None, database=None, derandomize=not FULL
    )
    settings.load_profile("dms-bot")


def limits(few: int, full: int) -> settings:
    """Settings for a test of so many examples."""
    return settings(
        max_examples=full if FULL else few,
        deadline=None,
        database=None,
        # The same few each time; `make fuzz` tries others with each seed.
        derandomize=not FULL,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
            HealthCheck.function_scoped_fixture,
        ],
    )


def count(kind: str, cases: int = 1) -> None:
    tried[kind] += cases


def summary() -> str:
    rows = [f"{cases:>9,}  {kind}" for kind, cases in sorted(tried.items())]
    return "\n".join([*rows, f"{sum(tried.values()):>9,}  cases in all"])


def enough() -> bool:
    return not FULL or sum(tried.values()) >= LEAST
