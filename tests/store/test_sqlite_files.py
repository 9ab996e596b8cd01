"""The files of a SQLite database: who may read them, what a clean end leaves, and how many bots use them."""

from __future__ import annotations

import gc
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from bot.store import StoreError, open_store
from bot.store.schema import MIGRATIONS
from bot.store.sqlite import SqliteBackend
from tests.store.processes import child

MADE = """
import os, sys
from pathlib import Path
from bot.store import open_store
os.umask(int(sys.argv[2], 8))
path = Path(sys.argv[1])
store = open_store(str(path), only=True)
held = store.try_lock("leader")
store.put_value("a", "1")
for each in sorted(path.parent.rglob("*")):
    print(each.name, oct(each.stat().st_mode & 0o777))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.mark.parametrize("umask", ["000", "022", "277", "777"])
def test_files_are_for_their_owner_alone_whatever_the_umask(path: Path, umask: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MADE, str(path), umask], capture_output=True, text=True, check=True
    )
    assert dict(line.split() for line in done.stdout.splitlines()) == {
        "bot.db": "0o600",
        "bot.db-wal": "0o600",
        "bot.db-shm": "0o600",
        "bot.db.locks": "0o700",
        "bot.lock": "0o600",
        "leader.lock": "0o600",
    }


def test_files_of_an_older_version_are_closed_to_others(path: Path) -> None:
    """Its group's rights may have been given on purpose."""
    with child(str(path), "write", "x") as bot:
        assert bot.hear() == "written"
        bot.kill()
    files = [path, path.with_name("bot.db-wal"), path.with_name("bot.db-shm")]
    for each in files:
        each.chmod(0o644)
    locks = path.with_name("bot.db.locks")
    locks.chmod(0o755)
    with closing(open_store(str(path))) as store:
        assert store.value("last") == "x"
        assert [stat.S_IMODE(each.stat().st_mode) for each in files] == [0o640] * 3
        assert stat.S_IMODE(locks.stat().st_mode) == 0o700


def test_a_clean_end_leaves_one_whole_file(path: Path) -> None:
    store = open_store(str(path))
    store.put_value("a", "1")
    assert path.with_name("bot.db-wal").stat().st_size > 0
    store.close()
    assert sorted(each.name for each in path.parent.iterdir()) == ["bot.db", "bot.db.locks"]
    assert value_in_the_file_alone(path) == "1"


def test_a_clean_end_leaves_nothing_of_threads_that_are_gone(path: Path) -> None:
    store = open_store(str(path))
    gc.disable()
    try:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda number: store.put_value("a", str(number)), range(20)))
        store.close()
        assert sorted(each.name for each in path.parent.iterdir()) == ["bot.db", "bot.db.locks"]
    finally:
        gc.enable()


def test_a_clean_end_beside_a_reader_leaves_nothing_in_the_log(path: Path) -> None:
    store = open_store(str(path))
    with closing(sqlite3.connect(path)) as reader:
        reader.execute("SELECT count(*) FROM audit").fetchone()
        store.put_value("a", "1")
        store.close()
        assert path.with_name("bot.db-wal").stat().st_size == 0
        assert value_in_the_file_alone(path) == "1"


def test_an_end_beside_an_open_transaction_does_not_wait_for_it(path: Path) -> None:
    store = open_store(str(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM audit").fetchone()
        store.put_value("a", "1")
        store.close()
        reader.execute("COMMIT")
    assert value_in_the_file_alone(path) == "1"


def value_in_the_file_alone(path: Path) -> str:
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    with closing(sqlite3.connect(f"{copy.as_uri()}?immutable=1", uri=True)) as connection:
        (found,) = connection.execute("SELECT content FROM small_values WHERE id = 'a'").fetchone()
    return str(found)


def test_one_bot_at_a_time_and_any_number_of_readers(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    bot = open_store(str(path), only=True)
    for name in (path, link):
        with pytest.raises(StoreError, match=r"^The database \S+ is in use by a bot: stop that first "):
            open_store(str(name), only=True)
    with closing(open_store(str(path))) as reader:
        reader.put_value("a", "1")
    assert bot.value("a") == "1"
    bot.close()
    with closing(open_store(str(link), only=True)) as next_bot:
        assert next_bot.value("a") == "1"


def test_a_refused_bot_leaves_the_tables_as_they_are(path: Path) -> None:
    """It may be of a newer version, and would change them under the older one that runs."""
    old, new = MIGRATIONS[:1], MIGRATIONS
    with closing(SqliteBackend(path, migrations=old, only=True)) as bot:
        with pytest.raises(StoreError, match="in use by a bot"):
            SqliteBackend(path, migrations=new, only=True)
        assert bot.rows("SELECT count(*) FROM _sqlite_migrations") == [(1,)]
