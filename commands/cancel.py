"""`/dms cancel`: ask the service to cancel the operation that a job is in."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.answers import Answer, Button, Note
from bot.cmdline.invocation import Flag, Invocation, Syntax
from bot.dms.model import CHANGING, Job, Operation, Options, short_name
from bot.dms.port import Dms
from bot.dms.rules import Action, where
from bot.policy.permissions import Permission
from bot.requests.action import ActionVerb, Confirmation
from bot.requests.draft import RequestDraft
from bot.requests.reasons import kept
from bot.runtime.one_by_one import LeftOut
from bot.store.facts import RequestFacts
from bot.util.command import COMMAND
from bot.util.utc_times import utc_text
from bot.watch.attribution import OUTSIDE
from commands.support.asked import REASON
from commands.support.base import Context, Verb
from commands.support.resolve import find_job

_MAX_OFFERED = 5
_OPERATION = Flag("operation", "word", "which one, if there are several")


def _confirmation(_job: Job, _options: Options) -> Confirmation:
    return Confirmation.CLICK


def _warning(_job: Job, _options: Options, _databases: Sequence[str]) -> tuple[str, ...]:
    """Source: REST `operations.cancel`: "best effort …, but success is not guaranteed"."""
    return (
        "DMS does not document in which state this leaves the job, or what the operation has "
        "changed by then.",
    )


def _effect(job: Job, _options: Options) -> str:
    return f"`{COMMAND} show {job.id}` shows the job's state once the operation has ended."


def _call(dms: Dms, job: Job, options: Options, _call_id: str) -> Operation:
    return dms.cancel(job, options.operation)


def _run(ctx: Context, invocation: Invocation) -> Answer:
    job = find_job(ctx, invocation.jobs[0], invocation)
    running = [each for each in ctx.dms.operations(job, job.create_time) if not each.done]
    wanted = invocation.word("operation")
    chosen = [each for each in running if wanted in ("", short_name(each.name))]
    if not chosen:
        return Note(_nothing_to_cancel(job, wanted), tone="warn")
    if len(chosen) > 1:
        return _which(ctx, invocation, job, chosen)
    return ctx.approvals.creation.ask(ctx.who, _draft(ctx, job, chosen[0], kept(invocation.word("reason"))))


def _nothing_to_cancel(job: Job, wanted: str) -> str:
    if wanted:
        return (
            f"`{job.id}` has no operation `{wanted}` in progress: `{COMMAND} cancel {job.id}` finds "
            "those that it has."
        )
    if job.state in CHANGING:
        return (
            f"`{job.id}` is {where(job)}, but the service lists no operation to cancel. Try again in a "
            f"minute; `{COMMAND} show {job.id}` shows its state."
        )
    return f"`{job.id}` has no operation in progress, so there is nothing to cancel."


def _which(ctx: Context, asked: Invocation, job: Job, running: Sequence[Operation]) -> Note:
    offered = running[-_MAX_OFFERED:]
    refs = ctx.refs(
        [
            Invocation("cancel", (job.name,), {**asked.flags, "operation": short_name(each.name)})
            for each in offered
        ]
    )
    buttons = [
        Button(f"Cancel {each.verb}", "cancel", "run", ref) for each, ref in zip(offered, refs, strict=True)
    ]
    lines = [f"• {_described(each)}" for each in offered]
    return Note(
        "\n".join([f"`{job.id}` has several operations in progress. Which one?", *lines]), tuple(buttons)
    )


def _draft(ctx: Context, job: Job, operation: Operation, reason: str) -> RequestDraft:
    left_out = LeftOut()
    runs = ctx.store.runs(job=job.name, skip=left_out)
    starter = next((run.by for run in runs if operation.name == run.operation and not run.cancels), "")
    changes = [f"*Operation*: {_described(operation)}"]
    if not starter and left_out.keys:
        changes.append("*Started by*: not known, as a run that cannot be read may have")
    elif not starter:
        starter = OUTSIDE
    facts = RequestFacts(changes=tuple(changes), started_by=starter, reason=reason)
    options = Options(operation=operation.name)
    return RequestDraft(Action.CANCEL, (job,), options, ctx.response_url, facts=facts)


def _described(operation: Operation) -> str:
    begun = operation.create_time
    since = f", since {utc_text(begun)}" if begun else ""
    cancelling = ", being cancelled already" if operation.cancelling else ""
    return f"`{operation.verb or 'unknown'}` (`{short_name(operation.name)}`){since}{cancelling}"


VERB = Verb(
    name="cancel",
    permission=Permission.CHANGE,
    summary="cancel a job's operation",
    usage=("cancel JOB [--operation NAME]",),
    syntax=Syntax("one", (_OPERATION, REASON)),
    details=("Asks DMS to cancel what it is doing with the job, such as a restart. You confirm first."),
    more=(
        "DMS does its best: the operation may still finish. You can cancel an operation that a run "
        "of this bot is waiting for."
    ),
    begins="list",
    examples=("cancel orders-db",),
    run=_run,
    action=ActionVerb(Action.CANCEL, _confirmation, _warning, _effect, _call),
)
