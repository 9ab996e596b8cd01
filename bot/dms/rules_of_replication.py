"""The rows about what goes on between source and destination: start, stop, resume, restart, verify, edit.

In each part, the first row that fits decides. `bot.dms.rule_table` puts the parts together.
"""

from __future__ import annotations

from bot.dms import rule_sources as s
from bot.dms.engines import Engines
from bot.dms.model import BEFORE_CDC, BEFORE_THE_DUMP, Phase, State
from bot.dms.rule import Action, Rule, RuleVerdict, Way
from bot.util.command import COMMAND

_OFFERED, _WARNED, _REFUSED = RuleVerdict.OFFERED, RuleVerdict.WARNED, RuleVerdict.REFUSED
_REST = frozenset({State.DRAFT, State.NOT_STARTED, State.FAILED, State.STOPPED, State.COMPLETED})
"""The known states in which nothing goes on."""
_RUNNING = frozenset({State.RUNNING})
_STOPPED = frozenset({State.STOPPED})
_HALTED = frozenset({State.FAILED, State.STOPPED})
_PROMOTING = frozenset({Phase.PROMOTE_IN_PROGRESS})
_FAILBACK = frozenset({Phase.PHASE_FAILBACK})
_selection = frozenset({Way.SELECTION})
_parallelism = frozenset({Way.PARALLELISM})
_fetch = frozenset({Way.SOURCE_OBJECTS})
_POSTGRESQL = frozenset({Engines.POSTGRESQL_TO_ALLOYDB, Engines.POSTGRESQL_TO_CLOUD_SQL})
_MYSQL = frozenset({Engines.MYSQL_TO_CLOUD_SQL})
_UNKNOWN = frozenset({Engines.UNKNOWN})
_WITH_STATUS = frozenset(Engines) - _MYSQL - _UNKNOWN
"""Pairs whose "Migration job statuses" has the status Running with errors."""
_NAMES_SOME = frozenset({Engines.POSTGRESQL_TO_CLOUD_SQL, Engines.SQLSERVER_TO_CLOUD_SQL})
"""Pairs whose pages name a restart of selected databases."""
_NAMES_FAILED = frozenset({Engines.POSTGRESQL_TO_ALLOYDB})
_BEING_PROMOTED = "`{job}` is being promoted, and a promotion can be neither stopped nor undone."
_NO_PAGE = "DMS does not document whether a job in this state can {}."

_start = (Action.START,)
START = (
    Rule(
        _REFUSED,
        _start,
        (s.START_UNLESS_RUNNING,),
        "`{job}` has been started already; it is {where}.",
        states=_RUNNING,
    ),
    Rule(_OFFERED, _start, (s.NOT_STARTED_LISTS_START,), states=frozenset({State.NOT_STARTED})),
    Rule(
        _WARNED,
        _start,
        (s.START_UNLESS_RUNNING, s.STATUSES),
        (
            "the guides differ on whether a job that is not NOT_STARTED can start, and do not say "
            "what happens to the data on the destination."
        ),
    ),
)

_stop = (Action.STOP,)
STOP = (
    Rule(
        _REFUSED,
        _stop,
        (s.NO_WAY_BACK,),
        _BEING_PROMOTED,
        states=frozenset({State.RUNNING, State.UPDATING}),
        phases=_PROMOTING,
    ),
    Rule(_OFFERED, _stop, (s.RUNNING_LISTS_STOP, s.STOP), states=_RUNNING),
    Rule(_REFUSED, _stop, (s.STOP,), "Only a running job can be stopped; `{job}` is {where}.", states=_REST),
    Rule(_WARNED, _stop, (s.STOP, s.STATUSES), _NO_PAGE.format("be stopped")),
)

_resume = (Action.RESUME,)
_NOT_IN_CDC = "`{job}` was stopped {stopped}, and only a job stopped in CDC can resume"
RESUME = (
    Rule(
        _OFFERED,
        _resume,
        (s.RESUME, s.STOPPED_ANYWHERE),
        states=_STOPPED,
        phases=frozenset({Phase.CDC, Phase.READY_FOR_PROMOTE}),
    ),
    Rule(
        _REFUSED,
        _resume,
        (s.RESUME, s.STOPPED_IN_DUMP),
        f"{_NOT_IN_CDC}: its dump is incomplete.",
        states=_STOPPED,
        phases=frozenset({Phase.FULL_DUMP}),
    ),
    Rule(_REFUSED, _resume, (s.RESUME,), f"{_NOT_IN_CDC}.", states=_STOPPED, phases=BEFORE_THE_DUMP),
    Rule(
        _WARNED,
        _resume,
        (s.RESUME,),
        "only a job that was stopped in CDC can resume, and it is not known whether this one was.",
        states=_STOPPED,
    ),
    Rule(
        _REFUSED,
        _resume,
        (s.RESUME,),
        "Only a job that was stopped in CDC can resume; `{job}` is {where}.",
        states=(_REST | _RUNNING) - _STOPPED,
    ),
    Rule(_WARNED, _resume, (s.RESUME, s.STATUSES), _NO_PAGE.format("resume")),
)

