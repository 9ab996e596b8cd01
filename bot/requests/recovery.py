"""Finds out the outcome of calls whose answer was lost. Writes nothing to the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.dms.errors import DmsError, NotFound
from bot.dms.model import Job, Operation, State
from bot.dms.port import Dms
from bot.dms.rules import Action, where
from bot.requests.action import ActionVerb
from bot.requests.preflight import (
    PreconditionFailed,
    Preflight,
    check_no_new_databases,
    names_databases,
)
from bot.requests.run_ledger import RunLedger
from bot.requests.wording import describe_change
from bot.store import Store
from bot.store.records import Request, Run
from bot.util.redact import redact

log = structlog.get_logger(__name__)

ATTEMPTS = 3
"""How often to look for the operation of a call whose outcome is unknown."""
_CLOCK_SKEW = timedelta(seconds=60)
"""Tolerated difference between the service's clock and ours."""
_IDEMPOTENT = {Action.DELETE: State.DELETING, Action.EDIT: State.UPDATING}
"""Actions whose method takes a `request_id`, so that repeating a call that arrived has no effect; with the
state of the job after it arrived."""
_REPLAY_WITHIN = timedelta(minutes=50)
"""No page says how long DMS remembers a `request_id`; AIP-155 allows "any reasonable timeframe". A repetition
is checked like a first call, so it does no harm where the first is forgotten."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a call; unknown where neither field is set."""

    operation: Operation | None = None
    """The operation of an accepted call."""
    job_gone: bool = False
    """The call was a delete, and the job no longer exists."""


class Recovery:
    """Looks for the effects of lost calls; repeats a call only where its `request_id` makes that safe."""

    def __init__(
        self,
        dms: Dms,
        store: Store,
        actions: Mapping[Action, ActionVerb],
        preflight: Preflight,
        ledger: RunLedger,
        *,
        clock: Callable[[], datetime],
        look_every_s: float,
        call_lasts_s: float,
    ) -> None:
        self._dms = dms
        self._store = store
        self._actions = actions
        self._preflight = preflight
        self._ledger = ledger
        self._clock = clock
        self._look_every_s = look_every_s
        self._arrives_within = timedelta(seconds=call_lasts_s) + _CLOCK_SKEW

    def outcome(self, run: Run, request: Request, before: Job, attempts: int = ATTEMPTS) -> Outcome:
        """The outcome of the call of `run`; `before` is the job as last read before the call.

        Raises:
            StoreError.
        """
        if run.action is Action.CANCEL:
            return Outcome(self._cancelled_operation(request, attempts))
        operation = self._replay_with_request_id(run, request) if run.action in _IDEMPOTENT else None
        operation = operation or self._find_our_operation(run, request, before, attempts)
        if operation is not None:
            return Outcome(operation)
        return Outcome(job_gone=run.action is Action.DELETE and self.is_job_gone(run, request))

    def is_job_gone(self, run: Run, request: Request) -> bool:
        """Whether the job certainly no longer exists; another one may have its name by now."""
        try:
            return self._dms.get_job(run.job).create_time != request.job(run.job).create_time
        except NotFound:
            return True
        except DmsError:
            return False

    def job_state_text(self, name: str) -> str:
        """The job's present state, in a sentence."""
        try:
            job = self._dms.get_job(name)
        except NotFound:
            return "The service has no such job now."
        except DmsError as error:
            return f"The job's state could not be read: {error}"
        return f"The service says that `{job.id}` is {where(job)} now: check it before you try again."

    def _replay_with_request_id(self, run: Run, request: Request) -> Operation | None:
        """Repeat the call with its `request_id`. Returns the operation, or None when that proves nothing.

        A refusal proves nothing: the first call may be its cause.
        """
        try:
            job = self._check_replayable(run, request)
            return self._actions[run.action].call(self._dms, job, request.options, run.call_id)
        except (PreconditionFailed, DmsError) as error:
            log.info("call_not_replayed", run=run.id, error=redact(str(error)))
            return None

    def _check_replayable(self, run: Run, request: Request) -> Job:
        """Check that the call may be repeated, as it may be the first to arrive. Returns the job.

        Raises:
            PreconditionFailed, DmsError.
        """
        confirmed = request.job(run.job)
        now = self._clock()
        if run.called is None or now - run.called > _REPLAY_WITHIN:
            raise PreconditionFailed("The service may have forgotten the first call by now.")
        job = self._dms.get_job(run.job, fresh=True)
        change = describe_change(confirmed, job, request.options)
        arrived = job.create_time == confirmed.create_time and job.state == _IDEMPOTENT[run.action]
        if change and not arrived:
            raise PreconditionFailed(change)
        if not arrived and names_databases(request, job):
            check_no_new_databases(request, job, self._dms.databases(job.name))
        if not arrived and run.action is not Action.EDIT:
            self._preflight.check_selection(request, job)
        self._preflight.check_not_edited(request, job)
        self._preflight.check_permitted(request, job)
        self._preflight.check_not_frozen(run, job)
        return job

    def _cancelled_operation(self, request: Request, attempts: int) -> Operation | None:
        """The operation that the request cancels, if the service has been asked to, or if it has ended."""
        for attempt in range(attempts):
            if attempt:
                time.sleep(self._look_every_s)
            try:
                operation = self._dms.get_operation(request.options.operation)
            except DmsError as error:
                log.info("operations_not_read", error=redact(str(error)))
                continue
            if operation.cancelling or operation.done:
                return operation
        return None

    def _find_our_operation(self, run: Run, request: Request, before: Job, attempts: int) -> Operation | None:
        """The operation our call created, if exactly one candidate matches.

        The service does not say who started an operation, so with two candidates neither is taken.
        """
        if run.action is Action.EDIT:
            # An edit by somebody else looks the same but has saved something else.
            return None
        verb = "stop" if self._ledger.is_stopping_first(run, request) else str(run.action)
        for attempt in range(attempts):
            if attempt:
                time.sleep(self._look_every_s)
            candidates = [
                each
                for each in self._operations(run, request)
                if each.verb.lower().startswith(verb)
                and self._may_be_ours(run, each, before)
                and not self._is_claimed(run, each)
            ]
            if len(candidates) == 1:
                return candidates[0]
            if candidates:
                log.warning("operations_ambiguous", run=run.id, operations=[each.name for each in candidates])
        return None

    def _may_be_ours(self, run: Run, operation: Operation, before: Job) -> bool:
        """Whether our call can have created the operation, judged by its start time.

        An operation that started before the job's `update_time`, as read before the call, is older than
        the call; both times are of the service's clock. One that started after the call must have arrived
        or been lost is somebody else's.
        """
        begun = operation.create_time
        if begun is None:
            return True
        if before.update_time is not None and begun < before.update_time:
            return False
        last = (run.called or self._clock()) + self._arrives_within
        return begun <= last or self._clock() <= last

    def _operations(self, run: Run, request: Request) -> tuple[Operation, ...]:
        since = (run.called or self._clock()) - _CLOCK_SKEW
        try:
            found = self._dms.operations(request.job(run.job), since)
        except DmsError as error:
            log.info("operations_not_read", run=run.id, error=redact(str(error)))
            return ()
        return tuple(each for each in found if each.target == run.job)

    def _is_claimed(self, run: Run, operation: Operation) -> bool:
        """Whether the audit names the operation as that of a run."""
        since = (run.called or self._clock()) - 2 * _CLOCK_SKEW
        entries = self._store.audit(job=run.job, since=since)
        # A cancel names the operation of another run.
        return any(entry.operation == operation.name and entry.action != Action.CANCEL for entry in entries)
