"""The rows about what becomes of the destination: promote, demote, delete.

In each part, the first row that fits decides. `bot.dms.rule_table` puts the parts together.
"""

from __future__ import annotations

from bot.dms import rule_sources as s
from bot.dms.engines import Engines
from bot.dms.model import BEFORE_CDC, JobType, Phase, State
from bot.dms.rule import Action, Rule, RuleVerdict, Way

_OFFERED, _WARNED, _REFUSED = RuleVerdict.OFFERED, RuleVerdict.WARNED, RuleVerdict.REFUSED
_RUNNING = frozenset({State.RUNNING})
_BEGUN = frozenset({State.RUNNING, State.STOPPED, State.FAILED})
_NOT_BEGUN_OR_OVER = frozenset({State.DRAFT, State.NOT_STARTED, State.COMPLETED})
_COMPLETED = frozenset({State.COMPLETED})
_CDC = frozenset({Phase.CDC})
_READY = frozenset({Phase.READY_FOR_PROMOTE})
_FAILBACK = frozenset({Phase.PHASE_FAILBACK})
_TO_ALLOYDB = frozenset(
    {Engines.POSTGRESQL_TO_ALLOYDB, Engines.ORACLE_TO_ALLOYDB, Engines.SQLSERVER_TO_ALLOYDB}
)
_TO_CLOUD_SQL = frozenset(Engines) - _TO_ALLOYDB - {Engines.UNKNOWN}
_DEMOTED = frozenset(
    {Engines.MYSQL_TO_CLOUD_SQL, Engines.POSTGRESQL_TO_CLOUD_SQL, Engines.POSTGRESQL_TO_ALLOYDB}
)
_SQLSERVER = frozenset({Engines.SQLSERVER_TO_CLOUD_SQL})
_whole = frozenset({Way.WHOLE})
_databases = frozenset({Way.DATABASES})
_failback = frozenset({Way.FAILBACK})
_with_destination = frozenset({Way.WITH_DESTINATION})

_promote = (Action.PROMOTE,)
_NOT_READY = (
    "Only a job that has reached CDC (running, stopped or failed), or is ready for promote, can be promoted; "
    "`{job}` is {where}."
)
_NOT_FAILBACK = (
    "Only a job in the phase PHASE_FAILBACK can be promoted back to its source; `{job}` is {where}."
)
PROMOTE = (
    Rule(
        _REFUSED,
        _promote,
        (s.ONE_TIME,),
        "`{job}` is a ONE_TIME migration: it ends by itself and there is nothing to promote.",
        types=frozenset({JobType.ONE_TIME}),
    ),
    Rule(
        _REFUSED,
        _promote,
        (s.NO_WAY_BACK,),
        "`{job}` is being promoted, and a promotion can be neither stopped nor undone.",
        states=_RUNNING,
        phases=frozenset({Phase.PROMOTE_IN_PROGRESS}),
        ways=_whole | _failback,
    ),
    Rule(
        _OFFERED,
        _promote,
        (s.FAILBACK, s.FAILBACK_PHASE),
        states=_RUNNING,
        phases=_FAILBACK,
        engines=_SQLSERVER,
        ways=_failback,
    ),
    Rule(
        _REFUSED,
        _promote,
        (s.FAILBACK,),
        _NOT_FAILBACK,
        phases=frozenset(Phase) - _FAILBACK - {Phase.UNSPECIFIED},
        ways=_failback,
    ),
    Rule(_REFUSED, _promote, (s.FAILBACK,), _NOT_FAILBACK, states=_NOT_BEGUN_OR_OVER, ways=_failback),
    Rule(
        _WARNED,
        _promote,
        (s.FAILBACK, s.FAILBACK_PHASE),
        "a promotion back to the source is documented for SQL Server in the phase PHASE_FAILBACK alone.",
        ways=_failback,
    ),
    Rule(
        _OFFERED,
        _promote,
        (s.RUNNING_LISTS_PROMOTE, s.RUNNING_WITH_ERRORS, s.AFTER_THE_DUMP),
        states=_RUNNING,
        phases=_CDC,
        ways=_whole,
    ),
    Rule(_OFFERED, _promote, (s.FINALIZE_READY,), states=_RUNNING, phases=_READY, ways=_whole),
    Rule(
        _OFFERED,
        _promote,
        (s.STOPPED_LISTS_PROMOTE,),
        states=frozenset({State.STOPPED}),
        phases=_CDC,
        ways=_whole,
    ),
    Rule(
        _OFFERED,
        _promote,
        (s.STOPPED_ANYWHERE,),
        states=frozenset({State.STOPPED}),
        phases=_READY,
        engines=_SQLSERVER,
        ways=_whole,
    ),
    Rule(
        _OFFERED,
        _promote,
        (s.FAILED_LISTS_PROMOTE,),
        states=frozenset({State.FAILED}),
        phases=_CDC,
        engines=_DEMOTED | {Engines.ORACLE_TO_CLOUD_SQL},
        ways=_whole,
    ),
    Rule(_REFUSED, _promote, (s.AFTER_THE_DUMP,), _NOT_READY, states=_BEGUN, phases=BEFORE_CDC, ways=_whole),
    Rule(
        _REFUSED,
        _promote,
        (s.AFTER_THE_DUMP, s.NOT_STARTED_LISTS_START),
        _NOT_READY,
        states=_NOT_BEGUN_OR_OVER,
        ways=_whole,
    ),
    Rule(
        _WARNED,
        _promote,
        (s.FAILED_LISTS_PROMOTE,),
        "the guide for these engines does not say that a job that has failed can be promoted.",
        states=frozenset({State.FAILED}),
        phases=_CDC,
        ways=_whole,
    ),
    Rule(
        _WARNED,
        _promote,
        (s.FAILBACK, s.FAILBACK_PHASE),
        "in the failback phase, DMS documents only a promotion back to the source (`--failback`).",
        phases=_FAILBACK,
        ways=_whole,
    ),
    Rule(
        _WARNED,
        _promote,
        (s.PROMOTE, s.STATUSES),
        "DMS does not document whether a job in this state and phase can be promoted.",
        ways=_whole,
    ),
    Rule(
        _OFFERED,
        _promote,
        (s.PROMOTE_SOME, s.FINALIZE_SOME, s.SOME_NAMED),
        engines=frozenset({Engines.POSTGRESQL_TO_CLOUD_SQL, Engines.MYSQL_TO_CLOUD_SQL}) | _SQLSERVER,
        ways=_databases,
    ),
    Rule(
        _WARNED,
        _promote,
        (s.FAILED_NAMED, s.PROMOTE_SOME_API),
        "the guides for AlloyDB do not mention promoting only some of a job's databases.",
        engines=_TO_ALLOYDB,
        ways=_databases,
    ),
    Rule(
        _WARNED,
        _promote,
        (s.FINALIZE_WHOLE, s.PROMOTE_SOME_API),
        "the guide for these engines does not mention promoting only some of a job's databases.",
        ways=_databases,
    ),
)

