"""The table of rules: what becomes of an action on a job, by engines, type, state and phase, each row with
its source.

The first row that fits decides. An early refusal needs a source: where the pages are silent or differ, a row
warns, and the service decides. A state that the bot does not know fits no row with states, so it is never
refused for its state.
"""

from __future__ import annotations

from functools import lru_cache

from bot.dms import rule_sources as s
from bot.dms import rules_of_destination as destination
from bot.dms import rules_of_replication as replication
from bot.dms.model import Phase, State
from bot.dms.rule import Action, Rule, RuleVerdict, Situation, Way

_ALL = tuple(Action)
_AT_ANY_TIME = frozenset({Action.VERIFY, Action.EDIT, Action.DELETE, Action.CANCEL})
_WAITING = tuple(each for each in _ALL if each not in _AT_ANY_TIME)
"""What waits for the end of a changing state."""
_PASSING = frozenset({State.STARTING, State.RESTARTING, State.RESUMING, State.STOPPING})
_WAIT = "`{job}` is {state}: wait until that has ended, then try again."
_GONE = (
    Rule(
        RuleVerdict.REFUSED,
        _ALL,
        (s.DELETED,),
        "`{job}` has been deleted.",
        states=frozenset({State.DELETED}),
    ),
)
_DELETING = (
    Rule(
        RuleVerdict.REFUSED,
        tuple(each for each in _ALL if each not in (Action.VERIFY, Action.CANCEL)),
        (s.DELETING,),
        _WAIT,
        states=frozenset({State.DELETING}),
    ),
)
_CHANGING = (
    Rule(
        RuleVerdict.REFUSED,
        _WAITING,
        (s.LISTS_DELETE_ALONE, s.WAITS_FOR_WRITES),
        "`{job}` is {where}: it continues once people stop the writes to the source.",
        states=frozenset({State.STARTING}),
        phases=frozenset({Phase.WAITING_FOR_SOURCE_WRITES_TO_STOP}),
    ),
    Rule(RuleVerdict.REFUSED, _WAITING, (s.LISTS_DELETE_ALONE,), _WAIT, states=_PASSING),
    Rule(RuleVerdict.REFUSED, _WAITING, (s.START,), _WAIT, states=frozenset({State.CREATING})),
)

_CANCEL = (
    Rule(
        RuleVerdict.WARNED,
        (Action.CANCEL,),
        (s.CANCEL,),
        "it tries to cancel the operation, which may still finish.",
    ),
)
"""In every state: what counts is that an operation is under way."""

TABLE: tuple[Rule, ...] = (
    *_GONE,
    *_DELETING,
    *_CHANGING,
    *replication.START,
    *replication.STOP,
    *replication.RESUME,
    *replication.RESTART,
    *destination.PROMOTE,
    *replication.VERIFY,
    *replication.EDIT,
    *destination.DELETE,
    *destination.DEMOTE,
    *_CANCEL,
)


_BY_ACTION: dict[str, tuple[Rule, ...]] = {
    str(action): tuple(rule for rule in TABLE if action in rule.actions) for action in _ALL
}


@lru_cache(maxsize=32_768)
def find(action: str, way: Way, now: Situation) -> Rule:
    """The row that decides. Each action ends with a row that fits everything.

    Raises:
        LookupError: the table has nothing about the action in this way.
    """
    for rule in _BY_ACTION.get(action, ()):
        if rule.fits(action, way, now):
            return rule
    raise LookupError(f"no rule about {action}, {way}")
