"""Records the steps of runs: each in one transaction with its audit row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from bot.dms.model import Job, Operation
from bot.dms.resource_names import project_of
from bot.dms.rules import Action, running_dump
from bot.policy.subscriptions import Subscriptions
from bot.requests.failures import enqueue_failure
from bot.requests.outcomes import enqueue_outcome
from bot.requests.queries import mark_messages_dirty, mark_timelines_dirty, newest_runs
from bot.requests.wording import describe_options
from bot.store import Store
from bot.store.records import ACTIVE_RUNS, AuditEntry, Person, Request, RequestState, Run, RunState
from bot.util.command import DEFAULT, with_command
from bot.util.redact import redact

STOPPING_FIRST = "stopping it first"
"""Note of a run that is stopping its job in order to restart it."""
_STOPPED = "stopped"
"""Audit event of a run that has stopped its job and has yet to restart it."""
_CANCELLED_CODE = 1
"""`google.rpc.Code.CANCELLED`. Source: REST `operations.cancel`."""
_CANCELLED = "Its operation was cancelled. "
UNKNOWN = "It is not known whether it was applied."


class RunLedger:
    """Moves runs conditionally, so that each step happens once, whoever races."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
        nudge: Callable[[str], None],
        on_ended: Callable[[Action, RunState, str], None],
        start_next: Callable[[str], None],
        subscriptions: Callable[[], Subscriptions],
        command: str = DEFAULT,
    ) -> None:
        """`wake` wakes the notifier, `nudge` has a job polled soon, and `start_next` starts queued runs of a
        request after one of its runs has ended. `on_ended` gets the project's ID, too. `subscriptions`
        returns the present ones; `command` is the slash command, for the audit."""
        self._store = store
        self._clock = clock
        self._wake = wake
        self._nudge = nudge
        self._on_ended = on_ended
        self._start_next = start_next
        self._command = command
        self._subscriptions = subscriptions

    def is_stopping_first(self, run: Run, request: Request) -> bool:
        """Whether the present call is the stop before a restart."""
        first = request.options.stop_first and running_dump(request.job(run.job))
        return first and not self.has_stopped(run, request)

    def has_stopped(self, run: Run, request: Request) -> bool:
        """Whether the run has already stopped its job in order to restart it."""
        if run.stopped_job or not request.options.stop_first:
            return bool(run.stopped_job)
        # An older version writes this into the audit alone, and may have followed a stop that this one sent.
        entries = self._store.audit(job=run.job, request=request.id)
        return any(entry.event == _STOPPED and entry.run == run.id for entry in entries)

    def remark(self, run: Run, request: Request, note: str) -> None:
        """Set the note of a running run."""
        with self._store.transaction():
            if self._store.move_run(run.id, [RunState.FOLLOWING], RunState.FOLLOWING, note=redact(note)):
                self.update_messages(request.id)
        self._wake()

    def operation_done(self, run: Run, request: Request, operation: Operation) -> None:
        """Record the end of a followed operation."""
        stops = self.is_stopping_first(run, request)
        if run.cancels:
            self._cancel_done(run, request, operation)
        elif operation.error is not None:
            before = "It could not be stopped, so the restart was not sent: " if stops else ""
            cancelled = _CANCELLED if operation.error.code == _CANCELLED_CODE else ""
            note = f"{before}{cancelled}{operation.error.message}"
            self.close(run, request, [RunState.FOLLOWING], RunState.FAILED, note)
        elif stops:
            self._requeue_stopped(run, request)
        else:
            self.close(run, request, [RunState.FOLLOWING], RunState.SUCCEEDED, "")
        self._nudge(run.job)

    def _cancel_done(self, run: Run, request: Request, operation: Operation) -> None:
        """Record the end of a cancel: whether the operation was cancelled, or has ended all the same."""
        error = operation.error
        if error is not None and error.code == _CANCELLED_CODE:
            self.close(run, request, [RunState.FOLLOWING], RunState.SUCCEEDED, "")
            return
        note = "The operation ended before it was cancelled"
        note += "." if error is None else f", with an error of its own: {error.message}"
        self.close(run, request, [RunState.FOLLOWING], RunState.FAILED, note)

    def _requeue_stopped(self, run: Run, request: Request) -> None:
        """The job is stopped: queue the run again, so that the follower has it restart the job."""
        with self._store.transaction():
            moved = self._store.move_run(
                run.id, [RunState.FOLLOWING], RunState.QUEUED, operation="", note="", stopped_job=True
            )
            if moved is not None:
                self.audit(run, request, _STOPPED, request.job(run.job))
                self.update_messages(request.id)

    def close(
        self,
        run: Run,
        request: Request,
        expect: Iterable[RunState],
        to: RunState,
        note: str,
        *,
        hopeless: bool = False,
    ) -> None:
        """End a run that is in one of the states `expect`, and start the next run of its request.

        `hopeless` marks an end after which a retry cannot help.
        """
        moved = self.end(run, request, expect, to, note, hopeless=hopeless)
        if moved is not None:
            self.after_end(request, moved)

    def close_unclear(self, run: Run, request: Request, why: str, job_state: str) -> None:
        """End a run whose outcome is unknown."""
        note = f"{why} {UNKNOWN} {job_state}"
        self.close(run, request, [RunState.CALLING, RunState.FOLLOWING], RunState.UNCLEAR, note)

    def end(
        self,
        run: Run,
        request: Request,
        expect: Iterable[RunState],
        to: RunState,
        note: str,
        *,
        hopeless: bool = False,
    ) -> Run | None:
        """Record the end of a run. Returns the run, or None where it was in no state of `expect`."""
        with self._store.transaction():
            moved = self._store.move_run(
                run.id, list(expect), to, ended=self._clock(), note=redact(note), hopeless=hopeless
            )
            if moved is not None:
                self.audit(moved, request, to.value, request.job(run.job), note)
                self.update_messages(request.id)
                mark_timelines_dirty(self._store, run.job, self._subscriptions().targets())
        return moved

    def after_end(self, request: Request, *ended: Run) -> None:
        """Start the next runs and close the request; called after the transaction that ended the runs."""
        for run in ended:
            self._on_ended(run.action, run.state, project_of(run.job))
        self._wake()
        self._start_next(request.id)
        self.finish(request.id)

    def finish(self, request_id: str) -> None:
        """Close the request if its last run has ended, and tell its requester and, of failures, who follows
        the jobs."""
        with self._store.transaction():
            if self._store.runs(request=request_id, states=ACTIVE_RUNS, limit=1):
                return
            done = self._store.move_request(
                request_id, [RequestState.RUNNING], RequestState.DONE, ended=self._clock()
            )
            if done is not None:
                self.update_messages(request_id)
                enqueue_outcome(self._store, done, self._clock())
                runs = newest_runs(self._store, request_id)
                enqueue_failure(self._store, done, runs, self._subscriptions(), self._clock())
                self._wake()

    def update_messages(self, request_id: str) -> None:
        """Have the messages of a request updated."""
        mark_messages_dirty(self._store, request_id)

    def audit(
        self,
        run: Run,
        request: Request,
        event: str,
        job: Job,
        detail: str = "",
        by: Person | None = None,
    ) -> None:
        """Write an audit row; `by` is the person who acted, by default the requester."""
        told = with_command(detail, self._command)
        self._store.append_audit(audit_entry(self._clock(), run, request, event, job, told, by))


def audit_entry(
    at: datetime,
    run: Run,
    request: Request,
    event: str,
    job: Job,
    detail: str = "",
    by: Person | None = None,
) -> AuditEntry:
    """The audit row of a step of a run; `by` is the person who acted, by default the requester."""
    by = by or request.by
    return AuditEntry(
        at=at,
        event=event,
        user=by.user,
        team=by.audit_team,
        channel=by.channel,
        action=run.action,
        job=run.job,
        job_create_time=job.create_time.isoformat(),
        job_status=job.status,
        request=request.id,
        run=run.id,
        operation=run.operation,
        detail=redact(detail or describe_options(request.options)),
    )
