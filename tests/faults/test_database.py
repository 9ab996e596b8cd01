"""The bot's own database: on a full disk, locked by somebody else, damaged."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.store import open_store
from sandbox.slack import plain
from tests.e2e.env import CAUGHT_UP, CHANNEL, input_of
from tests.faults.process import UNLIMITED, World, ends, environ, start, world
from tests.waiting import PATIENCE_S, until


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def a_job(here: World, state: str = "RUNNING", phase: str | None = "CDC") -> str:
    return here.add_job("db", state=state, phase=phase, databases=["sales"], **CAUGHT_UP)


def told(here: World, command: str, *words: str, timeout: float = PATIENCE_S) -> None:
    """Type it, and be answered with these words."""
    before = here.now()
    assert here.slack.command(command)["ok"]
    here.slack.wait_message(channel=CHANNEL, user="dana", contains=words, after=before, timeout=timeout)


def full_disk(here: World) -> None:
    """From now on none of the database's files can grow."""
    here.process.largest_file(0)


def room_again(here: World) -> None:
    here.process.largest_file(UNLIMITED)


@contextmanager
def locked(db: Path) -> Iterator[None]:
    """Another process writes, and does not come to an end."""
    with closing(sqlite3.connect(db, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def audit_is_whole(here: World) -> None:
    with closing(open_store(str(here.process.db))) as store:
        assert store.verify_audit() == ""


def test_a_full_disk_is_told_and_nothing_is_done(here: World) -> None:
    job = a_job(here)
    card = here.shows(here.type(f"promote {job}"), step="confirm")
    full_disk(here)
    told(here, f"stop {job}", "nothing was saved")
    before = here.now()
    here.press(card, "confirm")
    here.slack.wait_message(channel=CHANNEL, user="dana", contains="nothing was saved", after=before)
    assert here.dms.calls("PromoteMigrationJob") == []
    assert here.dms.calls("StopMigrationJob") == []
    until(lambda: not here.process.ready())
    room_again(here)
    until(here.process.ready)
    here.press(card, "confirm")
    here.shows_done(card, "promote")
    assert len(here.dms.calls("PromoteMigrationJob")) == 1
    audit_is_whole(here)


def test_the_disk_fills_up_while_the_service_is_called(here: World) -> None:
    """The call was written down before; what came of it is found and written once there is room."""
    job = a_job(here)
    here.dms.fault("StopMigrationJob", "SLOW", delay_seconds=60)
    assert here.slack.command(f"stop {job}")["ok"]
    until(lambda: here.dms.calls("StopMigrationJob"))
    full_disk(here)
    here.dms.clear_faults()
    until(lambda: here.dms.calls("StopMigrationJob")[0]["applied"])
    until(lambda: "run_left_to_recovery" in here.process.text())
    room_again(here)
    here.slack.wait_message(channel=CHANNEL, contains=["✅", job])
    assert len(here.dms.calls("StopMigrationJob")) == 1
    audit_is_whole(here)


def test_a_locked_database_is_told_and_acknowledgements_do_not_wait_for_it(here: World) -> None:
    job = a_job(here, "FAILED")
    card = here.shows(here.type(f"restart {job}"), step="confirm")
    here.press(card, "confirm")
    view = here.slack.wait_view("dana")
    with locked(here.process.db):
        before = here.now()
        deliveries = [here.slack.command(f"stop {job}") for _ in range(12)]
        assert all(each["ok"] for each in deliveries), deliveries
        here.slack.wait_message(
            channel=CHANNEL, user="dana", contains="locked by another writer", after=before
        )
        assert here.slack.submit(view, {input_of(view): job})["submitted"]
        assert here.dms.calls("RestartMigrationJob") == []
    told(here, "watches", "watch")
    assert here.dms.calls("StopMigrationJob") == []


def test_a_lock_shorter_than_patience_is_not_noticed(here: World) -> None:
    job = a_job(here)
    with locked(here.process.db):
        before = here.now()
        assert here.slack.command(f"stop {job}")["ok"]
        # How long the lock lasts is what is tried here, and the bot's process has a clock of its own.
        time.sleep(1)
    here.slack.wait_message(channel=CHANNEL, contains=["✅", job], after=before)
    assert len(here.dms.calls("StopMigrationJob")) == 1


def test_damage_while_it_runs_is_told(tmp_path: Path) -> None:
    """It goes on answering, says what to do, and says that it is not ready."""
    with ends() as (slack, dms):
        db = tmp_path / "bot.db"
        process = start(environ(slack, dms, db), db)
        try:
            slack.control.wait_connections(timeout=60)
            here = World(slack.control, dms.control, None, process=process)  # type: ignore[arg-type]
            job = a_job(here)
            assert job in plain(here.type(f"show {job}"))
            damage(db)
            told(here, f"stop {job}", "is damaged", "restore it from a backup")
            assert dms.control.calls("StopMigrationJob") == []
            until(lambda: not process.ready())
            assert process.stop() == 0
        finally:
            process.process.kill()
            process.process.wait()
    assert "Traceback" not in process.text(), process.text()


def damage(db: Path) -> None:
    """Everything behind the first page becomes nonsense."""
    with closing(sqlite3.connect(db, timeout=30)) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = db.stat().st_size
    with db.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))


@pytest.mark.parametrize("what", ["nonsense", "damaged", "folder"])
def test_a_database_that_cannot_be_used_at_the_start(tmp_path: Path, what: str) -> None:
    """One sentence, and the exit code of a failure."""
    db = tmp_path / "bot.db"
    if what == "nonsense":
        db.write_bytes(b"Dear diary, " * 1000)
    elif what == "folder":
        db = tmp_path / "nowhere" / "bot.db"
    else:
        open_store(str(db)).close()
        damage(db)
    with ends() as (slack, dms):
        process = start(environ(slack, dms, db), db)
        assert process.process.wait(60) == 1
    said = [line for line in process.text().splitlines() if line.startswith("Error:")]
    assert len(said) == 1, process.text()
    assert "database" in said[0]
    assert "Traceback" not in process.text()
