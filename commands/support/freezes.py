"""What freezing and unfreezing share."""

from __future__ import annotations

from dataclasses import dataclass

from bot.cmdline.answers import Note
from bot.cmdline.invocation import Invocation, UsageError
from bot.config.projects import Project
from bot.dms.errors import DmsError
from bot.dms.model import Job, placeholder_job, short_name
from bot.dms.resource_names import is_job_name, project_of
from bot.policy.subscriptions import SubscriptionLike, Subscriptions
from bot.requests.job_names import JobNamer, disambiguate
from bot.requests.queries import mark_timelines_dirty
from bot.runtime.one_by_one import pass_over
from bot.store.records import EVERY_JOB, AuditEntry, Freeze, every_job_of
from bot.util.command import COMMAND
from bot.util.redact import redact
from bot.watch.freeze_news import announce_freeze
from commands.support.base import Context, EarlyAnswer
from commands.support.projects import find_project
from commands.support.resolve import find_job, require_permission
from commands.support.typed_jobs import can_mean
from commands.support.visibility import is_hidden, last_known, visible_names


@dataclass(frozen=True, slots=True)
class FreezeTarget:
    """A job, or all jobs of a project, or all jobs."""

    job: Job | None = None
    project: Project | None = None
    shown: str = ""
    """The job as people can type it, so that it is no other one."""

    @property
    def name(self) -> str:
        """As `Freeze.job` has it."""
        if self.job is not None:
            return self.job.name
        return every_job_of(self.project.id) if self.project else EVERY_JOB

    @property
    def text(self) -> str:
        """For a sentence: "`orders-db`", "all jobs of `prod`" or "all jobs"."""
        if self.job is not None:
            return f"`{self.shown or self.job.id}`"
        return f"all jobs of `{self.project.shown}`" if self.project else "all jobs"

    @property
    def subject(self) -> str:
        """With a verb, to begin a sentence."""
        return f"{self.text} is" if self.job else f"{self.text.capitalize()} are"

    def with_verb(self, verb: str) -> Invocation:
        """The verb with this target."""
        if self.job is not None:
            return Invocation(verb, (self.job.name,))
        return Invocation(verb, flags={"project": self.project.id} if self.project else {"all": True})


def target(ctx: Context, invocation: Invocation) -> FreezeTarget:
    """What to freeze or unfreeze.

    Raises:
        UsageError: the invocation names none or several, or a project that there is not.
        EarlyAnswer: there is no such job, or this person may not do that.
        DmsError: the service did not answer.
    """
    verb, named = invocation.verb, invocation.word("project")
    if sum(map(bool, (invocation.jobs, named, invocation.is_set("all")))) != 1:
        raise UsageError(
            f"Name a job, a project or all jobs: `{COMMAND} {verb} orders-db …`, "
            f"`{COMMAND} {verb} --project prod …` or `{COMMAND} {verb} --all …`."
        )
    if invocation.jobs:
        job = _job(ctx, invocation)
        return FreezeTarget(job=job, shown=job_namer(ctx)(job.name))
    project = _project(ctx, verb, named) if named else None
    verdict = (
        ctx.access.project_verdict(ctx.who, verb, project.id)
        if project
        else ctx.access.verdict(ctx.who, verb)
    )
    if not verdict.allowed:
        raise EarlyAnswer(Note(verdict.explanation, tone="warn"))
    return FreezeTarget(project=project)


def _job(ctx: Context, invocation: Invocation) -> Job:
    """The job that was named. A freeze can be lifted although the service does not show its job, which may be
    deleted and made anew later."""
    typed = invocation.jobs[0]
    try:
        return find_job(ctx, typed, invocation)
    except (EarlyAnswer, DmsError):
        job = _frozen_job(ctx, typed) if invocation.verb == "unfreeze" else None
        if job is None or job.name in ctx.found:
            raise
    require_permission(ctx, invocation.verb, job)
    ctx.found.append(job.name)
    return job


def _frozen_job(ctx: Context, typed: str) -> Job | None:
    """The one frozen job that this can stand for, if this person may see it, as it was last known."""
    names = [each for each in ctx.store.frozen_names(ctx.now()) if is_job_name(each)]
    meant = [name for name in names if can_mean(ctx, typed, name) and not is_hidden(ctx, "unfreeze", name)]
    if len(meant) != 1:
        return None
    return last_known(ctx, meant[0]) or placeholder_job(meant[0], ctx.now())


def job_namer(ctx: Context) -> JobNamer:
    """Names a job by its ID, and with its place where that is in several, as far as this person may see."""

    def called(name: str) -> str:
        told = visible_names(ctx, "show", (short_name(name),))
        return disambiguate((*told, name), ctx.settings.projects)(name)

    return called


def _project(ctx: Context, verb: str, text: str) -> Project:
    """A freeze can be lifted although its project is no longer served."""
    if verb == "unfreeze" and ctx.settings.projects.get(text) is None:
        names = ctx.store.frozen_names(ctx.now())
        if text in {project_of(each) for each in names if not is_job_name(each)}:
            return Project(text)
    return find_project(ctx, text)


def audit(ctx: Context, event: str, frozen: FreezeTarget, detail: str) -> AuditEntry:
    """The audit row of a freeze that begins or ends."""
    job = frozen.job
    return AuditEntry(
        at=ctx.now(),
        event=event,
        user=ctx.who.user,
        team=ctx.who.audit_team,
        channel=ctx.who.channel,
        job=frozen.name,
        job_create_time=job.create_time.isoformat() if job else "",
        job_status=job.status if job else "",
        detail=redact(detail),
    )


def announce(ctx: Context, frozen: FreezeTarget, freeze: Freeze | None, what: str) -> None:
    """Tell who follows the jobs that a freeze was `set` or `lifted`; in its transaction. None if it cannot be
    read, so that no message can show it."""
    watches: tuple[SubscriptionLike, ...] = (*ctx.access.policy.watches, *ctx.store.watches(skip=pass_over))
    subscriptions = Subscriptions.of(ctx.settings.notify_channel, watches, ctx.settings.projects)
    told_in = ctx.who.channel if is_public(ctx, frozen) else ""
    if freeze is not None:
        announce_freeze(ctx.store, freeze, what, subscriptions, ctx.now(), told_in=told_in)
    if frozen.job is not None:
        mark_timelines_dirty(ctx.store, frozen.name, subscriptions.targets())


def is_public(ctx: Context, frozen: FreezeTarget) -> bool:
    """Whether the channel may read of it: it names a job that some people there may not see."""
    return frozen.job is None or ctx.access.is_open_to(ctx.who.channel, frozen.job)
