"""Words for requests: their state, what has changed, and what blocks them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.cmdline.answers import Button, Note, RichPart, RichText, Time, User, Verbatim, rich_parts
from bot.config.projects import Projects
from bot.dms.model import FieldChange, Job, Options, short_name
from bot.dms.rules import Action, where
from bot.dms.running_errors import runs_with_errors
from bot.requests.fingerprint import edits
from bot.requests.job_names import JobNamer
from bot.requests.rules import OVERDUE_AFTER, is_overdue
from bot.store.records import Freeze, Request, RequestState, Run
from bot.util.command import COMMAND
from bot.util.durations import humanize
from bot.util.text import first_few

STATE_TEXT = {
    RequestState.CONFIRMING: "waiting for its requester to confirm",
    RequestState.APPROVING: "waiting for approvals",
    RequestState.SCHEDULED: "scheduled",
    RequestState.APPROVED: "approved and about to run",
    RequestState.RUNNING: "running already",
    RequestState.DONE: "done already",
    RequestState.CANCELLED: "cancelled",
    RequestState.DENIED: "denied",
    RequestState.EXPIRED: "expired; request it again",
    RequestState.OUTDATED: "out of date; request it again",
}
"""The state of a request, to follow “this request is”."""
OLD_BUTTON = Note("This button is too old, or not from this workspace: type the command again.", tone="warn")
"""For an unknown ID or one of another workspace, between which the answer must not distinguish."""
KEPT_FROM_CHANNEL = "Not everybody here may see that, so it continues in your direct messages with me."
"""Instead of a request's message, where the policy keeps one of its jobs from readers of the channel."""
NO_APPROVAL_CHANNEL = (
    "Nothing was requested: it needs an approval, and approvers would not see it. Not everybody in this "
    "channel may see that job, and the policy names no channel for approvals: whoever runs the bot sets "
    "`approval_channel` in the policy, or `DMS_APPROVAL_CHANNEL`."
)


MOVED = "moved to "
"""Begins the note of a scheduled request whose place another one has taken."""


def ended_text(request: Request) -> str:
    """The state of a request that nobody can press on, to follow “this request is”."""
    if request.state is RequestState.OUTDATED and request.facts.jobs_gone:
        return f"out of date: {'its job no longer exists' if len(request.jobs) == 1 else 'its jobs are gone'}"
    text = STATE_TEXT[request.state]
    return text.replace("request it again", "plan it again") if request.facts.cutover else text


def scope(request: Request) -> str:
    """Which part of its jobs a request affects, to follow their names; plain text."""
    if request.options.with_destination:
        return " and the destination" if len(request.jobs) == 1 else " and their destinations"
    if request.options.operation:
        return " (its operation)"
    if request.options.failback:
        return " back to its source"
    if request.options.failed_only:
        return " (failed databases)"
    count = len(request.options.databases)
    if count:
        return f" ({count:,} {'database' if count == 1 else 'databases'})"
    return ""


def describe_change(then: Job, now: Job, own: Options | None = None, more: Sequence[str] = ()) -> str:
    """How the job differs from what was confirmed, in sentences; empty when it does not.

    `own` are the options of the request, and `more` are further edits, such as those of its selection.
    """
    if now.create_time != then.create_time:
        return f"`{then.id}` was deleted and created again: it is another job now."
    moved = ""
    if now.status != then.status:
        moved = f"`{then.id}` was {where(then)} when this was requested, and is {where(now)} now."
    return f"{moved} {describe_edits(then, (*edits(then, now, own), *more))}".strip()


def describe_errors(request: Request, then: Job, now: Job) -> str:
    """That a job which is to be promoted runs with errors since it was shown, in a sentence; else empty.
    Errors of its databases are compared before the call."""
    if request.action is not Action.PROMOTE or runs_with_errors(then) or not runs_with_errors(now):
        return ""
    return f"`{then.id}` runs with errors now, which was not shown."


def describe_edits(job: Job, found: Sequence[str]) -> str:
    """Edits of a job (see `fingerprint.edits`) in a sentence; empty without any."""
    return f"`{job.id}` was edited meanwhile: {'; '.join(found)}." if found else ""


