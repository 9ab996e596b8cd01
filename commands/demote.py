"""`/dms demote`: make an existing destination a read replica of the source, before its job starts."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.invocation import Syntax
from bot.dms.model import Job, Operation, Options
from bot.dms.port import Dms
from bot.dms.rules import Action
from bot.policy.permissions import Permission
from bot.requests.action import ActionVerb, Confirmation
from commands.support.actions import make_run
from commands.support.asked import REASON
from commands.support.base import Verb


def _confirmation(_job: Job, _options: Options) -> Confirmation:
    return Confirmation.TYPE_TO_CONFIRM


def _warning(job: Job, _options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    """Sources: REST `migrationJobs.demoteDestination`; "Create a migration job to an existing destination"
    (MySQL, PostgreSQL, AlloyDB)."""
    return (
        "*The destination becomes a read replica of the source*: applications must no longer "
        "write to it. DMS documents no way to undo this.",
        "*Data on the destination may be lost*: it may conflict with what the job loads.",
        *_after(job),
    )


def _after(job: Job) -> tuple[str, ...]:
    if job.source.engine == "MYSQL":
        # "Known limitations" (MySQL).
        return ("It is read-only until it is promoted.",)
    if job.source.engine == "POSTGRESQL":
        # "Create a migration job to an existing destination" (PostgreSQL, AlloyDB).
        return (
            "It still takes writes, and those to migrated tables conflict with the migration.",
            "A quick-start migration needs no demotion.",
        )
    return ()


def _effect(_job: Job, _options: Options) -> str:
    return "The destination is a read replica of the source once this has ended, and the job can start."


def _call(dms: Dms, job: Job, _options: Options, _call_id: str) -> Operation:
    return dms.demote(job)


VERB = Verb(
    name="demote",
    permission=Permission.CHANGE,
    summary="make a destination a read replica",
    usage=("demote JOB",),
    syntax=Syntax("one", (REASON,)),
    details=(
        "Makes a destination that existed before its job a read replica of the source, so that the "
        "job can start. You confirm by typing the job ID."
    ),
    more=(
        "For MySQL or PostgreSQL to Cloud SQL, and for PostgreSQL to AlloyDB. What the destination "
        "holds may conflict with the migration."
    ),
    begins="list",
    examples=("demote orders-db",),
    run=make_run(Action.DEMOTE),
    action=ActionVerb(Action.DEMOTE, _confirmation, _warning, _effect, _call),
)
