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
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from bot.dms.errors import Denied, DmsError, NotFound, Unavailable, Unclear
from bot.dms.model import Database, Job, Operation, State
from bot.dms.port import Dms
from bot.dms.rules import (
    DESTRUCTIVE,
    HARMLESS,
    Action,
    affected,
    at_risk,
    by_databases,
    check,
    running_dump,
    where,
)
from bot.policy.access import Access
from bot.requests import AT_RISK, approval_key, counting, delay, request_key
from bot.requests.action import ActionVerb
from bot.requests.wording import changed, describe, lasts_long, waits
from bot.store import JobLocked, Store, StoreError
from bot.store.records import (
    ACTIVE_RUNS,
    AuditEntry,
    Freeze,
    Person,
    Request,
    RequestState,
    Run,
    RunState,
)
from bot.util import parallel as together
from bot.util.redact import redact

log = structlog.get_logger(__name__)

_LOOKS = 3
"""How often to look for the operation of a call whose answer is not known."""
_SKEW = timedelta(seconds=60)
"""How far the service's clock may differ from ours when looking for an operation."""
_REPEATABLE = {Action.DELETE: State.DELETING, Action.EDIT: State.UPDATING}
"""Actions whose method takes a `request_id`, so that calling again with the same one is harmless where
the first call arrived; and the state in which the job is then."""
_REPEAT_WITHIN = timedelta(minutes=50)
"""The service remembers a `request_id` for at least 60 minutes (proto `DeleteMigrationJobRequest`)."""
_LONGEST_WAIT = timedelta(days=1)
"""A run that could not be sent for so long is refused: nobody expects it any more."""
_USED_UP = "RESOURCE_EXHAUSTED"
_UNREADABLE = timedelta(hours=1)
"""An operation that the bot may not read for so long will not be readable: its run is unclear."""
_STOPPED = "stopped"
"""The audit's event of a run that has stopped its job and has yet to restart it."""
_STOPPING = "stopping it first"
_UNFOLLOWED = "unfollowed"
"""The audit's event of somebody who has stopped the following of a run."""
_UNREAD = "its operation cannot be read"
_UNKNOWN = "It is not known whether it was applied."
_GOING = (RunState.CALLING, RunState.FOLLOWING)


class Objection(Exception):
    """Why a run may not call the service (any more). `str()` is one sentence."""


class Hopeless(Objection):
    """The same, for good: there is no use in trying again."""


