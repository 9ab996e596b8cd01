"""A cutover as the store keeps it: the plan, how far it is, and its log. Times are UTC; ids are opaque."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.dms.model import DelayPoint
from bot.store.records import Person


class CutoverState(StrEnum):
    """State of a cutover; `bot.cutover.states` says what leads from one to the next."""

    DRAFT = "draft"
    """The planner has not confirmed the plan."""
    AWAITING_APPROVAL = "awaiting_approval"
    SCHEDULED = "scheduled"
    """Confirmed and approved; its time has not come."""
    READY = "ready"
    """Half an hour before its time: waits for the commander to start."""
    STOPPING = "stopping"
    """Waits for the app owner to stop the writes to the source."""
    DRAINING = "draining"
    """The writes are stopped; waits until nothing is missing on the destination."""
    DRAINED = "drained"
    """Nothing was missing in samples that end after the writes were stopped; waits for the last press."""
    PROMOTING = "promoting"
    CHECKLIST = "checklist"
    """Promoted; waits for the checklist, and for writes to be opened on the destination."""
    DONE = "done"
    HELD = "held"
    """Something objected, or somebody held it; `Progress.held_from` says where."""
    ABORTED = "aborted"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    """A promote may or may not have been sent; only the service knows."""


ENDED_CUTOVERS = (CutoverState.DONE, CutoverState.ABORTED, CutoverState.EXPIRED)


@dataclass(frozen=True, slots=True)
class Tick:
    """A line that a person ticks: a writer to stop, or an item of the checklist."""

    text: str
    by: str = ""
    """User ID of who ticked it, `bot` where the bot saw it done; empty while it is open."""
    at: datetime | None = None
    blocking: bool = True
    """Whether writes may not be opened before it is ticked."""
    check: str = ""
    """Name of the check in `bot.cutover` that ticks it; empty for what only people can say."""
    job: str = ""
    """Full resource name of the job that it is about; empty for all."""


class CheckResult(StrEnum):
    """What a check before the cutover found."""

    GO = "go"
    NO_GO = "no_go"
    WARN = "warn"
    """Somebody has to look, but it does not block."""
    NOT_CHECKED = "not_checked"
    """It could not be read: never taken for a GO."""


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check, as it was last found."""

    guard: str
    """Name of the guard, for example `delay`, `errors`, `permission`."""
    result: CheckResult
    text: str
    """What was found, in one short sentence."""
    job: str = ""
    """Full resource name of the job; empty where it is about the whole plan."""


@dataclass(frozen=True, slots=True)
class Override:
    """An approver lets the cutover go on although a guard objects."""

    guard: str
    reason: str
    by: str
    at: datetime
    job: str = ""
    text: str = ""
    """What the guard had found then; empty in rows of older versions, for which it does not count."""


@dataclass(frozen=True, slots=True)
class CutoverPlan:
    """What was planned. It does not change once it is confirmed: moving or changing it makes a new one."""

    jobs: tuple[str, ...]
    """Full resource names."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """By full resource name, the name that people read."""
    at: datetime | None = None
    """When it begins; None: when the commander starts it."""
    zone: str = ""
    """The time zone that `at` was meant in."""
    commander: str = ""
    deputy: str = ""
    app_owner: str = ""
    """Who stops the writes to the source, and opens them on the destination."""
    budget_s: int = 3600
    """Longest downtime in seconds, from the stop of the writes until they are opened."""
    most_seconds: float = 0
    """The delay in seconds at which nothing counts as missing, for engines whose guide names no zero (Oracle,
    SQL Server to PostgreSQL)."""
    most_bytes: float = 0
    """How many bytes of its log a PostgreSQL source may be ahead at a delay of 0 s: on an idle server they
    need not come down to zero."""
    by_itself: bool = False
    """Whether it promotes without a last press as soon as nothing is missing."""
    writers: tuple[str, ...] = ()
    """What writes to the source and has to be stopped, one line each."""
    checklist: tuple[Tick, ...] = ()
    """What is to do after the promotion."""
    channel: str = ""
    """Channel of the card; its thread is the log."""
    announce: str = ""
    """Channel for those who only have to know; empty for none."""
    reason: str = ""
    moves: str = ""
    """ID of the cutover that this one takes the place of, once it is confirmed and approved."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The newest replication delay of one database that counts, as Cloud Monitoring has it."""

    job: str
    database: str
    at: datetime
    """The end of the sample."""
    seconds: float | None = None
    bytes: float | None = None
    zeros: int = 0
    """Number of samples in a row, all after the stop of the writes, in which nothing was missing."""
    written: int = 0
    """Rows written to the destination since it had drained."""
    why: str = ""
    """Why it has not drained, in a clause; empty where it only takes more samples, or nothing."""
    source_rows: int = 0
    """Rows written to it on the source after the writes were stopped, where the source counts them."""
    source_last: datetime | None = None
    """The end of the last minute in which some were."""
    files: bool = False
    """Whether `seconds` is a number of backup files, as with SQL Server to SQL Server."""


