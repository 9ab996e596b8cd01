"""The program `dms-bot`, each time in a process of its own: a copy of one that has loaded its code, as in
`tests/loaded.py`."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.loaded import ROOT, loaded

_LIMIT_S = 100


def _nothing() -> None:
    return None


def small_files() -> None:
    """No file may grow beyond 50 kB: what a full disk is to a file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))


def run_program(
    words: Sequence[str | Path],
    env: Mapping[str, str],
    *,
    typed: str = "",
    first: Callable[[], None] = _nothing,
    folder: Path = ROOT,
) -> subprocess.CompletedProcess[str]:
    """Run it with these words and no other environment, and wait for its end.

    `typed` is what somebody types, `first` what the process does before; it must be a function of a module.
    It starts in `folder`.
    """
    texts = tuple(str(word) for word in words)
    with tempfile.TemporaryDirectory() as heard:
        files = [str(Path(heard) / name) for name in ("in", "out", "err")]
        Path(files[0]).write_text(typed, encoding="utf-8")
        process = loaded().Process(target=_run, args=(texts, dict(env), files, first, folder))
        process.start()
        process.join(_LIMIT_S)
        assert process.exitcode is not None, f"{texts} does not end"
        out, err = (Path(each).read_text(encoding="utf-8") for each in files[1:])
    return subprocess.CompletedProcess(texts, process.exitcode, out, err)


def _run(
    words: tuple[str, ...], env: dict[str, str], files: list[str], first: Callable[[], None], folder: Path
) -> None:
    os.setsid()  # else a secret would be asked for at the terminal in which the tests run
    for number, path in enumerate(files):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        os.dup2(os.open(path, flags, 0o600), number)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)  # multiprocessing has closed the other
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    first()
    from bot.cli import main

    main(words, prog_name="dms-bot")