_restart = (Action.RESTART,)
_whole = frozenset({Way.WHOLE})
_stop_first = frozenset({Way.STOP_FIRST})
_failed_only = frozenset({Way.FAILED_ONLY})
_databases = frozenset({Way.DATABASES})
_anew = frozenset({Way.WHOLE, Way.STOP_FIRST, Way.FAILED_ONLY})
_CANNOT = "`{job}` is {where}: a job that runs without errors cannot restart{none_failed}"
_SILENT = "the guide for these engines does not mention restarting only some databases."
_DIFFER = "the guides differ on whether a job that was stopped outside its full dump can restart."
_IN_FAILBACK = "in the failback phase, the destination is the primary database: a restart is not documented."
_DURING_PROMOTION = "DMS does not document whether databases can restart while others are being promoted."
_RESTART_RUNNING = (
    Rule(
        _WARNED,
        _restart,
        (s.FAILBACK, s.FAILBACK_PHASE),
        _IN_FAILBACK,
        states=_RUNNING,
        phases=_FAILBACK,
        errors=True,
        ways=_whole | _failed_only | _databases,
    ),
    Rule(
        _OFFERED,
        _restart,
        (s.RUNNING_LISTS_STOP, s.STOPPED_IN_DUMP),
        states=_RUNNING,
        phases=frozenset({Phase.FULL_DUMP}),
        ways=_stop_first,
    ),
    Rule(
        _REFUSED,
        _restart,
        (s.NO_WAY_BACK,),
        _BEING_PROMOTED,
        states=_RUNNING,
        phases=_PROMOTING,
        ways=_whole | _stop_first,
    ),
    Rule(
        _REFUSED,
        _restart,
        (s.STOPPED_IN_DUMP, s.STOPPED_LISTS_NO_RESTART),
        "`--stop-first` is for a job in its full dump; `{job}` is {where}.",
        states=_RUNNING,
        ways=_stop_first,
    ),
    Rule(
        _OFFERED,
        _restart,
        (s.RUNNING_WITH_ERRORS,),
        states=_RUNNING,
        phases=frozenset({Phase.CDC}),
        engines=_WITH_STATUS,
        errors=True,
        ways=_whole,
    ),
    Rule(
        _WARNED,
        _restart,
        (s.NO_SUCH_STATUS, s.RUNNING_WITH_ERRORS),
        "only some guides say that a job that runs with errors can restart, and in CDC alone.",
        states=_RUNNING,
        errors=True,
        ways=_whole,
    ),
    Rule(
        _REFUSED,
        _restart,
        (s.RUNNING_CODE, s.RUNNING_LISTS_NO_RESTART),
        (f"{_CANNOT}; `{COMMAND} restart {{job}} --stop-first` stops it and begins its full dump again."),
        states=_RUNNING,
        phases=frozenset({Phase.FULL_DUMP}),
        ways=_whole,
    ),
    Rule(
        _REFUSED,
        _restart,
        (s.RUNNING_CODE, s.RUNNING_LISTS_NO_RESTART),
        f"{_CANNOT}.",
        states=_RUNNING,
        ways=_whole,
    ),
    Rule(
        _REFUSED,
        _restart,
        (s.RUNNING_CODE, s.RESTART_FAILED),
        "`{job}` is {where} and none of its databases has failed.",
        states=_RUNNING,
        errors=False,
        ways=_failed_only,
    ),
    Rule(
        _REFUSED,
        _restart,
        (s.RUNNING_CODE, s.FAILED_NAMED),
        "`{job}` is {where}: only failed databases can restart, and these have not failed: {healthy}.",
        states=_RUNNING,
        errors=False,
        ways=_databases,
    ),
    Rule(
        _WARNED, _restart, (s.NO_WAY_BACK, s.STATUSES), _DURING_PROMOTION, states=_RUNNING, phases=_PROMOTING
    ),
    Rule(
        _OFFERED,
        _restart,
        (s.FAILED_NAMED, s.RESTART_FAILED, s.RESTART_FAILED_ONLY),
        states=_RUNNING,
        ways=_failed_only,
    ),
)
_RESTART_HALTED = (
    Rule(
        _REFUSED,
        _restart,
        (s.RESTART_FAILED,),
        "None of the databases of `{job}` has failed.",
        states=_HALTED,
        errors=False,
        ways=_failed_only,
    ),
    Rule(
        _WARNED,
        _restart,
        (s.FAILBACK, s.FAILBACK_PHASE),
        _IN_FAILBACK,
        states=frozenset({State.FAILED}),
        phases=_FAILBACK,
    ),
    Rule(
        _OFFERED,
        _restart,
        (s.FAILED_LISTS_RESTART, s.RESTART),
        states=frozenset({State.FAILED}),
        ways=_anew,
    ),
    Rule(
        _OFFERED,
        _restart,
        (s.STOPPED_IN_DUMP, s.RESTART),
        states=_STOPPED,
        phases=BEFORE_CDC,
        ways=_anew,
    ),
    Rule(
        _REFUSED,
        _restart,
        (s.STOPPED_IN_DUMP, s.STOPPED_LISTS_NO_RESTART),
        "`{job}` was stopped {stopped}, not in its full dump: what it has loaded may be kept.",
        states=_STOPPED,
        ways=_stop_first,
    ),
)


