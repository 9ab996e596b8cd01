from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.dms.gateway import Gateway
from tests.dms.fake_service import FakeService, fake_service


@pytest.fixture
def far() -> Iterator[FakeService]:
    with fake_service() as started:
        yield started


@pytest.fixture
def seen() -> list[tuple[str, str]]:
    """Method and status of each call, as `observe` was told."""
    return []


@pytest.fixture
def gateway(far: FakeService, seen: list[tuple[str, str]]) -> Iterator[Gateway]:
    made = Gateway(
        "p",
        ("l",),
        far.host,
        far.rest_host,
        deadline_s=60.0,
        write_deadline_s=60.0,
        observe=lambda method, code, seconds: seen.append((method, code)),
    )
    yield made
    made.close()


@pytest.fixture
def hasty(far: FakeService) -> Iterator[Gateway]:
    """For what never answers."""
    made = Gateway("p", ("l",), far.host, far.rest_host, deadline_s=2.0, write_deadline_s=2.0)
    yield made
    made.close()
