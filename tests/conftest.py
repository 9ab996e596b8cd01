"""What tests of several folders share: one browser, as two of them in one process hinder each other, the
order in which several processes take files, and where their files are."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import pytest
from _pytest._code.code import ExceptionRepr
from playwright.sync_api import Browser, sync_playwright

from tests.fuzz import profile

_HERE = str(Path(sys.executable).parent)


def program(name: str) -> str | None:
    """The path of a program of this machine, or of one that `make test` has put into .venv."""
    return shutil.which(name) or shutil.which(name, path=_HERE)


def missing(what: str) -> str:
    """Why a test is skipped on this machine. In CI, nothing that a test needs may be missing.

    Raises:
        UsageError: this is CI.
    """
    if os.environ.get("CI") == "true":
        raise pytest.UsageError(f"{what}: CI runs every test, so make test must install what they need")
    return what


def _chromium() -> str | None:
    """Its build without windows takes half the time. Ubuntu's `chromium-browser` only says it is a snap."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    found = filter(None, map(program, names))
    return next((each for each in found if "browser" not in each or _runs(each)), None)


def _runs(path: str) -> bool:
    return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0


CHROMIUM = _chromium()
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_LONGEST_FIRST = (
    "crash/test_cutovers.py",
    "faults/test_slack_sockets.py",
    "notify/test_notifier.py",
    "e2e/test_telling.py",
    "faults/test_slack_answers.py",
    "browser/test_reading.py",
    "sandbox_slack/test_page.py",
    "benchmarks/test_smoke.py",
    "e2e/test_confirmations.py",
    "e2e/test_actions.py",
    "e2e/test_approvals.py",
    "crash/test_crash.py",
    "e2e/test_schedule.py",
    "store/test_olddatabases.py",
    "store/test_postgres_faults.py",
    "e2e/test_outcomes.py",
    "ops/test_run.py",
    "faults/test_database.py",
    "e2e/test_several_projects.py",
    "store/test_audit.py",
    "e2e/test_notifications.py",
)
"""Files that take more than 25 seconds alone, most of them to wait."""
_THEN = ("crash", "e2e", "browser", "faults", "store", "ops", "sandbox_slack")
"""Folders by how long their other files take, as far as that matters; the others take seconds."""
_MEMORY = "/dev/shm"
_ROOM = 2 * 2**30
"""Bytes that have to be free there, as a run must never fill it."""
_TEMPORARY = "PYTEST_DEBUG_TEMPROOT"
"""Pytest's variable for the folder of all temporary folders."""


def pytest_configure() -> None:
    """Keep the tests' files in memory, if there is room: on a disk, each commit of each database waits for
    it, and all processes of a run for each other. The tests kill bots, never the machine."""
    profile.load()
    if _TEMPORARY not in os.environ and _has_room():
        os.environ[_TEMPORARY] = _MEMORY


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Have garbage collected after this alone, and less often: what is loaded here, all code and all tests,
    stays to the end, and looking through it again and again took a tenth of a run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 20, 50)
        gc.enable()


def _has_room() -> bool:
    """Whether the folder in memory exists, and is large enough. In many containers, it is not, or runs no
    program."""
    try:
        found = os.statvfs(_MEMORY)
    except OSError:
        return False
    runs = not found.f_flag & os.ST_NOEXEC
    return runs and found.f_bavail * found.f_frsize >= _ROOM and os.access(_MEMORY, os.W_OK)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a process of xdist, put long files first: one that begins last would be waited for alone."""
    if not hasattr(config, "workerinput"):
        return
    sizes = Counter(item.path for item in items)

    def rank(item: pytest.Item) -> tuple[int, int, int]:
        folder = item.path.parent.name
        return (
            _place(f"{folder}/{item.path.name}", _LONGEST_FIRST),
            _place(folder, _THEN),
            -sizes[item.path],
        )

    items.sort(key=rank)


def _place(name: str, order: Sequence[str]) -> int:
    return order.index(name) if name in order else len(order)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Bad input that made a test fail may hold lone surrogates, which no process can send to another: the
    whole run would end with that error instead of the failure."""
    report = yield
    whole = str(report.longrepr)
    if isinstance(report.longrepr, ExceptionRepr) and whole != _sendable(whole):
        report.longrepr = _sendable(whole)
    report.sections = [(name, _sendable(text)) for name, text in report.sections]
    return report


def _sendable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
        yield chromium
        chromium.close()
