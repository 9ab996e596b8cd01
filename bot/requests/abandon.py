"""Abandons operations that do not end, so that their jobs are free for other actions."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline.answers import Note, rich_parts
from bot.dms.model import Job
from bot.policy.permissions import ruled_as
from bot.requests.base import RequestContext
from bot.requests.rules import OVERDUE_AFTER, is_overdue, not_started
from bot.requests.wording import OLD_BUTTON, list_jobs
from bot.store.records import Person, Request, RequestState, Run, RunState
from bot.util.command import COMMAND
from bot.util.durations import humanize


class Abandonment:
    """Abandons tracking. Sends nothing; the operations continue on the service."""

    def __init__(self, context: RequestContext) -> None:
        self._ctx = context

    def abandon(self, who: Person, request_id: str) -> Note | None:
        """Abandon the overdue runs of a request as unclear.

        Returns None on success, as the request's message shows the result, else what to answer.

        Raises:
            StoreError.
        """
        request = self._ctx.store.request(request_id)
        if request is None or request.by.team != who.team:
            return OLD_BUTTON
        if request.state is not RequestState.RUNNING:
            return self._ctx.ended_note(request)
        runs = self._overdue(request)
        if not runs:
            return Note(
                "Nothing was done: you can stop following only what has been running for "
                f"{humanize(OVERDUE_AFTER)}.",
                tone="warn",
            )
        refusal = self._refused(who, request, runs)
        if refusal is not None:
            return refusal
        left = {run.id for run in self._ctx.follower.abandon(request, runs, who)}
        kept = [run.job for run in runs if run.id not in left]
        return _still_running_note(kept) if kept else None

    def _overdue(self, request: Request) -> tuple[Run, ...]:
        now = self._ctx.clock()
        found = self._ctx.store.runs(request=request.id, states=[RunState.FOLLOWING])
        return tuple(run for run in found if is_overdue(run, now))

    def _refused(self, who: Person, request: Request, runs: tuple[Run, ...]) -> Note | None:
        """Why this person may not. Queued runs count too, since they will not be started then."""
        queued = not_started(self._ctx.store.runs(request=request.id, states=[RunState.QUEUED]))
        for run in (*runs, *queued):
            job = request.job(run.job)
            verdict = self._ctx.access.verdict(who, ruled_as(request.action, request.options), job)
            if not verdict.allowed:
                return Note(
                    (*rich_parts(verdict.explanation), _not_started_note(job) if run in queued else ""),
                    tone="warn",
                )
        return None


def _not_started_note(job: Job) -> str:
    return f" `{job.id}` is still waiting in the same request and would not start. Nothing was done."


def _still_running_note(names: Sequence[str]) -> Note:
    return Note(
        f"Nothing was done for {list_jobs(names)}: its operation has just ended, or somebody else "
        "stopped following it. If it ended, the next step still follows, such as a restart after "
        f"a stop. `{COMMAND} show` shows the job's state.",
        tone="warn",
    )
