"""What all steps of a request share: reading, moving, ending and auditing it, and what blocks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.cmdline.answers import Button, Note, RichText
from bot.dms.delay import MeasuredDelay
from bot.dms.model import Job, Options
from bot.dms.port import Reads
from bot.dms.rules import HARMLESS, Action
from bot.policy.access import Access, Verdict
from bot.requests import delay, drain
from bot.requests.action import ActionVerb
from bot.requests.buttons import abandon_button
from bot.requests.follower import Follower
from bot.requests.job_names import JobNamer, ambiguous_names, disambiguate, in_commands
from bot.requests.outcomes import enqueue_outcome
from bot.requests.queries import approval_key, locking_run, mark_messages_dirty
from bot.requests.rules import is_overdue, measures_delay
from bot.requests.runner import Runner
from bot.requests.wording import (
    MOVED,
    OLD_BUTTON,
    describe,
    ended_text,
    frozen_reason,
    locked_reason,
)
from bot.store import Store
from bot.store.facts import RequestFacts
from bot.store.records import (
    OPEN_REQUESTS,
    PENDING_REQUESTS,
    AuditEntry,
    OutMessage,
    Person,
    Request,
    RequestState,
    Run,
)
from bot.util.command import DEFAULT, with_command
from bot.util.redact import redact
from bot.util.utc_times import utc_text

CUTOVER_LASTS = timedelta(days=30)
"""How long the request of a cutover stays open after its time; the cutover ends it before."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """What forbids a change of a job for now: a freeze, or a run on the same job."""

    reason: RichText
    is_temporary: bool = False
    """Whether it soon ends by itself."""
    buttons: tuple[Button, ...] = ()
    """Buttons that end it."""
    until: datetime | None = None
    """When it ends by itself at the latest; None where that is not known."""


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Dependencies and settings of all steps, with the operations that they share."""

    dms: Reads
    store: Store
    access: Access
    actions: Mapping[Action, ActionVerb]
    runner: Runner
    follower: Follower
    confirm_expires_s: float
    """Seconds in which a request has to be confirmed."""
    approval_expires_s: float
    """Seconds in which others have to approve it, where the policy names none."""
    approval_channel: str
    """Channel for approvals, where the policy names none."""
    parallel: int
    """Maximum number of runs of one request at the same time."""
    grace_s: float
    """Seconds after its time in which a scheduled request may still be sent."""
    max_open: int
    """Maximum number of open requests of one person."""
    clock: Callable[[], datetime]
    wake: Callable[[], None]
    """Wakes the notifier, which sends what is in the outbox."""
    command: str = DEFAULT
    """The slash command, for the audit."""

    def open(self, who: Person, request_id: str, *states: RequestState) -> Request | Note:
        """The request, when `who` can see it and it is in one of these states, else what to answer.

        Raises:
            StoreError.
        """
        return self.check_open(self.store.request(request_id), who, *states)

    def check_open(self, request: Request | None, who: Person, *states: RequestState) -> Request | Note:
        """The same for a request that has been read already. Ends one that has expired."""
        if request is None or request.by.team != who.team:
            return OLD_BUTTON
        if request.state not in states:
            return self.ended_note(request)
        if request.expires <= self.clock():
            self.end(request, RequestState.EXPIRED, "expired", None, "")
            return self.ended_note(replace(request, state=RequestState.EXPIRED))
        return request

    def ended_note(self, request: Request | None) -> Note:
        """Says that nothing was done because the request is not open."""
        if request is None:
            return OLD_BUTTON
        return Note(f"Nothing was done: this request is {ended_text(request)}.", tone="warn")

    def end(
        self, request: Request, to: RequestState, event: str, who: Person | None, note: str
    ) -> Request | None:
        """End an open request, with its audit rows; None where it is no longer open.

        Its requester is told, unless `who` ended it is the requester.
        """
        now = self.clock()
        with self.store.transaction():
            moved = self.store.move_request(
                request.id,
                PENDING_REQUESTS,
                to,
                ended=now,
                ended_by=who.user if who else "",
                note=note,
            )
            if moved is not None:
                self.record_step(moved, event, who, note)
                if who is None or who.user != moved.by.user:
                    enqueue_outcome(self.store, moved, now)
        self.wake()
        return moved

    def record_step(self, request: Request, event: str, who: Person | None, detail: str = "") -> None:
        """Write an audit row for each job, and have the request's messages updated."""
        for job in request.jobs:
            self.audit(request, event, who, job, detail)
        mark_messages_dirty(self.store, request.id)
        self.update_related(request)

    def update_related(self, request: Request) -> None:
        """Have the messages of other open requests for the same jobs updated: they mention this one."""
        for id in self.store.open_sharing_jobs(request.id, request.by.team, self.clock()):
            mark_messages_dirty(self.store, id)

    def update_messages(self, request_id: str) -> None:
        """Have the messages of a request updated."""
        mark_messages_dirty(self.store, request_id)
        self.wake()

    def ambiguous(self, jobs: Sequence[Job]) -> dict[str, str]:
        """By full resource name, the display names of those jobs whose ids alone do not name them."""
        return ambiguous_names(jobs, self.store.known_twins(job.id for job in jobs), self.dms.projects)

    def audit(self, request: Request, event: str, who: Person | None, job: Job, detail: str = "") -> None:
        """Write an audit row for one job of the request."""
        self.store.append_audit(
            AuditEntry(
                at=self.clock(),
                event=event,
                user=who.user if who else "",
                team=(who or request.by).audit_team,
                channel=who.channel if who else "",
                action=request.action,
                job=job.name,
                job_create_time=job.create_time.isoformat(),
                job_status=job.status,
                request=request.id,
                detail=redact(with_command(detail, self.command) or describe(request)),
            )
        )

    def change_facts(self, request: Request, change: Callable[[RequestFacts], RequestFacts]) -> None:
        """Change the facts of an open request, starting from those in the store, which may be newer.

        Raises:
            StoreError.
        """
        with self.store.transaction():
            current = self.store.request(request.id) or request
            self.store.move_request(request.id, OPEN_REQUESTS, current.state, facts=change(current.facts))
        self.update_messages(request.id)

    def save_delays(self, request: Request, delays: Mapping[str, MeasuredDelay]) -> None:
        """Store delays that were measured again, and have the messages updated.

        Raises:
            StoreError.
        """
        self.change_facts(request, lambda facts: replace(facts, delays=delays))

    def measure_delays(
        self,
        action: Action,
        options: Options,
        jobs: Sequence[Job],
        databases: Mapping[str, Sequence[str]],
    ) -> dict[str, MeasuredDelay]:
        """The replication delay of each job by its name, for a promote; empty for other actions.

        `databases` are the databases to promote, by job name: others do not count.
        """
        if not measures_delay(action, options):
            return {}
        return delay.measure(self.dms, self.store, jobs, self.clock, databases)

    def lifetime(self, state: RequestState, verdicts: Sequence[Verdict]) -> timedelta:
        """How long a request may stay in this state: approvers get more time than the requester."""
        if state is not RequestState.APPROVING:
            return timedelta(seconds=self.confirm_expires_s)
        asked = [verdict.expires for verdict in verdicts if verdict.expires is not None]
        return min(asked, default=timedelta(seconds=self.approval_expires_s))

    def last_start(self, request: Request) -> datetime:
        """Until when a scheduled request may still be sent. Of a cutover's, the cutover decides."""
        if request.facts.cutover:
            return (request.facts.due or self.clock()) + CUTOVER_LASTS
        if request.facts.when_drained:
            return (request.facts.due or self.clock()) + drain.LASTS
        assert request.facts.due is not None
        return request.facts.due + timedelta(seconds=self.grace_s)

    def blocker_of(self, action: Action, job: Job, due: datetime | None = None) -> Blocker | None:
        """The freeze or run that forbids this action on a job now; the freeze that will where it is `due`."""
        freezes = () if action in HARMLESS else self.store.freezes(due or self.clock(), job.name)
        if freezes:
            last = max(freezes, key=lambda each: each.until)
            reason = frozen_reason(last, self.access.policy.projects, _calls(self, job))
            return Blocker(reason, until=last.until)
        if due is not None:
            return None
        run = locking_run(self.store, action, job.name)
        return None if run is None else self._lock_blocker(job, run)

    def _lock_blocker(self, job: Job, run: Run) -> Blocker:
        """Offers to abandon an overdue run: not everybody can see the channel with its own message."""
        now = self.clock()
        long = is_overdue(run, now)
        buttons = abandon_button(self.store.runs(request=run.request), now) if long else ()
        reason = locked_reason(_calls(self, job)(job.name), run, now)
        return Blocker(reason, is_temporary=True, buttons=buttons)

    def blocker(self, request: Request) -> Blocker | None:
        """The freeze or run that forbids the request now; inside a transaction, until its end."""
        due = None if request.state is RequestState.SCHEDULED else request.facts.due
        stops = (self.blocker_of(request.action, job, due) for job in request.jobs)
        found = next((stop for stop in stops if stop is not None), None)
        return found and in_commands(found, request.facts.display_names)

    def on_state_entered(self, request: Request) -> None:
        """Ask for approvals or queue the runs; called inside the transaction that moved the request."""
        if request.state in (RequestState.APPROVING, RequestState.SCHEDULED):
            self._end_moved(request)
        if request.state is RequestState.APPROVING:
            self._post_approval(request)
        elif request.state is RequestState.APPROVED:
            self.runner.queue(request.id)

    def _end_moved(self, request: Request) -> None:
        """End the scheduled request that this one takes the place of; its approvals do not carry over."""
        old = self.store.request(request.facts.moves) if request.facts.moves else None
        if old is None or old.state is not RequestState.SCHEDULED or request.facts.due is None:
            return
        when = utc_text(request.facts.due)
        self.end(old, RequestState.CANCELLED, "cancelled", request.by, f"{MOVED}{when}")

    def moves_nothing(self, request: Request) -> bool:
        """Whether the scheduled request that this one takes the place of has ended, or been sent."""
        old = self.store.request(request.facts.moves) if request.facts.moves else None
        return old is not None and old.state is not RequestState.SCHEDULED

    def start_if_approved(self, request: Request) -> None:
        """Start the runs of an approved request; called after that transaction."""
        if request.state is RequestState.APPROVED:
            self.runner.begin(request.id)
        self.wake()

    def _post_approval(self, request: Request) -> None:
        self.store.enqueue(
            OutMessage(
                key=approval_key(request.id),
                channel=self.approval_channel_of(request),
                kind="approval",
                subject={"request": request.id},
                created=self.clock(),
            )
        )

    def approval_channel_of(self, request: Request) -> str:
        """The channel that the policy names, else the setting, else where the request was made."""
        return request.facts.approval_channel or self.approval_channel or self.channel_of(request)

    def hides_approval(self, request: Request) -> bool:
        """Whether nobody but the requester would see the request for approval."""
        channel = request.facts.approval_channel or self.approval_channel
        return request.needed > 0 and not channel and self.channel_of(request) != request.by.channel

    def channel_of(self, request: Request) -> str:
        """Where the request was made; the requester alone, if not everybody there may see its jobs."""
        if self.access.is_open_to(request.by.channel, *request.jobs):
            return request.by.channel
        return request.by.user


def _calls(ctx: RequestContext, job: Job) -> JobNamer:
    """Names the job so that its ID means no other known one."""
    return disambiguate(ctx.store.known_twins((job.id,)), ctx.access.policy.projects)
