"""Backups of a SQLite database: made while it is written to, and put back so that nothing undoes them."""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.dms.model import Options, job_name
from bot.dms.rules import Action
from bot.store import open_store
from bot.store.records import Person, RequestState, RunState
from bot.store.schema import MIGRATIONS
from bot.store.sqlite import SqliteBackend
from tests.e2e.helpers import ROLES, policy
from tests.faults.process import Process, ends, environ, start
from tests.ops.program import run_program, small_files
from tests.store import make
from tests.store.processes import child
from tests.waiting import until

PROGRAM = Path(sys.executable).with_name("dms-bot")


@pytest.fixture
def db(tmp_path: Path) -> Path:
    """A database that was closed in good order."""
    folder = tmp_path / "state"
    folder.mkdir()
    write(folder / "bot.db", "old")
    return folder / "bot.db"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy.db"


def write(path: Path, text: str) -> None:
    with closing(open_store(str(path))) as store:
        store.put_value("last", text)
        store.append_audit(make.entry(detail=text))


def last(path: Path) -> str | None:
    with closing(open_store(str(path))) as store:
        assert store.verify_audit() == ""
        return store.value("last")


def dms_bot(db: Path | str, *words: str | Path, **more: Any) -> Any:
    return run_program(words, {"DMS_BOT_DB": str(db)}, **more)


def refused(done: Any) -> str:
    """The one sentence with which it ended."""
    assert done.returncode == 1, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stderr.startswith("Error: ")
    return str(done.stderr.strip())


def killed_after_writing(db: Path, text: str) -> None:
    """What it saved stays in the write-ahead log."""
    with child(str(db), "write", text) as bot:
        assert bot.hear() == "written"
        bot.kill()
    assert log_of(db).stat().st_size > 0


def log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def kept(db: Path) -> list[Path]:
    found = db.parent.glob(f"{db.name}.before-restore-*")
    return sorted(each for each in found if not each.name.endswith(("-wal", ".locks", "-shm")))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ---- backup


def test_a_backup_while_the_database_is_written_to(db: Path, copy: Path) -> None:
    with child(str(db), "keep writing") as writer:
        assert writer.hear() == "ready"
        done = dms_bot(db, "backup", copy)
        assert writer.process.poll() is None
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{copy} is a complete backup of {db}, with an audit of ")
    assert names(copy.parent) == {"state", "copy.db"}
    assert mode(copy) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        (rows,) = connection.execute("SELECT count(*) FROM audit").fetchone()
    text = last(copy)
    assert text is not None
    assert rows == (1 if text == "old" else int(text) + 1)
    assert f"an audit of {rows:,} rows" in done.stdout


def test_a_backup_holds_what_is_in_the_log_alone(db: Path, copy: Path) -> None:
    killed_after_writing(db, "new")
    assert dms_bot(db, "backup", copy).returncode == 0
    assert last(copy) == "new"


def test_a_backup_does_not_change_the_tables_of_an_older_version(tmp_path: Path, copy: Path) -> None:
    db = tmp_path / "old.db"
    SqliteBackend(db, migrations=MIGRATIONS[:1]).close()
    assert dms_bot(db, "backup", copy).returncode == 0
    for path in (db, copy):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM _sqlite_migrations").fetchone() == (1,)


def test_no_file_is_written_over_without_force(db: Path, copy: Path) -> None:
    copy.write_text("precious")
    assert f"{copy} exists already" in refused(dms_bot(db, "backup", copy))
    assert copy.read_text() == "precious"
    assert dms_bot(db, "backup", copy, "--force").returncode == 0
    assert last(copy) == "old"
    assert mode(copy) == 0o600


@pytest.mark.parametrize("what", ["bot.db", "bot.db-wal", "link.db"])
def test_the_database_itself_is_not_written_over(db: Path, what: str) -> None:
    (db.parent / "link.db").symlink_to(db)
    assert "is the database itself" in refused(dms_bot(db, "backup", db.parent / what, "--force"))
    assert last(db) == "old"


def test_a_backup_is_not_put_beside_a_log_that_would_undo_it(db: Path, copy: Path) -> None:
    killed_after_writing(db, "new")
    shutil.copy(log_of(db), log_of(copy))
    assert "copy.db-wal would be taken for a part of" in refused(dms_bot(db, "backup", copy))
    assert not copy.exists()


def no_folder(db: Path) -> tuple[Path | str, Path | str]:
    return db, db.parent / "none" / "copy.db"


