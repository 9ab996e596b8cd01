"""A browser, the sandbox with its own jobs, and the real bot.

With `PICTURES` naming a folder, each story takes pictures, and those that the documentation shows are put
there (`make screenshots`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from sandbox.dms import DmsServer
from sandbox.slack import SlackServer
from sandbox.slack.app import PAGE
from tests.browser.person import Person
from tests.browser.pictures import Pictures
from tests.browser.watching import Watched, watched
from tests.conftest import CHROMIUM, missing
from tests.e2e.env import UNHURRIED, Env, has_looked, running, settings
from tests.e2e.helpers import policy
from tests.waiting import until

SIZE = (1280, 800)
PATIENCE_MS = 60_000
OPERATION_S = 60.0
"""On the sandbox's clock, which is sixty times as fast: operations take a second."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    reason = _missing()
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


def _missing() -> str:
    if CHROMIUM is None:
        return missing("no Chromium on this machine")
    return "" if (PAGE / "index.html").exists() else missing("the page is not built (make page)")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    published = os.environ.get("PICTURES")
    return Pictures(tmp_path_factory.mktemp("pictures"), Path(published) if published else None)


@pytest.fixture(scope="module")
def env(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    """The sandbox and a bot, for all tests of a file; its `POLICY` is the bot's, else it is open to all."""
    folder = tmp_path_factory.mktemp("bot")
    with ExitStack() as stack:
        slack = stack.enter_context(SlackServer(port=0))
        dms = stack.enter_context(DmsServer(port=0, seed="demo"))
        dms.control.operation_seconds(OPERATION_S)
        bot = stack.enter_context(running(settings(slack, dms, folder, **_policy(request, folder))))
        slack.control.configure(**UNHURRIED)
        slack.control.wait_connections()
        # What the first look finds is not announced: tests change their jobs after it.
        until(lambda: has_looked(bot))
        yield Env(slack.control, dms.control, bot)
        assert slack.control.violations() == []


def _policy(request: pytest.FixtureRequest, folder: Path) -> dict[str, Path]:
    text = getattr(request.module, "POLICY", "")
    return {"policy_file": policy(folder, text)} if text else {}


@pytest.fixture(scope="module")
def context(browser: Browser, pictures: Pictures) -> Iterator[BrowserContext]:
    """One for all tests of a file, so that the page's script is read once; the page keeps nothing in it."""
    width, height = SIZE
    shared = browser.new_context(
        viewport={"width": width, "height": height}, device_scale_factor=2 if pictures.published else 1
    )
    yield shared
    shared.close()


@pytest.fixture
def window(context: BrowserContext, env: Env) -> Iterator[Watched]:
    """An empty window of the size that a small laptop has."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    seen = watched(page, env.slack.base_url)
    yield seen
    page.close()
    seen.assert_clean()


@pytest.fixture
def page(window: Watched) -> Page:
    return window.page


@pytest.fixture
def dana(page: Page, env: Env) -> Person:
    """Dana, who has just opened the page."""
    return Person(page, env.slack.base_url).arrive()
