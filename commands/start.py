"""`/dms start`: begin the full dump of jobs that were never started."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.invocation import Invocation, Syntax
from bot.dms import source_writes
from bot.dms.advice import after_the_dump
from bot.dms.model import Job, Operation, Options
from bot.dms.port import Dms
from bot.dms.rules import Action, is_unlisted
from bot.policy.permissions import Permission
from bot.requests.action import ActionVerb, Confirmation
from commands.support.actions import ALL, FILTERS, SKIP_VALIDATION, make_run
from commands.support.asked import REASON
from commands.support.base import Verb
from commands.support.schedule import AT


def _options(invocation: Invocation) -> Options:
    return Options(skip_validation=invocation.is_set("skip-validation"))


def _confirmation(job: Job, _options: Options) -> Confirmation:
    return Confirmation.TYPE_TO_CONFIRM if is_unlisted(Action.START, job) else Confirmation.NONE


def _warning(job: Job, options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    skipped = ("The service's checks are skipped.",) if options.skip_validation else ()
    waits = source_writes.start_notes(job)
    if source_writes.will_wait(job) or is_unlisted(Action.START, job):
        return (*waits, *skipped)
    return ("The full dump into the destination begins.", *waits, *skipped)


def _effect(job: Job, _options: Options) -> str:
    """Source: "Migration job statuses": a one-time job is COMPLETED after its full dump."""
    if is_unlisted(Action.START, job):
        return "DMS does not document what a start does here: check the job's state and phase."
    then = after_the_dump(job)
    notes = source_writes.start_notes(job)
    if notes:
        return "\n".join([*notes, f"After the full dump, {then}."])
    return f"The full dump begins; {then}."


def _call(dms: Dms, job: Job, options: Options, _call_id: str) -> Operation:
    return dms.start(job, skip_validation=options.skip_validation)


VERB = Verb(
    name="start",
    permission=Permission.CHANGE,
    summary="begin a new job's full dump",
    usage=(
        "start JOB [JOB …] [--skip-validation]",
        "start --all state=not_started [location=…]",
        'start JOB --at "TIME"',
    ),
    syntax=Syntax("many", (ALL, SKIP_VALIDATION, AT, REASON), FILTERS),
    details="Begins the full dump of a job that was never started.",
    more=(
        "From another resting state, you confirm by typing the job ID, and the service decides. "
        "Several jobs need the same status."
    ),
    begins="list state=not_started",
    examples=("start orders-db", "start --all state=not_started location=europe-west1"),
    run=make_run(Action.START, _options),
    action=ActionVerb(Action.START, _confirmation, _warning, _effect, _call),
)
