"""Databases of every age are brought up to date; those from the future are refused."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path

import pytest

from bot.store import OldTables, Store, StoreError, cutover, open_store, records
from bot.store.backend import Backend
from bot.store.postgres import PostgresBackend
from bot.store.schema import MIGRATIONS, Migration
from bot.store.sqlite import SqliteBackend
from tests.store import make
from tests.store.processes import child
from tests.store.raw import Raw

NEXT = Migration(
    len(MIGRATIONS) + 1,
    "mascot",
    ("CREATE TABLE mascot (id {serial}, age {integer})", "INSERT INTO mascot (age) VALUES (7)"),
)
BROKEN = Migration(
    len(MIGRATIONS) + 1, "broken", ("CREATE TABLE mascot (id {serial})", "INSERT INTO nowhere VALUES (1)")
)
Open = Callable[[tuple[Migration, ...]], Backend]

DIGESTS = {
    ("0001 first tables", "sqlite"): "b10c68cf00f9b809ad11e2cdf1ef72f0def810e2fc38d53c16ff1f546cf87ff0",
    ("0001 first tables", "postgres"): "cc695e51926fde440ae2a4760c1d0e5780d65f89e867797a912c94832df1c7ba",
    ("0002 hopeless runs", "sqlite"): "92389130cede1c6e2b9112c4a59c437ddf8b1936ae0844302105031c5500f7b7",
    ("0002 hopeless runs", "postgres"): "691be3a4763672ce6d287490d2dd4ce49aa4ab54206d8855ed0ed5e455fb59f9",
    (
        "0003 decision channels and stopped jobs",
        "sqlite",
    ): "823a446b2fbecf35f7739e7018519003e355ec8d38c74be01368e73b58da6cfd",
    (
        "0003 decision channels and stopped jobs",
        "postgres",
    ): "2a2f16c5fb3d3dfc12f7ab02411994e17b2b197857d9ff5aa563ebca8449c7ba",
    (
        "0004 a lock of its own for cancels",
        "sqlite",
    ): "892aa23d9e5f4117518af1796dcb807438226e25600f039b9551a3237baec5ca",
    (
        "0004 a lock of its own for cancels",
        "postgres",
    ): "892aa23d9e5f4117518af1796dcb807438226e25600f039b9551a3237baec5ca",
    ("0005 webhooks", "sqlite"): "2fc42680ee78b7bf9f1f405808bca7179e9fbcd8988862c199ae54b22ced27d4",
    ("0005 webhooks", "postgres"): "0ead7e89309050270977287dc38b767e58b8dbbce5c8492c6c23c6637333c342",
    ("0006 escalations", "sqlite"): "ab6f4c4c3e124c60edde0cf6c3726d07fc027a9d5de02257522404422695e9b8",
    ("0006 escalations", "postgres"): "6caa855d8e6a59bc0913a42ebff6377e4eb73f60ccac1c4556e4f960b6366ae6",
    ("0007 cutovers", "sqlite"): "6003839c8984afe27927d300e4daa06d3b22f5a6c5459bb4e7b490c7322c012a",
    ("0007 cutovers", "postgres"): "758c63bf313e01a0ff42ee331f36b14ebeaf83ec7ec9838a63138fa9f81f2290",
    ("0008 IDs of known jobs", "sqlite"): "7c76b8a07454fff9b08f4ab6ca5320d458138108fdb3466db81a161850a7ca65",
    (
        "0008 IDs of known jobs",
        "postgres",
    ): "c32684788f64eee9fe056e3488e55dfb23a087b4a8b94b58926735e2377fb587",
}
"""SHA-256 of the SQL of each migration. A new migration adds its own; those that are here never change."""

TABLES = {
    "requests": records.Request,
    "decisions": records.Decision,
    "runs": records.Run,
    "freezes": records.Freeze,
    "audit": records.AuditEntry,
    "events": records.Event,
    "known_jobs": records.JobSnapshot,
    "outbox": records.OutMessage,
    "watches": records.Watch,
    "refs": records.CallbackToken,
    "webhook_deliveries": records.WebhookDelivery,
    "escalations": records.Escalation,
    "cutovers": cutover.Cutover,
    "cutover_log": cutover.CutoverEntry,
}


@contextmanager
def of_version(url: str, migrations: tuple[Migration, ...]) -> Iterator[Backend]:
    postgres = url.startswith("postgresql://")
    backend: Backend = (
        PostgresBackend(url, migrations=migrations)
        if postgres
        else SqliteBackend(Path(url), migrations=migrations)
    )
    try:
        yield backend
    finally:
        backend.close()


@pytest.mark.parametrize("name", TABLES)
def test_every_field_has_a_column(url: str, name: str) -> None:
    """Whoever gives a record a field adds a migration that gives its table the column."""
    with of_version(url, MIGRATIONS) as backend:
        for each in fields(TABLES[name]):
            backend.rows(f'SELECT "{each.name}" FROM {name} AS t WHERE t."{each.name}" IS NULL')


def test_numbers_go_up_one_by_one() -> None:
    assert [each.number for each in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_no_published_migration_ever_changes() -> None:
    found = {
        (each.name, dialect): hashlib.sha256("\n".join(each.statements(dialect)).encode()).hexdigest()
        for each in MIGRATIONS
        for dialect in ("sqlite", "postgres")
    }
    assert found == DIGESTS


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_from_every_version_upward(url: str, version: int) -> None:
    with of_version(url, MIGRATIONS[:version]) as backend:
        Store(backend).put_value("kept", "yes")
        Store(backend).append_audit(make.entry())
    with of_version(url, (*MIGRATIONS, NEXT)) as backend:
        store = Store(backend)
        assert store.value("kept") == "yes"
        assert store.verify_audit() == ""
        assert backend.rows("SELECT id, age FROM mascot") == [(1, 7)]
    with of_version(url, (*MIGRATIONS, NEXT)) as backend:
        assert backend.rows("SELECT id, age FROM mascot") == [(1, 7)]


def test_a_broken_migration_changes_nothing(url: str) -> None:
    with of_version(url, MIGRATIONS) as backend:
        Store(backend).put_value("kept", "yes")
    with pytest.raises(StoreError, match="nowhere"), of_version(url, (*MIGRATIONS, BROKEN)):
        pass
    with of_version(url, (*MIGRATIONS, NEXT)) as backend:
        assert Store(backend).value("kept") == "yes"
        assert backend.rows("SELECT id, age FROM mascot") == [(1, 7)]


def test_a_database_of_a_newer_version_is_refused(url: str) -> None:
    with of_version(url, (*MIGRATIONS, NEXT)) as backend:
        Store(backend).put_value("kept", "yes")
    with pytest.raises(StoreError) as refused:
        open_store(url)
    assert re.match(
        r"The (PostgreSQL )?database \S+( at \S+)? was made by a newer version", str(refused.value)
    )
    assert NEXT.name in str(refused.value)
    with Raw(url) as raw:
        assert raw.execute("SELECT content FROM small_values") == [("yes",)]


def test_several_start_at_once_on_a_new_database(url: str) -> None:
    with ExitStack() as stack:
        starting = [stack.enter_context(child(url, "open")) for _ in range(5)]
        assert [each.hear() for each in starting] == ["opened"] * 5
    store = open_store(url)
    store.ping()
    store.close()


def test_tables_of_an_older_version_can_be_left_alone(url: str) -> None:
    """The doctor of a new version must not bring them up to date while the old bot runs."""
    with of_version(url, MIGRATIONS[:1]):
        pass
    with pytest.raises(OldTables):
        open_store(url, upgrade=False)
    with of_version(url, MIGRATIONS[:1]):
        pass  # this version would be refused otherwise
    open_store(url).close()
    open_store(url, upgrade=False).close()