CLOUD_SQL_ONLY = "for Cloud SQL only"
"""REST `migrationJobs.delete` says of Cloud SQL alone what goes with a job."""

_delete = (Action.DELETE,)
DELETE = (
    Rule(_OFFERED, _delete, (s.EVERY_STATUS_LISTS_DELETE, s.DELETE), ways=_whole),
    Rule(
        _REFUSED,
        _delete,
        (s.RECORD_ALONE, s.STANDALONE),
        (
            "`{job}` has completed: its destination is an independent database now, and only the "
            "job's record can be deleted here."
        ),
        states=_COMPLETED,
        ways=_with_destination,
    ),
    Rule(_OFFERED, _delete, (s.FORCE,), engines=_TO_CLOUD_SQL, ways=_with_destination),
    Rule(
        _WARNED,
        _delete,
        (s.FORCE,),
        f"that the destination goes, too, is documented {CLOUD_SQL_ONLY}.",
        ways=_with_destination,
    ),
)

_demote = (Action.DEMOTE,)
DEMOTE = (
    Rule(
        _REFUSED,
        _demote,
        (s.DEMOTE,),
        "A destination can be demoted only for MySQL or PostgreSQL to Cloud SQL, or PostgreSQL to AlloyDB; "
        "`{job}` migrates between other engines.",
        engines=frozenset(Engines) - _DEMOTED - {Engines.UNKNOWN},
    ),
    Rule(
        _REFUSED,
        _demote,
        (s.STANDALONE, s.EXISTING),
        "`{job}` has completed: its destination is an independent database now.",
        states=_COMPLETED,
    ),
    Rule(
        _WARNED,
        _demote,
        (s.EXISTING, s.DEMOTE),
        (
            "only a destination that existed before the job has to be demoted, and the job does not "
            "say whether it did."
        ),
        states=frozenset({State.NOT_STARTED}),
        engines=_DEMOTED,
    ),
    Rule(
        _WARNED,
        _demote,
        (s.EXISTING, s.DEMOTE),
        "DMS documents a demotion only before the start of a job, and only for some engines.",
    ),
)
