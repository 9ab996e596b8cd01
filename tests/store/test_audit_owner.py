"""An audit on PostgreSQL that belongs to another user than the bot, as docs/audit.md has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from bot.store import Store, StoreError, open_store
from bot.store.postgres import PostgresBackend
from bot.store.schema import MIGRATIONS, Migration
from tests.store import make
from tests.store.pg_server import PostgresServer, postgres_server
from tests.store.raw import Raw

pytestmark = pytest.mark.postgres
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "audit.md"
FORBIDDEN = (
    "UPDATE audit SET detail = 'forged'",
    "DELETE FROM audit",
    "TRUNCATE audit",
    "DROP TABLE audit",
    "ALTER TABLE audit DISABLE TRIGGER ALL",
    "ALTER TABLE audit RENAME TO other",
    "DROP TRIGGER audit_no_update ON audit",
    "CREATE TRIGGER mine BEFORE INSERT ON audit EXECUTE FUNCTION audit_is_append_only()",
    "DELETE FROM audit_head",
    "DROP TABLE audit_head",
    "ALTER TABLE audit_head DISABLE TRIGGER ALL",
    "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RETURN NEW; END $$",
    "DROP SCHEMA public CASCADE",
)


def guide() -> list[str]:
    """What the guide has the administrator run: for the other owner, and before an upgrade."""
    give, take = re.findall(
        r"^```sql\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return [give, take]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of its own: roles belong to the server, and databases of other tests may be read-only."""
    with postgres_server() as running:
        yield running


@pytest.fixture
def url(server: PostgresServer) -> str:
    """The bot's address, after what the guide says for a first start."""
    admin = server.new_database()
    with Raw(admin) as raw:
        raw.execute("DROP ROLE IF EXISTS bot")
        raw.execute("CREATE ROLE bot LOGIN")
        raw.execute("GRANT USAGE, CREATE ON SCHEMA public TO bot")
    bot = admin.replace("dms@", "bot@")
    with closing(open_store(bot)) as store:
        store.append_audit(make.entry())
    run(admin, guide()[0])
    return bot


def run(admin: str, sql: str) -> None:
    with Raw(admin) as raw:
        (name,) = raw.execute("SELECT current_database()")[0]
        raw.execute(sql.replace("DATABASE dmsbot", f"DATABASE {name}"))


@pytest.fixture(autouse=True)
def forget(server: PostgresServer) -> None:
    """The roles of an earlier test go with what they own."""
    with Raw(server.url) as raw:
        names = [str(row[0]) for row in raw.execute("SELECT datname FROM pg_database WHERE datallowconn")]
    for name in names:
        with Raw(server.url_of(name)) as raw:
            for role in ("bot", "dmsbot_audit"):
                if raw.execute("SELECT 1 FROM pg_roles WHERE rolname = ?", role):
                    raw.execute(f"DROP OWNED BY {role} CASCADE")
    with Raw(server.url) as raw:
        raw.execute("DROP ROLE IF EXISTS bot, dmsbot_audit")


def test_the_bot_works_and_starts_again(url: str) -> None:
    for rows in (2, 3):
        with closing(open_store(url)) as store:
            store.append_audit(make.entry())
            assert store.verify_audit() == ""
            assert len(store.audit()) == rows


def test_the_bot_cannot_change_what_it_has_written(url: str) -> None:
    for sql in FORBIDDEN:
        with Raw(url) as raw, pytest.raises(psycopg.errors.InsufficientPrivilege):
            raw.execute(sql)
    with Raw(url) as raw, pytest.raises(psycopg.errors.RaiseException):
        raw.execute("UPDATE audit_head SET length = 0")


def test_an_upgrade_of_these_tables_takes_what_the_guide_says(url: str) -> None:
    step = Migration(9999, "another column", ("ALTER TABLE audit ADD COLUMN more TEXT",))
    with pytest.raises(StoreError, match=r"brought up to date by bot .*docs/audit\.md says how to upgrade"):
        PostgresBackend(url, migrations=(*MIGRATIONS, step))
    admin = url.replace("bot@", "dms@")
    give, take = guide()
    run(admin, take)
    with closing(Store(PostgresBackend(url, migrations=(*MIGRATIONS, step)))):
        pass
    run(admin, give.replace("CREATE ROLE dmsbot_audit NOLOGIN;", ""))
    with closing(Store(PostgresBackend(url, migrations=(*MIGRATIONS, step)))) as store:
        store.append_audit(make.entry())
    with Raw(url) as raw, pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute(FORBIDDEN[0])
