"""What another process does that uses the same database: `main`.

It says `ready`, waits for a line where it must start together with others, and says what came out.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime

from bot.dms.rules import Action
from bot.store import JobLocked, Store, open_store
from bot.store.postgres import PostgresBackend
from bot.store.postgres_connection import Timeouts
from bot.store.records import AuditEntry, RequestState, Run, RunState

HASTE = Timeouts(lock_s=1, statement_s=2)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def say(word: object) -> None:
    print(word, flush=True)


def wait() -> None:
    say("ready")
    sys.stdin.readline()


def hold(store: Store, name: str) -> None:
    held = store.try_lock(name)
    say("held" if held is not None else "taken")
    signal.pause()


def approve(store: Store, id: str) -> None:
    wait()
    moved = store.move_request(id, [RequestState.APPROVING], RequestState.APPROVED)
    say("won" if moved is not None else "lost")


def claim(store: Store, run: str) -> None:
    wait()
    try:
        store.add_run(Run(run, "q", "job", Action.STOP, RunState.QUEUED, run))
    except JobLocked as locked:
        say(f"locked by {locked.run.id}")
    else:
        say("won")


def count(store: Store, times: str) -> None:
    wait()
    for _ in range(int(times)):
        with store.transaction():
            store.put_value("count", str(int(store.value("count") or 0) + 1))
            store.append_audit(AuditEntry(at=NOW, event="requested"))
    say("done")


def stay_in_transaction(store: Store) -> None:
    with store.transaction():
        store.put_value("half", "done")
        store.append_audit(AuditEntry(at=NOW, event="requested"))
        say("written")
        signal.pause()


def write(store: Store, text: str) -> None:
    """Saved, and still in the write-ahead log when the process is killed."""
    store.put_value("last", text)
    store.append_audit(AuditEntry(at=NOW, event="requested", detail=text))
    say("written")
    signal.pause()


def keep_writing(store: Store) -> None:
    say("ready")
    number = 0
    while True:
        number += 1
        with store.transaction():
            store.append_audit(AuditEntry(at=NOW, event="requested", detail="x" * 300))
            store.put_value("last", str(number))


def freeze(url: str) -> None:
    """As a replica whose server gives up on it sooner than on others."""
    stay_in_transaction(Store(PostgresBackend(url, timeouts=HASTE)))


def just_open(_: Store) -> None:
    say("opened")


WHAT: dict[str, Callable[..., None]] = {
    "hold": hold,
    "approve": approve,
    "claim": claim,
    "count": count,
    "stay": stay_in_transaction,
    "write": write,
    "keep writing": keep_writing,
    "open": just_open,
}


def main(url: str, what: str, *more: str) -> None:
    if what == "freeze":
        freeze(url)
    else:
        WHAT[what](open_store(url), *more)
