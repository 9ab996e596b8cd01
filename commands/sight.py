"""Which rows of the audit a person may see: the policy may keep some jobs to some people."""

from __future__ import annotations

from datetime import datetime

from bot.dms.model import Job
from bot.store.records import AuditEntry
from commands.base import Context


class Sight:
    """Judges each job once."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._apart = ctx.access.policy.tells_apart("history")
        self._judged: dict[str, bool] = {}

    def of(self, entry: AuditEntry) -> bool:
        """Whether the row is about nothing that is kept from this person."""
        if not self._apart or not entry.job.startswith("projects/"):
            return True
        if entry.job not in self._judged:
            job = as_known(self._ctx, entry.job, entry.at)
            self._judged[entry.job] = bool(self._ctx.access.visible(self._ctx.who, "history", (job,)))
        return self._judged[entry.job]


def as_known(ctx: Context, name: str, at: datetime) -> Job:
    """A job by its full name as it is known, or was when something was last asked for it: its labels may
    matter. Of one that is not known at all, `at` stands for when it was made."""
    known = ctx.store.known_job(name)
    if known is not None:
        return known.job
    asked = ctx.store.requests(job=name, limit=1)
    then = (job for request in asked for job in request.jobs if job.name == name)
    return next(then, Job(name, at, ""))
