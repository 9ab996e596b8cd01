"""What the store keeps, as frozen rows. Times are UTC; ids are opaque."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.dms.model import Job, ObjectState, Options, State
from bot.dms.rules import Action
from bot.store.facts import RequestFacts


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, and where: Slack's ids, as the request carried them."""

    team: str
    user: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class CallbackToken:
    """What an opaque id on a button or an option stands for."""

    id: str
    team: str
    kind: str
    data: Mapping[str, Any]


class RequestState(StrEnum):
    """The life of a request to change one or several jobs."""

    CONFIRMING = "confirming"
    """The requester has not confirmed yet."""
    APPROVING = "approving"
    """Confirmed; others must approve."""
    APPROVED = "approved"
    """All has been said that must be said; nothing has been sent yet."""
    RUNNING = "running"
    DONE = "done"
    """Every run has ended, well or badly: the runs say which."""
    CANCELLED = "cancelled"
    """Taken back by the requester."""
    DENIED = "denied"
    EXPIRED = "expired"
    OUTDATED = "outdated"
    """The job was not as it had been when the request was made; nothing was sent."""


OPEN_REQUESTS = (RequestState.CONFIRMING, RequestState.APPROVING)


@dataclass(frozen=True, slots=True)
class Request:
    """A request for one action on one or several jobs, bound to the jobs as they were."""

    id: str
    action: Action
    options: Options
    jobs: tuple[Job, ...]
    """As they were when the request was made: create_time, state and phase must still hold."""
    databases: Mapping[str, tuple[str, ...]]
    """By job name: the destination databases that the action touches, as far as known."""
    by: Person
    state: RequestState
    created: datetime
    expires: datetime
    needed: int = 0
    """Approvals needed from others after the requester has confirmed."""
    rule: str = ""
    """The policy rule that asked for the approvals."""
    ended_by: str = ""
    """User id of who cancelled or denied, or empty."""
    note: str = ""
    """Why it was denied, or is outdated."""
    ended: datetime | None = None
    reminded: bool = False
    parent: str = ""
    """The request of which this one retries the failed runs."""
    warning: tuple[str, ...] = ()
    """What will be lost, as it was shown: plain text, one line each."""
    typed: bool = False
    """Whether confirming asks the person to type the job's id."""
    self_approval: bool = True
    """Whether the requester's own approval counts."""
    facts: RequestFacts = field(default_factory=RequestFacts)
    """What was found out for it, for example the replication delay."""

    def job(self, name: str) -> Job:
        """The job of this full resource name, as it was when the request was made."""
        return next(job for job in self.jobs if job.name == name)


@dataclass(frozen=True, slots=True)
class Decision:
    """One person's word on a request; a person has one."""

    request: str
    user: str
    approve: bool
    reason: str
    at: datetime
    channel: str | None = None
    """Where it was made: a role may come from that channel. Empty where Slack named none; None in rows of
    older versions, which wrote it into the audit alone."""


class RunState(StrEnum):
    """The life of one action on one job."""

    QUEUED = "queued"
    CALLING = "calling"
    """The call may be on its way: after a crash, look at the service before anything else."""
    FOLLOWING = "following"
    """The service accepted it; its operation goes on."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The service accepted it and its operation failed."""
    REFUSED = "refused"
    """Nothing was changed: the service, a rule or the policy said no."""
    UNCLEAR = "unclear"
    """It may or may not have been applied."""


ACTIVE_RUNS = (RunState.QUEUED, RunState.CALLING, RunState.FOLLOWING)


@dataclass(frozen=True, slots=True)
class Run:
    """One action on one job, run at most once. While it is active, the job is locked."""

    id: str
    request: str
    job: str
    """Full resource name."""
    action: Action
    state: RunState
    call_id: str
    """UUID sent as `request_id` where the method has one."""
    owner: str = ""
    """Which replica carries it out; `Store.is_locked("replica:" + owner)` tells whether it lives."""
    operation: str = ""
    created: datetime | None = None
    called: datetime | None = None
    ended: datetime | None = None
    note: str = ""
    """Why it failed or was refused, in words for people."""
    by: str = ""
    """User id of the requester."""
    hopeless: bool = False
    """Whether trying again cannot help: the job is gone, or the bot itself lacks a permission."""
    stopped_job: bool | None = None
    """Whether it has stopped its job already, to restart it. None until its first call, and in rows of older
    versions, which wrote that into the audit alone."""


