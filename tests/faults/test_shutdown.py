"""A stop while DMS hangs: it ends in its time, and what it leaves is taken up by the next start."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.store import open_store
from bot.store.records import RunState
from sandbox.dms import DmsServer
from sandbox.slack import SlackServer, plain
from tests.e2e.env import running, settings, unique_id
from tests.e2e.helpers import full
from tests.faults.loglines import LogLines
from tests.faults.process import Process, ends, environ, start
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
SOON_S = 12
"""A hanging call has a deadline of its own, of 20 s and more: who is gone by then has not waited for it."""
_LONG_S = 36_000
"""No stop of a job ends by itself meanwhile."""


@pytest.fixture(scope="module")
def far() -> Iterator[tuple[SlackServer, DmsServer]]:
    with ends() as made:
        yield made


@contextmanager
def life(far: tuple[SlackServer, DmsServer], folder: Path, shutdown: str) -> Iterator[Process]:
    """One life of the bot whose database is in `folder`; the next one goes on with it."""
    slack, dms = far
    db = folder / "bot.db"
    process = start({**environ(slack, dms, db), "DMS_BOT_SHUTDOWN": shutdown}, db)
    try:
        slack.control.wait_connections(timeout=60)
        yield process
    finally:
        process.process.kill()
        process.process.wait()
    slack.control.wait_connections(0)


def said(process: Process, message: str) -> dict[str, Any]:
    """The line of the log with this message."""
    lines = [json.loads(line) for line in process.log if line.startswith("{")]
    return next(line for line in lines if line["message"] == message)


def hang(far: tuple[SlackServer, DmsServer], *, after_apply: bool) -> str:
    """A job whose stop has been asked for; DMS has the call, and does not answer."""
    slack, dms = far
    job = unique_id("hang")
    dms.control.add_job(job, state="RUNNING", phase="CDC", frozen=True)
    dms.control.fault("StopMigrationJob", "HANG", times=None, after_apply=after_apply)
    slack.control.command(f"stop {job}")
    until(lambda: dms.control.calls("StopMigrationJob", about=job))
    return job


def test_a_call_that_hangs_is_left_to_the_next_start(
    far: tuple[SlackServer, DmsServer], tmp_path: Path
) -> None:
    slack, dms = far
    with life(far, tmp_path, "1s") as bot:
        job = hang(far, after_apply=True)
        bot.process.send_signal(signal.SIGTERM)
        assert bot.process.wait(SOON_S) == 0
    (left,) = said(bot, "stopped_with_work_left")["runs"]
    assert left.startswith(f"stop {full(job)}")
    with closing(open_store(str(bot.db))) as store:
        (run,) = store.runs(job=full(job))
    assert run.state is RunState.CALLING
    dms.control.clear_faults()
    with life(far, tmp_path, "1s") as after, closing(open_store(str(after.db))) as store:
        until(lambda: store.runs(job=full(job), states=[RunState.SUCCEEDED]))
        assert len(dms.control.calls("StopMigrationJob", about=job)) == 1
        slack.control.wait_message(contains=[job, "✅"])
        assert after.stop() == 0
    assert "run_recovered" in after.text()
    assert "Traceback" not in bot.text() + after.text()


def test_who_waits_for_an_answer_is_told(
    far: tuple[SlackServer, DmsServer], tmp_path: Path, log: LogLines
) -> None:
    """What they asked of the service would be waited for longer than the stop may take."""
    slack, dms = far
    with running(settings(slack, dms, tmp_path, shutdown_s=1.0)):
        slack.control.wait_connections()
        job = unique_id("hang")
        dms.control.add_job(job)
        dms.control.fault("*", "HANG", times=None)
        slack.control.command(f"show {job}", user="sam")
        until(lambda: dms.control.calls("GetMigrationJob", about=job))
    dms.control.clear_faults()
    slack.control.wait_message(contains=["as the bot is stopping"], user="sam")
    (left,) = log.named("stopped_with_work_left")
    assert left["answers"] == 1


def test_a_message_whose_post_hangs_is_posted_once_by_the_next(
    far: tuple[SlackServer, DmsServer], tmp_path: Path
) -> None:
    slack, dms = far
    job = unique_id("post")
    dms.control.add_job(job, state="RUNNING", phase="CDC", frozen=True)
    dms.control.operation_seconds(_LONG_S)
    with life(far, tmp_path, "1s") as bot:
        slack.control.fault("chat.postMessage", "timeout", seconds=60, after_apply=True)
        slack.control.command(f"stop {job}")
        slack.control.wait_message(contains=job, channel="dms")
        bot.process.send_signal(signal.SIGTERM)
        assert bot.process.wait(SOON_S) == 0
    assert said(bot, "stopped_with_work_left")["tasks_ended"] is False
    dms.control.operation_seconds(6)
    dms.control.clock(advance_seconds=_LONG_S)
    with life(far, tmp_path, "1s") as after:
        done: dict[str, Any] = {"contains": [job, "✅"], "channel": "dms", "timeout": 30}
        card = slack.control.wait_message(**done, where=lambda each: not each["is_reply"])
        assert after.stop() == 0
    assert card["versions"], "the one that was there is kept up to date"
    posted = [each for each in slack.control.messages(channel="dms") if job in plain(each)]
    assert len([each for each in posted if not each["is_reply"]]) == 1, "besides the outcome, a reply"


DEAF = """
import signal, threading
from bot.runtime.shutdown import Signals

signals = Signals()
threading.Thread(target=threading.Event().wait, daemon=True).start()
print("ready", flush=True)
signals.wait()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("stopping", flush=True)
threading.Event().wait(60)
"""
"""Another thread gets the second signal: the main thread hears of it as little as if it was about to wait."""


def test_a_second_signal_counts_while_the_main_thread_hears_none() -> None:
    words = [sys.executable, "-c", DEAF]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        for line in ("ready\n", "stopping\n"):
            assert process.stdout.readline() == line
            process.send_signal(signal.SIGTERM)
        assert process.wait(SOON_S) == 128 + signal.SIGTERM


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(
    far: tuple[SlackServer, DmsServer], tmp_path: Path, second: signal.Signals
) -> None:
    _, dms = far
    with life(far, tmp_path, "60s") as bot:
        hang(far, after_apply=False)
        bot.process.send_signal(signal.SIGTERM)
        until(lambda: '"stopping"' in bot.text())
        bot.process.send_signal(second)
        assert bot.process.wait(SOON_S) == 128 + second
    dms.control.clear_faults()
