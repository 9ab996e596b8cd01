"""What the bot asks of its store; SQLite and PostgreSQL answer it alike.

Every method is one transaction, or takes part in the one that the same thread has open. Writers
are serialised: what a transaction reads stays true until it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from bot.store.records import (
    AuditEntry,
    Decision,
    Event,
    Freeze,
    KnownJob,
    OutMessage,
    Ref,
    Request,
    RequestState,
    Run,
    RunState,
    Watch,
)


class StoreError(Exception):
    """The store cannot answer (disk full, locked, corrupt, unreachable). Nothing was written."""


class JobLocked(Exception):
    """Another run is active on the job."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"{run.action} is under way on {run.job}")
        self.run = run


class Hold(Protocol):
    """A lock that lives as long as its process: it is free again when the holder dies."""

    @property
    def lost(self) -> bool:
        """Whether it slipped away (the connection to the database broke)."""
        ...

    def release(self) -> None: ...


class Store(Protocol):
    def transaction(self) -> AbstractContextManager[None]:
        """Make the calls inside one transaction. May be nested; rolled back on an exception.

        An exception that leaves a nested transaction, and a StoreError from any call, roll back the
        whole, even where somebody catches it further out. JobLocked from a method changes nothing,
        and the transaction may go on.
        """
        ...

    def ping(self) -> None:
        """Raise StoreError unless the store can be read and written."""
        ...

    def close(self) -> None: ...

    # locks between replicas
    def hold(self, name: str) -> Hold | None:
        """Take the lock `name`, or None when it is taken."""
        ...

    def is_held(self, name: str) -> bool: ...

    # opaque ids
    def put_ref(self, team: str, kind: str, data: Mapping[str, Any]) -> str:
        """An unguessable id for `data`; the same content gets the same id."""
        ...

    def put_refs(self, team: str, kind: str, many: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
        """An id for each, in order; those that are new are saved together."""
        ...

    def ref(self, team: str, id: str) -> Ref | None:
        """None for an id that is unknown or belongs to another team."""
        ...

    def first_time(self, key: str, now: datetime) -> bool:
        """Whether `key` (a delivery) is seen for the first time; later calls say False."""
        ...

    # requests
    def add_request(self, request: Request) -> None: ...

    def request(self, id: str) -> Request | None: ...

    def requests(
        self, states: Sequence[RequestState] = (), job: str = "", by: str = "", limit: int = 200
    ) -> tuple[Request, ...]:
        """Newest first."""
        ...

    def open_beside(self, request: str, team: str, now: datetime) -> tuple[str, ...]:
        """Ids of the team's requests that are open at `now` and share a job with `request` (an id), which is
        left out; newest first. None of them is read."""
        ...

    def move_request(
        self, id: str, expect: Sequence[RequestState], to: RequestState, **changes: Any
    ) -> Request | None:
        """Change state (and fields of `Request`) if it is still one of `expect`; None if it is not.

        Raises:
            ValueError: `changes` names what is no field, or never changes (id, by, jobs).
        """
        ...

    def add_decision(self, decision: Decision) -> bool:
        """False when this person has had a say on this request already."""
        ...

    def decisions(self, request: str) -> tuple[Decision, ...]:
        """Oldest first."""
        ...

    # runs
    def add_run(self, run: Run) -> None:
        """Raises: JobLocked, when the run is active and the job has another that is."""
        ...

    def run(self, id: str) -> Run | None: ...

    def runs(
        self,
        request: str = "",
        states: Sequence[RunState] = (),
        job: str = "",
        owner: str = "",
        limit: int = 2000,
    ) -> tuple[Run, ...]:
        """In the order they were added; the newest `limit`."""
        ...

    def move_run(self, id: str, expect: Sequence[RunState], to: RunState, **changes: Any) -> Run | None:
        """Change state (and fields of `Run`) if it is still one of `expect`; None if it is not.

        The change `owner` may be made conditional with `expect_owner=…` among the changes.

        Raises:
            ValueError: `changes` names what is no field, or never changes (id, job, request).
            JobLocked: an ended run is to become active, and the job has another that is.
        """
        ...

    # freezes
    def add_freeze(self, freeze: Freeze) -> None: ...

    def freezes(self, now: datetime, job: str = "") -> tuple[Freeze, ...]:
        """Those in force at `now`; with `job`, those that hold for it (its own and `*`)."""
        ...

    def lift_freezes(self, job: str, by: str, now: datetime) -> int:
        """Lift those set on exactly `job` (`*` for the general one); how many there were."""
        ...

    # audit
    def append_audit(self, entry: AuditEntry) -> AuditEntry:
        """Chain the entry to the last one; returns it with `seq` and hashes."""
        ...

    def audit(
        self,
        job: str = "",
        by: str = "",
        since: datetime | None = None,
        request: str = "",
        after_seq: int = 0,
        limit: int = 1000,
        newest_first: bool = False,
    ) -> tuple[AuditEntry, ...]: ...

    def verify_audit(self) -> str:
        """Empty when every row's hash holds; else one sentence that names the first broken row."""
        ...

    # what the watcher knows
    def known_jobs(self) -> dict[str, KnownJob]:
        """By full resource name."""
        ...

    def known_names(self) -> tuple[str, ...]:
        """Their full resource names alone."""
        ...

    def known_job(self, name: str) -> KnownJob | None: ...

    def failed_databases(self, jobs: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Of these jobs (full resource names), those with databases that had failed when last seen,
        and which; whether the job still runs is not looked at."""
        ...

    def save_known(self, jobs: Iterable[KnownJob]) -> None: ...

    def forget_job(self, name: str) -> None: ...

    def add_event(self, event: Event) -> Event:
        """Returns it with its id."""
        ...

    def events(
        self,
        job: str = "",
        create_time: datetime | None = None,
        after_id: int = 0,
        limit: int = 200,
        since: datetime | None = None,
    ) -> tuple[Event, ...]:
        """Oldest first; the newest `limit`. Of all jobs when none is named."""
        ...

    def event(self, id: int) -> Event | None: ...

    # outbox
    def post(self, message: OutMessage) -> bool:
        """Put a message in; False when its key is there already (nothing changes then)."""
        ...

    def touch(self, key: str, subject: Mapping[str, Any] | None = None) -> bool:
        """Have the message updated; False when there is no such key."""
        ...

    def message(self, key: str) -> OutMessage | None: ...

    def due(self, now: datetime, limit: int = 100) -> tuple[OutMessage, ...]:
        """What can be sent now: not given up, `not_before` reached, first of its `order`, and its
        thread's parent posted. Oldest first.

        Where the parent was given up or is no longer kept, its messages are due without it: they
        have no thread to go to, and stand alone.
        """
        ...

    def mark_attempt(self, key: str, not_before: datetime | None = None) -> None:
        """Written before a post or an update: after a crash, look whether it was posted already.

        Nobody tries again before `not_before`: until then, what is under way may still arrive.
        Counts `attempts`, which `mark_sent` sets back to 0.
        """
        ...

    def mark_sent(self, key: str, rev: int, ts: str, channel: str = "") -> None: ...

    def mark_failed(self, key: str, not_before: datetime | None, error: str = "") -> None:
        """Try again at `not_before`, or give up with `error`."""
        ...

    def messages(self, prefix: str, kind: str, since: datetime, limit: int = 200) -> tuple[OutMessage, ...]:
        """The latest messages of a kind whose keys begin so, written since then. Oldest first."""
        ...

    def given_up(
        self, channel: str, errors: Iterable[str], since: datetime, kinds: Iterable[str], limit: int = 1000
    ) -> tuple[OutMessage, ...]:
        """The latest messages of a channel, of these kinds and written since then, that were given up with
        one of these errors. Oldest first."""
        ...

    def take_up(self, key: str) -> bool:
        """Try again what was given up; False when it was not."""
        ...

    def outbox_depth(self) -> int: ...

    # watches
    def add_watch(self, watch: Watch) -> None: ...

    def remove_watch(self, id: str) -> bool: ...

    def watches(self, target: str = "", by: str = "") -> tuple[Watch, ...]: ...

    # small values (markers of schedules)
    def value(self, key: str) -> str | None: ...

    def put_value(self, key: str, value: str) -> None: ...

    def purge(self, before: datetime) -> int:
        """Drop deliveries, sent and given-up messages, refs unused and events older than `before`;
        never audit, nor the message that is a job's time line. How many there were."""
        ...
