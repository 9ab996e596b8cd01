from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.crash.two_bots import TwoBots, two_bots


@pytest.fixture(scope="module")
def bots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoBots]:
    """Two bots on one PostgreSQL database, for all tests of a file."""
    folder = tmp_path_factory.mktemp("pair")
    folder.chmod(0o755)
    with ExitStack() as stack:
        yield stack.enter_context(two_bots(folder))