def _of_databases(states: frozenset[State], phases: frozenset[Phase] | None = None) -> tuple[Rule, ...]:
    """The rows about a restart of databases that people have chosen."""
    return (
        Rule(
            _OFFERED,
            _restart,
            (s.SOME_NAMED, s.RESTART_SOME, s.RESTART_DATABASES),
            states=states,
            phases=phases,
            engines=_NAMES_SOME,
            ways=_databases,
        ),
        Rule(
            _OFFERED,
            _restart,
            (s.FAILED_NAMED, s.RESTART_SOME),
            states=states,
            phases=phases,
            engines=_NAMES_FAILED,
            errors=True,
            ways=_databases,
        ),
        Rule(
            _WARNED,
            _restart,
            (s.RESTART_SOME, s.FAILED_NAMED),
            _SILENT,
            states=states,
            phases=phases,
            ways=_databases,
        ),
    )


RESTART = (
    *_RESTART_RUNNING,
    *_RESTART_HALTED,
    *_of_databases(frozenset({State.RUNNING, State.FAILED})),
    *_of_databases(_STOPPED, BEFORE_CDC),
    Rule(_WARNED, _restart, (s.RESTART, s.STOPPED_LISTS_NO_RESTART), _DIFFER, states=_STOPPED),
    Rule(
        _REFUSED,
        _restart,
        (s.RESTART, s.RUNNING_WITH_ERRORS),
        "Only a job that failed, was stopped, or runs with errors can restart; `{job}` is {where}.",
        states=_REST,
    ),
    Rule(_WARNED, _restart, (s.RESTART, s.STATUSES), _NO_PAGE.format("restart")),
)

VERIFY = (Rule(_OFFERED, (Action.VERIFY,), (s.VERIFY,)),)

_edit = (Action.EDIT,)
_DRAFT = frozenset({State.DRAFT})
_UNDOCUMENTED = frozenset({State.UNSPECIFIED, State.MAINTENANCE})
"""Known states that no page mentions."""
_PARALLELISM_SILENT = "only the PostgreSQL guides document this change, and only for a running job."
EDIT = (
    Rule(_OFFERED, _edit, (s.EDIT_ANYTIME,), engines=_POSTGRESQL, ways=_selection),
    Rule(
        _OFFERED,
        _edit,
        (s.UPDATE_DRAFT,),
        states=_DRAFT,
        ways=frozenset({Way.SELECTION, Way.PARALLELISM, Way.LABELS}),
    ),
    Rule(
        _OFFERED,
        _edit,
        (s.EDIT_AT_REST,),
        states=frozenset({State.NOT_STARTED, State.STOPPED, State.FAILED}),
        engines=_MYSQL,
        ways=_selection,
    ),
    Rule(
        _REFUSED,
        _edit,
        (s.EDIT_AT_REST,),
        "The databases of a MySQL job can be changed only in NOT_STARTED, STOPPED or FAILED; `{job}` is "
        "{where}.",
        states=frozenset(State) - _UNDOCUMENTED,
        engines=_MYSQL,
        ways=_selection,
    ),
    Rule(
        _WARNED,
        _edit,
        (s.EDIT_OTHERWISE, s.UPDATE_DATABASES),
        "DMS does not document that the databases of a job like this can be changed.",
        ways=_selection,
    ),
    Rule(
        _OFFERED,
        _edit,
        (s.PARALLELISM_RUNNING,),
        states=_RUNNING,
        engines=_POSTGRESQL,
        ways=_parallelism,
    ),
    Rule(
        _WARNED,
        _edit,
        (s.PARALLELISM_RUNNING, s.UPDATE_DATABASES),
        _PARALLELISM_SILENT,
        ways=_parallelism,
    ),
    Rule(
        _OFFERED,
        _edit,
        (s.UPDATE_NAME, s.PATCH),
        ways=frozenset({Way.NAME, Way.DUMP_PATH}),
    ),
    Rule(
        _WARNED,
        _edit,
        (s.UPDATE_NAME, s.PATCH),
        "DMS documents no change of labels once a job is no longer a draft.",
        ways=frozenset({Way.LABELS}),
    ),
    Rule(_OFFERED, _edit, (s.FETCH,), engines=_POSTGRESQL, ways=_fetch),
    Rule(
        _REFUSED,
        _edit,
        (s.FETCH,),
        "The service reads the list of databases again only from PostgreSQL to Cloud SQL or AlloyDB.",
        engines=frozenset(Engines) - _POSTGRESQL - _UNKNOWN,
        ways=_fetch,
    ),
    Rule(
        _WARNED,
        _edit,
        (s.FETCH,),
        "it reads the list of databases again for some engines only, and those of this job are not known.",
        ways=_fetch,
    ),
)
