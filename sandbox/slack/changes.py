"""A counter of changes that the page and the tests wait on."""

import asyncio
from collections.abc import AsyncIterator


class Changes:
    """Each change in the workspace increments it and wakes waiters. For one event loop."""

    def __init__(self) -> None:
        self.seq = 0
        self._waiters: set[asyncio.Event] = set()
        self._ended = False

    def end(self) -> None:
        """End all waiting, because the server stops."""
        self._ended = True
        self.note()

    def note(self) -> None:
        self.seq += 1
        for waiter in self._waiters:
            waiter.set()

    async def wait(self, since: int, timeout: float) -> int:
        """Return the counter as soon as it is above `since`, or after `timeout` seconds."""
        if self.seq > since:
            return self.seq
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            await asyncio.wait_for(waiter.wait(), timeout)
        except TimeoutError:
            pass
        finally:
            self._waiters.discard(waiter)
        return self.seq

    async def follow(self, heartbeat: float = 10.0) -> AsyncIterator[int]:
        """The counter after each change, and at least every `heartbeat` seconds."""
        seen = self.seq
        yield seen
        while not self._ended:
            seen = await self.wait(seen, heartbeat)
            yield seen
