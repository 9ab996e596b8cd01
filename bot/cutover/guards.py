"""What has to hold before the writes are stopped: one line for each check. Pure functions of what was read.

What could not be read is *not checked*, which is never taken for a go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.dms import display
from bot.dms.delay import CLOCKS_DIFFER, MAX_AGE
from bot.dms.destination import Destination
from bot.dms.drain_samples import Written
from bot.dms.engines import reads_backup_files
from bot.dms.errors import DmsError
from bot.dms.model import (
    Database,
    Delay,
    DelayPoint,
    Job,
    Lag,
    ObjectPhase,
    ObjectState,
    Operation,
    Phase,
    State,
)
from bot.dms.rules import lacks_data
from bot.dms.running_errors import is_faulty
from bot.dms.source_counters import not_counted
from bot.dms.unsupported import UnsupportedEvents
from bot.store.cutover import CheckLine, CheckResult, Cutover, Override
from bot.store.records import Run, RunState
from bot.util.command import COMMAND
from bot.util.durations import humanize
from bot.util.text import count_of, first_few

MAX_DELAY = timedelta(seconds=60)
"""Longest delay with which the writes may be stopped."""
TREND = timedelta(minutes=15)
"""For how long the delay must not have been rising."""
NEAR = timedelta(hours=2)
"""How near a backup or a maintenance may be before it is named."""
REHEARSED = timedelta(days=14)
VERIFIED = timedelta(days=1)
PROMOTE_PERMISSION = "datamigration.migrationjobs.promote"
OVERRIDABLE = frozenset({"delay", "trend", "destination", "maintenance"})
"""Guards that an approver can override, with a reason. The others have no way around them."""
MUST_BE_KNOWN = frozenset({"state", "errors", "delay", "permission", "operation"})
"""Guards that block as well if they could not be checked."""
_RISE_S = 10.0
"""By how many seconds the delay has to grow to count as rising; samples differ by some."""
_FEWEST_SAMPLES = 4
_NAMED = 3
_READY_PHASES = frozenset({Phase.CDC, Phase.READY_FOR_PROMOTE})
GO, NO_GO, WARN, NOT_CHECKED = (
    CheckResult.GO,
    CheckResult.NO_GO,
    CheckResult.WARN,
    CheckResult.NOT_CHECKED,
)


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What was read of one job. An error stands for what could not be read."""

    job: Job | DmsError
    databases: Sequence[Database] | DmsError
    delay: Delay | DmsError
    unsupported: UnsupportedEvents
    permissions: frozenset[str] | DmsError
    operations: Sequence[Operation] | DmsError
    destination: Destination | DmsError | None
    source: Mapping[str, Sequence[Written]] | DmsError = field(default_factory=dict)
    """What its source counts of the rows that are written to it, by database."""
    verified: Run | None = None
    """Its last verification through the bot."""
    frozen: str = ""
    """Why it is frozen when the cutover begins; empty if it is not."""
    locked: str = ""
    """What is running on it; empty if nothing is."""
    replaced: bool = False
    """Whether it was deleted, and created again, since it was planned."""
    rival: str = ""
    """Another open cutover of this job or destination; empty if there is none."""


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What was read of the people and the approvals."""

    needed: int
    """Number of approvals that are needed; those that count by now are in `given`."""
    given: int
    muted: Mapping[str, bool | None] = field(default_factory=dict)
    """By user ID, whether Slack mutes them when the cutover begins; None where Slack does not say."""
    left: tuple[str, ...] = ()
    """User IDs of participants who are no full, active members."""


def of_plan(cutover: Cutover, facts: PlanFacts, now: datetime) -> Iterator[CheckLine]:
    """The checks of the plan as a whole."""
    if cutover.rehearsal:
        yield CheckLine("approvals", GO, "None needed for a rehearsal.")
    elif facts.given < facts.needed:
        yield CheckLine("approvals", NO_GO, f"{facts.given} of {count_of(facts.needed, 'approval')}.")
    else:
        given = count_of(facts.given, "approval") if facts.needed else "None needed"
        yield CheckLine("approvals", GO, f"{given}.")
    yield from _people(cutover, facts)
    yield from () if cutover.rehearsal else (_rehearsed(cutover, now),)


def _people(cutover: Cutover, facts: PlanFacts) -> Iterator[CheckLine]:
    if facts.left:
        names = ", ".join(f"<@{user}>" for user in facts.left)
        yield CheckLine("people", NO_GO, f"Not full, active members: {names}.")
    yield _commander(cutover, cutover.progress.here)
    muted = [user for user, is_muted in facts.muted.items() if is_muted]
    unknown = [user for user, is_muted in facts.muted.items() if is_muted is None]
    if muted:
        names = ", ".join(f"<@{user}>" for user in muted)
        yield CheckLine("do_not_disturb", WARN, f"Slack mutes {names} then: reach them otherwise.")
    elif unknown:
        yield CheckLine("do_not_disturb", NOT_CHECKED, "Slack does not say who is muted then.")
    else:
        yield CheckLine("do_not_disturb", GO, "Nobody is muted by Slack then.")


def _commander(cutover: Cutover, here: Container[str]) -> CheckLine:
    if cutover.plan.commander in here or cutover.plan.deputy in here:
        return CheckLine("commander", GO, "Commander or deputy is here.")
    return CheckLine("commander", WARN, f"<@{cutover.plan.commander}> has not pressed *I'm here*.")


def with_presence(cutover: Cutover, here: Container[str]) -> tuple[CheckLine, ...]:
    """The checks as they were, but for the one of who is here, which needs no look at DMS."""
    return tuple(
        _commander(cutover, here) if each.guard == "commander" else each for each in cutover.progress.checks
    )


def _rehearsed(cutover: Cutover, now: datetime) -> CheckLine:
    if cutover.rehearsed is None:
        return CheckLine("rehearsal", WARN, "These jobs were never rehearsed together.")
    ago = now - cutover.rehearsed
    result = GO if ago <= REHEARSED else WARN
    return CheckLine("rehearsal", result, f"Rehearsed {humanize(ago)} ago.")


def of_job(name: str, facts: JobFacts, begins: datetime, now: datetime) -> Iterator[CheckLine]:
    """The checks of one job; `begins` is when its cutover is to begin."""
    for guard, judge in _OF_A_JOB.items():
        result, text = judge(facts, begins, now)
        yield CheckLine(guard, result, text, name)


Found = tuple[CheckResult, str]


def _state(facts: JobFacts, _begins: datetime, _now: datetime) -> Found:
    job = facts.job
    if isinstance(job, DmsError):
        return _unread("the job", job)
    if facts.replaced:
        return NO_GO, "It was deleted and created again: end this plan, then plan it anew."
    ready = job.state == State.RUNNING and job.phase in _READY_PHASES
    return (GO if ready else NO_GO), f"{display.status_text(job.status)}."


def _errors(facts: JobFacts, _begins: datetime, _now: datetime) -> Found:
    if isinstance(facts.job, Job) and facts.job.error is not None:
        return NO_GO, f"The job has an error: {facts.job.error.message}"
    if isinstance(facts.databases, DmsError):
        return _unread("its databases", facts.databases)
    faulty = [each for each in facts.databases if is_faulty(each)]
    if faulty:
        names = first_few([str(each.id) for each in faulty], _NAMED)
        return NO_GO, f"{display.counted_objects(len(faulty), faulty)} with errors: {names}."
    return GO, "No errors."


def _objects(facts: JobFacts, _begins: datetime, _now: datetime) -> Found:
    if isinstance(facts.databases, DmsError):
        return _unread("its databases", facts.databases)
    migrated = [each for each in facts.databases if each.state != ObjectState.NOT_SELECTED]
    promoted = [str(each.id) for each in migrated if each.phase == ObjectPhase.PROMOTED]
    if promoted:
        return NO_GO, f"Promoted already, so nothing is replicated: {first_few(promoted, _NAMED)}."
    early = [str(each.id) for each in migrated if lacks_data(each) or each.phase not in (*_READY_PHASES, "")]
    if early:
        return NO_GO, f"Not in CDC yet: {first_few(early, _NAMED)}."
    if not migrated:
        return NOT_CHECKED, "DMS lists no databases for it."
    return GO, f"{display.counted_objects(len(migrated), migrated)}, all replicating."


def _unsupported(facts: JobFacts, _begins: datetime, _now: datetime) -> Found:
    found = facts.unsupported
    if found.total is None:
        return NOT_CHECKED, f"Unsupported changes are not known{f': {found.note}' if found.note else ''}."
    if found.total:
        return WARN, f"{count_of(found.total, 'change')} not supported: the destination may lack them."
    return GO, "No unsupported changes."


def _source_writes(facts: JobFacts, _begins: datetime, _now: datetime) -> Found:
    """Whether it can be seen that somebody writes to the source after the stop. It blocks nothing."""
    if isinstance(facts.job, DmsError):
        return _unread("the job", facts.job)
    why = not_counted(facts.job)
    if why:
        return NOT_CHECKED, f"Rows written to the source are not counted: {why}."
    if isinstance(facts.source, DmsError):
        return _unread("what is written to the source", facts.source)
    if not facts.source:
        return NOT_CHECKED, "Cloud Monitoring has no count of the rows written to the source."
    return GO, "Cloud SQL counts the rows written to the source."


def _delay(facts: JobFacts, _begins: datetime, now: datetime) -> Found:
    if isinstance(facts.delay, DmsError):
        return _unread("the replication delay", facts.delay)
    lag = facts.delay.seconds
    points = dict(lag.newest) or dict(zip([""], lag.points[-1:], strict=False))
    if not points and isinstance(facts.job, Job) and reads_backup_files(facts.job):
        return WARN, "No delay in seconds: DMS restores backup files of this source."
    if not points:
        return NOT_CHECKED, "Cloud Monitoring has no replication delay for it."
    unknown = [*_unmeasured(facts, lag), *(name for name, each in points.items() if each.value < 0)]
    if unknown:
        return NOT_CHECKED, f"No delay is measured for {first_few(unknown, _NAMED)}."
    ahead = max(each.time for each in points.values()) - now
    if ahead > CLOCKS_DIFFER:
        return NOT_CHECKED, f"The newest measurement is {humanize(ahead)} ahead of this machine's clock."
    oldest = min(each.time for each in points.values())
    if now - oldest > MAX_AGE:
        return NO_GO, f"The newest measurement is {humanize(now - oldest)} old."
    where, worst = max(points.items(), key=lambda item: item[1].value)
    of = f" ({where})" if where and len(points) > 1 else ""
    text = f"Delay {humanize(worst.value)}{of}, measured {humanize(now - oldest)} ago."
    return (GO if worst.value <= MAX_DELAY.total_seconds() else NO_GO), text


def _unmeasured(facts: JobFacts, lag: Lag) -> tuple[str, ...]:
    """The job's databases that have no measurement, where the series name databases at all."""
    if isinstance(facts.databases, DmsError) or not any(lag.newest):
        return ()
    migrated = (each for each in facts.databases if each.state != ObjectState.NOT_SELECTED)
    return lag.missing([each.id.database for each in migrated if each.id.type == "DATABASE"])


