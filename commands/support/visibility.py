"""Which jobs, and rows of the audit, a person may see: rules of the policy may hide jobs from people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bot.cutover.wording import VERB as CUTOVER
from bot.dms.model import Job, placeholder_job, short_name
from bot.dms.resource_names import is_job_name
from bot.dms.rules import HARMLESS, Action
from bot.policy.permissions import Permission
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.store.cutover import CutoverState
from bot.store.records import EVERY_JOB, AuditEntry, JobSnapshot, every_job_of
from bot.store.table import Skip
from commands.support.base import Context


def viewing_verb(ctx: Context, verb: str) -> str:
    """The verb by which the policy decides which jobs an answer of `verb` may show, name or count.

    A verb that looks is judged by itself. No other verb may reveal a job that `list` hides.
    """
    permission = ctx.access.policy.permission(verb)
    return verb if permission in (Permission.VIEW, Permission.NOBODY) else "list"


_ABOUT_ANOTHER = "about a job that is kept from you"
_MAY_BE_ABOUT_ANOTHER = "not shown: not all that this was about can be read, and jobs may be kept from you"


class Visibility:
    """Which rows of the audit a person may see, and what of them; judges each job once."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._visible: dict[str, bool] = {}
        self._hidden: dict[str, frozenset[str] | None] = {}

    def told(self, entries: Iterable[AuditEntry]) -> Iterator[AuditEntry]:
        """The rows that the person may see. One of a request or cutover for several jobs may say what became
        of another one: that is left out where the other one is hidden."""
        for each in entries:
            if self.shows(each):
                instead = self._instead_of_detail(each)
                yield replace(each, detail=instead) if instead else each

    def shows(self, entry: AuditEntry) -> bool:
        """Whether the row is about no job that is hidden from this person."""
        if not is_job_name(entry.job):
            return True
        if entry.job not in self._visible:
            self._visible[entry.job] = not is_hidden(self._ctx, "history", entry.job)
        return self._visible[entry.job]

    def _instead_of_detail(self, entry: AuditEntry) -> str:
        """What stands in its place if it names a hidden job, or may; empty if it does not."""
        if not entry.detail or not self._ctx.access.policy.is_job_specific("history"):
            return ""
        hidden = self._hidden_beside(entry)
        if hidden is None:
            return _MAY_BE_ABOUT_ANOTHER
        words = frozenset(re.findall(r"[a-z0-9-]+", entry.detail))
        return "" if words.isdisjoint(hidden) else _ABOUT_ANOTHER

    def _hidden_beside(self, entry: AuditEntry) -> frozenset[str] | None:
        """The IDs of the jobs of the same request or cutover that are hidden from the person; None where not
        all of these jobs are known."""
        key = entry.request or (entry.job if entry.action == CUTOVER else "")
        if key not in self._hidden:
            unread = LeftOut()
            names = {name for name in self._beside(entry, unread) if is_job_name(name)} if key else set()
            hidden = (name for name in names if is_hidden(self._ctx, "history", name))
            self._hidden[key] = None if unread.keys else frozenset(map(short_name, hidden))
        return self._hidden[key]

    def _beside(self, entry: AuditEntry, skip: Skip) -> Iterator[str]:
        """The full names of the jobs of its request, or of the job's cutovers: a rehearsal has no request."""
        if entry.request:
            request = self._ctx.store.request(entry.request, skip)
            if request is not None:
                yield from (each.name for each in request.jobs)
            # Requests are deleted in the end, and their rows are not.
            yield from (each.job for each in self._ctx.store.audit(request=entry.request, skip=skip))
            return
        for each in self._ctx.store.cutovers(tuple(CutoverState), entry.job, skip=skip):
            yield from each.plan.jobs


def is_hidden(ctx: Context, verb: str, name: str) -> bool:
    """Whether an answer of `verb` must not show this person the job with this full name."""
    viewing = viewing_verb(ctx, verb)
    if not ctx.access.policy.is_job_specific(viewing):
        return not ctx.access.verdict(ctx.who, viewing).allowed
    return not can_see(ctx, viewing, name)


