"""A store of each kind: every test that asks for `store` or `url` runs on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.store import Store, open_store
from tests.store.pg_server import PostgresServer, postgres_server
from tests.store.raw import Raw


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as running:
        yield running


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database. In PostgreSQL, that of a test which asks for `store` has tables from the start, as
    making them takes a while."""
    if kind == "sqlite":
        return str(tmp_path / "bot.db")
    running: PostgresServer = request.getfixturevalue("server")
    with_tables = "store" in request.fixturenames
    return running.database_of_store() if with_tables else running.new_database()


@pytest.fixture
def opened(url: str) -> Iterator[Callable[[], Store]]:
    """Opens the database as often as one likes."""
    stores: list[Store] = []

    def another() -> Store:
        stores.append(open_store(url))
        return stores[-1]

    yield another
    for each in stores:
        each.close()


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    return opened()


@pytest.fixture
def raw(url: str, store: Store) -> Iterator[Raw]:
    """The database behind the store's back."""
    with Raw(url) as behind:
        yield behind