EVERY_JOB = "*"
"""In the place of a job's name: all of them."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """No changes to a job (or to all) until a time."""

    id: str
    job: str
    """Full resource name, or `EVERY_JOB`."""
    until: datetime
    reason: str
    by: str
    created: datetime
    lifted: datetime | None = None
    lifted_by: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit. `seq` and the hashes are given by the store."""

    at: datetime
    event: str
    """requested, confirmed, approved, denied, cancelled, expired, outdated, calling, accepted,
    succeeded, failed, refused, unclear, frozen, unfrozen, watched …"""
    user: str = ""
    team: str = ""
    channel: str = ""
    action: str = ""
    job: str = ""
    job_create_time: str = ""
    job_status: str = ""
    request: str = ""
    run: str = ""
    operation: str = ""
    detail: str = ""
    seq: int = 0
    previous: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job, as the watcher saw it."""

    job: str
    create_time: datetime
    at: datetime
    kind: str
    """created, changed, deleted, database_failed, stuck, delayed …"""
    before: str = ""
    after: str = ""
    detail: str = ""
    by: str = ""
    """User id where the change came from a request here; `outside` when it came from elsewhere."""
    id: int = 0


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """A job as the watcher last saw it."""

    job: Job
    seen: datetime
    changed: datetime
    """When state or phase last changed, as far as seen."""
    databases: Mapping[str, str] = field(default_factory=dict)
    """Database → `state/phase`, as last seen; empty where the job's databases were not asked for."""
    flags: tuple[str, ...] = ()
    """Warnings that are out already, for example `stuck`, `delayed`."""
    run: int = 1
    """Grows each time the job starts or restarts: one time line per job and run."""

    @property
    def failed_databases(self) -> tuple[str, ...]:
        """Those that have failed while the job goes on; a job that does not says for itself what it is."""
        return failed_databases(self.databases) if self.job.state == State.RUNNING else ()


def failed_databases(databases: Mapping[str, str]) -> tuple[str, ...]:
    """The names of those whose `state/phase` is that of a failure, in order."""
    return tuple(
        sorted(name for name, status in databases.items() if status.partition("/")[0] == ObjectState.FAILED)
    )


RESPONSE_URL_PREFIX = "url:"
"""What `OutMessage.ts` begins with where it was answered through a response URL: `url:<times used>`."""


@dataclass(frozen=True, slots=True)
class OutMessage:
    """A Slack message that mirrors something in the store.

    The message is rendered from `kind` and `subject` when it is sent; `touch` raises `rev`, and the
    notifier posts or updates until `sent_rev` has caught up.
    """

    key: str
    """Unique: the same thing is never posted twice."""
    channel: str
    kind: str
    subject: Mapping[str, Any]
    order: str = ""
    """Messages of the same order keep their sequence (a job's name)."""
    thread_of: str = ""
    """Key of the message in whose thread this one belongs."""
    response_url: str = ""
    """Where to answer when the bot is not in the channel."""
    rev: int = 1
    sent_rev: int = 0
    ts: str = ""
    attempts: int = 0
    not_before: datetime | None = None
    error: str = ""
    """Set when it was given up for good."""
    created: datetime | None = None
    id: int = 0

    @property
    def is_channel_message(self) -> bool:
        """Whether it was posted to a channel, where it has a thread of its own."""
        return bool(self.ts) and not self.ts.startswith(RESPONSE_URL_PREFIX)


@dataclass(frozen=True, slots=True)
class Watch:
    """Who wants to hear of what."""

    id: str
    target: str
    """Channel id, or user id for direct messages."""
    by: str
    jobs: str = "*"
    """Full resource name, `*`, `label:key=value`, or `state:NAME`."""
    only: tuple[str, ...] = ()
    """Kinds or states wanted; empty means all."""
    created: datetime | None = None
