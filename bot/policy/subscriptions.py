"""Who gets which events: the notification channel, the policy file's subscriptions, and those people set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.config.projects import Projects
from bot.dms.error_news import TOLD, brings_errors, ends_errors, recovers
from bot.dms.model import BEFORE_CDC, Job, Phase, State
from bot.dms.resource_names import project_of
from bot.dms.source_writes import MAY_RESUME, MUST_STOP, may_resume, must_stop
from bot.policy.model import NO_PROJECTS, WatchDefault
from bot.store.records import EVERY_JOB, Event

EVERYTHING = "*"
READY = "ready_to_promote"
WITH_ERRORS = "with_errors"
"""A job that goes on has a new error, or one of its databases has."""
ERRORS_CLEARED = "errors_cleared"
"""A job that ran with errors runs without any."""
RECOVERED = "recovered"
"""A failed job goes on by itself."""
ACTION_FAILED = "action_failed"
"""A requested action did not succeed. Announced by `bot.requests.failures`; no job changed."""
FREEZE = "freeze"
"""A freeze is set, lifted or about to end. Announced by `bot.watch.freeze_news`; no job changed."""
ALERT_TOPICS = frozenset(
    {
        *("failed", "completed", READY, "stuck", "deleted", "database_failed", "delayed"),
        *(ACTION_FAILED, FREEZE, MUST_STOP, MAY_RESUME, WITH_ERRORS, ERRORS_CLEARED, RECOVERED),
    }
)
"""Topics that people must see: each event gets a message of its own."""
FAILURES = frozenset({"failed", "database_failed", WITH_ERRORS})
"""Topics of which many at once are a mass failure."""
KINDS = ALERT_TOPICS | {"created", "recreated", "changed", "error", "database_error", "cleared"}
TOPICS = KINDS | frozenset(state.lower() for state in State) | frozenset(phase.lower() for phase in Phase)
"""The words that `--only` takes: kinds of events, states and phases, in lower case."""

_WITH_STATUS = frozenset({"created", "recreated", "changed", "deleted"})
_NO_PHASE = frozenset({Phase.UNSPECIFIED, ""})
_NOT_READY_BEFORE = frozenset({State.RUNNING, State.STARTING, State.RESTARTING, State.NOT_STARTED})


class Membership(StrEnum):
    """What Slack says of the app and a channel; it can post only where it is a member."""

    MEMBER = "member"
    OUTSIDE = "outside"
    """The channel exists, and the app has not been invited."""
    NOT_VISIBLE = "hidden"
    """Slack does not show it: it is private and the app has not been invited, or it does not exist."""
    NOT_GRANTED = "not granted"
    """The app was not added to the channel's workspace."""
    ARCHIVED = "archived"
    UNKNOWN = "unknown"
    """Slack could not be asked, or does not say."""


