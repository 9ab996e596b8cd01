"""What can go wrong with a file, and the one sentence that says so."""

from __future__ import annotations

import os
import pwd
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

from bot.store import Store, StoreError, open_store
from bot.store.sqlite import SqliteBackend
from tests.store import make
from tests.store.raw import Raw


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bot.db"


@pytest.fixture
def backend(path: Path) -> Iterator[SqliteBackend]:
    with closing(SqliteBackend(path, busy_timeout_s=0.3)) as opened:
        yield opened


def fill(store: Store, rounds: int = 10_000) -> None:
    for number in range(rounds):
        with store.transaction():
            store.append_audit(make.entry(detail="x" * 500))
            store.put_value("last", str(number))


def test_a_full_disk(backend: SqliteBackend) -> None:
    store = Store(backend)
    backend.rows("PRAGMA max_page_count = 150")
    with pytest.raises(
        StoreError, match=r"^The database \S+ is on a disk that is full, so nothing was saved\.$"
    ):
        fill(store)
    last = store.value("last")
    assert last is not None
    assert [each.seq for each in store.audit()] == list(range(1, int(last) + 2))
    assert store.verify_audit() == ""
    backend.rows("PRAGMA max_page_count = 100000")
    fill(store, 3)
    assert store.verify_audit() == ""


def go_on_after_full_disk(backend: SqliteBackend, store: Store) -> None:
    with store.transaction():
        store.put_value("before", "written")
        for _ in range(10_000):
            try:
                store.append_audit(make.entry(detail="x" * 500))
            except StoreError:
                break
        backend.rows("PRAGMA max_page_count = 100000")
        store.put_value("after", "written")


def test_a_full_disk_takes_the_whole_transaction_back(backend: SqliteBackend) -> None:
    store = Store(backend)
    backend.rows("PRAGMA max_page_count = 150")
    with pytest.raises(StoreError, match="none of it is saved"):
        go_on_after_full_disk(backend, store)
    assert (store.value("before"), store.value("after"), store.audit()) == (None, None, ())


LIMITED = """
import resource, signal, sys
from bot.store import StoreError, open_store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_store(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
written = 0
try:
    while written < 10_000:
        store.put_value(f"key {written}", "x" * 500)
        written += 1
except StoreError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.put_value("after", str(written))
"""


def test_a_disk_that_does_not_write(path: Path) -> None:
    """The kernel refuses to let the file grow; when it may grow again, the store goes on."""
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True
    )
    assert "is on a disk that does not read or write, so nothing was saved." in done.stdout
    store = open_store(str(path))
    written = int(store.value("after") or 0)
    assert written > 0
    assert store.value(f"key {written - 1}") is not None
    assert store.value(f"key {written}") is None
    store.close()


def test_locked_by_another_for_too_long(backend: SqliteBackend, path: Path) -> None:
    store = Store(backend)
    store.put_value("a", "1")
    with Raw(str(path)) as raw:
        raw.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"locked by another writer for 0\.3 s"):
            store.put_value("a", "2")
        assert store.value("a") == "1"
        raw.execute("ROLLBACK")
    store.put_value("a", "2")
    assert store.value("a") == "2"


def test_read_only(backend: SqliteBackend) -> None:
    store = Store(backend)
    backend.rows("PRAGMA query_only = 1")
    with pytest.raises(StoreError, match="read-only"):
        store.ping()
    assert store.value("a") is None


