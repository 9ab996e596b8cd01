"""Which actions a job's state and phase allow, and which databases an action affects. Pure functions.

They decide which buttons people see and what is refused early; the service has the last word. What is sent
when somebody types it (`check`) is more than what buttons offer (`allowed`): where the sources are silent or
differ, nothing is offered, a typed action is warned of (`caution`), and the service decides.
`bot.dms.rule_table` has the rules, with their sources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.dms import display
from bot.dms.engines import engines_of
from bot.dms.model import Database, Job, JobType, ObjectPhase, ObjectState, Options, Phase, State
from bot.dms.rule import Action, Rule, RuleVerdict, Situation, Way
from bot.dms.rule_table import find
from bot.dms.running_errors import is_faulty, runs_with_errors
from bot.dms.states import BEGINNING, LOADING
from bot.util.text import first_few

__all__ = [
    "BULK",
    "DESTRUCTIVE",
    "HARMLESS",
    "Action",
    "Refusal",
    "affected",
    "allowed",
    "allowed_for_all",
    "at_risk",
    "by_databases",
    "caution",
    "check",
    "is_promoted",
    "is_unlisted",
    "lacks_data",
    "no_source_list",
    "offers_some_to_promote",
    "possible",
    "running_dump",
    "runs_with_errors",
    "some_not_named",
    "unpromotable",
    "where",
]

BULK = frozenset(Action) - {Action.EDIT, Action.DEMOTE, Action.CANCEL}
DESTRUCTIVE = frozenset({Action.RESTART, Action.PROMOTE, Action.DEMOTE, Action.DELETE})
HARMLESS = frozenset({Action.VERIFY})
"""Actions that change nothing, so that a freeze does not block them."""

_NAMED = 20
"""Maximum number of databases that a reason names."""
_STRICTER = tuple(RuleVerdict)
_PROMOTED = frozenset({ObjectPhase.PROMOTE_IN_PROGRESS, ObjectPhase.PROMOTED})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an action is not possible now, and which actions are."""

    action: Action
    reason: str
    instead: tuple[Action, ...] = ()
    over: bool = False
    """Whether the job is deleted, so that no action will ever be possible."""
    otherwise: str = ""
    """How the refused action is possible with other options, if it is in `instead`."""

    def __str__(self) -> str:
        if self.over:
            return f"{self.reason} Nothing can be done with it any more."
        words = [self.otherwise if each is self.action else each for each in self.instead]
        return f"{self.reason} {possible(words)}"


def possible(actions: Sequence[str]) -> str:
    """A sentence that lists the actions."""
    if not actions:
        return "Nothing can be done with it until that changes."
    return f"Possible now: {', '.join(actions)}."


def check(
    action: Action, job: Job, options: Options | None = None, databases: Sequence[Database] = ()
) -> Refusal | None:
    """Why `action` is refused for `job`, or None if the service may get it.

    `databases` are those of the job, if known: a RUNNING job can restart if some have failed. `by_databases`
    says whether they are needed.
    """
    options = options or Options()
    rule = _decides(action, job, options, databases)
    if rule.verdict is not RuleVerdict.REFUSED:
        return None
    reason = _in_words(rule.reason, job, options, databases)
    over = job.state == State.DELETED
    return Refusal(action, reason, allowed(job, databases), over, _otherwise(action, job))


def caution(
    action: Action, job: Job, options: Options | None = None, databases: Sequence[Database] = ()
) -> str:
    """What to warn of before the service gets the action, as a sentence; empty if a source lists it.

    It holds for what `check` has let pass. So where the job's `databases` are not known, a restart counts as
    one of a job with errors.
    """
    options = options or Options()
    errors = _errors(job, options, databases) if databases else dict.fromkeys(Way, True)
    rule = _strictest(action, job, options, errors)
    return f"*The service decides*: {rule.reason}" if rule.verdict is RuleVerdict.WARNED else ""


def is_unlisted(action: Action, job: Job, options: Options | None = None) -> bool:
    """Whether the sources are silent or differ about the action on a job like this, as `caution` says."""
    return bool(caution(action, job, options))


