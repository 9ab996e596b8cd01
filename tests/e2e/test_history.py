"""Who did what: shown, exported and verified; nothing runs without its row, and no secret is in one."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from sandbox.slack import SlackServer, plain
from tests.e2e.deciding import (
    DANA,
    ROLES,
    SAM,
    alone,
    asks,
    audit,
    ended,
    events,
    eventually,
    full,
    policy,
    runs_of,
)
from tests.e2e.scene import CHANNEL, JSON, Scene, fresh, input_of


@pytest.fixture
def stage(slack: SlackServer, tmp_path: Path) -> Iterator[Scene]:
    with alone(slack, tmp_path) as made:
        yield made


def add(stage: Scene, prefix: str = "told") -> str:
    job = fresh(prefix)
    stage.dms.add_job(job, phase="CDC", frozen=True)
    return job


def stopped(stage: Scene, user: str = "dana") -> str:
    """A job that somebody has stopped."""
    job = add(stage)
    stage.shows(stage.type(f"stop {job}", user=user), "✅ *Stopped*")
    assert ended(stage, job) == ["succeeded"]
    return job


# ---- in Slack


def test_it_tells_who_did_what_where_and_what_came_of_it(stage: Scene) -> None:
    job = stopped(stage)
    history = plain(stage.type(f"history {job}"))
    for part in (f"<@{DANA}> *requested* stop", "*calling*", "*accepted*", "*succeeded*", "<#C0DMS00001>"):
        assert part in history
    assert history.index("*succeeded*") < history.index("*requested*")
    assert f"of `{job}`" in plain(stage.type("history"))


def test_it_is_narrowed_by_person_and_time(stage: Scene) -> None:
    mine, theirs = stopped(stage), stopped(stage, "sam")
    by_sam = plain(stage.type(f"history --by <@{SAM}|sam>"))
    assert theirs in by_sam
    assert mine not in by_sam
    assert plain(stage.type("history --by @sam")) == by_sam
    assert theirs not in plain(stage.type("history --by me"))
    recent = plain(stage.type("history --since 1h"))
    assert mine in recent
    assert theirs in recent
    assert "Nothing was done from here since" in plain(stage.type("history --since 2999-01-01"))
    assert "nobody called" in plain(stage.type("history --by @nobody"))


def test_a_job_that_is_gone_keeps_its_history(stage: Scene) -> None:
    job = add(stage)
    card = stage.type(f"delete {job}")
    stage.press(card, "Delete job only")
    stage.shows(card, "✅ *Deleted*")
    stage.dms.clock(advance_seconds=100)
    assert full(job) not in stage.dms.jobs()
    assert "*succeeded*: delete" in plain(stage.type(f"history {job}"))


def exported(stage: Scene, line: str, user: str = "dana") -> tuple[JSON, str]:
    """The file that a command brings into the channel, and its text."""
    count = len(stage.slack.files())
    stage.slack.command(line, user=user)
    file = eventually(lambda: stage.slack.files()[count:])[0]
    stage.slack.wait_message(
        channel="dms",
        contains="rows of the audit",
        user=user,
        where=lambda message: file["id"] in [each["id"] for each in message.get("files") or ()],
    )
    return file, stage.slack.download(file).decode()


def test_the_files_parse_and_hold_the_chain(stage: Scene) -> None:
    job = stopped(stage)
    stopped(stage, "sam")
    file, text = exported(stage, f"history {job} --export csv")
    assert file["name"].startswith(f"dms-audit-{job}-")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["event"] for row in rows] == ["requested", "calling", "accepted", "succeeded"]
    assert {row["user"] for row in rows} == {DANA}
    assert {row["job"] for row in rows} == {full(job)}

    _, lines = exported(stage, "history --export jsonl")
    kept = [json.loads(line) for line in lines.splitlines()]
    assert [row["seq"] for row in kept] == list(range(1, len(kept) + 1))
    assert all(row["previous"] == before["hash"] for before, row in pairwise(kept))
    assert {row["hash"] for row in kept} == {entry.hash for entry in stage.bot.store.audit()}


def test_buttons_bring_the_same_files(stage: Scene) -> None:
    job = stopped(stage)
    page = stage.type(f"history {job}")
    stage.press(page, "JSON lines")
    file = eventually(stage.slack.files)[0]
    rows = [json.loads(line) for line in stage.slack.download(file).decode().splitlines()]
    assert [row["event"] for row in rows] == events(stage, job)


def test_looking_takes_a_role(slack: SlackServer, tmp_path: Path) -> None:
    rules = ROLES.replace('"viewer"', '"none"')
    with alone(slack, tmp_path, policy_file=policy(tmp_path, rules)) as stage:
        job = stopped(stage)
        for line in ("history", f"history {job}", "history --export csv", "policy", "approvals", "list"):
            assert "You may not use" in plain(stage.type(line, user="riley"))
        assert stage.slack.files() == []


# ---- the chain


def verify(stage: Scene) -> Result:
    """`dms-bot audit verify` on the database of a bot that is running."""
    return command("audit", "verify", db=stage.bot.settings.db)


def command(*line: str, db: str) -> Result:
    return CliRunner().invoke(main, line, env={"DMS_BOT_DB": db})


def test_verify_sees_that_it_is_whole_and_that_it_is_not(stage: Scene) -> None:
    job = stopped(stage)
    whole = verify(stage)
    rows = stage.bot.store.audit()
    assert whole.exit_code == 0, whole.stderr
    assert f"{len(rows)} rows" in whole.stdout
    assert rows[-1].hash in whole.stdout

    with closing(sqlite3.connect(stage.bot.settings.db, isolation_level=None)) as raw:
        change = f"UPDATE audit SET \"user\" = '{SAM}' WHERE event = 'requested'"
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(change)
        assert verify(stage).exit_code == 0
        raw.execute("DROP TRIGGER audit_no_update")
        raw.execute(change)
    broken = verify(stage)
    assert broken.exit_code == 1
    assert f"row {audit(stage, job)[0].seq} was changed" in broken.stderr


def test_the_command_line_exports_the_same(stage: Scene, tmp_path: Path) -> None:
    job = stopped(stage)
    file = tmp_path / "audit.jsonl"
    line = ("audit", "export", "--format", "jsonl", "--job", full(job), "--output", str(file))
    done = command(*line, db=stage.bot.settings.db)
    assert done.exit_code == 0, done.output
    kept = [json.loads(each)["hash"] for each in file.read_text().splitlines()]
    assert kept == [entry.hash for entry in audit(stage, job)]


# ---- no row, no call


def forbid(stage: Scene, event: str) -> None:
    """The database takes no audit row of this event any more (`%` is every event)."""
    with closing(sqlite3.connect(stage.bot.settings.db, isolation_level=None, timeout=10)) as raw:
        raw.execute(
            f"CREATE TRIGGER broken BEFORE INSERT ON audit WHEN NEW.event LIKE '{event}' "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )


def allow(stage: Scene) -> None:
    with closing(sqlite3.connect(stage.bot.settings.db, isolation_level=None, timeout=10)) as raw:
        raw.execute("DROP TRIGGER broken")


def test_without_its_row_nothing_is_asked_for(stage: Scene) -> None:
    job = add(stage)
    forbid(stage, "%")
    assert "disk is full" in plain(stage.type(f"stop {job}"))
    assert "disk is full" in plain(stage.type(f'freeze {job} --until 2h --reason "x"'))
    allow(stage)
    assert (runs_of(stage, job), events(stage, job)) == ((), [])
    assert stage.bot.store.requests(job=full(job)) == ()
    assert stage.writes("stop", job) == []


def test_without_its_row_a_confirmation_does_not_count(stage: Scene) -> None:
    job = add(stage)
    card = stage.type(f"delete {job}")
    forbid(stage, "confirmed")
    stage.press(card, "Delete job only")
    stage.slack.wait_message(user="dana", contains="disk is full")
    allow(stage)
    assert events(stage, job) == ["requested"]
    assert stage.writes("delete", job) == []
    stage.press(card, "Delete job only")
    stage.shows(card, "✅ *Deleted*")
    assert len(stage.writes("delete", job)) == 1


def test_no_call_goes_out_before_its_row_is_written(stage: Scene) -> None:
    job = add(stage)
    forbid(stage, "calling")
    card = stage.type(f"stop {job}")
    eventually(lambda: stage.dms.calls("GetMigrationJob")[3:])
    assert stage.writes("stop", job) == []
    assert [run.state for run in runs_of(stage, job)] == ["queued"]
    allow(stage)
    stage.shows(card, "✅ *Stopped*")
    assert len(stage.writes("stop", job)) == 1


def test_the_row_is_there_while_the_call_is_on_its_way(stage: Scene) -> None:
    job = add(stage)
    stage.dms.fault("StopMigrationJob", "SLOW", delay_seconds=1.5)
    stage.type(f"stop {job}")
    eventually(lambda: stage.writes("stop", job))
    assert [call["applied"] for call in stage.writes("stop", job)] == [False]
    assert events(stage, job) == ["requested", "calling"]
    assert ended(stage, job) == ["succeeded"]


@pytest.mark.parametrize(
    ("verb", "event"), [("stop", "accepted"), ("stop", "succeeded"), ("delete", "accepted")]
)
def test_a_call_whose_outcome_cannot_be_written_is_not_made_again(
    stage: Scene, verb: str, event: str
) -> None:
    job = add(stage)
    card = stage.type(f"{verb} {job}")
    forbid(stage, event)
    if verb == "delete":
        stage.press(card, "Delete job only")
    eventually(lambda: stage.writes(verb, job))
    stage.dms.clock(advance_seconds=60)
    allow(stage)
    assert ended(stage, job) == ["succeeded"]
    ids = [call["request"].get("request_id") for call in stage.writes(verb, job)]
    assert len(ids) == 1 if verb == "stop" else len(set(ids)) == 1
    assert events(stage, job)[-2:] == ["accepted", "succeeded"]
    assert verify(stage).exit_code == 0


def test_denials_and_decisions_are_rows_of_who_made_them(slack: SlackServer, tmp_path: Path) -> None:
    with alone(slack, tmp_path, policy_file=policy(tmp_path)) as stage:
        job = add(stage)
        card = stage.type(f"delete {job}")
        stage.press(card, "Delete job only")
        stage.press(asks(stage, job), "Deny", "alex")
        view = stage.slack.wait_view("alex", "Why not?")
        stage.slack.submit(view, {input_of(view): "wait"}, user="alex")
        stage.shows(card, "Denied")
        # It is told in the thread, too, which may come between a command and its answer.
        stage.slack.wait_message(channel=CHANNEL, contains=["has denied", job])
        shown = plain(stage.type(f"history {job}"))
        assert "<@U0ALEX0001> *denied* delete (RUNNING · CDC) in <#C0DMSAPPRV>\nwait" in shown
