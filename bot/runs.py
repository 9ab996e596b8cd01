"""Carries out what was approved: each run once, and what came of it told.

`Runs.perform` is the one function through which every change of a job passes. Before the call it
checks permission, state, approval and freezes again and writes the audit row; after it, the outcome.
The store moves a run from one state to the next conditionally, so a run is called at most once
whatever crashes or races.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from datetime import datetime, timedelta

import structlog

from bot.access import Access
from bot.action import ActionVerb
from bot.approvals import approval_key, changed, describe, request_key
from bot.dms.errors import DmsError, NotFound, Unclear
from bot.dms.model import Job, Operation, State
from bot.dms.port import Dms
from bot.dms.rules import Action, check, where
from bot.redact import redact
from bot.store.port import Store, StoreError
from bot.store.records import ACTIVE_RUNS, AuditEntry, Request, RequestState, Run, RunState

log = structlog.get_logger(__name__)

_LOOKS = 3
"""How often to look for the operation of a call whose answer is not known."""
_SKEW = timedelta(seconds=60)
"""How far the service's clock may differ from ours when looking for an operation."""
_REPEATABLE = frozenset({Action.DELETE, Action.EDIT})
"""Actions whose method takes a `request_id`: calling again with the same one is harmless."""
_OPERATION_VERBS = {Action.EDIT: ("update",), Action.RESTART: ("restart", "stop")}
"""What the service calls the operations of actions that it does not call as we do."""
_GOING = (RunState.CALLING, RunState.FOLLOWING)


class Objection(Exception):
    """Why a run may not call the service (any more). `str()` is one sentence."""


def replica_lock(owner: str) -> str:
    """Name of the lock that a replica holds while it lives."""
    return f"replica:{owner}"