class Mark(StrEnum):
    """The state of one job of a cutover, beside that of the whole."""

    OPEN = "open"
    DRAINED = "drained"
    PROMOTING = "promoting"
    PROMOTED = "promoted"
    FAILED = "failed"
    """It cannot go on as planned; the text says why."""
    UNCLEAR = "unclear"
    """Its promotion may or may not have been sent."""
    LEFT_OUT = "left_out"
    """People went on without it: it was not promoted in this cutover."""


@dataclass(frozen=True, slots=True)
class JobMark:
    """One job of a cutover with its mark."""

    job: str
    mark: Mark = Mark.OPEN
    text: str = ""
    """Why it has failed or not drained, or who promoted it, in a clause."""
    at: datetime | None = None
    stranded: bool = False
    """Whether it failed or was stopped, and what has arrived can be promoted even without its source."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is: what people ticked and pressed, and what was measured."""

    writers: tuple[Tick, ...] = ()
    checklist: tuple[Tick, ...] = ()
    checks: tuple[CheckLine, ...] = ()
    checked: datetime | None = None
    overrides: tuple[Override, ...] = ()
    here: Mapping[str, datetime] = field(default_factory=dict)
    """By user ID, when they pressed *I'm here*."""
    jobs: tuple[JobMark, ...] = ()
    """Each job with its mark, in the order of the plan; empty before anything was read."""
    samples: tuple[Sample, ...] = ()
    measured: datetime | None = None
    """When the delay was last read."""
    delays: tuple[DelayPoint, ...] = ()
    """For the chart: the largest delay in seconds of all databases by time of measurement, oldest first,
    since the writes were stopped."""
    not_measured: str = ""
    """Why the delay is not known; empty while it is."""
    stopping: datetime | None = None
    stopped: datetime | None = None
    stopped_by: str = ""
    resumed: datetime | None = None
    """When it went on after it was held: samples count, and the time to drain runs, from then on."""
    drained: datetime | None = None
    go_by: datetime | None = None
    """About when it has drained if nothing more arrives."""
    second: bool = False
    """Whether a second person has to confirm the promotion."""
    asked_by: str = ""
    """User ID of who asked for the promotion, where a second person has to confirm it."""
    asked: datetime | None = None
    """When they asked."""
    seconded_by: str = ""
    """User ID of the second person, who confirmed it."""
    promote_intended: datetime | None = None
    """When the promotion was decided; written before anything is sent."""
    promoted: datetime | None = None
    opened: datetime | None = None
    """When writes were opened on the destination."""
    opened_by: str = ""
    reopened: datetime | None = None
    reopened_by: str = ""
    """Who opened the source for writes again, after it was aborted."""
    held_from: str = ""
    """The state that it was held in; empty for one that is held because its request has ended."""
    why: str = ""
    """Why it is held, aborted, expired or unknown, in a sentence."""
    alarm: str = ""
    """`channel:id` of the scheduled Slack message that says that the bot is silent; empty for none."""
    entered_by: str = ""
    """User ID of who pressed what led to its state; empty where the bot or the time did."""
    said: tuple[str, ...] = ()
    """Which announcements and reminders have been queued."""


@dataclass(frozen=True, slots=True)
class Cutover:
    """A cutover of one job, or of several side by side."""

    id: str
    team: str
    by: Person
    """Who planned it."""
    state: CutoverState
    plan: CutoverPlan
    created: datetime
    since: datetime
    """When it entered its state."""
    request: str = ""
    """ID of the promote request that holds its policy, approvals and fingerprints; empty for a rehearsal."""
    rehearsal: bool = False
    """Whether nothing is sent to the service."""
    rehearsed: datetime | None = None
    """When these jobs were last rehearsed to the end."""
    progress: Progress = field(default_factory=Progress)
    ended: datetime | None = None
    rev: int = 1
    """Goes up with each change: whoever changes it names the one that they read."""


@dataclass(frozen=True, slots=True)
class CutoverEntry:
    """A line of a cutover's log. It is never changed."""

    cutover: str
    at: datetime
    event: str
    """The state entered, or the press or measurement, for example `stopped`, `sample`, `override`."""
    user: str = ""
    job: str = ""
    text: str = ""
    id: int = 0
