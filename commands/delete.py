"""`/dms delete`: delete jobs, and their destinations if asked to."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.invocation import Flag, Invocation, Syntax
from bot.dms import source_writes
from bot.dms.display import state_text
from bot.dms.engines import Family, family
from bot.dms.model import CHANGING, Job, Operation, Options, Phase, State
from bot.dms.port import Dms
from bot.dms.rules import Action
from bot.dms.rules_of_destination import CLOUD_SQL_ONLY
from bot.policy.permissions import Permission
from bot.requests.action import ActionVerb, Confirmation
from commands.support.actions import ALL, FILTERS, make_run
from commands.support.asked import REASON
from commands.support.base import Verb

_WITH_DESTINATION = Flag("with-destination", "switch", "delete the destination and its data, too")
_UNSURE = f"What goes with the job is documented {CLOUD_SQL_ONLY}: check afterwards what is left."


def _options(invocation: Invocation) -> Options:
    return Options(with_destination=invocation.is_set("with-destination"))


def _confirmation(job: Job, options: Options) -> Confirmation:
    return Confirmation.TYPE_TO_CONFIRM if options.with_destination or _promotes(job) else Confirmation.CLICK


def _warning(job: Job, options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    """Names no job, so that one warning fits all jobs of a request: the card lists jobs and databases.

    Sources: "Manage migration jobs" (MySQL, PostgreSQL, SQL Server) of a completed job, whose record alone
    leaves the list; REST `migrationJobs.delete`: "the destination CloudSQL connection profile is always
    deleted with the migration job".
    """
    if job.state == State.COMPLETED and not options.with_destination:
        unsure = "" if _is_cloud_sql(job) else f" (documented {CLOUD_SQL_ONLY}: check afterwards)"
        return (f"Removes only the record of the job, and the destination connection profile{unsure}.",)
    unsure = "" if options.with_destination or _is_cloud_sql(job) else f" {_UNSURE}"
    return (
        *_in_between(job),
        *_of_failback(job, options),
        f"Ends the migration for good and removes the destination connection profile.{unsure}",
        *_slots(job),
        *source_writes.delete_notes(job),
    )


def _is_cloud_sql(job: Job) -> bool:
    return job.destination.provider == "CLOUDSQL"


def _promotes(job: Job) -> bool:
    return job.phase == Phase.PROMOTE_IN_PROGRESS


def _in_between(job: Job) -> tuple[str, ...]:
    """For a job in a changing state: the documentation allows to delete it, and says no more."""
    if _promotes(job):
        # "Promote a migration": it can be neither stopped nor undone.
        return (
            "*The job is being promoted*, which can be neither stopped nor undone. DMS does not "
            "document in what state that leaves the destination. If you can, wait "
            "until the job has completed.",
        )
    if job.state in CHANGING:
        return (
            f"*The job is {state_text(job.state).lower()}*, which usually ends by itself. Delete it only if "
            "it is stuck: DMS does not document what happens to the operation in progress.",
        )
    return ()


def _of_failback(job: Job, options: Options) -> tuple[str, ...]:
    """Source: REST `PromoteMigrationJobRequest.failback`: "from destination back to source"."""
    if job.phase != Phase.PHASE_FAILBACK:
        return ()
    back = "*Ends the way back*: nothing is replicated to the old source any more."
    if not options.with_destination:
        return (back,)
    return (
        "*The destination is the primary database* in the failback phase: applications may be using it.",
        back,
    )


def _slots(job: Job) -> tuple[str, ...]:
    """Source: "Manage migration jobs" (PostgreSQL, AlloyDB). A draft has no resources (`State.DRAFT`)."""
    if family(job) is not Family.POSTGRESQL or job.state == State.DRAFT:
        return ()
    return ("Replication slots on the source are cleaned up.",)


def _effect(job: Job, options: Options) -> str:
    if options.with_destination:
        check = (
            ""
            if _is_cloud_sql(job)
            else f" DMS documents that {CLOUD_SQL_ONLY}: check afterwards what is left."
        )
        return f"The destination is deleted, too, with all its data.{check}"
    return "The destination stays, with the data that has been migrated."


def _call(dms: Dms, job: Job, options: Options, call_id: str) -> Operation:
    return dms.delete(job, request_id=call_id, force=options.with_destination)


VERB = Verb(
    name="delete",
    permission=Permission.CHANGE,
    summary="delete a job",
    usage=("delete JOB [JOB …] [--with-destination]", "delete --all state=completed"),
    syntax=Syntax("many", (ALL, _WITH_DESTINATION, REASON), FILTERS),
    details=(
        "Deletes the job and, if you choose so, the destination with all its data. Works in every "
        "state but DELETING."
    ),
    more=(
        "Also the way out for a job that is stuck. The destination connection profile always goes "
        "with the job (documented for Cloud SQL only). For a COMPLETED job, nothing else goes. You "
        "confirm it, and by typing the job ID if the destination goes too or the job is being "
        "promoted. Several jobs need the same status."
    ),
    begins="list",
    examples=("delete orders-db", "delete orders-db --with-destination", "delete --all state=completed"),
    run=make_run(Action.DELETE, _options),
    action=ActionVerb(Action.DELETE, _confirmation, _warning, _effect, _call),
)
