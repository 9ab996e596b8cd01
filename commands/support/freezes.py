"""What freezing and unfreezing share."""

from __future__ import annotations

from bot.cmdline.answers import Note
from bot.cmdline.invocation import Invocation, UsageError
from bot.dms.model import Job
from bot.store.records import EVERY_JOB, AuditEntry
from bot.util.command import COMMAND
from bot.util.redact import redact
from commands.support.base import Context, EarlyAnswer
from commands.support.resolve import find_job


def target(ctx: Context, invocation: Invocation) -> Job | None:
    """The job to freeze or unfreeze, or None for all jobs.

    Raises:
        UsageError: the invocation names both or neither.
        EarlyAnswer: there is no such job, or this person may not do that.
        DmsError: the service did not answer.
    """
    verb = invocation.verb
    if bool(invocation.jobs) == invocation.is_set("all"):
        raise UsageError(
            f"Name a job or all of them: `{COMMAND} {verb} orders-db …` or `{COMMAND} {verb} --all …`."
        )
    if invocation.jobs:
        return find_job(ctx, invocation.jobs[0], invocation)
    verdict = ctx.access.verdict(ctx.who, verb)
    if not verdict.allowed:
        raise EarlyAnswer(Note(verdict.explanation, tone="warn"))
    return None


def audit(ctx: Context, event: str, job: Job | None, detail: str) -> AuditEntry:
    """The audit row of a freeze that begins or ends."""
    return AuditEntry(
        at=ctx.now(),
        event=event,
        user=ctx.who.user,
        team=ctx.who.audit_team,
        channel=ctx.who.channel,
        job=job.name if job else EVERY_JOB,
        job_create_time=job.create_time.isoformat() if job else "",
        job_status=job.status if job else "",
        detail=redact(detail),
    )


def is_public(ctx: Context, job: Job | None) -> bool:
    """Whether the channel may read of it: it names a job that some people there may not see."""
    return job is None or ctx.access.is_open_to(ctx.who.channel, job)


def jobs_text(job: Job | None) -> str:
    """The frozen jobs with a verb, to begin a sentence."""
    return f"`{job.id}` is" if job else "All jobs are"
