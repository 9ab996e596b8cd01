"""Who hears of what: the notify channel, the policy file's watches, and those that people set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.dms.model import BEFORE_CDC, Job, Phase, State
from bot.dms.source_writes import MAY_RESUME, MUST_STOP, may_resume, must_stop
from bot.store.records import Event

EVERYTHING = "*"
READY = "ready_to_promote"
ALERT_TOPICS = frozenset(
    {"failed", "completed", READY, "stuck", "deleted", "database_failed", "delayed", MUST_STOP, MAY_RESUME}
)
"""Topics that people must see: each is told in a message of its own."""
KINDS = ALERT_TOPICS | {"created", "recreated", "changed", "error", "cleared"}
TOPICS = KINDS | frozenset(state.lower() for state in State) | frozenset(phase.lower() for phase in Phase)
"""What `--only` takes."""

_WITH_STATUS = frozenset({"created", "recreated", "changed", "deleted"})
_FROM_DUMP = BEFORE_CDC | {Phase.UNSPECIFIED, ""}
_NOT_READY_BEFORE = frozenset({State.RUNNING, State.STARTING, State.RESTARTING, State.NOT_STARTED})


class Membership(StrEnum):
    """What Slack says of the app and a channel; it can post only where it is a member."""

    MEMBER = "member"
    OUTSIDE = "outside"
    """The channel exists, and the app has not been invited."""
    NOT_VISIBLE = "hidden"
    """Slack does not show it: it is private and the app has not been invited, or it does not exist."""
    ARCHIVED = "archived"
    UNKNOWN = "unknown"
    """Slack could not be asked, or does not say."""


class SubscriptionLike(Protocol):
    """A watch, from the store or from the policy file."""

    @property
    def target(self) -> str: ...

    @property
    def jobs(self) -> str: ...

    @property
    def only(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Recipient:
    """One channel (or person) that hears of one event."""

    target: str
    follows_job: bool
    """Whether it follows the job (a time line, and what is loud); else it hears of single events."""


def topics(event: Event) -> frozenset[str]:
    """The words by which `--only` finds this event."""
    found = {event.kind}
    if event.kind in _WITH_STATUS:
        found.update(part.lower() for part in event.after.split("/") if part)
    if event.kind == "recreated":
        found.add("created")
    if _ready(event):
        found.add(READY)
    if must_stop(event):
        found.add(MUST_STOP)
    if may_resume(event):
        found.add(MAY_RESUME)
    return frozenset(found)


def is_alert(event: Event) -> bool:
    """Whether people must see it."""
    return not ALERT_TOPICS.isdisjoint(topics(event))


def _ready(event: Event) -> bool:
    """Whether the job has just come to where it can be promoted."""
    if event.kind != "changed":
        return False
    state, _, phase = event.before.partition("/")
    if event.after == f"{State.RUNNING}/{Phase.READY_FOR_PROMOTE}":
        return phase != Phase.READY_FOR_PROMOTE
    reached = event.after == f"{State.RUNNING}/{Phase.CDC}"
    return reached and state in _NOT_READY_BEFORE and phase in _FROM_DUMP


def matches(jobs: str, job: Job | None, event: Event) -> bool:
    """Whether a watch's `jobs` (`*`, a name, `label:key=value`, `state:NAME`) means this event's job.

    None for a job that is gone: any label may have been its own.
    """
    kind, mark, rest = jobs.partition(":")
    if jobs in (EVERYTHING, event.job):
        return True
    if mark and kind == "label":
        key, _, value = rest.partition("=")
        return job is None or job.label(key) == value
    if mark and kind == "state":
        return rest.lower() in _states(event)
    return False


def _states(event: Event) -> set[str]:
    """States and phases that the event leads to or away from."""
    parts = (*event.before.split("/"), *event.after.split("/")) if event.kind in _WITH_STATUS else ()
    return {part.lower() for part in parts if part} | set(topics(event))


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """All watches of a moment."""

    watches: tuple[SubscriptionLike, ...]

    @classmethod
    def of(cls, notify_channel: str, watches: Iterable[SubscriptionLike]) -> Subscriptions:
        """The notify channel hears of everything, unless a watch of all jobs says otherwise for it."""
        given = tuple(watches)
        told = any(each.target == notify_channel and each.jobs == EVERYTHING for each in given)
        default = () if told or not notify_channel else (_Default(notify_channel),)
        return cls((*default, *given))

    def recipients(self, event: Event, job: Job | None) -> tuple[Recipient, ...]:
        """Who hears of `event`, whose job may be gone (None); each target once, as whole as any of its
        watches makes it."""
        found: dict[str, bool] = {}
        words = topics(event)
        for watch in self.watches:
            if not matches(watch.jobs, job, event) or not _includes(watch.only, words):
                continue
            found[watch.target] = found.get(watch.target, False) or not watch.only
        return tuple(Recipient(target, whole) for target, whole in found.items())

    def targets(self) -> frozenset[str]:
        """Every channel and person that is told of something."""
        return frozenset(each.target for each in self.watches)

    def job_names(self) -> frozenset[str]:
        """Full names of jobs that somebody watches one by one."""
        return frozenset(each.jobs for each in self.watches if each.jobs.startswith("projects/"))


@dataclass(frozen=True, slots=True)
class _Default:
    target: str
    jobs: str = EVERYTHING
    only: tuple[str, ...] = ()


def _includes(only: Sequence[str], words: frozenset[str]) -> bool:
    return not only or not words.isdisjoint(each.lower() for each in only)
