"""DMS that hangs, dawdles or falls silent on a connection that seems to live."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.dms import DmsServer
from sandbox.slack import SlackServer, plain
from tests.dms.relay import Relay, relay
from tests.e2e.env import CAUGHT_UP, UNHURRIED, Env, running, settings
from tests.faults.acts import ACTS, ask, calls
from tests.faults.loglines import LogLines
from tests.waiting import until

STOP = next(each for each in ACTS if each.name == "stop")
HANGING = 40


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[tuple[Env, Relay]]:
    """The gRPC connection to DMS goes through a relay that can fall silent."""
    with (
        SlackServer(port=0) as slack,
        DmsServer(port=0, seed="empty", operation_seconds=6.0) as dms,
        relay(dms.grpc_host) as way,
        running(settings(slack, dms, tmp_path, dms_emulator_host=way.host, dms_deadline_s=2.0)) as bot,
    ):
        slack.control.wait_connections()
        slack.control.configure(**UNHURRIED)
        yield Env(slack.control, dms.control, bot), way


def test_many_hanging_commands_hold_nobody_else_up(env: Env) -> None:
    """All are acknowledged at once, and what the store can answer is answered."""
    job = env.add_job("hang", state="RUNNING", phase="CDC")
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    env.dms.fault("*", "HANG", times=None)
    with ThreadPoolExecutor(8) as people:
        delivered = list(people.map(lambda _: env.slack.command(f"show {job}", user="sam"), range(HANGING)))
    assert all(each["ok"] for each in delivered), delivered
    for command, words in (
        ("help", "list"),
        ("approvals", "No request awaits approval"),
        ("history", job),
        ("watches", "watch"),
    ):
        assert words in plain(env.type(command, user="alex", channel="general"))
    env.press(card, "cancel")
    env.shows_as(card, "cancelled")
    env.slack.open_home("alex")
    env.slack.wait_home("alex")
    env.dms.clear_faults()
    assert job in plain(env.type(f"show {job}", user="alex", channel="dms-approvals"))
    assert env.dms.calls("PromoteMigrationJob") == []


def test_a_slow_answer_is_waited_for(env: Env) -> None:
    job = env.add_job("slow", state="RUNNING", phase="CDC")
    env.dms.fault("*", "SLOW", times=None, delay_seconds=1.5, match=job)
    card = ask(env, STOP, job)
    env.shows_as(card, "done")
    assert len(calls(env, STOP, job)) == 1


def test_a_half_dead_connection_is_told_and_left(silent: tuple[Env, Relay]) -> None:
    """Reads end at their deadline; when the way is open again, so is the bot's."""
    env, way = silent
    job = env.add_job("dead", state="RUNNING", phase="CDC")
    assert job in plain(env.type(f"show {job}"))
    way.silent.set()
    said = plain(env.type(f"show europe-west1/{job}"))
    assert f"whether there is a job `europe-west1/{job}`: europe-west1 does not answer" in said
    way.silent.clear()
    way.cut()
    until(lambda: "Running" in plain(env.type(f"show {job}")))


def test_a_change_whose_answer_never_comes_is_made_once(silent: tuple[Env, Relay], log: LogLines) -> None:
    """The connection falls silent when the call has been made; afterwards its operation is found."""
    env, way = silent
    job = env.add_job("dead", state="RUNNING", phase="CDC", **CAUGHT_UP)
    card = env.shows(env.type(f"promote {job}"), step="confirm")
    env.dms.fault("PromoteMigrationJob", "SLOW", delay_seconds=60)
    env.press(card, "confirm")
    until(lambda: env.dms.calls("PromoteMigrationJob"))
    way.silent.set()
    env.dms.clear_faults()
    until(lambda: log.named("operations_not_read"))
    way.silent.clear()
    way.cut()
    until(lambda: _ended(env))
    made = env.dms.calls("PromoteMigrationJob")
    assert [each["applied"] for each in made] == [True]
    env.shows_done(card, "promote")


def _ended(env: Env) -> bool:
    runs = env.bot.store.runs()
    return bool(runs) and all(each.ended is not None for each in runs)
