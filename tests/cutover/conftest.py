"""One local DMS for all nights, empty at the start of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.dms import DmsServer
from tests.cutover.night import Night, a_night, four_eyes


@pytest.fixture(scope="session")
def far_end() -> Iterator[DmsServer]:
    with DmsServer(port=0, seed="empty", clock_factor=60.0, operation_seconds=6.0) as running:
        yield running


@pytest.fixture
def service(far_end: DmsServer) -> DmsServer:
    far_end.control.reset("empty")
    far_end.control.clear_calls()
    return far_end


@pytest.fixture
def night(service: DmsServer, tmp_path: Path) -> Iterator[Night]:
    with a_night(service, tmp_path) as made:
        yield made


@pytest.fixture
def production(service: DmsServer, tmp_path: Path) -> Iterator[Night]:
    """Where a promote of `env=prod` needs another person's approval."""
    with a_night(service, tmp_path, four_eyes()) as made:
        yield made
