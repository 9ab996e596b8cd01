"""Tells how many cases of each kind were tried, in all processes: `pytest -p tests.fuzz.plugin`."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from tests.fuzz import profile

_TRIED = "fuzz_tried"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Without the captured log: it may hold characters that cannot be sent from process to process."""
    report = yield
    report.sections = []
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A process of pytest-xdist has ended."""
    profile.tried.update(getattr(node, "workeroutput", {}).get(_TRIED, {}))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_TRIED] = dict(profile.tried)
    elif not profile.enough():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("cases")
    terminalreporter.write_line(profile.summary())
    if not profile.enough():
        terminalreporter.write_line(f"These are fewer than {profile.LEAST:,}.")
