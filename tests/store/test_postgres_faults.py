"""What can go wrong between the bot and a PostgreSQL server."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from threading import Barrier

import psycopg
import pytest

from bot.store import Store, StoreError, open_store
from bot.store.postgres import PostgresBackend
from bot.store.postgres_connection import Address
from tests.store import make
from tests.store.child import HASTE
from tests.store.pg_server import PostgresServer, postgres_server
from tests.store.processes import child
from tests.store.raw import Raw
from tests.store.relay import Relay, relay
from tests.waiting import until

pytestmark = pytest.mark.postgres


@pytest.fixture
def own() -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    with postgres_server() as running:
        yield running


@pytest.fixture
def between(server: PostgresServer) -> Iterator[Relay]:
    with relay(server.port) as running:
        yield running


def works(store: Store) -> bool:
    with suppress(StoreError):
        store.ping()
        return True
    return False


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["shutdown", "crash"])
def test_a_restarted_server(own: PostgresServer, how: signal.Signals) -> None:
    with closing(open_store(own.url)) as store:
        store.put_value("a", "1")
        held = store.try_lock("watcher")
        assert held is not None
        own.stop(how)
        assert held.is_lost
        with pytest.raises(StoreError, match="PostgreSQL database postgres at"):
            store.put_value("a", "2")
        own.start()
        until(lambda: works(store))
        assert store.value("a") == "1"
        assert held.is_lost
        again = store.try_lock("watcher")
        assert again is not None
        assert not again.is_lost
        again.release()
        held.release()


def test_many_idle_connections_over_a_restart(own: PostgresServer) -> None:
    """The first call after it works: dead connections are not handed out one after the other."""
    with closing(PostgresBackend(own.url)) as backend:
        gate = Barrier(6)

        def together(_: int) -> None:
            with backend.snapshot():
                gate.wait()

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(together, range(6)))
        own.stop()
        own.start()
        Store(backend).ping()


def terminate(url: str, condition: str) -> int:
    """End the server's side of connections; how many there were."""
    with Raw(url) as raw:
        return len(
            raw.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                f"WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}"
            )
        )


def test_a_hold_whose_connection_is_ended(server: PostgresServer) -> None:
    url = server.new_database()
    with closing(open_store(url)) as store, closing(open_store(url)) as other:
        held = store.try_lock("watcher")
        assert held is not None
        assert terminate(url, "query LIKE '%pg_try_advisory_lock%'") == 1
        assert held.is_lost
        taken = other.try_lock("watcher")
        assert taken is not None
        assert held.is_lost
        taken.release()
        held.release()


def test_a_hold_on_a_connection_gone_silent(server: PostgresServer, between: Relay) -> None:
    with closing(open_store(between.url(server.new_database()))) as store:
        held = store.try_lock("watcher")
        assert held is not None
        assert not held.is_lost
        between.silent.set()
        until(lambda: held.is_lost)


def test_an_idle_connection_that_was_ended_is_replaced(server: PostgresServer) -> None:
    url = server.new_database()
    with closing(open_store(url)) as store:
        store.put_value("a", "1")
        assert terminate(url, "true") >= 1
        assert store.value("a") == "1"


def write_and_lose(store: Store, url: str) -> None:
    with store.transaction():
        store.put_value("a", "1")
        terminate(url, "state = 'idle in transaction'")
        store.put_value("b", "2")


def test_a_connection_lost_in_a_transaction(server: PostgresServer) -> None:
    url = server.new_database()
    with closing(open_store(url)) as store:
        with pytest.raises(StoreError):
            write_and_lose(store, url)
        assert (store.value("a"), store.value("b")) == (None, None)
        store.ping()


def test_a_commit_whose_answer_is_lost_has_happened(server: PostgresServer, between: Relay) -> None:
    with closing(open_store(between.url(server.new_database()))) as store:
        between.cut_at = b"COMMIT"
        assert store.append_audit(make.entry()).seq == 1
        assert store.claim_delivery("delivery", make.NOW)
        between.cut_at = b""
        assert [each.seq for each in store.audit()] == [1]
        assert not store.claim_delivery("delivery", make.NOW)


