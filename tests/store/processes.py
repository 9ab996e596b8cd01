"""Starts `child` and speaks with it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_ROOT = Path(__file__).parents[2]


class Child:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """Without warning, as with `kill -9`."""
        self.process.kill()
        self.process.wait()


@contextmanager
def child(url: str, *what: str) -> Iterator[Child]:
    command = [sys.executable, "-m", "tests.store.child", url, *what]
    process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Child(process)
    finally:
        process.kill()
        process.communicate()


def together(url: str, commands: list[tuple[str, ...]]) -> list[str]:
    """Run several at the same moment; what each said at its end."""
    with ExitStack() as stack:
        children = [stack.enter_context(child(url, *each)) for each in commands]
        assert [each.hear() for each in children] == ["ready"] * len(children)
        for each in children:
            each.go()
        return [each.hear() for each in children]
