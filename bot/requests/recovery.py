"""Finds out what became of a call whose answer was lost. Reads the service and the store, writes nothing."""

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
"""How often to look for the operation of a call whose answer is not known."""
_CLOCK_SKEW = timedelta(seconds=60)
"""How far the service's clock may differ from ours when looking for an operation."""
_IDEMPOTENT = {Action.DELETE: State.DELETING, Action.EDIT: State.UPDATING}
"""Actions whose method takes a `request_id`, so that calling again with the same one is harmless where
the first call arrived; and the state in which the job is then."""
_REPLAY_WITHIN = timedelta(minutes=50)
"""The service remembers a `request_id` for at least 60 minutes (proto `DeleteMigrationJobRequest`)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call; with neither, nobody knows."""

    operation: Operation | None = None
    """The service has accepted it."""
    job_gone: bool = False
    """It was a delete, and the job is no longer there."""


class Recovery:
    """Looks for traces of lost calls; repeats one only where its `request_id` makes that harmless."""

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
        """What became of the call of `run`; `before` is the job as last read before the call.

        Raises:
            StoreError.
        """
        operation = self._replay_with_request_id(run, request) if run.action in _IDEMPOTENT else None
        operation = operation or self._find_our_operation(run, request, before, attempts)
        if operation is not None:
            return Outcome(operation)
        return Outcome(job_gone=run.action is Action.DELETE and self.is_job_gone(run, request))

    def is_job_gone(self, run: Run, request: Request) -> bool:
        """Whether the service surely has the job no more; another one may have its name by now."""
        try:
            return self._dms.get_job(run.job).create_time != request.job(run.job).create_time
        except NotFound:
            return True
        except DmsError:
            return False

    def job_state_text(self, name: str) -> str:
        """What the service says of the job now, in a sentence."""
        try:
            job = self._dms.get_job(name)
        except NotFound:
            return "The service has no such job now."
        except DmsError as error:
            return f"The job's state could not be read: {error}"
        return f"The service says that `{job.id}` is {where(job)} now: look at it before trying again."

    def _replay_with_request_id(self, run: Run, request: Request) -> Operation | None:
        """What the same call with the same `request_id` answers; None when that tells nothing.

        After a call in doubt even a refusal proves nothing: the first may be what it runs into.
        """
        try:
            job = self._check_replayable(run, request)
            return self._actions[run.action].call(self._dms, job, request.options, run.call_id)
        except (PreconditionFailed, DmsError) as error:
            log.info("call_not_replayed", run=run.id, error=redact(str(error)))
            return None

    def _check_replayable(self, run: Run, request: Request) -> Job:
        """The job, when the call may be repeated: the repeated call may be the first that arrives.

        Raises:
            PreconditionFailed, DmsError.
        """
        confirmed = request.job(run.job)
        now = self._clock()
        if run.called is None or now - run.called > _REPLAY_WITHIN:
            raise PreconditionFailed("The service may have forgotten the first call by now.")
        job = self._dms.get_job(run.job)
        change = describe_change(confirmed, job)
        arrived = job.create_time == confirmed.create_time and job.state == _IDEMPOTENT[run.action]
        if change and not arrived:
            raise PreconditionFailed(change)
        if not arrived and names_databases(request, job):
            check_no_new_databases(request, job, self._dms.databases(job.name))
        self._preflight.check_not_edited(request, job)
        self._preflight.check_permitted(request, job)
        self._preflight.check_not_frozen(run, job)
        return job

    def _find_our_operation(self, run: Run, request: Request, before: Job, attempts: int) -> Operation | None:
        """The operation our call created, if exactly one candidate matches.

        The service does not say who began an operation, so two candidates are none.
        """
        if run.action is Action.EDIT:
            # Somebody else's edit looks the same, and saved something else.
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
        """Whether the call can have created it: not before it, nor after it has surely arrived or been lost.

        The service had changed the job for the last time before we read it, so what it began before that,
        by its own clock, was there before the call.
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
        """Whether a call of this or another run has been answered with it."""
        since = (run.called or self._clock()) - 2 * _CLOCK_SKEW
        return any(entry.operation == operation.name for entry in self._store.audit(job=run.job, since=since))
