from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.crash.pair import Pair, pair


@pytest.fixture(scope="module")
def bots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two bots on one PostgreSQL database, for all tests of a file."""
    folder = tmp_path_factory.mktemp("pair")
    folder.chmod(0o755)
    with ExitStack() as stack:
        yield stack.enter_context(pair(folder))
