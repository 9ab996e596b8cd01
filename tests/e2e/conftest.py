from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from bot.util.command import COMMAND
from sandbox.slack import SlackServer
from tests.e2e.env import Env, open_env


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    """One bot for all tests of a file; each test brings jobs of its own."""
    with open_env(tmp_path_factory.mktemp("bot")) as made:
        yield made
        assert made.slack.violations() == []
        assert COMMAND not in json.dumps(made.slack.messages(), ensure_ascii=False)
        assert all(COMMAND not in each.detail for each in made.bot.store.audit(limit=10_000))


@pytest.fixture(scope="session")
def slack() -> Iterator[SlackServer]:
    """A workspace for many bots, one after the other."""
    with SlackServer(port=0) as server:
        yield server