def allowed(job: Job, databases: Sequence[Database] = ()) -> tuple[Action, ...]:
    """The actions to offer in the job's state and phase, in the order of `Action`.

    Of a RUNNING job, a restart is offered if databases have failed, and of those alone.
    """
    return tuple(action for action in Action if _is_offered(action, job, databases))


def allowed_for_all(jobs: Sequence[Job]) -> tuple[Action, ...]:
    """The actions to offer for several jobs together: each of them allows them."""
    offered = [allowed(job) for job in jobs]
    return tuple(action for action in Action if offered and all(action in each for each in offered))


def _is_offered(action: Action, job: Job, databases: Sequence[Database]) -> bool:
    options = Options(failed_only=action is Action.RESTART and job.state == State.RUNNING)
    return _decides(action, job, options, databases).verdict is RuleVerdict.OFFERED


def by_databases(action: Action, job: Job, options: Options) -> bool:
    """Whether `check` needs the job's databases, to see which of them have failed."""
    return action is Action.RESTART and (job.state == State.RUNNING or options.failed_only)


def _decides(action: Action, job: Job, options: Options, databases: Sequence[Database]) -> Rule:
    return _strictest(action, job, options, _errors(job, options, databases))


def _errors(job: Job, options: Options, databases: Sequence[Database]) -> dict[Way, bool]:
    """`Situation.errors` of each way of restarting."""
    failed = _failed(databases)
    return {
        Way.WHOLE: runs_with_errors(job, databases),
        Way.FAILED_ONLY: bool(failed),
        Way.DATABASES: failed.issuperset(options.databases),
    }


def _strictest(action: Action, job: Job, options: Options, errors: Mapping[Way, bool]) -> Rule:
    rules = [find(action, way, _now(job, errors.get(way, False))) for way in _ways(action, options)]
    return max(rules, key=lambda rule: _STRICTER.index(rule.verdict))


def _ways(action: Action, options: Options) -> tuple[Way, ...]:
    """How the action is meant. Each way is judged, and the strictest verdict counts."""
    match action:
        case Action.RESTART if options.databases:
            return (Way.DATABASES,)
        case Action.RESTART if options.failed_only:
            return (Way.FAILED_ONLY,)
        case Action.RESTART if options.stop_first:
            return (Way.STOP_FIRST,)
        case Action.PROMOTE if options.failback:
            return (Way.FAILBACK,)
        case Action.PROMOTE if options.databases:
            return (Way.WHOLE, Way.DATABASES)
        case Action.DELETE if options.with_destination:
            return (Way.WHOLE, Way.WITH_DESTINATION)
        case Action.EDIT:
            return _edited(options)
    return (Way.WHOLE,)


def _edited(options: Options) -> tuple[Way, ...]:
    """What an edit changes; before that is known, the display name, which can be changed most often."""
    changes = {
        Way.SELECTION: options.objects is not None,
        Way.PARALLELISM: bool(options.parallelism),
        Way.NAME: options.fields.name is not None,
        Way.LABELS: bool(options.fields.labels),
        Way.DUMP_PATH: options.fields.dump_path is not None,
    }
    return tuple(way for way, changed in changes.items() if changed) or (Way.NAME,)


def _now(job: Job, errors: bool = False) -> Situation:
    return Situation(engines_of(job), job.type, job.state, job.phase or Phase.UNSPECIFIED, errors)


def _in_words(reason: str, job: Job, options: Options, databases: Sequence[Database]) -> str:
    failed = _failed(databases)
    healthy = [f"`{name}`" for name in options.databases if name not in failed]
    return reason.format(
        job=job.id,
        state=_state(job),
        where=where(job),
        stopped=_stopped_in(job),
        healthy=first_few(healthy, _NAMED),
        none_failed=f", and none of its {display.kind_in(job)}s has failed" if databases else "",
    )


def _otherwise(action: Action, job: Job) -> str:
    """How an action that was refused is possible with other options."""
    if action is Action.RESTART and job.state == State.RUNNING:
        return "restart of the failed databases (`--failed-only`)"
    return {
        Action.RESTART: "restart of the whole job",
        Action.DELETE: "delete of the job alone",
        Action.EDIT: "edit of its name, labels or dump path",
    }.get(action, str(action))


