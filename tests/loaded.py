"""Processes of their own that need not load their code: each is a copy of one that has loaded it.

Loading the bot takes a second of a core, and tests start it a hundred times. A copy shares nothing with the
others: it is killed, runs out of disk and ends like any process. The first words of a new interpreter are
tested in `tests/ops/test_cli.py`, `tests/ops/test_run.py` and `tests/e2e/test_tour.py`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[1]
_LOADED = [
    "tests.loaded",
    "tests.ops.program",
    "tests.store.child",
    "bot.app",
    "bot.doctor.checks",
    "bot.cli",
    "bot.store.audit_export",
    "bot.store.backup",
    "bot.requests.restored",
    "google.cloud.clouddms_v1",
    "google.cloud.monitoring_v3",
    "psycopg",
]
_LOCK = threading.Lock()
"""How a process has ended can be asked once, and each start asks it of all."""


def loaded() -> ForkServerContext:
    """Starts copies."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LOADED)
    return context


class Copy:
    """A started copy, to be used like `subprocess.Popen`."""

    def __init__(self, process: ForkServerProcess, stdin: IO[str] | None, stdout: IO[str] | None) -> None:
        self._process = process
        self.stdin, self.stdout = stdin, stdout
        assert process.pid is not None
        self.pid = process.pid

    def poll(self) -> int | None:
        """How it has ended: its exit code, or minus the number of a signal."""
        with _LOCK:
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        wait([self._process.sentinel], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """One that ends meanwhile needs none: the server that started it has taken its exit code."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Close what connects it with this process."""
        for each in (self.stdin, self.stdout):
            if each is not None:
                each.close()


def start(
    run: Callable[..., object],
    *words: str,
    env: Mapping[str, str],
    hears: bool = False,
    log: Path | None = None,
) -> Copy:
    """Start a copy that calls a function of a module with these words, and has no other environment.

    What it says on both its outputs is in `stdout`; with `log`, its errors go into this file. With `hears`,
    it has a `stdin`.
    """
    mouth, says = multiprocessing.Pipe(duplex=False)
    asked, ear = multiprocessing.Pipe(duplex=False) if hears else (None, None)
    errors = None
    if log is not None:
        errors = Connection(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), readable=False)
    ends = (asked, says, errors or says)
    process = loaded().Process(target=_be, args=(run, words, dict(env), ends))
    with _LOCK:
        process.start()
    for each in filter(None, {asked, says, errors}):
        each.close()
    return Copy(process, _file(ear, "w") if ear else None, _file(mouth, "r"))


def bot(*words: str) -> None:
    """What `python -m bot` does with these words."""
    from bot.cli import main

    main(list(words) or ["run"], prog_name="python -m bot")


def _file(end: Connection, mode: str) -> IO[str]:
    opened = os.fdopen(os.dup(end.fileno()), mode, encoding="utf-8", errors="replace")
    end.close()
    return opened


def _be(
    run: Callable[..., object],
    words: tuple[str, ...],
    env: dict[str, str],
    ends: tuple[Connection | None, Connection, Connection],
) -> None:
    for number, end in enumerate(ends):
        if end is not None:
            os.dup2(end.fileno(), number)
    for end in ends:
        if end is not None and not end.closed:
            end.close()
    if ends[0] is not None:
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)  # multiprocessing has closed the other
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(env)
    run(*words)
