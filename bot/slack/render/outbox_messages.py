"""Outbox messages, rendered from the store's present state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.cmdline.answers import Button, Group, Note, RichPart, User
from bot.cmdline.invocation import Invocation
from bot.config.projects import Projects
from bot.dms.advice import next_step
from bot.dms.error_news import ERRORS, brings_errors, ends_errors
from bot.dms.model import Job, State
from bot.dms.rules import Action
from bot.dms.running_errors import databases_of
from bot.policy.access import Access
from bot.policy.permissions import ruled_as
from bot.requests.buttons import action_buttons, group_action_buttons, restart_failed_button, show_button
from bot.requests.queries import NO_RELATED, RelatedRequests, approval_key, find_related_open
from bot.slack.render import alerts, timeline
from bot.slack.render.answer import note
from bot.slack.render.approval_card import approval_card, denial_text, reminder_text
from bot.slack.render.audit_anchor import anchor_message
from bot.slack.render.gathered_messages import EscalationsFor, GatheredMessages
from bot.slack.render.message import Message
from bot.slack.render.outcome_message import begun_message, outcome_message
from bot.slack.render.readership import Readership
from bot.slack.render.request_card import request_card
from bot.store import Store
from bot.store.anchor import Anchor
from bot.store.records import (
    OPEN_REQUESTS,
    Event,
    JobSnapshot,
    OutMessage,
    Request,
    RequestState,
    Run,
    RunState,
)

_DAY = timedelta(days=1)
_ALERT_ACTIONS = (Action.VERIFY, Action.RESTART, Action.PROMOTE, Action.RESUME, Action.STOP, Action.DELETE)
"""Actions that an alert offers; Show leads to the others."""
_UNCLEAR_SHOWN = 5
"""Jobs of a request that get a Show button."""
_AFTER_STOP_ACTIONS = (Action.RESUME, Action.RESTART)


class OutboxRenderer:
    """Renders `OutMessage`s by their kind (see the table of kinds in docs/architecture.md)."""

    def __init__(
        self,
        store: Store,
        access: Access,
        team: str,
        clock: Callable[[], datetime],
        escalations_for: EscalationsFor = lambda _: (),
    ) -> None:
        """`escalations_for` says whom a mass failure mentions."""
        self._store = store
        self._access = access
        self._team = team
        self._clock = clock
        self._readership = Readership(store, access, team, clock)
        gathered = GatheredMessages(store, access, self._ref, escalations_for)
        self._kinds: Mapping[str, Callable[[Mapping[str, Any]], Message | None]] = {
            "request": self._request,
            "approval": self._approval,
            "reminder": self._reminder,
            "denial": self._denial,
            "outcome": self._outcome,
            "begun": self._begun,
            "timeline": self._timeline,
            "event": self._event,
            "alert": self._alert,
            "digest": gathered.digest,
            "mass_failure": gathered.mass_failure,
            "mass_list": gathered.mass_list,
            "flapping": gathered.flapping,
            "settled": gathered.settled,
            "summary": self._summary,
            "audit_anchor": _audit_anchor,
            "text": _text,
        }

    def render(self, out: OutMessage) -> Message | None:
        """The message in its present form; None if there is nothing left to show, or nothing that the person
        may see whom a direct message is for.

        Raises:
            StoreError: the store cannot be read.
            DirectoryUnavailable: Slack does not say now who a direct message is for.
        """
        if out.kind == "alert" and not out.ts and self._is_taken_back(out.subject["event"]):
            return None
        subject = self._readership.visible_subject(out)
        return None if subject is None else self._kinds[out.kind](subject)

    def _is_taken_back(self, event_id: int) -> bool:
        """Whether errors came back before their end was told."""
        event = self._store.event(event_id)
        if event is None or not ends_errors(event):
            return False
        return any(map(brings_errors, self._store.events(event.job, event.create_time, after_id=event.id)))

    # ---- requests

    def _request(self, subject: Mapping[str, Any]) -> Message | None:
        request = self._store.request(subject["request"])
        if request is None:
            return None
        runs = self._store.runs(request=request.id)
        return request_card(
            request,
            runs,
            self._store.decisions(request.id),
            self._clock(),
            self._store.message(approval_key(request.id)),
            self._follow_up_buttons(request, runs),
            self._related(request),
        )

    def _related(self, request: Request) -> RelatedRequests:
        """Other open requests for the same jobs, as long as this one is undecided."""
        return (
            find_related_open(self._store, request, self._clock())
            if request.state in OPEN_REQUESTS
            else NO_RELATED
        )

    def _follow_up_buttons(self, request: Request, runs: Sequence[Run]) -> tuple[Button, ...]:
        """Once it is done: Show for jobs whose outcome is unclear, and after a stop what may follow it."""
        if request.state is not RequestState.DONE:
            return ()
        return (*self._show_unclear(request, runs), *self._after_stop(request, runs))

    def _show_unclear(self, request: Request, runs: Sequence[Run]) -> tuple[Button, ...]:
        """People look at such a job before they try again, as the change may have been applied."""
        jobs = [request.job(run.job) for run in runs if run.state is RunState.UNCLEAR]
        if len(request.jobs) == 1:
            return tuple(show_button(self._ref, job) for job in jobs)
        buttons = ((show_button(self._ref, job), job) for job in jobs[:_UNCLEAR_SHOWN])
        return tuple(replace(button, label=f"Show {job.id}") for button, job in buttons)

    def _after_stop(self, request: Request, runs: Sequence[Run]) -> tuple[Button, ...]:
        """After a stop: the buttons to resume or restart the jobs."""
        if request.action is not Action.STOP or self._access.policy.missing:
            return ()
        ended = {run.job for run in runs if run.state is RunState.SUCCEEDED}
        jobs = [self._current_job(job) for job in request.jobs if job.name in ended]
        if len(request.jobs) == 1 == len(jobs):
            return action_buttons(self._ref, jobs[0], only=_AFTER_STOP_ACTIONS)
        return group_action_buttons(self._ref, jobs, only=_AFTER_STOP_ACTIONS)

    def _current_job(self, job: Job) -> Job:
        """The stopped job as last polled, or as STOPPED if it has not been polled since."""
        known = self._store.known_job(job.name)
        if known is None or known.job.create_time != job.create_time or known.job.state != State.STOPPED:
            return replace(job, state=State.STOPPED)
        return known.job

    def _approval(self, subject: Mapping[str, Any]) -> Message | None:
        request = self._store.request(subject["request"])
        if request is None:
            return None
        return approval_card(
            request,
            self._approvers(request),
            self._store.decisions(request.id),
            self._clock(),
            self._store.runs(request=request.id),
            self._related(request),
        )

    def _reminder(self, subject: Mapping[str, Any]) -> Message | None:
        request = self._store.request(subject["request"])
        if request is None or request.state is not RequestState.APPROVING:
            return None
        return reminder_text(
            request, self._approvers(request), self._store.decisions(request.id), self._clock()
        )

    def _denial(self, subject: Mapping[str, Any]) -> Message | None:
        """Rows of older versions; a denial is an outcome now."""
        request = self._store.request(subject["request"])
        return None if request is None or request.state is not RequestState.DENIED else denial_text(request)

    def _outcome(self, subject: Mapping[str, Any]) -> Message | None:
        request = self._store.request(subject["request"])
        if request is None:
            return None
        runs = self._store.runs(request=request.id)
        return outcome_message(
            request,
            runs,
            self._store.decisions(request.id),
            self._follow_up_buttons(request, runs),
            was_approving=self._store.message(approval_key(request.id)) is not None,
        )

    def _begun(self, subject: Mapping[str, Any]) -> Message | None:
        request = self._store.request(subject["request"])
        return None if request is None else begun_message(request, self._store.decisions(request.id))

    def _approvers(self, request: Request) -> tuple[RichPart, ...]:
        found: dict[RichPart, None] = {}
        verb = ruled_as(request.action, request.options)
        for job in request.jobs:
            approvers = self._access.verdict(request.by, verb, job).approvers
            found.update(dict.fromkeys(Group(each) for each in approvers.groups))
            found.update(dict.fromkeys(User(each) for each in approvers.users))
        return tuple(found)

    # ---- jobs

    def _timeline(self, subject: Mapping[str, Any]) -> Message | None:
        created = datetime.fromisoformat(subject["create_time"])
        known = self._store.known_job(subject["job"])
        current = known is not None and known.job.create_time == created and "end" not in subject
        events = self._events_of(subject, created)
        with_errors = current and known is not None and known.runs_with_errors
        if current and known is not None:
            databases = databases_of(known.databases) if with_errors else ()
            job, buttons, advice = known.job, self._job_buttons(known.job), next_step(known.job, databases)
        else:
            known_job = known.job if known is not None and known.job.create_time == created else None
            last_known = known_job or Job(subject["job"], created, "", type="")
            job, buttons, advice = _job_as_of(last_known, events), (), ""
        return timeline.timeline(job, events, buttons, advice, current=current, with_errors=with_errors)

    def _events_of(self, subject: Mapping[str, Any], created: datetime) -> tuple[Event, ...]:
        first = int(subject.get("first", 0))
        end = subject.get("end")
        events = self._store.events(subject["job"], created, after_id=first - 1)
        return tuple(each for each in events if end is None or each.id < int(end))

    def _event(self, subject: Mapping[str, Any]) -> Message | None:
        event = self._store.event(subject["event"])
        return None if event is None else timeline.event_detail(event, self._job_of(event))

    def _alert(self, subject: Mapping[str, Any]) -> Message | None:
        event = self._store.event(subject["event"])
        if event is None:
            return None
        known = self._known_of(event)
        job = known.job if known is not None else None
        databases = databases_of(known.databases) if known is not None else ()
        over = alerts.is_over(event, job, databases)
        offered = self._alert_buttons(event, job) if job and not over else ()
        buttons = (*offered, show_button(self._ref, job)) if job else ()
        return alerts.alert(event, job, buttons, over=over, databases=databases)

    def _alert_buttons(self, event: Event, job: Job) -> tuple[Button, ...]:
        """The buttons of an alert; without Promote if the alert advises against it."""
        if self._access.policy.missing:
            return ()
        if event.kind not in ("delayed", *ERRORS):
            return action_buttons(self._ref, job, only=_ALERT_ACTIONS)
        running = event.kind == "database_failed" and job.state == State.RUNNING
        failed = (restart_failed_button(self._ref, job),) if running else ()
        only = [each for each in _ALERT_ACTIONS if each is not Action.PROMOTE]
        return (*failed, *action_buttons(self._ref, job, only=only))

    def _summary(self, subject: Mapping[str, Any]) -> Message | None:
        found = [self._store.event(each) for each in subject.get("events", ())]
        events = [event for event in found if event is not None]
        button = Button("List all", "list", "run", self._ref(Invocation("list")))
        waiting = alerts.NeedsAttention(
            subject.get("failed", ()),
            subject.get("stuck", ()),
            len(subject.get("approvals", ())),
            subject.get("ailing", ()),
            subject.get("writes", ()),
        )
        return alerts.summary(
            subject["date"],
            subject["counts"],
            events,
            (button,),
            waiting,
            _by_project(subject, self._access.policy.projects),
        )

    def _known_of(self, event: Event) -> JobSnapshot | None:
        known = self._store.known_job(event.job)
        return known if known is not None and known.job.create_time == event.create_time else None

    def _job_of(self, event: Event) -> Job | None:
        known = self._known_of(event)
        return known.job if known is not None else None

    def _job_buttons(self, job: Job) -> tuple[Button, ...]:
        # Many people read a message, so it offers what some of them may do; without a policy, nothing.
        offered = () if self._access.policy.missing else action_buttons(self._ref, job)
        return (*offered, show_button(self._ref, job))

    def _ref(self, invocation: Invocation) -> str:
        return self._store.put_ref(self._team, "invocation", invocation.to_dict())


def _job_as_of(job: Job, events: tuple[Event, ...]) -> Job:
    """A job that was deleted, or whose later run has its own message, as its last event left it."""
    last = next((each for each in reversed(events) if each.after or each.kind == "deleted"), None)
    if last is None or last.kind == "deleted":
        return replace(job, state=State.DELETED, phase="")
    state, _, phase = last.after.partition("/")
    return replace(job, state=state, phase=phase)


def _by_project(subject: Mapping[str, Any], projects: Projects) -> dict[str, int]:
    """The number of jobs of each project by its name, where the bot serves several."""
    if not projects.several:
        return {}
    return {projects.shown(id): count for id, count in subject.get("projects", {}).items()}


def _audit_anchor(subject: Mapping[str, Any]) -> Message:
    return anchor_message(Anchor.parse(subject["anchor"]))


def _text(subject: Mapping[str, Any]) -> Message:
    who = subject.get("by")
    return note(Note((User(who), " ", subject["text"]) if who else subject["text"]))
