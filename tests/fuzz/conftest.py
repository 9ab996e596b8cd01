from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fuzz import profile
from tests.fuzz.house import House, house


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if profile.tried:
        terminalreporter.section("fuzz")
        terminalreporter.write_line(profile.summary())


def pytest_sessionfinish(session: pytest.Session) -> None:
    if profile.FULL and sum(profile.tried.values()) < profile.LEAST:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("bot")) as ready:
        yield ready
