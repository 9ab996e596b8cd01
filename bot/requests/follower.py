"""Follows operations to their end, and recovers calls whose outcome was not saved. Runs on the leader."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.dms.errors import DmsError, NotFound, Unavailable
from bot.dms.port import Dms
from bot.dms.rules import Action
from bot.requests.recovery import Recovery
from bot.requests.rules import is_overdue, not_started
from bot.requests.run_ledger import STOPPING_FIRST, UNKNOWN, RunLedger
from bot.requests.runner import Runner, replica_lock
from bot.runtime.one_by_one import one_by_one, pass_over
from bot.store import Store
from bot.store.records import Person, Request, RequestState, Run, RunState
from bot.util import parallel
from bot.util.recent import Recent

log = structlog.get_logger(__name__)

_UNREADABLE_AFTER = timedelta(hours=1)
"""A run is unclear after its operation could not be read for this long."""
_UNREADABLE = "its operation cannot be read"
_ABANDONED = "unfollowed"
"""Audit event for an abandoned run. Stored, so it keeps its old name."""


class Follower:
    """Follows the operations of runs."""

    def __init__(
        self,
        runner: Runner,
        dms: Dms,
        store: Store,
        *,
        replica: str,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._runner = runner
        self._ledger: RunLedger = runner.ledger
        self._recovery: Recovery = runner.recovery
        self._dms = dms
        self._store = store
        self._replica = replica
        self._clock = clock
        self._wake = wake
        self._unreadable_since: Recent[datetime] = Recent()
        self._overdue: set[str] = set()
        """Runs whose messages offer to abandon them."""

    def follow(self) -> None:
        """Poll every running operation once, and continue what no replica is working on. An error with one
        does not stop the others.

        Raises:
            StoreError.
        """
        approved = self._store.requests([RequestState.APPROVED], limit=1000, skip=pass_over)
        one_by_one(approved, lambda request: self._runner.queue(request.id), _request)
        following = self._store.runs(states=[RunState.FOLLOWING], skip=pass_over)
        one_by_one(following, lambda run: self._runner.submit(run, self._poll_operation), _run)
        self._offer_abandoning(following)
        calling = self._store.runs(states=[RunState.CALLING], skip=pass_over)
        one_by_one(calling, self._recover_if_orphaned, _run)
        running = self._store.requests([RequestState.RUNNING], limit=1000, skip=pass_over)
        one_by_one(running, self._go_on, _request)

    def _recover_if_orphaned(self, run: Run) -> None:
        if self._is_orphaned(run):
            self._runner.submit(run, self._recover)

    def _go_on(self, request: Request) -> None:
        self._runner.pump(request.id)
        self._ledger.finish(request.id)

    def recover_own_calls(self) -> None:
        """Recover calls of this replica whose outcome could not be saved; while it lives, no other may.

        Raises:
            StoreError.
        """
        with self._runner.unsaved() as unsaved:
            calling = self._store.runs(states=[RunState.CALLING], owner=self._replica) if unsaved else ()
        for run in calling:
            if run.id in unsaved:
                self._runner.submit(run, self._recover)

    def abandon(self, request: Request, runs: Sequence[Run], who: Person) -> tuple[Run, ...]:
        """Abandon tracking of `runs` as unclear, except those that have ended or moved on meanwhile. Sends
        nothing: the operations continue on the service. The request's queued runs are refused.

        Returns those that were abandoned.

        Raises:
            StoreError.
        """
        # Before the transaction, which checks the runs again: the service may take a while to answer.
        states = parallel.map_concurrently(self._recovery.job_state_text, [run.job for run in runs])
        with self._store.transaction():
            tried = [self._abandon_one(*each, request, who) for each in zip(runs, states, strict=True)]
            abandoned = tuple(run for run in tried if run is not None)
            # In the same transaction, else the queued runs would start in the places that are free now.
            unsent = self._refuse_queued(request, who) if abandoned else ()
        if abandoned:
            self._ledger.after_end(request, *abandoned, *unsent)
        return abandoned

    def _offer_abandoning(self, following: Sequence[Run]) -> None:
        """Have the messages of newly overdue runs updated."""
        now = self._clock()
        overdue = {run.id: run.request for run in following if is_overdue(run, now)}
        for run_id, request_id in overdue.items():
            if run_id not in self._overdue:
                self._ledger.update_messages(request_id)
                self._wake()
        self._overdue = set(overdue)

    def _is_orphaned(self, run: Run) -> bool:
        if run.owner == self._replica:
            return not self._runner.is_working_on(run)
        return not self._store.is_locked(replica_lock(run.owner))

    def _recover(self, run: Run) -> None:
        taken = self._store.move_run(
            run.id, [RunState.CALLING], RunState.CALLING, owner=self._replica, expect_owner=run.owner
        )
        request = self._store.request(run.request)
        if taken is None or request is None:
            return
        log.warning("run_recovered", run=run.id, job=run.job, action=run.action)
        before = request.job(run.job)
        why = "The bot stopped while it was calling the service."
        self._runner.resolve_unknown_outcome(taken, request, why, before)

    def _poll_operation(self, run: Run) -> None:
        request = self._store.request(run.request)
        if request is None:
            return
        try:
            operation = self._dms.get_operation(run.operation)
        except NotFound:
            self._operation_gone(run, request)
        except Unavailable as error:
            log.info("operation_not_read", operation=run.operation, error=str(error))
        except DmsError as error:
            self._operation_unreadable(run, request, error)
        else:
            self._unreadable_since.pop(run.id, None)
            if operation.done:
                self._ledger.operation_done(run, request, operation)
            elif run.note.startswith(_UNREADABLE):
                stopping = self._ledger.is_stopping_first(run, request)
                self._ledger.remark(run, request, STOPPING_FIRST if stopping else "")

    def _operation_unreadable(self, run: Run, request: Request, error: DmsError) -> None:
        log.warning("operation_not_read", operation=run.operation, error=str(error))
        now = self._clock()
        if now - self._unreadable_since.setdefault(run.id, now) > _UNREADABLE_AFTER:
            self._unreadable_since.pop(run.id, None)
            self._close_unclear(run, request, f"Its operation cannot be read: {error}")
        elif not run.note.startswith(_UNREADABLE):
            self._ledger.remark(run, request, f"{_UNREADABLE}: {error}")

    def _operation_gone(self, run: Run, request: Request) -> None:
        """The service deletes records of finished operations; the job then shows the outcome."""
        if run.action is Action.DELETE and self._recovery.is_job_gone(run, request):
            self._ledger.close(run, request, [RunState.FOLLOWING], RunState.SUCCEEDED, "")
            return
        self._close_unclear(run, request, "The service no longer has the operation's record.")

    def _close_unclear(self, run: Run, request: Request, why: str) -> None:
        self._ledger.close_unclear(run, request, why, self._recovery.job_state_text(run.job))

    def _abandon_one(self, run: Run, job_state: str, request: Request, who: Person) -> Run | None:
        """Abandon a run, inside a transaction; None where it no longer follows the same operation."""
        now = self._store.run(run.id)
        if now is None or (now.state, now.operation) != (RunState.FOLLOWING, run.operation):
            return None
        self._ledger.audit(now, request, _ABANDONED, request.job(run.job), by=who)
        why = "Its operation took very long, and is no longer followed."
        if self._ledger.is_stopping_first(now, request):
            why += " The restart that was to come after the stop was not sent."
        note = f"{why} {UNKNOWN} {job_state}"
        return self._ledger.end(now, request, [RunState.FOLLOWING], RunState.UNCLEAR, note)

    def _refuse_queued(self, request: Request, who: Person) -> tuple[Run, ...]:
        """Refuse the queued runs, inside a transaction. Returns them."""
        note = "It was still waiting when somebody stopped following the others. Nothing was sent."
        waiting = not_started(self._store.runs(request=request.id, states=[RunState.QUEUED]))
        for run in waiting:
            self._ledger.audit(run, request, _ABANDONED, request.job(run.job), note, by=who)
        ended = [self._ledger.end(run, request, [RunState.QUEUED], RunState.REFUSED, note) for run in waiting]
        return tuple(run for run in ended if run is not None)


def _request(request: Request) -> str:
    return f"request {request.id}"


def _run(run: Run) -> str:
    return f"run {run.id} of {run.job}"
