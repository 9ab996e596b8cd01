"""`/dms promote`: cut the destination from the source and make it primary."""

from __future__ import annotations

from collections.abc import Sequence

from bot.action import ActionVerb, Danger
from bot.answers import Answer
from bot.dms.model import Database, Job, ObjectPhase, ObjectState, Operation, Options
from bot.dms.port import Dms
from bot.dms.rules import Action
from bot.invocation import Flag, Invocation, Syntax
from commands.base import Context, Verb
from commands.doing import ALL, DATABASES, FILTERS, pick, runner

_PICK = Flag("pick", "switch", "pick the databases in a view")


def _options(invocation: Invocation) -> Options:
    return Options(databases=invocation.items("databases"))


def _danger(_job: Job, _options: Options) -> Danger:
    return Danger.ASK


def _warning(_job: Job, options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    arriving = (
        "Whatever is written to the source from then on, or has not arrived yet, is lost on the "
        "destination: stop the writes to the source, and wait until the replication delay is zero."
    )
    if options.databases:
        return (
            "*This cannot be undone.* The databases named above are cut from the source and become primary "
            "on the destination; the other databases of the job go on being migrated.",
            arriving,
        )
    return (
        "*This cannot be undone.* The destination is cut from its source and becomes primary, with the "
        "databases named above.",
        arriving,
    )


def _effect(_job: Job, _options: Options) -> str:
    return "When the job has COMPLETED, point the applications at the destination."


def _call(dms: Dms, job: Job, options: Options, _call_id: str) -> Operation:
    return dms.promote(job, databases=options.databases)


_ask = runner(Action.PROMOTE, _options)


def _run(ctx: Context, invocation: Invocation) -> Answer:
    if invocation.switch("pick"):
        return pick(ctx, invocation, Action.PROMOTE, _promotable)
    return _ask(ctx, invocation)


def _promotable(_job: Job, database: Database) -> bool:
    """One in a phase that nobody here has heard of may be, too: the service knows."""
    dumping = database.phase in ("", ObjectPhase.FULL_DUMP)
    gone = database.phase in (ObjectPhase.PROMOTE_IN_PROGRESS, ObjectPhase.PROMOTED)
    return not dumping and not gone and database.state != ObjectState.FAILED


VERB = Verb(
    looks=False,
    name="promote",
    summary="make the destination the primary database",
    usage=(
        "promote JOB [JOB …]",
        "promote JOB --databases a,b | --pick",
        "promote --all phase=cdc label.env=…",
    ),
    syntax=Syntax("many", (ALL, DATABASES, _PICK), FILTERS),
    details=(
        "Cuts the destination from the source; cannot be undone. Possible in CDC, running or stopped, "
        "and when ready for promote. Without loss only if writes to the source were stopped and the "
        "replication delay is zero. Asks first."
    ),
    examples=(
        "promote orders-db",
        "promote orders-db --databases sales,billing",
        "promote --all phase=ready_for_promote label.env=staging",
    ),
    run=_run,
    form=lambda invocation: invocation.switch("pick"),
    action=ActionVerb(Action.PROMOTE, _danger, _warning, _effect, _call),
)