def freeze_terms(freeze: Freeze) -> tuple[RichPart, ...]:
    """Until when a freeze lasts, who set it, and why."""
    return ("until ", Time(freeze.until), " by ", User(freeze.by), ": ", Verbatim(freeze.reason))


def frozen_jobs(freeze: Freeze, projects: Projects, calls: JobNamer) -> str:
    """The jobs of a freeze, for a sentence: "`orders-db`", "all jobs of `prod`" or "all jobs". `calls` names
    a job so that it is no other one."""
    if freeze.is_of_one_job:
        return f"`{calls(freeze.job)}`"
    return f"all jobs of `{projects.shown(freeze.project)}`" if freeze.project else "all jobs"


def unfreeze_arguments(freeze: Freeze, projects: Projects, calls: JobNamer) -> str:
    """What follows `unfreeze` to lift it, and no other freeze."""
    if freeze.is_of_one_job:
        return calls(freeze.job)
    return f"--project {projects.shown(freeze.project)}" if freeze.project else "--all"


def frozen_reason(freeze: Freeze, projects: Projects, calls: JobNamer) -> RichText:
    """Why a freeze forbids changes."""
    jobs = frozen_jobs(freeze, projects, calls)
    return (
        f"{jobs[0].upper()}{jobs[1:]} {'is' if freeze.is_of_one_job else 'are'} frozen ",
        *freeze_terms(freeze),
        f". `{COMMAND} unfreeze {unfreeze_arguments(freeze, projects, calls)}` lifts it.",
    )


def locked_reason(called: str, run: Run, now: datetime) -> RichText:
    """Why another run forbids changes of the job that people know as `called`."""
    long = f" It has been running for more than {humanize(OVERDUE_AFTER)}, so people may stop following it."
    hint = long if is_overdue(run, now) else ""
    return (
        f"`{called}` is busy: ",
        User(run.by),
        f"'s {run.action} is running. Try again when it has ended.{hint}",
    )


def describe(request: Request) -> str:
    """The options of a request and its reason in words, for the audit."""
    reason = f"reason: {request.facts.reason}" if request.facts.reason else ""
    return "; ".join(filter(None, (describe_options(request.options), reason)))


def describe_options(options: Options) -> str:
    """The options in words, for the audit."""
    parts = []
    if options.databases:
        parts.append(f"databases: {', '.join(options.databases)}")
    if options.failed_only:
        parts.append("failed databases only")
    if options.stop_first:
        parts.append("stopped first")
    if options.skip_validation:
        parts.append("validation skipped")
    if options.operation:
        parts.append(f"operation {short_name(options.operation)}")
    if options.failback:
        parts.append("failback")
    if options.with_destination:
        parts.append("with destination")
    if options.parallelism:
        parts.append(f"dump parallelism {options.parallelism}")
    if options.objects is not None:
        chosen = ", ".join(str(each) for each in options.objects.chosen)
        parts.append(f"selection {options.objects.selection}: {chosen or 'all'}")
        if options.objects.excluded:
            parts.append(f"excluded: {', '.join(str(each) for each in options.objects.excluded)}")
    return "; ".join((*parts, *_describe_fields(options.fields)))


def _describe_fields(fields: FieldChange) -> list[str]:
    parts = []
    if fields.name is not None:
        parts.append(f"display name: {fields.name or 'none'}")
    parts += [f"label {key}={value}" if value else f"without label {key}" for key, value in fields.labels]
    if fields.dump_path is not None:
        parts.append(f"dump path: {fields.dump_path or 'none'}")
    return parts


def blocked_note(blocker: RichText, buttons: tuple[Button, ...] = (), *, outlasted: str = "") -> Note:
    """Says what blocks the request, which stays open: the same button works again after that. Where it has
    expired by then, `outlasted` says what is left, as “it has to be requested”."""
    way = "; press again after that."
    if outlasted:
        way = f". The request expires before that: press again if it is lifted, else {outlasted} again."
    return Note((*rich_parts(blocker), f" Nothing was done{way}"), buttons, tone="warn")


def list_jobs(names: Sequence[str]) -> str:
    """The ids of jobs, given their full resource names, as a list in a sentence."""
    return first_few([f"`{short_name(name)}`" for name in names], 10)
