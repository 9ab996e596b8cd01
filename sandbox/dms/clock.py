"""Scaled time: how fast the sandbox runs, and the wall-clock time of each event."""

from __future__ import annotations

import datetime as dt
import math
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class _Segment:
    """A period with one speed: `scaled` seconds correspond to `wall` epoch seconds at `mono`."""

    mono: float
    wall: float
    scaled: float
    factor: float


class ScaledClock:
    """A monotonic clock that runs `factor` times faster than real time.

    Progress (dumps, operations, replication delay) is counted in scaled seconds; time stamps that a client
    sees are wall-clock ones, so that they agree with the client's own clock. Before the clock's creation both
    run at the same speed, so that seeds can have a past.
    """

    def __init__(self, factor: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._segments = [_beginning(factor)]

    def restart(self) -> None:
        """Forget all jumps and changes of speed, but keep the current speed."""
        with self._lock:
            self._segments = [_beginning(self.factor)]

    @property
    def factor(self) -> float:
        return self._segments[-1].factor

    def now(self) -> float:
        """Scaled epoch seconds."""
        last = self._segments[-1]
        return last.scaled + (time.monotonic() - last.mono) * last.factor

    def wall(self) -> float:
        """Wall-clock epoch seconds, counted monotonically from the clock's creation."""
        last = self._segments[-1]
        return last.wall + time.monotonic() - last.mono

    def change(self, factor: float | None = None, advance_seconds: float = 0.0) -> None:
        """Set a new speed from now on and/or jump ahead by scaled seconds.

        Raises ValueError for a factor that is not positive or a jump backwards.
        """
        if advance_seconds < 0:
            raise ValueError("the clock does not run backwards")
        with self._lock:
            speed = self.factor if factor is None else _positive(factor)
            mono = time.monotonic()
            last = self._segments[-1]
            elapsed = mono - last.mono
            scaled = last.scaled + elapsed * last.factor + advance_seconds
            self._segments.append(_Segment(mono, last.wall + elapsed, scaled, speed))

    def wall_of(self, scaled: float) -> float:
        """The wall time at which `scaled` was (or will be, at the present speed) reached."""
        segments = self._segments
        if scaled <= segments[0].scaled:
            return segments[0].wall - (segments[0].scaled - scaled)
        for index, segment in enumerate(segments):
            end = segments[index + 1] if index + 1 < len(segments) else None
            if end is not None and scaled > end.scaled:
                continue
            wall = segment.wall + (scaled - segment.scaled) / segment.factor
            return min(wall, end.wall) if end is not None else wall
        raise AssertionError("the last segment has no end")

    def scaled_of(self, wall: float) -> float:
        """The scaled time that the clock showed (or will show) at `wall`."""
        first = self._segments[0]
        if wall <= first.wall:
            return first.scaled - (first.wall - wall)
        current = next(s for s in reversed(self._segments) if s.wall <= wall)
        return current.scaled + (wall - current.wall) * current.factor


def _beginning(factor: float) -> _Segment:
    now = time.time()
    return _Segment(time.monotonic(), now, now, _positive(factor))


def _positive(factor: float) -> float:
    if not 0 < factor < math.inf:
        raise ValueError("the clock factor must be positive")
    return float(factor)


def rfc3339(wall: float) -> str:
    """RFC 3339 in UTC with microseconds, as Google's JSON has it."""
    moment = dt.datetime.fromtimestamp(wall, dt.UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