class SubscriptionLike(Protocol):
    """A subscription, from the store (`records.Watch`) or from the policy file (`model.WatchDefault`)."""

    @property
    def target(self) -> str:
        """ID of a channel, or of a person for direct messages."""

    @property
    def jobs(self) -> str:
        """See `matches`."""

    @property
    def only(self) -> tuple[str, ...]:
        """Topics wanted; empty means all."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """A channel or person that gets one event."""

    target: str
    follows_job: bool
    """True: they get a timeline of the job, and alerts. False: each event is an alert of its own."""


def topics(event: Event) -> frozenset[str]:
    """The words of `--only` that match this event."""
    found = {event.kind}
    if event.kind in _WITH_STATUS:
        found.update(part.lower() for part in event.after.split("/") if part)
    if event.kind == "recreated":
        found.add("created")
    if _is_ready(event):
        found.add(READY)
    if must_stop(event):
        found.add(MUST_STOP)
    if may_resume(event):
        found.add(MAY_RESUME)
    if brings_errors(event):
        found.add(WITH_ERRORS)
    if ends_errors(event):
        found.add(ERRORS_CLEARED)
    if recovers(event):
        found.add(RECOVERED)
    return frozenset(found)


def is_alert(event: Event) -> bool:
    """Whether people must see the event; not an error of a job that they know to have errors."""
    return event.before != TOLD and not ALERT_TOPICS.isdisjoint(topics(event))


def is_failure(event: Event) -> bool:
    """Whether a job failed, or goes on with an error that was not known."""
    words = topics(event) if event.kind != "deleted" and event.before != TOLD else frozenset()
    return not FAILURES.isdisjoint(words)


def _is_ready(event: Event) -> bool:
    """Whether the job has just become ready to promote."""
    if event.kind != "changed":
        return False
    state, _, phase = event.before.partition("/")
    if event.after == f"{State.RUNNING}/{Phase.READY_FOR_PROMOTE}":
        return phase != Phase.READY_FOR_PROMOTE
    if event.after != f"{State.RUNNING}/{Phase.CDC}":
        return False
    # The dump may end while the job is edited, in maintenance, or in a state that this version does not know.
    return phase in BEFORE_CDC or (phase in _NO_PHASE and state in _NOT_READY_BEFORE)


def matches(jobs: str, job: Job | None, event: Event) -> bool:
    """Whether a subscription's `jobs` matches this event's job.

    `jobs` is `*`, a full resource name, `label:key=value`, `state:NAME` or `project:ID`, or several of the
    last three with spaces between them, which must all match. `job` is None for a deleted job whose labels
    are no longer known: then every label matches.
    """
    return all(_term_matches(each, job, event) for each in jobs.split(" "))


def _term_matches(jobs: str, job: Job | None, event: Event) -> bool:
    kind, mark, rest = jobs.partition(":")
    if jobs in (EVERYTHING, event.job):
        return True
    if mark and kind == "label":
        key, _, value = rest.partition("=")
        return job is None or job.label(key) == value
    if mark and kind == "state":
        return rest.lower() in _states(event)
    return bool(mark) and kind == "project" and (event.job == EVERY_JOB or rest == project_of(event.job))


def of_project(project_id: str, jobs: str = EVERYTHING) -> str:
    """The `jobs` of a subscription, narrowed to one project."""
    return f"project:{project_id}" if jobs == EVERYTHING else f"project:{project_id} {jobs}"


def _states(event: Event) -> set[str]:
    """States and phases that the event leads to or away from, and its topics; in lower case."""
    parts = (*event.before.split("/"), *event.after.split("/")) if event.kind in _WITH_STATUS else ()
    return {part.lower() for part in parts if part} | set(topics(event))


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """All subscriptions of one moment."""

    watches: tuple[SubscriptionLike, ...]

    @classmethod
    def of(
        cls, notify_channel: str, watches: Iterable[SubscriptionLike], projects: Projects = NO_PROJECTS
    ) -> Subscriptions:
        """What people and the policy subscribed, and what notification channels get by default."""
        given = tuple(watches)
        return cls((*default_watches(notify_channel, given, projects), *given))

    def recipients(self, event: Event, job: Job | None) -> tuple[Recipient, ...]:
        """Who gets `event`. One entry per target; a full subscription wins over a filtered one (`--only`).

        `job` is None if it was deleted and is no longer known.
        """
        found: dict[str, bool] = {}
        words = topics(event)
        for watch in self.watches:
            if matches(watch.jobs, job, event) and _includes(watch.only, words):
                found[watch.target] = found.get(watch.target, False) or not watch.only
        return tuple(Recipient(target, follows_job) for target, follows_job in found.items())

    def targets(self) -> frozenset[str]:
        """Every channel and person with a subscription."""
        return frozenset(each.target for each in self.watches)

    def job_names(self) -> frozenset[str]:
        """Full resource names of the jobs with a subscription by name."""
        return frozenset(each.jobs for each in self.watches if each.jobs.startswith("projects/"))


def default_watches(
    notify_channel: str, given: Sequence[SubscriptionLike], projects: Projects
) -> tuple[WatchDefault, ...]:
    """What notification channels get by default: each project's own channel gets the project, and the common
    one all others. Where the channel has a subscription of the same jobs, or of all, that holds instead."""
    found = [WatchDefault(notify_channel)]
    if any(each.notify_channel not in ("", notify_channel) for each in projects):
        found = [
            WatchDefault(each.notify_channel or notify_channel, of_project(each.id)) for each in projects
        ]
    own = {(each.target, each.jobs) for each in given}
    return tuple(
        each
        for each in found
        if each.target and own.isdisjoint({(each.target, each.jobs), (each.target, EVERYTHING)})
    )


def _includes(only: Sequence[str], words: frozenset[str]) -> bool:
    return not only or not words.isdisjoint(each.lower() for each in only)
