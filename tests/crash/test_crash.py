"""A short crash run; `make crash` makes the long one (see docs/reliability.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.crash.harness import run
from tests.crash.plan import Plan
from tests.crash.report import report

_QUIET: dict[str, Any] = {"jobs": 4, "pace_s": 6.0, "weather_s": 20.0, "settle_s": 180.0}
"""Slack takes a message a second, and what has been told must be waited for."""


@pytest.mark.timeout(300)
def test_kills_on_sqlite(tmp_path: Path) -> None:
    outcome = run(Plan(kills=5, seed=7, **_QUIET), tmp_path)
    assert not outcome.broken, report(outcome)
    assert outcome.evidence.runs


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_kills_of_two_bots_on_postgresql(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    outcome = run(Plan(kills=3, seed=8, database="postgresql", replicas=2, **_QUIET), tmp_path)
    assert not outcome.broken, report(outcome)
    assert outcome.evidence.runs
