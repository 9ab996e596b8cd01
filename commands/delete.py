"""`/dms delete`: delete jobs, and their destinations where people say so."""

from __future__ import annotations

from collections.abc import Sequence

from bot.action import ActionVerb, Danger
from bot.dms.model import Job, Operation, Options, State
from bot.dms.port import Dms
from bot.dms.rules import Action
from bot.invocation import Flag, Invocation, Syntax
from commands.base import Verb
from commands.doing import ALL, FILTERS, runner

_WITH_DESTINATION = Flag("with-destination", "switch", "delete the destination with all its data, too")


def _options(invocation: Invocation) -> Options:
    return Options(with_destination=invocation.switch("with-destination"))


def _danger(_job: Job, options: Options) -> Danger:
    return Danger.TYPE if options.with_destination else Danger.ASK


def _warning(job: Job, options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    """The same for jobs in the same state: the card names each job, its destination and its databases."""
    if job.state == State.COMPLETED and not options.with_destination:
        return ("Only the record of the job goes.",)
    return (
        "The migration ends and cannot be taken up again; the destination connection profile goes, and "
        "replication slots on the source are cleaned up.",
    )


def _effect(_job: Job, options: Options) -> str:
    if options.with_destination:
        return "The destination goes, too, with all its data."
    return "The destination stays, with the data that has been migrated."


def _call(dms: Dms, job: Job, options: Options, call_id: str) -> Operation:
    return dms.delete(job, request_id=call_id, force=options.with_destination)


VERB = Verb(
    looks=False,
    name="delete",
    summary="delete a job, or the job and its destination",
    usage=("delete JOB [JOB …] [--with-destination]", "delete --all state=completed"),
    syntax=Syntax("many", (ALL, _WITH_DESTINATION), FILTERS),
    details=(
        "Of a COMPLETED job only the record goes. Otherwise it asks whether the destination goes too; the "
        "destination connection profile always goes. Asks first; with the destination, the job's id is typed."
    ),
    examples=("delete orders-db", "delete orders-db --with-destination", "delete --all state=completed"),
    run=runner(Action.DELETE, _options),
    action=ActionVerb(Action.DELETE, _danger, _warning, _effect, _call),
)