@contextmanager
def a_common_user() -> Iterator[None]:
    """Root may write everything, so step down from it for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(pwd.getpwnam("nobody").pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_may_not_be_written() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bot.db"
        open_store(str(path)).close()
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        with a_common_user(), pytest.raises(StoreError, match=r"read-only|may be read and written"):
            open_store(str(path))
        path.chmod(0o000)
        with a_common_user(), pytest.raises(StoreError, match="may be read and written"):
            open_store(str(path))
        Path(folder).chmod(0o755)


def test_no_database_at_all(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 1000)
    with pytest.raises(StoreError, match=r"is damaged or is no SQLite database: restore it"):
        open_store(str(path))
    assert path.read_bytes() == b"Dear diary, " * 1000


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(str(tmp_path))


@pytest.fixture
def full(path: Path) -> Path:
    store = open_store(str(path))
    with store.transaction():
        for number in range(500):
            store.append_audit(make.entry(detail=f"{number} " * 50))
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def test_damaged_pages_are_seen_at_the_start(full: Path) -> None:
    content = bytearray(full.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 20_000] = b"\xff" * 20_000
    full.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"):
        open_store(str(full))


def test_a_cut_file_is_seen_at_the_start(full: Path) -> None:
    content = full.read_bytes()
    full.write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError, match="is damaged"):
        open_store(str(full))


def test_damage_while_it_runs(full: Path) -> None:
    store = open_store(str(full))
    content = bytearray(full.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    full.write_bytes(content)
    # The pages of this table have not been read yet.
    with pytest.raises(StoreError, match="is damaged"):
        store.audit()
    store.close()


def test_a_lock_file_that_is_taken_away_is_lost(path: Path) -> None:
    store = open_store(str(path))
    held = store.try_lock("watcher")
    assert held is not None
    for each in path.with_name("bot.db.locks").iterdir():
        each.unlink()
    assert held.is_lost
    other = store.try_lock("watcher")
    assert other is not None
    held.release()
    assert not other.is_lost
    other.release()
    store.close()


def test_locks_leave_no_files(path: Path) -> None:
    store = open_store(str(path))
    held = [store.try_lock(f"replica:{number}") for number in range(3)]
    folder = path.with_name("bot.db.locks")
    assert len(list(folder.iterdir())) == 3
    for each in held:
        assert each is not None
        each.release()
    assert not list(folder.iterdir())
    (folder / "replica%3Adead.lock").touch()
    assert not store.is_locked("replica:dead")
    assert not list(folder.iterdir())
    store.close()


def test_it_survives_a_power_cut_by_its_settings(backend: SqliteBackend) -> None:
    assert backend.rows("PRAGMA journal_mode") == [("wal",)]
    assert backend.rows("PRAGMA synchronous") == [(2,)]


def test_a_connection_keeps_few_pages(backend: SqliteBackend) -> None:
    """Negative: in KiB (https://www.sqlite.org/pragma.html#pragma_cache_size). What another connection writes
    makes it read again, and the system caches the file anyway."""
    ((size,),) = backend.rows("PRAGMA cache_size")
    assert 0 < -int(str(size)) <= 256


def test_threads_that_take_turns_share_a_connection(backend: SqliteBackend, path: Path) -> None:
    """A process with a hundred threads does not keep a hundred schemas, statements and pages."""

    def opened() -> int:
        return sum(each.path == str(path) for each in psutil.Process().open_files())

    before, together = opened(), threading.Barrier(20)

    def read() -> None:
        with turn:
            backend.rows("SELECT COUNT(*) FROM audit")
        together.wait()  # all threads are there until the last one has read

    turn = threading.Lock()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: read(), range(20)))
    assert opened() == before == 1


def test_a_read_within_a_read_sees_the_same_state(backend: SqliteBackend, path: Path) -> None:
    with backend.snapshot() as session, Raw(str(path)) as raw:
        before = session.rows("SELECT COUNT(*) FROM small_values", ())
        raw.execute("INSERT INTO small_values (id, content) VALUES ('a', 'b')")
        assert backend.rows("SELECT COUNT(*) FROM small_values") == before
    assert backend.rows("SELECT COUNT(*) FROM small_values") != before


def test_a_database_that_was_found_damaged_is_not_written_any_more(tmp_path: Path) -> None:
    """What was written since the last checkpoint is in the log, and could be written as if all were well."""
    db = tmp_path / "bot.db"
    with closing(open_store(str(db))) as store, ThreadPoolExecutor(1) as other:
        with closing(sqlite3.connect(db)) as outside:
            outside.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.ping()
        with db.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (db.stat().st_size - 4096))
        # In a transaction of this thread, so that the other takes a new connection.
        with store.transaction(), pytest.raises(StoreError, match="is damaged"):
            other.submit(store.requests).result()
        with pytest.raises(StoreError, match="is damaged"):
            store.ping()
