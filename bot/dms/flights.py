"""Reads that people wait for: each is made once at a time, and nobody waits long for what is silent.

A read that is in flight is joined by whoever asks for the same. If it takes too long, everybody leaves, and
it goes on alone: its answer is kept for a moment, for those who ask again. A gate whose reads do not come
back gets few threads, and new reads of it little time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from bot.dms import answer_deadline
from bot.dms.answer_deadline import Patience
from bot.dms.errors import Unavailable
from bot.dms.reachability import Gate, Reachability
from bot.util import turns

T = TypeVar("T")
Key = tuple[Gate, Hashable]

_AGAIN_S = 5.0
"""A read that has been silent for this long, in seconds, is made again by whoever asks next."""
_LATE_S = 5.0
"""How long, in seconds, an answer that came too late is kept for the next who asks."""
_NO_ANSWER = "no answer came in"
_MAX_OVERDUE = 4
"""Threads that may wait on one silent gate."""


@dataclass(eq=False, slots=True)
class Flight(Generic[T]):
    """One read. Times are those of `time.monotonic`."""

    key: Key
    future: Future[T]
    begun: float
    limit: float
    """When it counts as silent."""
    is_complete: Callable[[T], bool]
    landed: float | None = None
    """When its answer came, if that was after the limit."""
    noted: bool = False
    """Whether it has been noted that its gate is silent."""

    @property
    def gate(self) -> Gate:
        return self.key[0]


class Flights:
    """All reads in flight.

    `threads` is the most that are made at the same time.
    """

    def __init__(self, reach: Reachability, threads: int, patience: Patience) -> None:
        self._reach = reach
        self._patience = patience
        self._lock = threading.Lock()
        self._newest: dict[Key, Flight[Any]] = {}
        self._flying: dict[Gate, set[Flight[Any]]] = {}
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="look")

    def read(self, gate: Gate, what: Hashable, work: Callable[[], T]) -> T:
        """The result of `work`, or of the same read (`gate` and `what`) if it is in flight.

        Raises:
            Unavailable: it takes too long, or too many reads of this gate do not come back.
            DmsError: what `work` raises.
        """
        return self.result(self.begin(gate, what, work))

    def begin(
        self,
        gate: Gate,
        what: Hashable,
        work: Callable[[], T],
        is_complete: Callable[[T], bool] = lambda _: True,
    ) -> Flight[T]:
        """Begin or join a read, without waiting for it. A late result is kept only if `is_complete`.

        Raises:
            Unavailable: too many reads of this gate do not come back, or the bot is stopping.
        """
        key, now = (gate, what), time.monotonic()
        with self._lock:
            overdue = [each for each in self._flying.get(gate, ()) if each.limit <= now]
            for each in overdue:
                self._note(each, now)
            silent = self._reach.is_silent(gate)
            known = self._newest.get(key)
            if known is not None and _may_be_joined(known, now, silent=silent):
                return known
            if silent and len(overdue) >= _MAX_OVERDUE:
                raise self._silent(gate, now - min(each.begun for each in overdue))
            most = min(self._patience.silent_s, self._patience.read_s) if silent else self._patience.read_s
            flight = Flight(key, self._submit(work, most), now, now + most, is_complete)
            self._newest[key] = flight
            self._flying.setdefault(gate, set()).add(flight)
        flight.future.add_done_callback(lambda _: self._landed(flight))
        return flight

    def result(self, flight: Flight[T], until: float = float("inf")) -> T:
        """Wait for a read: not after its limit, `until` or the limit of the answer that it is for.

        Raises:
            Unavailable: it takes too long.
            DmsError: what the read raises.
        """
        end = min(flight.limit, until, answer_deadline.until())
        try:
            with turns.lent():
                return flight.future.result(max(0.0, end - time.monotonic()))
        except CancelledError:
            raise _stopping() from None
        except TimeoutError:
            now = time.monotonic()
            if now >= flight.limit:
                self._note(flight, now)
            raise self._silent(flight.gate, now - flight.begun) from None

    def close(self) -> None:
        """Begin nothing more; reads in flight end when their connections are closed."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _submit(self, work: Callable[[], T], seconds: float) -> Future[T]:
        """Begin `work`, whose own parts then know how long it is waited for."""

        def limited() -> T:
            with answer_deadline.answer_within(min(seconds, answer_deadline.left())):
                return work()

        try:
            return self._pool.submit(copy_context().run, limited)
        except RuntimeError as error:
            raise _stopping() from error

    def _note(self, flight: Flight[Any], now: float) -> None:
        """Let a read that is overdue count once: its gate may have answered others since."""
        if not flight.noted:
            flight.noted = True
            self._reach.note(flight.gate, self._silent(flight.gate, now - flight.begun))

    def _silent(self, gate: Gate, seconds: float) -> Unavailable:
        """Why there is no answer: what the service said last, if it said something, else for how long."""
        where = f"DMS in {gate.location}" if gate.location not in ("", "-") else gate.service
        said = self._reach.reason(gate)
        reason = f"{_NO_ANSWER} {seconds:.1f} s" if said.startswith(_NO_ANSWER) or not said else said
        return Unavailable(
            f"{where} did not answer in time: {reason}.", code="DEADLINE_EXCEEDED", reason=reason
        )

    def _landed(self, flight: Flight[Any]) -> None:
        """Keep an answer that came too late; forget everything else."""
        now = time.monotonic()
        with self._lock:
            flying = self._flying.get(flight.gate, set())
            flying.discard(flight)
            if not flying:
                self._flying.pop(flight.gate, None)
            is_newest = self._newest.get(flight.key) is flight
            if is_newest and now > flight.limit and _is_complete_answer(flight):
                flight.landed = now
            elif is_newest:
                del self._newest[flight.key]
            old = [key for key, each in self._newest.items() if each.landed and now - each.landed > _LATE_S]
            for key in old:
                del self._newest[key]


def _may_be_joined(flight: Flight[Any], now: float, *, silent: bool) -> bool:
    if flight.landed is not None:
        return now - flight.landed <= _LATE_S
    return now < flight.limit or (silent and now - flight.begun < _AGAIN_S)


def _is_complete_answer(flight: Flight[Any]) -> bool:
    done = flight.future
    return not done.cancelled() and done.exception() is None and flight.is_complete(done.result())


def _stopping() -> Unavailable:
    return Unavailable("The connection to DMS is closed, as the bot is stopping.", code="UNAVAILABLE")
