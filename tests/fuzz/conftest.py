from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz.env import FuzzEnv, open_fuzz_env


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FuzzEnv]:
    with open_fuzz_env(tmp_path_factory.mktemp("bot")) as ready:
        yield ready
