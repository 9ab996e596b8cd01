from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.house import House, house


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("bot")) as ready:
        yield ready
