"""What a process holds, and what its database holds: one look is one sample."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import psutil

from tests.soak.bot import BLOCKS, IN_USE, POOLED
from tests.store.raw import Raw

_MB = 2**20
MEMORY = "memory, MB"
OBJECTS, HEAPS = "Python's objects, thousands", "heaps in use, MB"
FILES, CONNECTIONS = "open files", "TCP connections"
THREADS, POOLED_THREADS = "threads outside of pools", "threads of pools"
SERIES = "series of metrics"
DATABASE, LOG = "database, MB", "write-ahead log, MB"
OUTBOX, WEBHOOKS = "messages waiting", "webhook deliveries waiting"
WAITING = (OUTBOX, WEBHOOKS)

AGED: Mapping[str, str] = {
    "deliveries": "SELECT COUNT(*), MIN(at) FROM deliveries",
    "refs": "SELECT COUNT(*), MIN(used) FROM refs",
    "events": "SELECT COUNT(*), MIN(at) FROM events",
    "escalations": "SELECT COUNT(*), MIN(started) FROM escalations",
    "webhook_deliveries": "SELECT COUNT(*), MIN(created) FROM webhook_deliveries",
    "outbox": """SELECT COUNT(*), MIN(created) FROM outbox
        WHERE kind NOT IN ('timeline', 'cutover') AND (sent_rev >= rev OR error <> '')""",
}
"""Tables with a retention: how many rows, and the time of the oldest."""
FIXED = ("known_jobs", "small_values", "watches", "audit_head")
"""Tables that are as large as what they are about: jobs, places, what people follow."""
LASTING = (
    *("audit", "requests", "request_jobs", "decisions", "runs", "freezes"),
    *("cutovers", "cutover_jobs", "cutover_log"),
)
"""Tables that grow by design: the record of what was done is never deleted."""
TIMELINES = "outbox: timelines and cutovers"
_TIMELINES = "SELECT COUNT(*) FROM outbox WHERE kind IN ('timeline', 'cutover')"
_TO_POST = "SELECT COUNT(*) FROM outbox WHERE error = '' AND sent_rev < rev"
_TO_SEND = "SELECT COUNT(*) FROM webhook_deliveries WHERE outcome = ''"


def rows_of(table: str) -> str:
    return f"rows: {table}"


def age_of(table: str) -> str:
    return f"oldest, s: {table}"


@dataclass(frozen=True, slots=True)
class Sample:
    at_s: float
    """Seconds since the first one."""
    figures: Mapping[str, float]


class Sampler:
    """Looks at one process and one database. For one thread."""

    def __init__(self, pid: int, port: int, url: str) -> None:
        self._process = psutil.Process(pid)
        self._metrics = f"http://127.0.0.1:{port}/metrics"
        self._url = url
        self._begun = time.monotonic()

    def sample(self) -> Sample:
        """Raises: psutil.Error or httpx.HTTPError when the process has ended; the driver's error when the
        database is away."""
        at_s = time.monotonic() - self._begun
        figures = {**self._of_process(), **dict(self._of_metrics()), **dict(self._of_database())}
        figures[THREADS] -= figures[POOLED_THREADS]
        return Sample(at_s, figures)

    def _of_process(self) -> dict[str, float]:
        with self._process.oneshot():
            return {
                MEMORY: self._process.memory_info().rss / _MB,
                FILES: self._process.num_fds(),
                THREADS: self._process.num_threads(),
                CONNECTIONS: len(self._process.net_connections("tcp")),
            }

    def _of_metrics(self) -> Iterator[tuple[str, float]]:
        answer = httpx.get(self._metrics, timeout=10, trust_env=False)
        lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
        yield SERIES, float(len(lines))
        values = dict(line.rsplit(" ", 1) for line in lines)
        yield OBJECTS, float(values[BLOCKS]) / 1e3
        yield HEAPS, float(values[IN_USE])
        yield POOLED_THREADS, float(values[POOLED])

    def _of_database(self) -> Iterator[tuple[str, float]]:
        # A connection of its own each time: one that stayed would keep the log from being folded in.
        with Raw(self._url) as raw:
            for table, sql in AGED.items():
                ((count, oldest),) = raw.execute(sql)
                yield rows_of(table), float(count)
                yield age_of(table), _age_s(oldest)
            for table in (*FIXED, *LASTING):
                yield rows_of(table), _count(raw, f"SELECT COUNT(*) FROM {table}")
            yield rows_of(TIMELINES), _count(raw, _TIMELINES)
            yield OUTBOX, _count(raw, _TO_POST)
            yield WEBHOOKS, _count(raw, _TO_SEND)
            yield from self._sizes(raw)

    def _sizes(self, raw: Raw) -> Iterator[tuple[str, float]]:
        if raw.postgres:
            yield DATABASE, _count(raw, "SELECT pg_database_size(current_database())") / _MB
            return
        yield DATABASE, Path(self._url).stat().st_size / _MB
        with suppress(FileNotFoundError):
            yield LOG, Path(f"{self._url}-wal").stat().st_size / _MB


def _count(raw: Raw, sql: str) -> float:
    ((count,),) = raw.execute(sql)
    return float(count)


def _age_s(oldest: str | None) -> float:
    return 0.0 if oldest is None else max(0.0, time.time() - datetime.fromisoformat(oldest).timestamp())
