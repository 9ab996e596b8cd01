"""The records that the store keeps. Times are UTC; ids are opaque."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.dms.model import Database, Job, Options, State
from bot.dms.resource_names import is_job_name, project_of
from bot.dms.rules import Action
from bot.dms.running_errors import databases_of, faulty_of, shown_status
from bot.store.facts import RequestFacts


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, and where: ids of Slack, as the delivery carried them."""

    team: str
    """What the app's installation serves: a workspace, or an organisation. Strangers have another."""
    user: str
    channel: str = ""
    workspace: str = ""
    """The workspace in which they act; empty where that is not known."""

    @property
    def audit_team(self) -> str:
        """The most exact that is known of where they acted, for the audit."""
        return self.workspace or self.team


@dataclass(frozen=True, slots=True)
class CallbackToken:
    """The data behind the opaque id of a button, an option or a view."""

    id: str
    team: str
    kind: str
    data: Mapping[str, Any]


class RequestState(StrEnum):
    """State of a request to change one or several jobs."""

    CONFIRMING = "confirming"
    """The requester has not confirmed yet."""
    APPROVING = "approving"
    """Confirmed; others must approve."""
    SCHEDULED = "scheduled"
    """Confirmed and approved; it is sent at `facts.due`."""
    APPROVED = "approved"
    """Confirmed and approved; nothing has been sent yet."""
    RUNNING = "running"
    DONE = "done"
    """Every run has ended; the runs say how."""
    CANCELLED = "cancelled"
    """Withdrawn by the requester."""
    DENIED = "denied"
    EXPIRED = "expired"
    OUTDATED = "outdated"
    """A job had changed since the request was made; nothing was sent."""


OPEN_REQUESTS = (RequestState.CONFIRMING, RequestState.APPROVING)
"""Somebody has yet to decide."""
PENDING_REQUESTS = (*OPEN_REQUESTS, RequestState.SCHEDULED)
"""Nothing has been sent, and they can be withdrawn."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request for one action on one or several jobs, bound to their state at that time."""

    id: str
    action: Action
    options: Options
    jobs: tuple[Job, ...]
    """As they were when the request was made: `create_time`, state and phase must still be the same."""
    databases: Mapping[str, tuple[str, ...]]
    """By job name, the destination databases that the action affects, as far as known."""
    by: Person
    state: RequestState
    created: datetime
    expires: datetime
    needed: int = 0
    """Number of approvals needed after the confirmation."""
    rule: str = ""
    """Name of the policy rule that asks for the approvals."""
    ended_by: str = ""
    """User id of who cancelled or denied, or empty."""
    note: str = ""
    """Why it was denied or is outdated."""
    ended: datetime | None = None
    reminded: bool = False
    parent: str = ""
    """Id of the request whose failed runs this one retries."""
    warning: tuple[str, ...] = ()
    """What will be lost, as it was shown, one line each."""
    typed: bool = False
    """Whether the requester has to type the job's name to confirm."""
    self_approval: bool = True
    """Whether the requester's own approval counts."""
    facts: RequestFacts = field(default_factory=RequestFacts)
    """What the bot found out for it, for example the replication delay."""

    def job(self, name: str) -> Job:
        """The job with this full resource name, as it was when the request was made."""
        return next(job for job in self.jobs if job.name == name)


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's approval or denial of a request; each person has one."""

    request: str
    user: str
    approve: bool
    reason: str
    at: datetime
    channel: str | None = None
    """Where it was made, since a role may come from the channel. Empty where Slack named none; None in rows
    of older versions, which wrote it into the audit alone."""


class RunState(StrEnum):
    """State of one action on one job."""

    QUEUED = "queued"
    CALLING = "calling"
    """The call may have been sent: after a crash, the service is asked first."""
    FOLLOWING = "following"
    """The service accepted the call; its operation is running."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The service accepted the call, and its operation failed."""
    REFUSED = "refused"
    """Nothing was changed: the service, a rule or the policy refused."""
    UNCLEAR = "unclear"
    """It may or may not have been applied."""


ACTIVE_RUNS = (RunState.QUEUED, RunState.CALLING, RunState.FOLLOWING)


@dataclass(frozen=True, slots=True)
class Run:
    """One action on one job, called at most once. While it is active, the job is locked."""

    id: str
    request: str
    job: str
    """Full resource name."""
    action: Action
    state: RunState
    call_id: str
    """UUID that is sent as `request_id` where the method has one."""
    owner: str = ""
    """Replica that carries it out; `Store.is_locked("replica:" + owner)` says whether it is alive."""
    operation: str = ""
    created: datetime | None = None
    called: datetime | None = None
    ended: datetime | None = None
    note: str = ""
    """Why it failed or was refused, for people."""
    by: str = ""
    """User id of the requester."""
    hopeless: bool = False
    """Whether retrying cannot help: the job is gone, or the bot's account lacks a permission."""
    stopped_job: bool | None = None
    """Whether it has stopped its job already, to restart it. None until its first call, and in rows of older
    versions, which wrote that into the audit alone."""

    @property
    def cancels(self) -> bool:
        """Whether it cancels the operation of another run, and so does not wait for that run's lock."""
        return self.action is Action.CANCEL


EVERY_JOB = "*"
"""Means all jobs where a job's name is expected."""


def every_job_of(project_id: str) -> str:
    """Means all jobs of a project where a job's name is expected."""
    return f"projects/{project_id}"


