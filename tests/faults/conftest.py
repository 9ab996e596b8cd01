from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.e2e.env import LIMITS, Env, open_env
from tests.faults.loglines import LogLines, log_lines


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    """One bot for all tests of a file, which gives up calls to Slack soon, as some are never answered. Each
    test brings jobs of its own."""
    with open_env(tmp_path_factory.mktemp("bot"), limits=replace(LIMITS, call_timeout_s=3)) as made:
        yield made


@pytest.fixture(autouse=True)
def log() -> Iterator[LogLines]:
    """The bot's log, in which no trace of an exception may stand when the test ends."""
    with log_lines() as lines:
        yield lines
        assert lines.traces() == []


@pytest.fixture(autouse=True)
def mended(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every fault that a test has switched on is off again afterwards."""
    made: Env | None = request.getfixturevalue("env") if "env" in request.fixturenames else None
    yield
    if made is not None:
        made.dms.clear_faults()
        made.slack.clear_faults()