def running_dump(job: Job) -> bool:
    """Whether a stop now discards the full dump. Source: "Manage migration jobs" (PostgreSQL)."""
    return job.state == State.RUNNING and job.phase == Phase.FULL_DUMP


def _failed(databases: Sequence[Database]) -> set[str]:
    return {str(each.id) for each in databases if each.state == ObjectState.FAILED}


def no_source_list(job: Job) -> str:
    """Why the service cannot read the databases of the job's source again, as a sentence; empty if it may."""
    rule = find(Action.EDIT, Way.SOURCE_OBJECTS, _now(job))
    return _in_words(rule.reason, job, Options(), ()) if rule.verdict is RuleVerdict.REFUSED else ""


def affected(action: Action, options: Options, databases: Sequence[Database]) -> tuple[str, ...]:
    """The names of those `databases` that a restart, promote, demote or delete affects."""
    if options.databases:
        return options.databases
    if options.failed_only:
        databases = [each for each in databases if each.state == ObjectState.FAILED]
    if action is Action.PROMOTE and not options.failback:
        databases = [each for each in databases if not is_promoted(each)]
    return tuple(str(each.id) for each in databases if each.state != ObjectState.NOT_SELECTED)


def at_risk(action: Action, options: Options, databases: Sequence[Database]) -> tuple[Database, ...]:
    """Those `databases` whose data is at risk, which a confirmation must name.

    For a promote, those that do not have all data yet; for the others, those that were promoted,
    which people may already use on the destination.
    """
    meant = affected(action, options, databases)
    risk = _incomplete if action is Action.PROMOTE else is_promoted
    return tuple(each for each in databases if str(each.id) in meant and risk(each))


def _incomplete(database: Database) -> bool:
    return is_faulty(database) or lacks_data(database)


def lacks_data(database: Database) -> bool:
    """Whether its first load is not complete, whatever the delay of the job."""
    return database.phase in LOADING or database.state in BEGINNING


def is_promoted(database: Database) -> bool:
    """Whether it was or is being promoted, so that people may use it on the destination."""
    return database.phase in _PROMOTED


def unpromotable(database: Database, job: Job) -> str:
    """Why a database of the job cannot be promoted on its own now, in a few words; empty if it can.

    In an unknown phase it can, because the service decides. So can one that failed in CDC together with its
    job: its source may be lost.
    """
    if database.phase == ObjectPhase.PROMOTED:
        return "promoted already"
    if database.phase == ObjectPhase.PROMOTE_IN_PROGRESS:
        return "being promoted already"
    if database.state == ObjectState.FAILED and job.state != State.FAILED:
        return "it has failed"
    if database.phase == ObjectPhase.FULL_DUMP:
        return "still in its full dump"
    return "" if database.phase else "not replicated yet"


def offers_some_to_promote(job: Job) -> bool:
    """Whether single databases of the job are offered for promotion; where not, the service decides."""
    return not some_not_named(job)


def some_not_named(job: Job) -> str:
    """Why no single databases of the job are offered for promotion, as a sentence; empty if they are."""
    ready = replace(_now(job), state=State.RUNNING, phase=Phase.CDC, type=JobType.CONTINUOUS)
    rule = find(Action.PROMOTE, Way.DATABASES, ready)
    return "" if rule.verdict is RuleVerdict.OFFERED else rule.reason


def where(job: Job) -> str:
    """State and phase for people, for example `running · full dump`, to follow “is”."""
    return _state(job) if _no_phase(job) else f"{_state(job)} · {display.phase_text(job.phase)}"


def _state(job: Job) -> str:
    if job.state in ("", State.UNSPECIFIED):
        return "in a state that the service does not report"
    return display.in_sentence(display.state_text(job.state))


def _stopped_in(job: Job) -> str:
    """Where it was stopped, to follow “was stopped”."""
    if _no_phase(job):
        return "in a phase that is not known"
    if job.phase == Phase.CDC:
        return "in CDC"
    dump = job.phase == Phase.FULL_DUMP
    return "in the full dump" if dump else f"in the phase {display.phase_text(job.phase)}"


def _no_phase(job: Job) -> bool:
    return job.phase in ("", Phase.UNSPECIFIED)