def no_database(db: Path) -> tuple[Path | str, Path | str]:
    return db.parent / "none.db", db.parent / "copy.db"


def postgres(db: Path) -> tuple[Path | str, Path | str]:
    return "postgresql://bot:pw@127.0.0.1:1/x", db.parent / "copy.db"


def other(db: Path) -> tuple[Path | str, Path | str]:
    return made_by_others(db.parent / "other.db"), db.parent / "copy.db"


def newer(db: Path) -> tuple[Path | str, Path | str]:
    return made_newer(db), db.parent / "copy.db"


def text(db: Path) -> tuple[Path | str, Path | str]:
    db.write_bytes(b"Dear diary, " * 1000)
    return db, db.parent / "copy.db"


def damaged(db: Path) -> tuple[Path | str, Path | str]:
    return damage(db), db.parent / "copy.db"


def made_by_others(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER)")
    return path


def made_newer(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
            "VALUES ('dms-bot', '9999 the future', '')"
        )
    return path


def damage(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    content[8192:60_000] = b"\xff" * (60_000 - 8192)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (no_folder, "none does not exist"),
        (no_database, "There is no database"),
        (postgres, "use pg_dump"),
        (other, "not one of dms-bot"),
        (newer, "made by a newer version"),
        (text, "is no SQLite database"),
        (damaged, "is damaged"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_cannot_be_backed_up(db: Path, case: Callable[[Path], Any], says: str) -> None:
    source, target = case(db)
    assert says in refused(dms_bot(source, "backup", target))
    assert not Path(target).exists()
    assert not list(db.parent.glob(".*.part*"))


def test_a_full_disk_leaves_the_last_backup(db: Path, copy: Path) -> None:
    assert dms_bot(db, "backup", copy).returncode == 0
    write(db, "new")
    done = dms_bot(db, "backup", copy, "--force", first=small_files)
    assert "its disk does not write, or a file may not grow so large" in refused(done)
    assert names(copy.parent) == {"state", "copy.db"}
    assert last(copy) == "old"


# ---- restore


def with_the_command(db: Path, copy: Path) -> None:
    assert dms_bot(db, "backup", copy).returncode == 0


def with_sqlite(db: Path, copy: Path) -> None:
    """As `sqlite3 bot.db ".backup copy.db"`."""
    with closing(sqlite3.connect(db)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def test_a_left_over_log_undoes_a_backup_that_is_copied_by_hand(db: Path, copy: Path) -> None:
    """What `restore` is for."""
    with_sqlite(db, copy)
    killed_after_writing(db, "new")
    shutil.copy(copy, db)
    assert last(db) == "new"


@pytest.mark.parametrize("back_up", [with_the_command, with_sqlite])
def test_a_left_over_log_does_not_undo_a_restore(
    db: Path, copy: Path, back_up: Callable[[Path, Path], None]
) -> None:
    back_up(db, copy)
    killed_after_writing(db, "new")
    done = dms_bot(db, "restore", copy, "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert not log_of(db).exists()
    assert not db.with_name("bot.db-shm").exists()
    assert last(db) == "old"
    (before,) = kept(db)
    assert str(before) in done.stdout
    assert last(before) == "new"


def test_it_asks_and_says_what_it_is_about(db: Path, copy: Path) -> None:
    with closing(open_store(str(db))) as store:
        store.add_request(make.request("q1"))
        store.add_run(make.run("r1", "orders"))
    assert dms_bot(db, "backup", copy).returncode == 0
    write(db, "new")
    done = dms_bot(db, "restore", copy, typed="n\n")
    assert done.returncode == 1
    told = done.stdout
    assert f"The backup {copy} is intact, with an audit of 1 row" in told
    assert f"The database {db} has an audit of 2 rows" in told
    assert "1 request in it is open" in told
    assert "1 run in it has not ended" in told
    assert f"stop {make.name('orders')} (queued)" in told
    assert kept(db) == []
    assert last(db) == "new"
    assert dms_bot(db, "restore", copy, typed="y\n").returncode == 0
    with closing(open_store(str(db))) as store:
        assert store.value("last") == "old"


def test_it_says_which_freezes_a_restore_ends_and_brings_back(db: Path, copy: Path) -> None:
    until = datetime.now(UTC) + timedelta(days=2)
    with closing(open_store(str(db))) as store:
        store.add_freeze(make.freeze("both", make.name("both"), until=until, reason="kept"))
        store.add_freeze(make.freeze("old", make.name("old"), until=until, reason="audit"))
        store.add_freeze(make.freeze("over", until=datetime.now(UTC) - timedelta(days=1), reason="over"))
    assert dms_bot(db, "backup", copy).returncode == 0
    same = dms_bot(db, "restore", copy, typed="n\n").stdout
    assert "Freezes" not in same
    with closing(open_store(str(db))) as store:
        store.lift_freezes(make.name("old"), "U1", datetime.now(UTC))
        store.add_freeze(make.freeze("new", "*", until=until, reason="year end"))
    told = dms_bot(db, "restore", copy, typed="n\n").stdout
    at = f"{until:%Y-%m-%dT%H:%M}Z"
    assert f"not in it, so they end; set again what is needed:\n  all jobs until {at}: year end\n" in told
    assert f"do not hold now, and will:\n  {make.name('old')} until {at}: audit\n" in told
    assert ": kept" not in told
    assert ": over" not in told


def test_it_does_not_say_that_a_scheduled_request_can_be_approved(db: Path, copy: Path) -> None:
    with closing(open_store(str(db))) as store:
        store.add_request(make.request("q1", state=RequestState.SCHEDULED))
    assert dms_bot(db, "backup", copy).returncode == 0
    told = dms_bot(db, "restore", copy, typed="y\n").stdout
    assert "Scheduled requests in it: 1." in told
    assert "approved" not in told
    with closing(open_store(str(db))) as store:
        assert [each.state for each in store.requests()] == [RequestState.OUTDATED]


def test_what_had_not_ended_is_not_sent_again(db: Path, copy: Path) -> None:
    """It was carried out after the backup, which the backup does not know."""
    states = [RunState.QUEUED, RunState.CALLING, RunState.FOLLOWING]
    with closing(open_store(str(db))) as store:
        for number, state in enumerate(states):
            id = f"q{number}"
            store.add_request(make.request(id, f"job{number}", state=RequestState.RUNNING))
            store.add_run(make.run(f"r{number}", f"job{number}", request=id, state=state))
    assert dms_bot(db, "backup", copy).returncode == 0
    saved = copy.read_bytes()
    assert dms_bot(db, "restore", copy, "--yes").returncode == 0
    assert copy.read_bytes() == saved
    assert names(db.parent) == {"bot.db", "bot.db.locks", kept(db)[0].name}
    with closing(open_store(str(db))) as store:
        runs = store.runs()
        assert [run.state for run in runs] == [RunState.UNCLEAR] * 3
        assert all("restored from a backup" in run.note and run.ended for run in runs)
        assert [(each.event, each.run) for each in store.audit()][1:] == [
            ("unclear", "r0"),
            ("unclear", "r1"),
            ("unclear", "r2"),
        ]
        assert store.verify_audit() == ""


def test_nobody_answers(db: Path, copy: Path) -> None:
    assert dms_bot(db, "backup", copy).returncode == 0
    write(db, "new")
    assert dms_bot(db, "restore", copy).returncode == 1
    assert last(db) == "new"


def test_onto_a_missing_database_that_left_its_log(db: Path, copy: Path) -> None:
    assert dms_bot(db, "backup", copy).returncode == 0
    killed_after_writing(db, "new")
    db.unlink()
    done = dms_bot(db, "restore", copy, "--yes")
    assert f"The database {db} does not exist." in done.stdout
    assert done.returncode == 0
    assert not log_of(db).exists()
    assert last(db) == "old"
    assert mode(db) == 0o600


def test_over_a_damaged_database(db: Path, copy: Path) -> None:
    assert dms_bot(db, "backup", copy).returncode == 0
    killed_after_writing(db, "new")
    db.write_bytes(b"\xff" * 100_000)
    log = log_of(db).read_bytes()
    done = dms_bot(db, "restore", copy, "--yes")
    assert f"The database {db} cannot be read." in done.stdout
    assert done.returncode == 0
    assert last(db) == "old"
    (before,) = kept(db)
    assert before.read_bytes() == b"\xff" * 100_000
    assert log_of(before).read_bytes() == log


def test_the_owner_and_the_mode_stay(db: Path, copy: Path) -> None:
    assert dms_bot(db, "backup", copy).returncode == 0
    db.chmod(0o640)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(db, nobody.pw_uid, nobody.pw_gid)
    before = db.stat()
    assert dms_bot(db, "restore", copy, "--yes").returncode == 0
    after = db.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert after.st_ino != before.st_ino


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_what_root_makes_belongs_to_the_owner_of_the_folder(db: Path, copy: Path) -> None:
    assert dms_bot(db, "backup", copy).returncode == 0
    nobody = pwd.getpwnam("nobody")
    os.chown(db.parent, nobody.pw_uid, nobody.pw_gid)
    fresh = db.with_name("fresh.db")
    assert dms_bot(fresh, "restore", copy, "--yes").returncode == 0
    made = db.with_name("made.db")
    write(made, "new")
    for path in (fresh, made, db.with_name("fresh.db.locks"), db.with_name("made.db.locks")):
        assert path.stat().st_uid == nobody.pw_uid, path


def test_a_link_to_the_database_stays_one(db: Path, copy: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(db)
    assert dms_bot(link, "backup", copy).returncode == 0
    killed_after_writing(db, "new")
    assert dms_bot(link, "restore", copy, "--yes").returncode == 0
    assert link.is_symlink()
    assert last(db) == "old"


def test_a_backup_of_an_older_version_is_brought_up_to_date_at_the_start(db: Path, copy: Path) -> None:
    SqliteBackend(copy, migrations=MIGRATIONS[:1]).close()
    assert dms_bot(db, "restore", copy, "--yes").returncode == 0
    assert last(db) is None


def nothing_there(copy: Path) -> Path:
    return copy.with_name("none.db")


def only_text(copy: Path) -> Path:
    copy.write_bytes(b"Dear diary, " * 1000)
    return copy


def empty(copy: Path) -> Path:
    copy.write_bytes(b"")
    return copy


def with_its_log(copy: Path) -> Path:
    killed_after_writing(copy, "new")
    return copy


@pytest.mark.parametrize(
    ("case", "says"),
    [
        (nothing_there, "There is no backup"),
        (only_text, "is no SQLite database"),
        (empty, "is no SQLite database"),
        (lambda copy: made_by_others(copy.with_name("other.db")), "not one of dms-bot"),
        (made_newer, "made by a newer version"),
        (damage, "is damaged"),
        (with_its_log, "has copy.db-wal beside it"),
        (lambda copy: copy.parent / "state" / "bot.db", "is the database itself"),
    ],
    ids=["nothing", "text", "empty", "other", "newer", "damaged", "with its log", "itself"],
)
def test_what_cannot_be_restored(db: Path, copy: Path, case: Callable[[Path], Path], says: str) -> None:
    assert dms_bot(db, "backup", copy).returncode == 0
    write(db, "new")
    assert says in refused(dms_bot(db, "restore", case(copy), "--yes"))
    assert last(db) == "new"
    assert names(db.parent) == {"bot.db", "bot.db.locks"}


def test_postgresql_is_restored_by_its_own_program(copy: Path) -> None:
    done = dms_bot("postgresql://bot:pw@127.0.0.1:1/x", "restore", copy, "--yes")
    assert "pg_restore" in refused(done)


def test_no_room_for_the_backup_changes_nothing(db: Path, copy: Path) -> None:
    assert dms_bot(db, "backup", copy).returncode == 0
    killed_after_writing(db, "new")
    done = dms_bot(db, "restore", copy, "--yes", first=small_files)
    assert "nothing was changed" in refused(done)
    assert kept(db) == []
    assert not list(db.parent.glob(".*.part*"))
    assert last(db) == "new"


def test_while_another_command_has_the_database_open(db: Path, copy: Path) -> None:
    assert dms_bot(db, "backup", copy).returncode == 0
    with closing(open_store(str(db))):
        assert "in use by another dms-bot command" in refused(dms_bot(db, "restore", copy, "--yes"))


def test_while_another_program_has_the_database_open(db: Path, copy: Path) -> None:
    assert dms_bot(db, "backup", copy).returncode == 0
    with closing(sqlite3.connect(db)) as reader:
        reader.execute("SELECT count(*) FROM audit").fetchone()
        assert "open in another program" in refused(dms_bot(db, "restore", copy, "--yes"))
    assert dms_bot(db, "restore", copy, "--yes").returncode == 0


def test_nobody_opens_the_database_while_it_is_restored(db: Path, copy: Path) -> None:
    assert dms_bot(db, "backup", copy).returncode == 0
    asking = subprocess.Popen(
        [PROGRAM, "restore", copy],
        env={"DMS_BOT_DB": str(db)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert asking.stdin is not None
    assert asking.stdout is not None
    assert "is intact" in asking.stdout.readline()
    assert "is being restored" in refused(dms_bot(db, "audit", "verify"))
    assert "is being restored" in refused(dms_bot(db, "backup", copy, "--force"))
    asking.communicate("n\n")
    assert dms_bot(db, "audit", "verify").returncode == 0


# ---- beside a bot


def said(process: Process) -> list[str]:
    return [line.strip() for line in process.text().splitlines() if line.startswith("Error:")]


def test_a_second_bot_and_a_restore_are_refused_and_the_first_goes_on(db: Path, copy: Path) -> None:
    link = db.parent / "link.db"
    link.symlink_to(db)
    with ends() as (slack, dms):
        bot = start(environ(slack, dms, db), db)
        try:
            slack.control.wait_connections(timeout=60)
            for path in (db, link):
                second = start(environ(slack, dms, path), path)
                assert second.process.wait(60) == 1
                until(partial(said, second))
                (sentence,) = said(second)
                assert "is in use by a bot: stop that first" in sentence
                assert "Traceback" not in second.text()
            assert dms_bot(db, "audit", "verify").returncode == 0
            assert dms_bot(db, "audit", "export").returncode == 0
            assert dms_bot(db, "backup", copy).returncode == 0
            assert "is in use by a bot" in refused(dms_bot(db, "restore", copy, "--yes"))
            assert "is in use by a bot" in refused(dms_bot(copy, "backup", db, "--force"))
            assert bot.ready()
            assert bot.stop() == 0
        finally:
            bot.process.kill()
            bot.process.wait()
    assert names(db.parent) == {"bot.db", "bot.db.locks", "link.db"}
    assert dms_bot(db, "restore", copy, "--yes").returncode == 0
    assert last(db) == "old"


def test_a_bot_on_a_restored_database_sends_nothing_again(db: Path, copy: Path) -> None:
    with ends() as (slack, dms):
        dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True)
        name = job_name(dms.project, "europe-west1", "orders")
        with closing(open_store(str(db))) as store:
            created = datetime.fromisoformat(dms.control.job("orders")["createTime"])
            job = make.job(project=dms.project, create_time=created)
            store.add_request(
                make.request(
                    jobs=(job,),
                    databases={},
                    action=Action.STOP,
                    options=Options(),
                    by=Person("T0SANDBOX1", "U0DANA0001", "C0DBMIGRAT"),
                    state=RequestState.RUNNING,
                )
            )
            store.add_run(make.run("r1", job=name, created=datetime.now(UTC)))
        assert dms_bot(db, "backup", copy).returncode == 0
        assert dms_bot(db, "restore", copy, "--yes").returncode == 0
        rules = str(policy(copy.parent, ROLES))
        bot = start({**environ(slack, dms, db), "DMS_BOT_POLICY": rules}, db)
        try:
            with closing(open_store(str(db))) as store:
                until(lambda: [each.state for each in store.requests()] == [RequestState.DONE])
            assert bot.stop() == 0
        finally:
            bot.process.kill()
            bot.process.wait()
        assert dms.control.calls("StopMigrationJob") == []
    assert "Traceback" not in bot.text(), bot.text()


def test_what_is_odd_in_the_database_s_address_is_printed_by_no_command(copy: Path) -> None:
    secrets = {
        "GOOGLE_CLOUD_PROJECT": "demo-project",
        "DMS_LOCATIONS": "europe-west1",
        "DMS_NOTIFY_CHANNEL": "C0DBMIGRAT",
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "DMS_BOT_DB": "postgresql://bot:p@hush@127.0.0.1:1/x",
    }
    for words in (
        ("run",),
        ("doctor", "--offline"),
        ("config", "check"),
        ("audit", "verify"),
        ("backup", str(copy)),
    ):
        done = run_program(words, secrets)
        assert done.returncode == 2, words
        assert "%40" in done.stderr, words
        assert "hush" not in done.stdout + done.stderr, words


def test_an_encoded_password_is_printed_by_no_command() -> None:
    url = "postgresql://bot:p%40hush@127.0.0.1:1/x?sslpassword=hush"
    for words in (["audit", "verify"], ["restore", "copy.db", "--yes"]):
        done = dms_bot(url, *words)
        assert "hush" not in done.stdout + refused(done), words
