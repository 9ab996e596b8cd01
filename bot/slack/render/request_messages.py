"""Messages about requests, rendered from the store's present state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.cmdline.answers import Button, Group, RichPart, User
from bot.dms.model import Job, State
from bot.dms.rules import Action
from bot.policy.access import Access
from bot.policy.permissions import ruled_as
from bot.requests.buttons import MakeRef, action_buttons, group_action_buttons, show_button
from bot.requests.queries import NO_RELATED, RelatedRequests, approval_key, find_related_open
from bot.slack.render import event_labels
from bot.slack.render.action_failure import failure_message
from bot.slack.render.approval_card import approval_card, denial_text, reminder_text
from bot.slack.render.message import Message
from bot.slack.render.outcome_message import begun_message, outcome_message
from bot.slack.render.request_card import request_card
from bot.store import Store
from bot.store.records import OPEN_REQUESTS, Request, RequestState, Run, RunState

_UNCLEAR_SHOWN = 5
"""Jobs of a request that get a Show button."""
_AFTER_STOP_ACTIONS = (Action.RESUME, Action.RESTART)


class RequestMessages:
    """Renders them. `ref` stores an invocation for a button and returns its ID."""

    def __init__(self, store: Store, access: Access, ref: MakeRef, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._access = access
        self._ref = ref
        self._clock = clock

    def request(self, subject: Mapping[str, Any]) -> Message | None:
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

    def approval(self, subject: Mapping[str, Any]) -> Message | None:
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

    def reminder(self, subject: Mapping[str, Any]) -> Message | None:
        request = self._store.request(subject["request"])
        if request is None or request.state is not RequestState.APPROVING:
            return None
        return reminder_text(
            request, self._approvers(request), self._store.decisions(request.id), self._clock()
        )

    def denial(self, subject: Mapping[str, Any]) -> Message | None:
        """Rows of older versions; a denial is an outcome now."""
        request = self._store.request(subject["request"])
        return None if request is None or request.state is not RequestState.DENIED else denial_text(request)

    def outcome(self, subject: Mapping[str, Any]) -> Message | None:
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

    def begun(self, subject: Mapping[str, Any]) -> Message | None:
        request = self._store.request(subject["request"])
        return None if request is None else begun_message(request, self._store.decisions(request.id))

    def failure(self, subject: Mapping[str, Any]) -> Message | None:
        """None if alerts tell that all of its jobs failed: they name the action."""
        request = self._store.request(subject["request"])
        if request is None or request.state is not RequestState.DONE:
            return None
        runs = [run for run in self._store.runs(request=request.id) if run.job in subject["jobs"]]
        if all(self._is_alerted(run, request.job(run.job)) for run in runs):
            return None
        shown = request.jobs if len(request.jobs) == 1 else ()
        return failure_message(request, runs, [show_button(self._ref, job) for job in shown])

    def _is_alerted(self, run: Run, job: Job) -> bool:
        """Whether the job itself has failed since the call."""
        events = self._store.events(job.name, job.create_time, since=run.called or run.created)
        return any(map(event_labels.is_failed, events))

    def _approvers(self, request: Request) -> tuple[RichPart, ...]:
        found: dict[RichPart, None] = {}
        verb = ruled_as(request.action, request.options)
        for job in request.jobs:
            approvers = self._access.verdict(request.by, verb, job).approvers
            found.update(dict.fromkeys(Group(each) for each in approvers.groups))
            found.update(dict.fromkeys(User(each) for each in approvers.users))
        return tuple(found)
