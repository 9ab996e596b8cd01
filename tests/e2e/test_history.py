"""Who did what: shown, exported and verified; nothing runs without its row, and no secret is in one."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import main
from sandbox.slack import SlackServer, plain
from tests.e2e.env import CHANNEL, JSON, Env, input_of
from tests.e2e.helpers import (
    DANA,
    ROLES,
    SAM,
    asks,
    audit,
    ended,
    events,
    full,
    policy,
    runs_of,
    single_bot,
)
from tests.waiting import until


@pytest.fixture
def env(slack: SlackServer, tmp_path: Path) -> Iterator[Env]:
    with single_bot(slack, tmp_path) as made:
        yield made


def add(env: Env, prefix: str = "told") -> str:
    return env.add_job(prefix, phase="CDC")


def stopped(env: Env, user: str = "dana") -> str:
    """A job that somebody has stopped."""
    job = add(env)
    env.shows_done(env.type(f"stop {job}", user=user), "stop")
    assert ended(env, job) == ["succeeded"]
    return job


# ---- in Slack


def test_it_tells_who_did_what_where_and_what_came_of_it(env: Env) -> None:
    job = stopped(env)
    answer, before = env.type(f"history {job}"), env.now()
    assert re.search(rf"\*stop\* · ✅ \d+ s · <@{DANA}>\n", plain(answer))
    env.press(answer, "Steps")
    steps = plain(env.answer_to("dana", CHANNEL, f"Steps of stop {job}", before))
    for part in (f"<@{DANA}> *requested* stop", "*calling*", "*accepted*", "*succeeded*", "<#C0DMS00001>"):
        assert part in steps
    assert steps.index("*requested*") < steps.index("*succeeded*")
    assert f"*stop* `{job}` · ✅" in plain(env.type("history"))


def test_it_is_narrowed_by_person_and_time(env: Env) -> None:
    mine, theirs = stopped(env), stopped(env, "sam")
    by_sam = plain(env.type(f"history --by <@{SAM}|sam>"))
    assert theirs in by_sam
    assert mine not in by_sam
    assert plain(env.type("history --by @sam")) == by_sam
    assert theirs not in plain(env.type("history --by me"))
    recent = plain(env.type("history --since 1h"))
    assert mine in recent
    assert theirs in recent
    assert "is in the future" in plain(env.type("history --since 2999-01-01"))
    assert "nobody called" in plain(env.type("history --by @nobody"))


def test_a_job_that_is_gone_keeps_its_history(env: Env) -> None:
    job = add(env)
    card = env.type(f"delete {job}")
    env.press(card, "confirm")
    env.shows_done(card, "delete")
    env.dms.clock(advance_seconds=100)
    assert full(job) not in env.dms.jobs()
    assert "*delete* · ✅" in plain(env.type(f"history {job}"))


def exported(env: Env, line: str, user: str = "dana") -> tuple[JSON, str]:
    """The file that a command brings, to the person alone, and its text."""
    count = len(env.slack.files())
    env.slack.command(line, user=user)
    file = until(lambda: env.slack.files()[count:])[0]
    env.slack.wait_message(
        contains="rows of the audit",
        user=user,
        where=lambda message: file["id"] in [each["id"] for each in message.get("files") or ()],
    )
    return file, env.slack.download(file).decode()


def test_the_files_parse_and_hold_the_chain(env: Env) -> None:
    job = stopped(env)
    stopped(env, "sam")
    file, text = exported(env, f"history {job} --export csv")
    assert file["name"].startswith(f"dms-audit-{job}-")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["event"] for row in rows] == ["requested", "calling", "accepted", "succeeded"]
    assert {row["user"] for row in rows} == {DANA}
    assert {row["job"] for row in rows} == {full(job)}

    _, lines = exported(env, "history --export jsonl")
    kept = [json.loads(line) for line in lines.splitlines()]
    assert [row["seq"] for row in kept] == list(range(1, len(kept) + 1))
    assert all(row["previous"] == before["hash"] for before, row in pairwise(kept))
    assert {row["hash"] for row in kept} == {entry.hash for entry in env.bot.store.audit()}


def test_buttons_bring_the_same_files(env: Env) -> None:
    job = stopped(env)
    page = env.type(f"history {job}")
    env.press(page, "JSON lines")
    file = until(env.slack.files)[0]
    rows = [json.loads(line) for line in env.slack.download(file).decode().splitlines()]
    assert [row["event"] for row in rows] == events(env, job)


def test_looking_takes_a_role(slack: SlackServer, tmp_path: Path) -> None:
    rules = ROLES.replace('"viewer"', '"none"')
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path, rules)) as env:
        job = add(env)
        assert "direct messages" in plain(env.type(f"stop {job}"))
        for line in ("history", f"history {job}", "history --export csv", "policy", "approvals", "list"):
            assert "You may not use" in plain(env.type(line, user="riley"))
        assert env.slack.files() == []


# ---- the chain


def verify(env: Env) -> Result:
    """`dms-bot audit verify` on the database of a bot that is running."""
    return command("audit", "verify", db=env.bot.settings.db)


def command(*line: str, db: str) -> Result:
    return CliRunner().invoke(main, line, env={"DMS_BOT_DB": db})


def test_verify_sees_that_it_is_whole_and_that_it_is_not(env: Env) -> None:
    job = stopped(env)
    whole = verify(env)
    rows = env.bot.store.audit()
    assert whole.exit_code == 0, whole.stderr
    assert f"{len(rows)} rows" in whole.stdout
    assert rows[-1].hash in whole.stdout

    with closing(sqlite3.connect(env.bot.settings.db, isolation_level=None)) as raw:
        change = f"UPDATE audit SET \"user\" = '{SAM}' WHERE event = 'requested'"
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute(change)
        assert verify(env).exit_code == 0
        raw.execute("DROP TRIGGER audit_no_update")
        raw.execute(change)
    broken = verify(env)
    assert broken.exit_code == 1
    assert f"row {audit(env, job)[0].seq} was changed" in broken.stderr


def test_the_command_line_exports_the_same(env: Env, tmp_path: Path) -> None:
    job = stopped(env)
    file = tmp_path / "audit.jsonl"
    line = ("audit", "export", "--format", "jsonl", "--job", full(job), "--output", str(file))
    done = command(*line, db=env.bot.settings.db)
    assert done.exit_code == 0, done.output
    kept = [json.loads(each)["hash"] for each in file.read_text().splitlines()]
    assert kept == [entry.hash for entry in audit(env, job)]


# ---- no row, no call


def forbid(env: Env, event: str) -> None:
    """The database takes no audit row of this event any more (`%` is every event)."""
    with closing(sqlite3.connect(env.bot.settings.db, isolation_level=None, timeout=60)) as raw:
        raw.execute(
            f"CREATE TRIGGER broken BEFORE INSERT ON audit WHEN NEW.event LIKE '{event}' "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )


def allow(env: Env) -> None:
    with closing(sqlite3.connect(env.bot.settings.db, isolation_level=None, timeout=60)) as raw:
        raw.execute("DROP TRIGGER broken")


def test_without_its_row_nothing_is_asked_for(env: Env) -> None:
    job = add(env)
    forbid(env, "%")
    assert "disk is full" in plain(env.type(f"stop {job}"))
    assert "disk is full" in plain(env.type(f'freeze {job} --until 2h --reason "x"'))
    allow(env)
    assert (runs_of(env, job), events(env, job)) == ((), [])
    assert env.bot.store.requests(job=full(job)) == ()
    assert env.writes("stop", job) == []


def test_without_its_row_a_confirmation_does_not_count(env: Env) -> None:
    job = add(env)
    card = env.type(f"delete {job}")
    forbid(env, "confirmed")
    env.press(card, "confirm")
    env.slack.wait_message(user="dana", contains="disk is full")
    allow(env)
    assert events(env, job) == ["requested"]
    assert env.writes("delete", job) == []
    env.press(card, "confirm")
    env.shows_done(card, "delete")
    assert len(env.writes("delete", job)) == 1


def test_no_call_goes_out_before_its_row_is_written(env: Env) -> None:
    job = add(env)
    forbid(env, "calling")
    card = env.type(f"stop {job}")
    until(lambda: env.dms.calls("GetMigrationJob")[3:])
    assert env.writes("stop", job) == []
    assert [run.state for run in runs_of(env, job)] == ["queued"]
    allow(env)
    env.shows_done(card, "stop")
    assert len(env.writes("stop", job)) == 1


def test_the_row_is_there_while_the_call_is_on_its_way(env: Env) -> None:
    job = add(env)
    env.dms.fault("StopMigrationJob", "SLOW", delay_seconds=60)
    env.type(f"stop {job}")
    until(lambda: env.writes("stop", job))
    assert [call["applied"] for call in env.writes("stop", job)] == [False]
    assert events(env, job) == ["requested", "calling"]
    env.dms.clear_faults()
    assert ended(env, job) == ["succeeded"]


@pytest.mark.parametrize(
    ("verb", "event"), [("stop", "accepted"), ("stop", "succeeded"), ("delete", "accepted")]
)
def test_a_call_whose_outcome_cannot_be_written_is_not_made_again(env: Env, verb: str, event: str) -> None:
    job = add(env)
    card = env.type(f"{verb} {job}")
    forbid(env, event)
    if verb == "delete":
        env.press(card, "confirm")
    until(lambda: env.writes(verb, job))
    env.dms.clock(advance_seconds=60)
    allow(env)
    assert ended(env, job) == ["succeeded"]
    ids = [call["request"].get("request_id") for call in env.writes(verb, job)]
    assert len(ids) == 1 if verb == "stop" else len(set(ids)) == 1
    assert events(env, job)[-2:] == ["accepted", "succeeded"]
    assert verify(env).exit_code == 0


def test_denials_and_decisions_are_rows_of_who_made_them(slack: SlackServer, tmp_path: Path) -> None:
    with single_bot(slack, tmp_path, policy_file=policy(tmp_path)) as env:
        job = add(env)
        card = env.type(f"delete {job}")
        env.press(card, "confirm")
        env.press(asks(env, job), "deny", "alex")
        view = env.slack.wait_view("alex", "Why not?")
        env.slack.submit(view, {input_of(view): "wait"}, user="alex")
        env.shows_as(card, "denied")
        # It is told in the thread, too, which may come between a command and its answer.
        env.slack.wait_message(channel=CHANNEL, contains=["denied *delete", job])
        shown = plain(env.type(f"history {job}"))
        assert "*delete* · 🚫 denied by <@U0ALEX0001>: wait · <@U0DANA0001>" in shown