def test_a_commit_that_is_lost_has_not_happened(server: PostgresServer, between: Relay) -> None:
    with closing(open_store(between.url(server.new_database()))) as store:
        between.cut_at, between.cut_before = b"COMMIT", True
        with pytest.raises(StoreError, match="nothing was saved"):
            store.put_value("a", "1")
        between.cut_at = b""
        assert store.value("a") is None
        store.ping()


def test_a_commit_of_which_nothing_is_known(server: PostgresServer, between: Relay) -> None:
    with closing(PostgresBackend(between.url(server.new_database()), outcome_s=1)) as backend:
        store = Store(backend)
        between.cut_at = b"COMMIT"
        between.closed.set()
        with pytest.raises(StoreError, match="not known whether the last change was saved"):
            store.put_value("a", "1")
        between.closed.clear()
        between.cut_at = b""
        until(lambda: works(store))
        assert store.value("a") == "1"


def test_a_silent_server_is_not_waited_for_for_ever(server: PostgresServer, between: Relay) -> None:
    connection = Address(between.url(server.url)).connect()
    connection.deadline_s = 0.3
    between.silent.set()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    assert connection.closed


def test_every_connection_has_its_limits(server: PostgresServer) -> None:
    with closing(PostgresBackend(server.new_database())) as backend:
        limits = [
            backend.rows(f"SELECT current_setting('{each}')")[0][0]
            for each in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
        assert limits == ["15s", "10s", "15s"]
        with pytest.raises(StoreError, match="did not answer within 15 s"):
            ask_slowly(backend)
        Store(backend).ping()


def ask_slowly(backend: PostgresBackend) -> None:
    with backend.snapshot() as session:
        session.rows("SELECT set_config('statement_timeout', '100ms', true)", ())
        session.rows("SELECT pg_sleep(10)", ())


def test_locked_by_another_for_too_long(server: PostgresServer) -> None:
    """And a replica that froze while it was writing does not stop the others for good."""
    url = server.new_database()
    with closing(Store(PostgresBackend(url, timeouts=HASTE))) as store, child(url, "freeze") as frozen:
        assert frozen.hear() == "written"
        os.kill(frozen.process.pid, signal.SIGSTOP)
        with pytest.raises(StoreError, match="locked by another writer for 1 s"):
            store.put_value("a", "1")
        until(lambda: works(store))
        assert store.value("half") is None


def test_a_read_only_server(server: PostgresServer) -> None:
    url = server.new_database()
    with closing(open_store(url)) as store:
        with Raw(url) as raw:
            raw.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
        terminate(url, "true")
        assert store.value("a") is None
        with pytest.raises(StoreError, match="is read-only"):
            store.ping()
    with pytest.raises(StoreError, match="is read-only"):
        open_store(url)


def test_a_database_in_another_encoding(server: PostgresServer) -> None:
    url = server.new_database("ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    with pytest.raises(StoreError, match="is encoded in LATIN1: make one in UTF8"):
        open_store(url)


def test_a_database_that_is_not_there(server: PostgresServer) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        open_store(server.url_of("nowhere"))


def test_a_user_who_may_not_write(server: PostgresServer) -> None:
    url = server.new_database()
    with Raw(url) as raw:
        raw.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # as PostgreSQL 15 and newer have it
        raw.execute("CREATE ROLE guest LOGIN")
    words = "make guest the owner of the database, or run GRANT USAGE, CREATE ON SCHEMA public TO guest"
    with pytest.raises(StoreError, match=words):
        open_store(url.replace("dms@", "guest@"))


def test_two_bots_share_a_database_in_schemas_of_their_own(server: PostgresServer) -> None:
    url = server.new_database()
    with Raw(url) as raw:
        raw.execute("CREATE SCHEMA one")
        raw.execute("CREATE SCHEMA two")
    addresses = [f"{url}?options=-csearch_path%3D{name}" for name in ("one", "two")]
    with closing(open_store(addresses[0])) as one, closing(open_store(addresses[1])) as two:
        one.put_value("a", "1")
        assert two.value("a") is None
        holds = [each.try_lock("watcher") for each in (one, two)]
        for held in holds:
            assert held is not None
            held.release()