def _trend(facts: JobFacts, _begins: datetime, now: datetime) -> Found:
    if isinstance(facts.delay, DmsError):
        return _unread("the replication delay", facts.delay)
    recent = [each for each in facts.delay.seconds.points if now - each.time <= TREND and each.value >= 0]
    if len(recent) < _FEWEST_SAMPLES:
        return NOT_CHECKED, f"Too few measurements in {humanize(TREND)} to see a trend."
    rise = _mean(recent[-len(recent) // 3 :]) - _mean(recent[: max(1, len(recent) // 3)])
    if rise > _RISE_S:
        return NO_GO, f"The delay has risen by {humanize(rise)} in {humanize(TREND)}."
    return GO, f"The delay is not rising ({humanize(TREND)})."


def _mean(points: Sequence[DelayPoint]) -> float:
    return sum(each.value for each in points) / len(points)


def _verified(facts: JobFacts, _begins: datetime, now: datetime) -> Found:
    """By the last `verify` of people. The checks send none: they run unasked, and its operation would object
    to the start (`_operation`)."""
    run = facts.verified
    if run is None or run.ended is None or now - run.ended > VERIFIED:
        way = f" `{COMMAND} verify {facts.job.id}` does it." if isinstance(facts.job, Job) else ""
        return NOT_CHECKED, f"Not verified in the last day.{way}"
    ago = humanize(now - run.ended)
    if run.state is RunState.SUCCEEDED:
        return GO, f"Verified {ago} ago."
    # A running job may be refused as set up already: it says nothing about the promotion.
    return WARN, f"The verification {ago} ago found something: {run.note or run.state}"


def _permission(facts: JobFacts, _begins: datetime, _now: datetime) -> Found:
    if isinstance(facts.permissions, DmsError):
        return _unread("the bot's permissions", facts.permissions)
    if PROMOTE_PERMISSION in facts.permissions:
        return GO, "The bot may promote it."
    return NO_GO, f"The bot's account lacks {PROMOTE_PERMISSION}."


def _operation(facts: JobFacts, _begins: datetime, _now: datetime) -> Found:
    if isinstance(facts.operations, DmsError):
        return _unread("its operations", facts.operations)
    running = [each.verb or "an operation" for each in facts.operations if not each.done]
    if running:
        return NO_GO, f"Running on the service: {first_few(running, _NAMED)}."
    return GO, "No operation is running."


def _freeze(facts: JobFacts, _begins: datetime, _now: datetime) -> Found:
    if isinstance(facts.job, DmsError):
        return _unread("the job", facts.job)
    return (NO_GO, facts.frozen) if facts.frozen else (GO, "Not frozen.")


def _lock(facts: JobFacts, _begins: datetime, _now: datetime) -> Found:
    if isinstance(facts.job, DmsError):
        return _unread("the job", facts.job)
    return (NO_GO, facts.locked) if facts.locked else (GO, "Not busy.")


def _alone(facts: JobFacts, _begins: datetime, _now: datetime) -> Found:
    if isinstance(facts.job, DmsError):
        return _unread("the job", facts.job)
    return (NO_GO, facts.rival) if facts.rival else (GO, "No other cutover of it.")


def _destination(facts: JobFacts, _begins: datetime, _now: datetime) -> Found:
    found = facts.destination
    if isinstance(found, DmsError):
        return _unread("the destination", found)
    if found is None:
        return NOT_CHECKED, "Its destination is not known to AlloyDB or Cloud SQL."
    text = f"{found.kind} {found.id} is {found.state or 'in an unknown state'}."
    return (GO if found.serves or found.replicates else NO_GO), text


def _maintenance(facts: JobFacts, begins: datetime, _now: datetime) -> Found:
    found = facts.destination
    if isinstance(found, DmsError):
        return _unread("the destination", found)
    if found is None:
        return NOT_CHECKED, "Backups and maintenance of the destination are not known."
    if found.backup_running:
        return WARN, "A backup of the destination is running."
    if found.maintenance is not None and abs(found.maintenance - begins) <= NEAR:
        return WARN, f"Maintenance of the destination begins {_beside(found.maintenance, begins)}."
    return GO, "No backup or maintenance near."


def _beside(at: datetime, begins: datetime) -> str:
    by = humanize(abs(at - begins))
    return f"{by} {'after' if at >= begins else 'before'} the cutover"


def _unread(what: str, error: DmsError) -> Found:
    return NOT_CHECKED, f"Could not read {what}: {error.reason or str(error).rstrip('.')}."


_OF_A_JOB: Mapping[str, Callable[[JobFacts, datetime, datetime], Found]] = {
    "state": _state,
    "errors": _errors,
    "objects": _objects,
    "unsupported": _unsupported,
    "source_writes": _source_writes,
    "delay": _delay,
    "trend": _trend,
    "verify": _verified,
    "permission": _permission,
    "operation": _operation,
    "freeze": _freeze,
    "lock": _lock,
    "alone": _alone,
    "destination": _destination,
    "maintenance": _maintenance,
}
"""By the guard's name, in the order in which they are shown."""


def blockers(lines: Sequence[CheckLine], overrides: Sequence[Override]) -> tuple[CheckLine, ...]:
    """The lines that keep the writes from being stopped."""
    return tuple(each for each in lines if _blocks(each) and override_of(each, overrides) is None)


def override_of(line: CheckLine, overrides: Sequence[Override]) -> Override | None:
    """By which an approver has lifted what the check finds: the same but for its numbers, which change with
    each look. A delay that has grown from minutes to hours is another finding, and so is another state."""
    fits = (
        each
        for each in reversed(overrides)
        if (each.guard, each.job) == (line.guard, line.job)
        and (not each.text or _kind(each.text) == _kind(line.text))
    )
    return next(fits, None) if line.guard in OVERRIDABLE else None


def _kind(text: str) -> str:
    return re.sub(r"\d+(?:[.,]\d+)*", "#", text)


def _blocks(line: CheckLine) -> bool:
    return line.result is NO_GO or (line.result is NOT_CHECKED and line.guard in MUST_BE_KNOWN)
