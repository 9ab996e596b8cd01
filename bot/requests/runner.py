"""Carries out approved requests: calls the service once per run, and records the outcome.

`Runner.perform` is the only way to a call that changes a job. Before the call it checks permission, state,
approvals and freezes again, and writes the audit row; after it, it records the outcome. The store moves runs
conditionally from state to state, so a run is called at most once, whatever crashes or races.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from datetime import datetime

import structlog

from bot.dms.errors import Denied, DmsError, NotFound, Unclear
from bot.dms.model import Job, Operation
from bot.dms.port import Dms
from bot.dms.resource_names import project_of
from bot.dms.rules import Action
from bot.policy.access import Access
from bot.policy.subscriptions import Subscriptions
from bot.requests.action import ActionVerb
from bot.requests.in_cutover import sent_elsewhere
from bot.requests.job_names import display_name
from bot.requests.preflight import PermanentRefusal, PreconditionFailed, Preflight, is_half_done
from bot.requests.queries import locking_run
from bot.requests.recovery import ATTEMPTS, Recovery
from bot.requests.run_ledger import STOPPING_FIRST, RunLedger
from bot.runtime import metrics
from bot.store import JobLocked, Store, StoreError
from bot.store.records import Request, RequestState, Run, RunState
from bot.util.command import DEFAULT

log = structlog.get_logger(__name__)

_QUOTA_USED_UP = "RESOURCE_EXHAUSTED"
_IN_PROGRESS = (RunState.CALLING, RunState.FOLLOWING)
_HOPELESS = (PermanentRefusal, NotFound, Denied)


def replica_lock(owner: str) -> str:
    """Name of the lock that a replica holds while it is alive."""
    return f"replica:{owner}"


class Runner:
    """Takes runs from the queue to the service's answer."""

    def __init__(
        self,
        dms: Dms,
        store: Store,
        access: Access,
        actions: Mapping[Action, ActionVerb],
        *,
        replica: str,
        parallel: int,
        pool_of: Callable[[str], Executor],
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        nudge: Callable[[str], None],
        on_ended: Callable[[Action, RunState, str], None],
        subscriptions: Callable[[], Subscriptions] = lambda: Subscriptions(()),
        poll_every_s: float = 1.0,
        call_timeout_s: float = 30.0,
        command: str = DEFAULT,
    ) -> None:
        """Work on a run is done by `pool_of` its project's ID. At most `parallel` runs of a request go on at
        once. A call that has not arrived `call_timeout_s` seconds after it was made never will.
        `poll_every_s` is the pause between looks for its operation."""
        self._dms = dms
        self._store = store
        self._actions = actions
        self._replica = replica
        self._parallel = parallel
        self._pool_of = pool_of
        self._clock = clock
        self._wake = wake
        self._nudge = nudge
        self._preflight = Preflight(dms, store, access, clock)
        self.ledger = RunLedger(
            store,
            clock=clock,
            wake=wake,
            nudge=nudge,
            on_ended=on_ended,
            start_next=self.pump,
            command=command,
            subscriptions=subscriptions,
        )
        self.recovery = Recovery(
            dms,
            store,
            actions,
            self._preflight,
            self.ledger,
            clock=clock,
            look_every_s=poll_every_s,
            call_lasts_s=call_timeout_s,
        )
        self._working: dict[str, Run] = {}
        self._unsaved: set[str] = set()
        """Runs whose outcome could not be saved."""
        self._guard = threading.Lock()

    # ---- the queue

    def queue(self, request_id: str) -> None:
        """Queue a run for each job of an approved request, unless that was done already. Each locks its job.

        Part of the transaction that approves, so that no request is approved without its runs.

        Raises:
            StoreError.
        """
        with self._store.transaction():
            request = self._store.move_request(request_id, [RequestState.APPROVED], RequestState.RUNNING)
            if request is None:
                return
            done = {run.job for run in self._store.runs(request=request_id, states=[RunState.SUCCEEDED])}
            done |= sent_elsewhere(self._store, request)
            for job in request.jobs:
                if job.name not in done:  # the request of a cutover can be sent again for the rest
                    self._queue_run(request, job)
            self.ledger.update_messages(request_id)

    def begin(self, request_id: str) -> None:
        """Start the queued runs of a request.

        Raises:
            StoreError: the follower starts them later.
        """
        self._wake()
        self.pump(request_id)
        self.ledger.finish(request_id)

    def pump(self, request_id: str) -> None:
        """Start queued runs of a request, up to the limit of parallel runs.

        Raises:
            StoreError.
        """
        in_progress = len(self._store.runs(request=request_id, states=_IN_PROGRESS))
        queued = self._store.runs(request=request_id, states=[RunState.QUEUED])
        for run in queued[: max(0, self._parallel - in_progress)]:
            self.submit(run, self.perform)

    def _queue_run(self, request: Request, job: Job) -> None:
        lock = locking_run(self._store, request.action, job.name)
        run = Run(
            id=uuid.uuid4().hex,
            request=request.id,
            job=job.name,
            action=request.action,
            state=RunState.REFUSED if lock else RunState.QUEUED,
            call_id=str(uuid.uuid4()),
            created=self._clock(),
            ended=self._clock() if lock else None,
            note=f"`{display_name(request, job.name)}` is busy: a {lock.action} is running." if lock else "",
            by=request.by.user,
        )
        self._store.add_run(run)
        if lock:
            self.ledger.audit(run, request, "refused", job, run.note)

    # ---- the pool

    def submit(self, run: Run, work: Callable[[Run], None]) -> None:
        """Have a pool do `work` with a run, unless one is working on that run already."""
        with self._guard:
            if run.id in self._working:
                return
            self._working[run.id] = run
        try:
            future = self._pool_of(project_of(run.job)).submit(self._work, run, work)
        except RuntimeError:
            # The bot is stopping: the next leader continues the run.
            with self._guard:
                self._working.pop(run.id, None)
        else:
            future.add_done_callback(lambda done: self._forget_cancelled(run, done))

    def in_progress(self) -> list[str]:
        """Action, job and id of each run that the pool is working on."""
        with self._guard:
            runs = list(self._working.values())
        return [f"{run.action} {run.job} ({run.id})" for run in runs]

    def is_working_on(self, run: Run) -> bool:
        """Whether this process is working on the run."""
        return run.id in self._working

    @contextmanager
    def unsaved(self) -> Iterator[frozenset[str]]:
        """Take the ids of runs whose outcome could not be saved; put back if the block raises StoreError."""
        with self._guard:
            unsaved, self._unsaved = frozenset(self._unsaved), set()
        try:
            yield unsaved
        except StoreError:
            with self._guard:
                self._unsaved |= unsaved
            raise

    def _forget_cancelled(self, run: Run, done: Future[None]) -> None:
        if done.cancelled():
            with self._guard:
                self._working.pop(run.id, None)

    def _work(self, run: Run, work: Callable[[Run], None]) -> None:
        saved = False
        try:
            work(run)
            saved = True
        except StoreError as error:
            log.error("run_left_to_recovery", run=run.id, error=str(error))
        except Exception:
            metrics.count_error()
            log.exception("run_error", run=run.id)
        finally:
            with self._guard:
                self._working.pop(run.id, None)
                if not saved:
                    self._unsaved.add(run.id)

    # ---- the one way to the service

    def perform(self, run: Run) -> None:
        """Check everything again, record the call, make it, and record the outcome.

        Raises:
            StoreError: the run stays as it is, and the follower recovers it.
        """
        request, queued = self._store.request(run.request), self._store.run(run.id)
        if request is None or queued is None or queued.state is not RunState.QUEUED:
            return
        run = queued
        try:
            job = self._preflight.check(run, request)
            calling = self._claim(run, request, job)
        except (PreconditionFailed, DmsError) as why:
            self._refuse(run, request, RunState.QUEUED, why)
            return
        if calling is not None:
            self._call(calling, request, job)

    def _refuse(self, run: Run, request: Request, at: RunState, why: PreconditionFailed | DmsError) -> None:
        """Close a run whose call was not sent or was rejected; FAILED where it has stopped the job before."""
        to, note = RunState.REFUSED, str(why)
        if self.ledger.has_stopped(run, request):
            to, note = RunState.FAILED, f"The job was stopped, but it was not restarted: {why}"
        self.ledger.close(run, request, [at], to, note, hopeless=isinstance(why, _HOPELESS))

    def _claim(self, run: Run, request: Request, job: Job) -> Run | None:
        """Mark the run as being called, with its audit row; None when it is not its turn.

        Raises:
            PreconditionFailed: the job is frozen. Freezes and calls are recorded in transactions, so
                neither can overlook the other.
        """
        now = self._clock()
        with self._store.transaction():
            in_progress = self._store.runs(request=request.id, states=_IN_PROGRESS)
            if len(in_progress) >= self._parallel:
                return None
            self._preflight.check_not_frozen(run, job)
            calling = self._store.move_run(
                run.id,
                [RunState.QUEUED],
                RunState.CALLING,
                owner=self._replica,
                called=now,
                stopped_job=is_half_done(run),
            )
            if calling is None:
                return None
            self.ledger.audit(calling, request, "calling", job)
            self.ledger.update_messages(request.id)
        self._wake()
        return calling

    def _call(self, run: Run, request: Request, job: Job) -> None:
        try:
            operation = self._actions[run.action].call(self._dms, job, request.options, run.call_id)
        except Unclear as error:
            self.resolve_unknown_outcome(run, request, str(error), job)
        except DmsError as error:
            self._on_rejected(run, request, error, job)
        else:
            self._on_accepted(run, request, operation)

    def _on_rejected(self, run: Run, request: Request, error: DmsError, before: Job) -> None:
        """Refuse the run. With an exhausted quota the call may have arrived: look once for its operation."""
        if error.code != _QUOTA_USED_UP or not self._resolved(run, request, before, attempts=1):
            self._refuse(run, request, RunState.CALLING, error)

    def _on_accepted(self, run: Run, request: Request, operation: Operation) -> None:
        try:
            moved = self._start_following(run, request, operation)
        except JobLocked:
            # Another replica ended this run as unclear meanwhile, and somebody has retried.
            log.error("operation_not_followed", run=run.id, operation=operation.name)
            return
        if moved is None:
            return
        self._wake()
        self._nudge(run.job)
        if operation.done:
            self.ledger.operation_done(moved, request, operation)

    def _start_following(self, run: Run, request: Request, operation: Operation) -> Run | None:
        with self._store.transaction():
            moved = self._store.move_run(
                run.id,
                [RunState.CALLING, RunState.UNCLEAR],
                RunState.FOLLOWING,
                operation=operation.name,
                ended=None,
                note=STOPPING_FIRST if self.ledger.is_stopping_first(run, request) else "",
            )
            if moved is not None:
                self._store.move_request(request.id, [RequestState.DONE], RequestState.RUNNING, ended=None)
                self.ledger.audit(moved, request, "accepted", request.job(run.job))
                self.ledger.update_messages(request.id)
        return moved

    # ---- calls whose answer is not known

    def resolve_unknown_outcome(self, run: Run, request: Request, why: str, before: Job) -> None:
        """Find out the outcome of a call and record it, or end the run as unclear.

        `before` is the job as it was last read before the call.

        Raises:
            StoreError.
        """
        if not self._resolved(run, request, before, attempts=ATTEMPTS):
            self.ledger.close_unclear(run, request, why, self.recovery.job_state_text(run.job))

    def _resolved(self, run: Run, request: Request, before: Job, attempts: int) -> bool:
        """Try to find the outcome of a call and record it. Returns whether it was found."""
        outcome = self.recovery.outcome(run, request, before, attempts)
        if outcome.operation is not None:
            self._on_accepted(run, request, outcome.operation)
            return True
        if outcome.job_gone:
            self.ledger.close(run, request, [RunState.CALLING], RunState.SUCCEEDED, "")
        return outcome.job_gone
