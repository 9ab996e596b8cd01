"""One local DMS for all tests of verbs here, with the same jobs at the start of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.dms import DmsServer

from .command_service import CommandService, command_service


@pytest.fixture(scope="session")
def dms_server() -> Iterator[DmsServer]:
    with DmsServer() as running:
        yield running


@pytest.fixture
def dms(dms_server: DmsServer) -> DmsServer:
    dms_server.control.reset("empty")
    for id in ("orders", "billing"):
        dms_server.control.add_job(
            id,
            location="europe-west1",
            phase="CDC",
            frozen=True,
            labels={"env": "prod"},
            destination_provider="CLOUDSQL",
        )
    return dms_server


@pytest.fixture
def typing(dms: DmsServer, tmp_path: Path) -> Iterator[CommandService]:
    with command_service(dms, tmp_path) as ready:
        yield ready