class Runs:
    """Runs of approved requests, from the queue to the operation's end."""

    def __init__(
        self,
        dms: Dms,
        store: Store,
        access: Access,
        actions: Mapping[Action, ActionVerb],
        *,
        replica: str,
        parallel: int,
        pool: Executor,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        nudge: Callable[[str], None],
        ended: Callable[[Action, RunState], None],
        look_every_s: float = 1.0,
    ) -> None:
        self._dms = dms
        self._store = store
        self._access = access
        self._actions = actions
        self._replica = replica
        self._parallel = parallel
        self._pool = pool
        self._clock = clock
        self._wake = wake
        self._nudge = nudge
        self._ended = ended
        self._look_every_s = look_every_s
        self._mine: set[str] = set()
        self._guard = threading.Lock()

    # ---- launching

    def launch(self, request_id: str) -> None:
        """Queue one run a job, unless that was done already, and begin.

        Raises:
            StoreError.
        """
        with self._store.transaction():
            request = self._store.move_request(request_id, [RequestState.APPROVED], RequestState.RUNNING)
            if request is None:
                return
            for job in request.jobs:
                self._queue(request, job)
            self._touch(request_id)
        self._wake()
        self.pump(request_id)
        self._finish(request_id)

    def _queue(self, request: Request, job: Job) -> None:
        locked = self._store.runs(job=job.name, states=ACTIVE_RUNS, limit=1)
        run = Run(
            id=uuid.uuid4().hex,
            request=request.id,
            job=job.name,
            action=request.action,
            state=RunState.REFUSED if locked else RunState.QUEUED,
            call_id=str(uuid.uuid4()),
            created=self._clock(),
            ended=self._clock() if locked else None,
            note=f"`{job.id}` is locked: {locked[0].action} is under way." if locked else "",
            by=request.by.user,
        )
        self._store.add_run(run)
        if locked:
            self._audit(run, request, "refused", job, run.note)

    def pump(self, request_id: str) -> None:
        """Begin as many queued runs of a request as may go on at once."""
        going = len(self._store.runs(request=request_id, states=_GOING))
        queued = self._store.runs(request=request_id, states=[RunState.QUEUED])
        for run in queued[: max(0, self._parallel - going)]:
            self._submit(run, self.perform)

    def _submit(self, run: Run, work: Callable[[Run], None]) -> None:
        with self._guard:
            if run.id in self._mine:
                return
            self._mine.add(run.id)
        self._pool.submit(self._work, run, work)

    def _work(self, run: Run, work: Callable[[Run], None]) -> None:
        try:
            work(run)
        except StoreError as error:
            log.error("run_left_to_recovery", run=run.id, error=str(error))
        except Exception:
            log.exception("run_broke", run=run.id)
        finally:
            with self._guard:
                self._mine.discard(run.id)

    # ---- the one way to the service

    def perform(self, run: Run) -> None:
        """Check everything once more, write it down, call, and write down what came of it.

        Raises:
            StoreError: the run stays as it is, and `recover` takes it up.
        """
        request = self._store.request(run.request)
        if request is None:
            return
        try:
            job = self._cleared(run, request)
        except Objection as objection:
            self._close(run, request, [RunState.QUEUED], RunState.REFUSED, str(objection))
            return
        except DmsError as error:
            note = f"Nothing was sent: {error}"
            self._close(run, request, [RunState.QUEUED], RunState.REFUSED, note)
            return
        calling = self._claim(run, request, job)
        if calling is not None:
            self._call(calling, request, job)

    def _cleared(self, run: Run, request: Request) -> Job:
        """The job as it is now, when the run may go on.

        Raises:
            Objection, DmsError.
        """
        then = _job_of(request, run)
        try:
            job = self._dms.get_job(run.job)
        except NotFound:
            raise Objection(f"`{then.id}` no longer exists.") from None
        self._unchanged(request, then, job, stopped_here=run.called is not None)
        self._permitted(request, job)
        partial = run.action is Action.RESTART and job.state == State.RUNNING
        databases = self._dms.databases(job.name) if partial else ()
        refusal = check(run.action, job, request.options, databases)
        if refusal is not None:
            raise Objection(str(refusal))
        return job

    def _unchanged(self, request: Request, then: Job, now: Job, *, stopped_here: bool) -> None:
        change = changed(then, now)
        if change and not (stopped_here and now.create_time == then.create_time):
            raise Objection(f"{change} Nothing was sent; ask again.")
        before = request.facts.get("config")
        if before is not None and self._dms.objects_config(now.name).data() != before:
            raise Objection(
                f"The databases of `{then.id}` were edited by somebody else meanwhile. "
                "Nothing was saved; ask again."
            )

    def _permitted(self, request: Request, job: Job) -> None:
        verdict = self._access.verdict(request.by, request.action, job)
        if not verdict.allowed:
            raise Objection(verdict.why)
        approvers = {each.user for each in self._store.decisions(request.id) if each.approve}
        if not verdict.self_approval:
            approvers.discard(request.by.user)
        if len(approvers) < verdict.approvals:
            raise Objection(
                f"The policy asks for {verdict.approvals} approvals, and there are {len(approvers)}."
            )

    def _claim(self, run: Run, request: Request, job: Job) -> Run | None:
        """Mark the run as being called, with its audit row; None when it may not be called now."""
        now = self._clock()
        with self._store.transaction():
            going = self._store.runs(request=request.id, states=_GOING)
            if len(going) >= self._parallel:
                return None
            if self._store.freezes(now, run.job):
                freeze = self._store.freezes(now, run.job)[0]
                self._close(run, request, [RunState.QUEUED], RunState.REFUSED, f"Frozen: {freeze.reason}")
                return None
            calling = self._store.move_run(
                run.id, [RunState.QUEUED], RunState.CALLING, owner=self._replica, called=now
            )
            if calling is None:
                return None
            self._audit(calling, request, "calling", job)
            self._touch(request.id)
        self._wake()
        return calling

    def _call(self, run: Run, request: Request, job: Job) -> None:
        try:
            operation = self._actions[run.action].call(self._dms, job, request.options, run.call_id)
        except Unclear as error:
            self._settle(run, request, str(error))
        except DmsError as error:
            self._close(run, request, [RunState.CALLING], RunState.REFUSED, str(error))
        else:
            self._accepted(run, request, operation)

    def _accepted(self, run: Run, request: Request, operation: Operation) -> None:
        with self._store.transaction():
            moved = self._store.move_run(
                run.id, [RunState.CALLING, RunState.UNCLEAR], RunState.FOLLOWING, operation=operation.name
            )
            if moved is None:
                return
            self._audit(moved, request, "accepted", _job_of(request, run))
            self._touch(request.id)
        self._wake()
        self._nudge(run.job)
        if operation.done:
            self._done(moved, request, operation)

    # ---- calls whose answer is not known

    def _settle(self, run: Run, request: Request, why: str) -> None:
        """Find out what became of a call: adopt its operation, repeat it where harmless, or say unclear."""
        operation = self._sent(run)
        if operation is not None:
            self._accepted(run, request, operation)
            return
        if run.action in _REPEATABLE:
            self._repeat(run, request)
            return
        self._unclear(run, request, why)

    def _sent(self, run: Run) -> Operation | None:
        """The operation that this call made, if the service has one that no other run has."""
        for _ in range(_LOOKS):
            try:
                operations = self._dms.operations(
                    _job_of_run(self._store, run), (run.called or self._clock()) - _SKEW
                )
            except DmsError:
                operations = ()
            for operation in reversed(operations):
                if _fits(operation, run) and not self._known_operation(run, operation):
                    return operation
            time.sleep(self._look_every_s)
        return None

    def _known_operation(self, run: Run, operation: Operation) -> bool:
        others = self._store.runs(job=run.job)
        return any(other.operation == operation.name for other in others)

    def _repeat(self, run: Run, request: Request) -> None:
        job = _job_of(request, run)
        try:
            operation = self._actions[run.action].call(self._dms, job, request.options, run.call_id)
        except NotFound:
            gone = RunState.SUCCEEDED if run.action is Action.DELETE else RunState.REFUSED
            self._close(run, request, [RunState.CALLING], gone, f"`{job.id}` no longer exists.")
        except Unclear as error:
            self._unclear(run, request, str(error))
        except DmsError as error:
            self._close(run, request, [RunState.CALLING], RunState.REFUSED, str(error))
        else:
            self._accepted(run, request, operation)

    def _unclear(self, run: Run, request: Request, why: str) -> None:
        note = f"{why} It is not known whether it was applied. {self._standing(run.job)}"
        self._close(run, request, [RunState.CALLING, RunState.FOLLOWING], RunState.UNCLEAR, note)

    def _standing(self, name: str) -> str:
        """The service's own word on the job, in a sentence."""
        try:
            job = self._dms.get_job(name)
        except NotFound:
            return "The service has no such job now."
        except DmsError as error:
            return f"The job's state could not be read: {error}"
        return f"The service says that `{job.id}` is {where(job)} now: look at it before trying again."

    # ---- following and recovery (the leader's)

    def follow(self) -> None:
        """Look once at every operation that goes on, and take up what nobody carries on.

        Raises:
            StoreError.
        """
        for request in self._store.requests([RequestState.APPROVED], limit=1000):
            self.launch(request.id)
        for run in self._store.runs(states=[RunState.FOLLOWING]):
            self._submit(run, self._look)
        for run in self._store.runs(states=[RunState.CALLING]):
            if self._abandoned(run):
                self._submit(run, self._take_up)
        for request in self._store.requests([RequestState.RUNNING], limit=1000):
            self.pump(request.id)
            self._finish(request.id)

    def _abandoned(self, run: Run) -> bool:
        if run.owner == self._replica:
            return run.id not in self._mine
        return not self._store.is_held(replica_lock(run.owner))

    def _take_up(self, run: Run) -> None:
        taken = self._store.move_run(
            run.id, [RunState.CALLING], RunState.CALLING, owner=self._replica, expect_owner=run.owner
        )
        request = self._store.request(run.request)
        if taken is None or request is None:
            return
        log.warning("run_taken_up", run=run.id, job=run.job, action=run.action)
        self._settle(taken, request, "The bot stopped while it was calling the service.")

    def _look(self, run: Run) -> None:
        request = self._store.request(run.request)
        if request is None:
            return
        try:
            operation = self._dms.get_operation(run.operation)
        except NotFound:
            self._operation_gone(run, request)
        except DmsError as error:
            log.info("operation_not_read", operation=run.operation, error=str(error))
        else:
            if operation.done:
                self._done(run, request, operation)

    def _operation_gone(self, run: Run, request: Request) -> None:
        """The record of a finished operation may be deleted: then the job tells what came of it."""
        if run.action is Action.DELETE and self._standing(run.job).startswith("The service has no such job"):
            self._close(run, request, [RunState.FOLLOWING], RunState.SUCCEEDED, "")
            return
        self._unclear(run, request, "The service no longer has the operation's record.")

    def _done(self, run: Run, request: Request, operation: Operation) -> None:
        if operation.error is not None:
            self._close(run, request, [RunState.FOLLOWING], RunState.FAILED, operation.error.message)
        elif request.options.stop_first and "stop" in operation.verb.lower():
            self._stopped(run, request)
        else:
            self._close(run, request, [RunState.FOLLOWING], RunState.SUCCEEDED, "")
        self._nudge(run.job)

    def _stopped(self, run: Run, request: Request) -> None:
        """The job has been stopped so that it can restart: back into the queue for the restart."""
        with self._store.transaction():
            moved = self._store.move_run(run.id, [RunState.FOLLOWING], RunState.QUEUED, operation="")
            if moved is None:
                return
            self._audit(run, request, "stopped", _job_of(request, run))
        self.pump(request.id)

    # ---- ends

    def _close(self, run: Run, request: Request, expect: Iterable[RunState], to: RunState, note: str) -> None:
        with self._store.transaction():
            moved = self._store.move_run(run.id, list(expect), to, ended=self._clock(), note=redact(note))
            if moved is None:
                return
            self._audit(moved, request, to.value, _job_of(request, run), note)
            self._touch(request.id)
        self._ended(run.action, to)
        self._wake()
        self.pump(request.id)
        self._finish(request.id)

    def _finish(self, request_id: str) -> None:
        """Close the request when its last run has ended."""
        with self._store.transaction():
            if self._store.runs(request=request_id, states=ACTIVE_RUNS, limit=1):
                return
            done = self._store.move_request(
                request_id, [RequestState.RUNNING], RequestState.DONE, ended=self._clock()
            )
            if done is not None:
                self._touch(request_id)
                self._wake()

    def _touch(self, request_id: str) -> None:
        self._store.touch(request_key(request_id))
        self._store.touch(approval_key(request_id))

    def _audit(self, run: Run, request: Request, event: str, job: Job, detail: str = "") -> None:
        self._store.append_audit(
            AuditEntry(
                at=self._clock(),
                event=event,
                user=request.by.user,
                team=request.by.team,
                channel=request.by.channel,
                action=run.action,
                job=run.job,
                job_create_time=job.create_time.isoformat(),
                job_status=job.status,
                request=request.id,
                run=run.id,
                operation=run.operation,
                detail=redact(detail or describe(request.options)),
            )
        )


def _job_of(request: Request, run: Run) -> Job:
    return next(job for job in request.jobs if job.name == run.job)


def _job_of_run(store: Store, run: Run) -> Job:
    request = store.request(run.request)
    if request is None:
        raise LookupError(run.request)
    return _job_of(request, run)


def _fits(operation: Operation, run: Run) -> bool:
    verbs = _OPERATION_VERBS.get(run.action, (str(run.action),))
    return operation.target == run.job and any(verb in operation.verb.lower() for verb in verbs)