@dataclass(frozen=True, slots=True)
class Freeze:
    """Forbids changes to a job, to those of a project, or to all, until a time."""

    id: str
    job: str
    """Full resource name, `every_job_of` a project, or `EVERY_JOB`."""
    until: datetime
    reason: str
    by: str
    created: datetime
    lifted: datetime | None = None
    lifted_by: str = ""

    @property
    def is_of_one_job(self) -> bool:
        return is_job_name(self.job)

    @property
    def project(self) -> str:
        """The ID of the project all of whose jobs it is for; else empty."""
        return "" if self.is_of_one_job else project_of(self.job)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A row of the audit. The store sets `seq`, `previous` and `hash`."""

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

    @property
    def project(self) -> str:
        """The ID of the project of its job or freeze; empty where it is about every job or none."""
        return project_of(self.job)


@dataclass(frozen=True, slots=True)
class Event:
    """A change of a job that the watcher saw."""

    job: str
    create_time: datetime
    at: datetime
    kind: str
    """created, changed, deleted, database_failed, stuck, delayed …"""
    before: str = ""
    after: str = ""
    detail: str = ""
    by: str = ""
    """User id where a request to the bot caused the change; `outside` where something else did."""
    id: int = 0


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """A job as the watcher last saw it."""

    job: Job
    seen: datetime
    changed: datetime
    """When the watcher last saw state or phase change."""
    databases: Mapping[str, str] = field(default_factory=dict)
    """`running_errors.database_status` by database, if they were listed; older rows have `state/phase`."""
    flags: tuple[str, ...] = ()
    """Warnings that have been posted, for example `stuck`, `delayed`."""
    run: int = 1
    """Counts the job's starts and restarts: there is one timeline message per job and run."""

    @property
    def listed_databases(self) -> tuple[Database, ...]:
        """`databases`, without their resource names."""
        return databases_of(self.databases, self.job)

    @property
    def faulty_databases(self) -> tuple[Database, ...]:
        """Those that failed or have an error while the job runs on; a failed job has an error of its own."""
        return faulty_of(self.databases, self.job) if self.job.state == State.RUNNING else ()

    @property
    def runs_with_errors(self) -> bool:
        """Whether the job's status is Running with errors."""
        return self.job.state == State.RUNNING and (self.job.error is not None or bool(self.faulty_databases))

    @property
    def shown_status(self) -> str:
        """The job's status for people."""
        return shown_status(self.job, with_errors=self.runs_with_errors)


RESPONSE_URL_PREFIX = "url:"
"""Prefix of `OutMessage.ts` for messages sent through a response URL: `url:<times used>`."""


@dataclass(frozen=True, slots=True)
class OutMessage:
    """A Slack message that mirrors something in the store, rendered from `kind` and `subject` when sent.

    `mark_dirty` increments `rev`, and the notifier posts or updates until `sent_rev` has caught up.
    """

    key: str
    """Unique, so that nothing is posted twice."""
    channel: str
    kind: str
    subject: Mapping[str, Any]
    order: str = ""
    """Messages with the same order, a job's name, are sent in sequence."""
    thread_of: str = ""
    """Key of the message whose thread this one is posted to."""
    response_url: str = ""
    """Where to answer when the bot is not in the channel."""
    rev: int = 1
    sent_rev: int = 0
    ts: str = ""
    attempts: int = 0
    not_before: datetime | None = None
    error: str = ""
    """Why it was given up; empty while it has not been."""
    created: datetime | None = None
    id: int = 0

    @property
    def is_channel_message(self) -> bool:
        """Whether it was posted to a channel, so that it can have a thread."""
        return bool(self.ts) and not self.ts.startswith(RESPONSE_URL_PREFIX)


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """An HTTP request to a webhook: one event or audit row, as it was when it was saved."""

    webhook: str
    """The webhook's name in the settings."""
    format: str
    """`cloudevents` or `pagerduty`."""
    event: str
    """ID of the event or audit row; the same in every webhook, and after every attempt."""
    body: Mapping[str, Any]
    """What is sent, without secrets."""
    created: datetime
    alert: str = ""
    """PagerDuty: the alert that it is about (`dedup_key`)."""
    action: str = ""
    """PagerDuty: `trigger`, `acknowledge` or `resolve`."""
    attempts: int = 0
    not_before: datetime | None = None
    failing_since: datetime | None = None
    """When the first attempt since the last success failed, whichever delivery that was of."""
    outcome: str = ""
    """`sent`, or why it was given up; empty while it waits."""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """A subscription: who is notified of what."""

    id: str
    target: str
    """Channel id, or user id for direct messages."""
    by: str
    jobs: str = "*"
    """As `matches` of `bot.policy.subscriptions` has it, for example `*` or `label:env=prod`."""
    only: tuple[str, ...] = ()
    """Kinds of events or states; empty for all."""
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class Escalation:
    """An alert that a user group is asked to acknowledge until somebody does, or it is over."""

    id: str
    rule: str
    """Name of the table `[[escalate]]` that asks for it."""
    channel: str
    group: str
    """A user group's ID, or its handle as `@handle`."""
    message: str
    """Key of the message in the outbox whose thread the repeats go to: the alert, or the first of its own."""
    events: tuple[int, ...]
    """IDs of the events that it is about, all of one message."""
    repeat_s: int
    """Seconds between two messages; 0: it is not repeated."""
    started: datetime
    next_at: datetime | None = None
    """When it is repeated next; None: never."""
    repeats: int = 0
    """Number of messages of its own so far."""
    ended: datetime | None = None
    """When it was acknowledged, or was over."""
    acknowledged_by: str = ""
    """User ID of who acknowledged it; empty where it was over before anybody did."""