def may_hide(ctx: Context, verb: str) -> bool:
    """Whether an answer of `verb` may leave out jobs: an empty one then does not say that there are none.

    It depends on the policy alone, so that it tells nobody whether something is hidden.
    """
    return ctx.access.policy.is_job_specific(viewing_verb(ctx, verb))


def visible_names(ctx: Context, verb: str, ids: Iterable[str] | None = None) -> Sequence[str]:
    """Full names of the watcher's jobs that an answer of `verb` may show: of all, or of those with one of
    these IDs."""
    viewing = viewing_verb(ctx, verb)
    if not ctx.access.policy.is_job_specific(viewing):
        if not ctx.access.verdict(ctx.who, viewing).allowed:
            return ()
        return ctx.store.known_names() if ids is None else ctx.store.known_twins(ids)
    known, unreadable = _snapshots(ctx, ids)
    names = [job.name for job in ctx.access.visible(ctx.who, viewing, (each.job for each in known))]
    return names + [name for name in unreadable if can_see(ctx, viewing, name)]


def _snapshots(ctx: Context, ids: Iterable[str] | None) -> tuple[Iterable[JobSnapshot], Sequence[str]]:
    """Snapshots, and the names of the jobs whose rows cannot be read."""
    left_out = LeftOut()
    if ids is None:
        return ctx.store.known_jobs(left_out).values(), left_out.keys
    names = ctx.store.known_twins(ids)
    found = {name: each for name in names if (each := ctx.store.known_job(name, left_out)) is not None}
    return found.values(), [name for name in names if name not in found] if left_out.keys else ()


def can_see(ctx: Context, verb: str, name: str) -> bool:
    """Whether this person may use `verb`, which looks, on the job with this full name. If its labels are no
    longer known, only if no rule about labels could forbid it."""
    permissions, job = ctx.access.permissions(ctx.who), last_known(ctx, name)
    if job is not None:
        return permissions.may(verb, job)
    return permissions.may_by_name(verb, placeholder_job(name, ctx.now()))


def is_open_here(ctx: Context, name: str) -> bool:
    """Whether everybody who reads the channel of this command may see the job with this full name."""
    job = last_known(ctx, name)
    if job is None and ctx.access.policy.is_job_specific("show"):
        return False
    return ctx.access.is_open_to(ctx.who.channel, job or placeholder_job(name, ctx.now()))


def last_known(ctx: Context, name: str) -> Job | None:
    """The job as the watcher knows it, or as it was when something was last asked for it. None as well if the
    watcher's row cannot be read: what an older one says of its labels may no longer hold."""
    left_out = LeftOut()
    known = ctx.store.known_job(name, left_out)
    if known is not None or left_out.keys:
        return known.job if known is not None else None
    asked = ctx.store.requests(job=name, limit=1, skip=pass_over)
    return next((job for request in asked for job in request.jobs if job.name == name), None)


def permitted_actions(ctx: Context, actions: Iterable[Action], *jobs: Job) -> tuple[Action, ...]:
    """The actions that the policy and the freezes let this person use on at least one of the jobs. A freeze
    that cannot be read hides none: it refuses when somebody presses."""
    frozen = {each.job for each in ctx.store.freezes(ctx.now(), skip=pass_over)}
    permissions = ctx.access.permissions(ctx.who)

    def may(action: Action, job: Job) -> bool:
        if action not in HARMLESS and not frozen.isdisjoint((EVERY_JOB, every_job_of(job.project), job.name)):
            return False
        return permissions.may(action, job)

    possible = [action for action in actions if not permissions.may_never(action)]
    return tuple(action for action in possible if any(may(action, job) for job in jobs))


def permits(ctx: Context, verb: str, job: Job) -> bool:
    """Whether the policy lets this person use `verb` on the job."""
    return ctx.access.permissions(ctx.who).may(verb, job)
