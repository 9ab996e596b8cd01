"""Ends the following of an operation that does not end, so that its job is free for other actions."""

from __future__ import annotations

from bot.answers import Note
from bot.approvals.book import Book
from bot.requestwords import LONG, gone, lasts_long
from bot.store.records import Person, Request, RequestState, Run, RunState
from bot.timespan import humanize


class Unfollowing(Book):
    """Stopping to follow. Nothing is sent: what the service does, it goes on with."""

    def unfollow(self, who: Person, request_id: str) -> Note | None:
        """Give up as unclear what a request has followed for long. None when it counts: the request's
        message tells the rest.

        Raises:
            StoreError.
        """
        request = self._store.request(request_id)
        if request is None or request.by.team != who.team:
            return gone()
        if request.state is not RequestState.RUNNING:
            return self._ended(request)
        runs = self._long(request)
        if not runs:
            return Note(
                f"Nothing was done: only what has gone on for {humanize(LONG)} can be left like that.",
                tone="warn",
            )
        refusal = self._refused(who, request, runs)
        if refusal is not None:
            return refusal
        self._launcher.unfollow(request, runs, who)
        return None

    def _long(self, request: Request) -> tuple[Run, ...]:
        now = self._clock()
        found = self._store.runs(request=request.id, states=[RunState.FOLLOWING])
        return tuple(run for run in found if lasts_long(run, now))

    def _refused(self, who: Person, request: Request, runs: tuple[Run, ...]) -> Note | None:
        names = {run.job for run in runs}
        verdicts = [
            self._access.verdict(who, request.action, job) for job in request.jobs if job.name in names
        ]
        return next((Note(each.said, tone="warn") for each in verdicts if not each.allowed), None)
