"""Starts `child` and speaks with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.loaded import Copy, start
from tests.store.child import main


class Child:
    def __init__(self, process: Copy) -> None:
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
    process = start(main, url, *what, env=os.environ, hears=True)
    try:
        yield Child(process)
    finally:
        process.kill()
        process.wait()
        process.close()


def together(url: str, commands: list[tuple[str, ...]]) -> list[str]:
    """Run several at the same moment; what each said at its end."""
    with ExitStack() as stack:
        children = [stack.enter_context(child(url, *each)) for each in commands]
        assert [each.hear() for each in children] == ["ready"] * len(children)
        for each in children:
            each.go()
        return [each.hear() for each in children]
