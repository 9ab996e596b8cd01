"""Small helpers: jobs as values, waiting with a deadline, a plain way to draw messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event as Flag
from threading import Thread
from typing import Any, Protocol

from bot.dms.model import Endpoint, Fault, Job
from bot.dms.rules import Action
from bot.store import Store
from bot.store.records import OutMessage, Run, RunState
from tests.jobs import a_job

LOCATIONS = ("europe-west1", "us-central1")
NOTIFY = "C0DBMIGRAT"
TEAM_CHANNEL = "C0GENERAL1"
NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
BORN = datetime(2026, 10, 1, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def job(status: str = "RUNNING/FULL_DUMP", id: str = "orders", **values: Any) -> Job:
    """A job in `STATE` or `STATE/PHASE`."""
    state, _, phase = status.partition("/")
    error = values.pop("error", "")
    given: dict[str, Any] = {
        "project": "demo-project",
        "create_time": BORN,
        "source": Endpoint("projects/demo-project/locations/x/connectionProfiles/src"),
        "error": Fault(9, error) if error else None,
    }
    return a_job(id, state, phase or "PHASE_UNSPECIFIED", **(given | values))


def run(action: Action, state: RunState = RunState.FOLLOWING, **values: Any) -> Run:
    """A run on the job of `job()`."""
    made = Run("r1", "q1", job().name, action, state, "c1", by="U1", called=NOW, created=NOW)
    return replace(made, **values)


@dataclass(frozen=True)
class Plain:
    """What the notifier sends, drawn without any art."""

    text: str

    def payload(self) -> dict[str, Any]:
        section = {"type": "section", "text": {"type": "mrkdwn", "text": self.text}}
        return {"text": self.text, "blocks": [section]}


def plainly(store: Store) -> Callable[[OutMessage], Plain | None]:
    """Render each kind of message in a line, from the store's present state."""

    def render(message: OutMessage) -> Plain | None:
        subject = message.subject
        if message.kind == "timeline":
            known = store.known_job(subject["job"])
            return Plain(f"timeline {subject['job']} {known.job.status if known else 'gone'}")
        if message.kind in ("event", "alert"):
            event = store.event(subject["event"])
            return (
                None if event is None else Plain(f"{message.kind} {event.kind} {event.before}>{event.after}")
            )
        if message.kind == "digest":
            return Plain(f"digest of {len(subject['events'])}")
        return Plain(str(subject.get("text", message.kind)))

    return render


class Worker(Protocol):
    def run(self, stop: Flag) -> None: ...

    def interrupt(self) -> None: ...


@contextmanager
def running(*workers: Worker) -> Iterator[None]:
    """Let watchers and notifiers run in threads of their own."""
    stop = Flag()
    threads = [Thread(target=worker.run, args=(stop,), daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for worker in workers:
            worker.interrupt()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)


def texts(messages: list[dict[str, Any]]) -> list[str]:
    return [str(message["text"]) for message in messages]