_FOR_GOOD = (Hopeless, NotFound, Denied)


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
        call_lasts_s: float = 30.0,
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
        self._arrives_within = timedelta(seconds=call_lasts_s) + _SKEW
        self._mine: dict[str, Run] = {}
        self._left: set[str] = set()
        """Runs whose outcome could not be saved."""
        self._unread: dict[str, datetime] = {}
        """Since when the operations of runs may not be read."""
        self._long: set[str] = set()
        """Runs whose messages offer to stop following them."""
        self._guard = threading.Lock()

    # ---- launching

    def queue(self, request_id: str) -> None:
        """Queue one run a job, each of which locks its job, unless that was done already.

        Part of the transaction that approves, so that nothing is ever approved without its runs.

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

    def begin(self, request_id: str) -> None:
        """Carry out what was queued.

        Raises:
            StoreError: `follow` begins it.
        """
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
            self._mine[run.id] = run
        try:
            doing = self._pool.submit(self._work, run, work)
        except RuntimeError:
            # The bot is stopping: the next one to lead takes it up.
            with self._guard:
                self._mine.pop(run.id, None)
        else:
            doing.add_done_callback(lambda done: self._dropped(run, done))

    def _dropped(self, run: Run, done: Future[None]) -> None:
        if done.cancelled():
            with self._guard:
                self._mine.pop(run.id, None)

    def in_hand(self) -> list[str]:
        """What is being worked on: action, job and id of each run."""
        with self._guard:
            runs = list(self._mine.values())
        return [f"{run.action} {run.job} ({run.id})" for run in runs]

    def _work(self, run: Run, work: Callable[[Run], None]) -> None:
        left = True
        try:
            work(run)
            left = False
        except StoreError as error:
            log.error("run_left_to_recovery", run=run.id, error=str(error))
        except Exception:
            log.exception("run_broke", run=run.id)
        finally:
            with self._guard:
                self._mine.pop(run.id, None)
                if left:
                    self._left.add(run.id)

    # ---- the one way to the service

    def perform(self, run: Run) -> None:
        """Check everything once more, write it down, call, and write down what came of it.

        Raises:
            StoreError: the run stays as it is, and `follow` takes it up.
        """
        request, queued = self._store.request(run.request), self._store.run(run.id)
        if request is None or queued is None or queued.state is not RunState.QUEUED:
            return
        run = queued
        try:
            job = self._cleared(run, request)
            calling = self._claim(run, request, job)
        except (Objection, DmsError) as objection:
            self._refuse(run, request, RunState.QUEUED, objection)
            return
        if calling is not None:
            self._call(calling, request, job)

    def _refuse(self, run: Run, request: Request, at: RunState, why: Objection | DmsError) -> None:
        """Close a run whose call was not sent or not taken; a job stopped on the way is not as it was."""
        if self._has_stopped(run, request):
            note = f"The job was stopped, but it was not restarted: {why}"
            self._close(run, request, [at], RunState.FAILED, note, hopeless=isinstance(why, _FOR_GOOD))
        else:
            self._close(run, request, [at], RunState.REFUSED, str(why), hopeless=isinstance(why, _FOR_GOOD))

    def _cleared(self, run: Run, request: Request) -> Job:
        """The job as it is now, when the run may go on.

        Raises:
            Objection, DmsError.
        """
        then = request.job(run.job)
        waiting_since = run.called or run.created
        if waiting_since is not None and self._clock() - waiting_since > _LONGEST_WAIT:
            raise Objection("It has waited too long to be sent; ask again.")
        try:
            job = self._dms.get_job(run.job)
        except NotFound:
            raise Hopeless(f"`{then.id}` no longer exists.") from None
        self._unchanged(run, request, then, job)
        partial = by_databases(run.action, job, request.options)
        databases = self._dms.databases(job.name) if partial or _names_databases(request, job) else ()
        _nothing_unshown(request, job, databases)
        self._permitted(request, job)
        refusal = check(run.action, job, request.options, databases if partial else ())
        if refusal is not None:
            raise (Hopeless if refusal.over else Objection)(str(refusal))
        self._still_caught_up(request, job)
        return job

    def _unchanged(self, run: Run, request: Request, then: Job, now: Job) -> None:
        change = changed(then, now)
        if _half_done(run) and now.create_time == then.create_time:
            change = f"`{then.id}` is running again." if now.state == State.RUNNING else ""
        if change:
            raise Objection(f"{change} Nothing was sent; ask again.")
        before = request.facts.get("config")
        if before is not None and self._dms.objects_config(now.name).data() != before:
            raise Objection(
                f"The databases of `{then.id}` were edited meanwhile. Nothing was saved; ask again."
            )

    def _still_caught_up(self, request: Request, job: Job) -> None:
        """A promote that had to wait is not sent on an old delay of zero. One that was shown to be above
        zero, or not to be known, was let through all the same."""
        shown = request.facts.get(delay.DELAY, {}).get(job.name)
        if not delay.was_shown_as_zero(shown):
            return
        if not delay.is_old(request.facts, (job,), self._clock()):
            return
        found = delay.look(self._dms, self._store, (job,), self._clock, request.databases)
        trouble = delay.said(delay.trouble(found))
        if trouble:
            raise Objection(
                "The replication delay was zero when this was let through; it has been looked at again, "
                f"and {trouble}. Nothing was sent; ask again."
            )

    def _permitted(self, request: Request, job: Job) -> None:
        verdict = self._access.verdict(request.by, request.action, job)
        if not verdict.allowed:
            raise Objection(verdict.why)
        if not verdict.approvals:
            return
        approvers = counting(self._store, self._access, replace(request, jobs=(job,)))
        if len(approvers) < verdict.approvals:
            raise Objection(
                "The policy asks for more approvals by now: "
                f"{len(approvers)} of {verdict.approvals} approvals count."
            )

    def _claim(self, run: Run, request: Request, job: Job) -> Run | None:
        """Mark the run as being called, with its audit row; None when it is not its turn.

        Raises:
            Objection: the job is frozen. A freeze and a call cannot pass each other: both are
                written in transactions.
        """
        now = self._clock()
        with self._store.transaction():
            going = self._store.runs(request=request.id, states=_GOING)
            if len(going) >= self._parallel:
                return None
            self._not_frozen(run, job)
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
            self._settle(run, request, str(error), job)
        except DmsError as error:
            self._turned_down(run, request, error, job)
        else:
            self._accepted(run, request, operation)

    def _turned_down(self, run: Run, request: Request, error: DmsError, before: Job) -> None:
        """A quota may run out on the way back as well: look once before saying that nothing was done."""
        if error.code != _USED_UP or not self._settled(run, request, before, looks=1):
            self._refuse(run, request, RunState.CALLING, error)

    def _accepted(self, run: Run, request: Request, operation: Operation) -> None:
        try:
            moved = self._followed(run, request, operation)
        except JobLocked:
            # Another replica gave this run up as unclear meanwhile, and somebody tried again.
            log.error("operation_not_followed", run=run.id, operation=operation.name)
            return
        if moved is None:
            return
        self._wake()
        self._nudge(run.job)
        if operation.done:
            self._done(moved, request, operation)

    def _followed(self, run: Run, request: Request, operation: Operation) -> Run | None:
        with self._store.transaction():
            moved = self._store.move_run(
                run.id,
                [RunState.CALLING, RunState.UNCLEAR],
                RunState.FOLLOWING,
                operation=operation.name,
                ended=None,
                note=_STOPPING if self._stops(run, request) else "",
            )
            if moved is not None:
                self._store.move_request(request.id, [RequestState.DONE], RequestState.RUNNING, ended=None)
                self._audit(moved, request, "accepted", request.job(run.job))
                self._touch(request.id)
        return moved

    # ---- calls whose answer is not known

    def _settle(self, run: Run, request: Request, why: str, before: Job) -> None:
        """Find out what became of a call: repeat it where harmless, adopt its operation, or say unclear.

        `before` is the job as it was last read before the call.
        """
        if not self._settled(run, request, before, looks=_LOOKS):
            self._unclear(run, request, why)

    def _settled(self, run: Run, request: Request, before: Job, looks: int) -> bool:
        operation = self._repeated(run, request) if run.action in _REPEATABLE else None
        operation = operation or self._sent(run, request, before, looks)
        if operation is not None:
            self._accepted(run, request, operation)
            return True
        gone = run.action is Action.DELETE and self._is_gone(run, request)
        if gone:
            self._close(run, request, [RunState.CALLING], RunState.SUCCEEDED, "")
        return gone

    def _repeated(self, run: Run, request: Request) -> Operation | None:
        """What the same call with the same `request_id` answers; None when that tells nothing.

        After a call in doubt even a refusal proves nothing: the first may be what it runs into.
        """
        try:
            job = self._repeatable(run, request)
            return self._actions[run.action].call(self._dms, job, request.options, run.call_id)
        except (Objection, DmsError) as error:
            log.info("not_repeated", run=run.id, error=redact(str(error)))
            return None

    def _repeatable(self, run: Run, request: Request) -> Job:
        """The job, when the call may be repeated: it may be the first one that arrives.

        Raises:
            Objection, DmsError.
        """
        then = request.job(run.job)
        now = self._clock()
        if run.called is None or now - run.called > _REPEAT_WITHIN:
            raise Objection("The service may have forgotten the first call by now.")
        job = self._dms.get_job(run.job)
        change = changed(then, job)
        arrived = job.create_time == then.create_time and job.state == _REPEATABLE[run.action]
        if change and not arrived:
            raise Objection(change)
        if not arrived and _names_databases(request, job):
            _nothing_unshown(request, job, self._dms.databases(job.name))
        self._not_edited(request, job)
        self._permitted(request, job)
        self._not_frozen(run, job)
        return job

    def _not_edited(self, request: Request, job: Job) -> None:
        """Raises: Objection, DmsError: the databases are neither as before this edit nor as after it."""
        before, wanted = request.facts.get("config"), request.options.objects
        if before is None or wanted is None:
            return
        if self._dms.objects_config(job.name).data() not in (before, wanted.data()):
            raise Objection(f"The databases of `{job.id}` were edited meanwhile.")

    def _not_frozen(self, run: Run, job: Job) -> None:
        """Raises: Objection."""
        if run.action in HARMLESS:
            return
        for freeze in self._store.freezes(self._clock(), run.job):
            raise Objection(_frozen(job, freeze))

    def _sent(self, run: Run, request: Request, before: Job, looks: int) -> Operation | None:
        """The operation that this call made, if the service has one that can be nobody else's.

        The service does not say who began an operation. Where two may be ours, neither is taken for it.
        """
        if run.action is Action.EDIT:
            # Somebody else's edit looks the same, and saved something else.
            return None
        verb = "stop" if self._stops(run, request) else str(run.action)
        for look in range(looks):
            if look:
                time.sleep(self._look_every_s)
            found = [
                each
                for each in self._operations(run, request)
                if each.verb.lower().startswith(verb)
                and self._in_time(run, each, before)
                and not self._is_known(run, each)
            ]
            if len(found) == 1:
                return found[0]
            if found:
                log.warning("operations_alike", run=run.id, operations=[each.name for each in found])
        return None

    def _in_time(self, run: Run, operation: Operation, before: Job) -> bool:
        """Whether the call can have made it: not before it, and not after it must have arrived or been lost.

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
        since = (run.called or self._clock()) - _SKEW
        try:
            found = self._dms.operations(request.job(run.job), since)
        except DmsError as error:
            log.info("operations_not_read", run=run.id, error=redact(str(error)))
            return ()
        return tuple(each for each in found if each.target == run.job)

    def _is_known(self, run: Run, operation: Operation) -> bool:
        """Whether a call of this or another run has been answered with it."""
        since = (run.called or self._clock()) - 2 * _SKEW
        return any(entry.operation == operation.name for entry in self._store.audit(job=run.job, since=since))

    def _stops(self, run: Run, request: Request) -> bool:
        """Whether what is being called is the stop that comes before the restart."""
        first = request.options.stop_first and running_dump(request.job(run.job))
        return first and not self._has_stopped(run, request)

    def _has_stopped(self, run: Run, request: Request) -> bool:
        """Whether this run has stopped its job already, to restart it."""
        if not request.options.stop_first:
            return False
        told = self._store.audit(job=run.job, request=request.id)
        return any(entry.event == _STOPPED and entry.run == run.id for entry in told)

    def _unclear(self, run: Run, request: Request, why: str) -> None:
        note = f"{why} {_UNKNOWN} {self._standing(run.job)}"
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

    def _is_gone(self, run: Run, request: Request) -> bool:
        """Whether the service surely has the job no more; one of the same name may have come."""
        try:
            return self._dms.get_job(run.job).create_time != request.job(run.job).create_time
        except NotFound:
            return True
        except DmsError:
            return False

    # ---- following and recovery (the leader's)

    def follow(self) -> None:
        """Look once at every operation that goes on, and take up what nobody carries on.

        Raises:
            StoreError.
        """
        for request in self._store.requests([RequestState.APPROVED], limit=1000):
            self.queue(request.id)
        following = self._store.runs(states=[RunState.FOLLOWING])
        for run in following:
            self._submit(run, self._look)
        self._offer_unfollowing(following)
        for run in self._store.runs(states=[RunState.CALLING]):
            if self._abandoned(run):
                self._submit(run, self._take_up)
        for request in self._store.requests([RequestState.RUNNING], limit=1000):
            self.pump(request.id)
            self._finish(request.id)

    def _offer_unfollowing(self, following: Sequence[Run]) -> None:
        """Have the messages updated of what has gone on for long by now."""
        now = self._clock()
        long = {run.id: run.request for run in following if lasts_long(run, now)}
        for run_id, request_id in long.items():
            if run_id not in self._long:
                self._touch(request_id)
                self._wake()
        self._long = set(long)

    def take_up_own(self) -> None:
        """Take up calls of this replica whose outcome could not be saved. While it lives, no other may.

        Raises:
            StoreError.
        """
        with self._guard:
            left, self._left = self._left, set()
        if not left:
            return
        try:
            calling = self._store.runs(states=[RunState.CALLING], owner=self._replica)
        except StoreError:
            with self._guard:
                self._left |= left
            raise
        for run in calling:
            if run.id in left:
                self._submit(run, self._take_up)

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
        before = request.job(run.job)
        self._settle(taken, request, "The bot stopped while it was calling the service.", before)

    def _look(self, run: Run) -> None:
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
            self._unreadable(run, request, error)
        else:
            self._unread.pop(run.id, None)
            if operation.done:
                self._done(run, request, operation)
            elif run.note.startswith(_UNREAD):
                self._remark(run, request, _STOPPING if self._stops(run, request) else "")

    def _unreadable(self, run: Run, request: Request, error: DmsError) -> None:
        log.warning("operation_not_read", operation=run.operation, error=str(error))
        now = self._clock()
        if now - self._unread.setdefault(run.id, now) > _UNREADABLE:
            self._unread.pop(run.id, None)
            self._unclear(run, request, f"Its operation cannot be read: {error}")
        elif not run.note.startswith(_UNREAD):
            self._remark(run, request, f"{_UNREAD}: {error}")

    def _remark(self, run: Run, request: Request, note: str) -> None:
        """Say how far a run is while it goes on."""
        with self._store.transaction():
            if self._store.move_run(run.id, [RunState.FOLLOWING], RunState.FOLLOWING, note=redact(note)):
                self._touch(request.id)
        self._wake()

    def unfollow(self, request: Request, runs: Sequence[Run], who: Person) -> tuple[Run, ...]:
        """Give up as unclear what is followed, but for what has ended or gone on meanwhile. Nothing is sent:
        neither for these jobs, nor for those of the same request whose turn has not come.

        Returns those that were given up.

        Raises:
            StoreError.
        """
        # Read first: whatever happens while the service answers is seen by the check below.
        standing = together.each(self._standing, [run.job for run in runs])
        with self._store.transaction():
            tried = [self._unfollowed(*each, request, who) for each in zip(runs, standing, strict=True)]
            left = tuple(run for run in tried if run is not None)
            # With the same step by which places become free: else the next ones would take them.
            unsent = self._not_begun(request, who) if left else ()
        if left:
            self._after_end(request, *left, *unsent)
        return left

    def _unfollowed(self, run: Run, standing: str, request: Request, who: Person) -> Run | None:
        """Inside a transaction: the run as it was given up, or None where it no longer follows the same."""
        now = self._store.run(run.id)
        if now is None or (now.state, now.operation) != (RunState.FOLLOWING, run.operation):
            return None
        self._audit(now, request, _UNFOLLOWED, request.job(run.job), by=who)
        why = "Its operation has gone on for long, and is no longer followed."
        if self._stops(now, request):
            why += " The restart that was to come after the stop was not sent."
        note = f"{why} {_UNKNOWN} {standing}"
        return self._end(now, request, [RunState.FOLLOWING], RunState.UNCLEAR, note)

    def _not_begun(self, request: Request, who: Person) -> tuple[Run, ...]:
        """Inside a transaction: the runs that were refused, as their turn had not come."""
        note = "Its turn had not come when following the others was stopped. Nothing was sent."
        waiting = waits(self._store.runs(request=request.id, states=[RunState.QUEUED]))
        for run in waiting:
            self._audit(run, request, _UNFOLLOWED, request.job(run.job), note, by=who)
        ended = [self._end(run, request, [RunState.QUEUED], RunState.REFUSED, note) for run in waiting]
        return tuple(run for run in ended if run is not None)

    def _operation_gone(self, run: Run, request: Request) -> None:
        """The record of a finished operation may be deleted: then the job tells what came of it."""
        if run.action is Action.DELETE and self._is_gone(run, request):
            self._close(run, request, [RunState.FOLLOWING], RunState.SUCCEEDED, "")
            return
        self._unclear(run, request, "The service no longer has the operation's record.")

    def _done(self, run: Run, request: Request, operation: Operation) -> None:
        stops = self._stops(run, request)
        if operation.error is not None:
            before = "It could not be stopped, so the restart was not sent: " if stops else ""
            note = before + operation.error.message
            self._close(run, request, [RunState.FOLLOWING], RunState.FAILED, note)
        elif stops:
            self._stopped(run, request)
        else:
            self._close(run, request, [RunState.FOLLOWING], RunState.SUCCEEDED, "")
        self._nudge(run.job)

    def _stopped(self, run: Run, request: Request) -> None:
        """The job has been stopped so that it can restart: back into the queue, and `follow` goes on."""
        with self._store.transaction():
            moved = self._store.move_run(run.id, [RunState.FOLLOWING], RunState.QUEUED, operation="", note="")
            if moved is not None:
                self._audit(run, request, _STOPPED, request.job(run.job))
                self._touch(request.id)

    # ---- ends

    def _close(
        self,
        run: Run,
        request: Request,
        expect: Iterable[RunState],
        to: RunState,
        note: str,
        *,
        hopeless: bool = False,
    ) -> None:
        moved = self._end(run, request, expect, to, note, hopeless=hopeless)
        if moved is not None:
            self._after_end(request, moved)

    def _end(
        self,
        run: Run,
        request: Request,
        expect: Iterable[RunState],
        to: RunState,
        note: str,
        *,
        hopeless: bool = False,
    ) -> Run | None:
        """The run as it ended, written down; None where it was in no state of `expect`."""
        with self._store.transaction():
            moved = self._store.move_run(
                run.id, list(expect), to, ended=self._clock(), note=redact(note), hopeless=hopeless
            )
            if moved is not None:
                self._audit(moved, request, to.value, request.job(run.job), note)
                self._touch(request.id)
        return moved

    def _after_end(self, request: Request, *ended: Run) -> None:
        """What follows once it is written down that runs have ended."""
        for run in ended:
            self._ended(run.action, run.state)
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

    def _audit(
        self,
        run: Run,
        request: Request,
        event: str,
        job: Job,
        detail: str = "",
        by: Person | None = None,
    ) -> None:
        """`by` is who did it, where that is not who asked for it."""
        by = by or request.by
        self._store.append_audit(
            AuditEntry(
                at=self._clock(),
                event=event,
                user=by.user,
                team=by.team,
                channel=by.channel,
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


def _names_databases(request: Request, job: Job) -> bool:
    """Whether the card of what destroys has named databases of the job."""
    return request.action in DESTRUCTIVE and bool(request.databases.get(job.name))


def _nothing_unshown(request: Request, job: Job, databases: Sequence[Database]) -> None:
    """What destroys may not touch a database that was not named when it was confirmed, nor one that
    came to be at risk after that.

    Raises:
        Objection.
    """
    if not _names_databases(request, job):
        return
    shown = request.databases[job.name]
    more = [each for each in affected(request.action, request.options, databases) if each not in shown]
    if more:
        names = ", ".join(f"`{each}`" for each in more)
        raise Objection(f"It would touch {names}, too, which was not shown. Nothing was sent; ask again.")
    if request.action is not Action.DELETE or request.options.with_destination:
        _nothing_at_risk(request, job, databases)


def _nothing_at_risk(request: Request, job: Job, databases: Sequence[Database]) -> None:
    """Raises: Objection."""
    shown = request.facts.get(AT_RISK, {}).get(job.name, ())
    found = [str(each.id) for each in at_risk(request.action, request.options, databases)]
    more = ", ".join(f"`{each}`" for each in found if each not in shown)
    if not more:
        return
    why = (
        f"The data of {more} is incomplete by now"
        if request.action is Action.PROMOTE
        else f"What has been promoted by now, and may be in use on the destination: {more}"
    )
    raise Objection(f"{why}, which was not shown. Nothing was sent; ask again.")


def _half_done(run: Run) -> bool:
    """Whether a queued run has stopped its job already and has yet to restart it."""
    return run.called is not None


def _frozen(job: Job, freeze: Freeze) -> str:
    until = freeze.until.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"`{job.id}` is frozen until {until}: {freeze.reason}."
