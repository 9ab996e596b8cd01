"""Messages about requests, rendered from the store's present state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.cmdline.answers import Button
from bot.dms.model import Job, State
from bot.dms.rules import Action
from bot.policy.access import Access
from bot.policy.approver_list import approvers_to_ask
from bot.requests.buttons import MakeRef, action_buttons, group_action_buttons, show_button
from bot.requests.by_project import projects_counted
from bot.requests.queries import (
    NO_RELATED,
    RelatedRequests,
    approval_key,
    find_related_open,
    newest_runs,
    request_key,
)
from bot.requests.usual_duration import usual_duration
from bot.slack.render import event_labels
from bot.slack.render.action_failure import failure_message
from bot.slack.render.approval_card import Asking, approval_card, denial_text, reminder_text
from bot.slack.render.message import Message
from bot.slack.render.outcome_message import begun_message, outcome_message
from bot.slack.render.request_card import request_card
from bot.slack.render.unmentioned import unmentioned
from bot.store import Store
from bot.store.records import OPEN_REQUESTS, Request, RequestState, Run, RunState

MakeLink = Callable[[str, str], str]
"""The URL of a message by its channel and time stamp; empty where it is not known."""
_UNCLEAR_SHOWN = 5
"""Jobs of a request that get a Show button."""
_CHANNELS = ("C", "G")
_AFTER_STOP_ACTIONS = (Action.RESUME, Action.RESTART)


def no_link(_channel: str, _ts: str) -> str:
    return ""


class RequestMessages:
    """Renders them. `ref` stores an invocation for a button and returns its ID."""

    def __init__(
        self,
        store: Store,
        access: Access,
        ref: MakeRef,
        clock: Callable[[], datetime],
        link: MakeLink = no_link,
    ) -> None:
        self._store = store
        self._access = access
        self._ref = ref
        self._clock = clock
        self._link = link

    def request(self, subject: Mapping[str, Any]) -> Message | None:
        request = self._store.request(subject["request"])
        if request is None:
            return None
        runs = newest_runs(self._store, request.id)
        card = request_card(
            request,
            runs,
            self._store.decisions(request.id),
            self._clock(),
            self._store.message(approval_key(request.id)),
            self._follow_up_buttons(request, runs),
            self._related(request),
            approval_link=self._link_to(approval_key(request.id)) if _is_asked(request) else "",
            usual_s=self._usual_s(request),
        )
        terms = request.facts.terms
        others = () if terms is None else {terms.commander, terms.app_owner, terms.deputy} - {request.by.user}
        return unmentioned(card, others, self._access.name_of)  # the card of the cutover tells them

    def _link_to(self, key: str) -> str:
        """The URL of one of the messages of a request, if others than one person can open it."""
        sent = self._store.message(key)
        if sent is None or not sent.is_channel_message or not sent.channel.startswith(_CHANNELS):
            return ""
        return self._link(sent.channel, sent.ts)

    def _usual_s(self, request: Request) -> float | None:
        """How long the action usually takes, while it runs on one job."""
        is_one = request.state is RequestState.RUNNING and len(request.jobs) == 1
        return usual_duration(self._store, request.action) if is_one else None

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
        decisions = self._store.decisions(request.id)
        return approval_card(
            request,
            self._asking(request, request_key(request.id)),
            decisions,
            self._clock(),
            newest_runs(self._store, request.id),
            self._related(request),
        )

    def _asking(self, request: Request, linked: str, decided: Set[str] = frozenset()) -> Asking:
        """What a message to approvers says of people, and of where the request was made."""
        if not _is_asked(request):
            return Asking()
        told = self._store.message(approval_key(request.id))
        channel = told.channel if told is not None else ""
        return Asking(
            approvers_to_ask(self._access, request, channel, decided),
            self._access.name_of(request.by.user),
            projects_counted(request.jobs, self._access.policy.projects),
            self._link_to(linked),
            self._access.name_of,
        )

    def reminder(self, subject: Mapping[str, Any]) -> Message | None:
        """None once it has been decided."""
        request = self._store.request(subject["request"])
        if request is None or not _is_asked(request):
            return None
        decisions = self._store.decisions(request.id)
        asking = self._asking(request, approval_key(request.id), {each.user for each in decisions})
        return reminder_text(request, asking, decisions, self._clock())

    def denial(self, subject: Mapping[str, Any]) -> Message | None:
        """Rows of older versions; a denial is an outcome now."""
        request = self._store.request(subject["request"])
        return None if request is None or request.state is not RequestState.DENIED else denial_text(request)

    def outcome(self, subject: Mapping[str, Any]) -> Message | None:
        request = self._store.request(subject["request"])
        if request is None:
            return None
        runs = newest_runs(self._store, request.id)
        return outcome_message(
            request,
            runs,
            self._store.decisions(request.id),
            self._follow_up_buttons(request, runs),
            was_approving=self._store.message(approval_key(request.id)) is not None,
        )

    def begun(self, subject: Mapping[str, Any]) -> Message | None:
        request = self._store.request(subject["request"])
        if request is None:
            return None
        decisions = self._store.decisions(request.id)
        begun = begun_message(request, decisions)
        if begun is None or not request.facts.cutover:
            return begun
        # The night's card and calls are for its people: whoever approved is not to follow this thread.
        return unmentioned(begun, [each.user for each in decisions], self._access.name_of)

    def failure(self, subject: Mapping[str, Any]) -> Message | None:
        """None if its reader gets alerts that all of its jobs failed: they name the action."""
        request = self._store.request(subject["request"])
        if request is None or request.state is not RequestState.DONE:
            return None
        runs = [run for run in newest_runs(self._store, request.id) if run.job in subject["jobs"]]
        alerted = subject.get("alerted", subject["jobs"])  # rows of older versions do not have it
        if all(run.job in alerted and self._has_failed(run, request.job(run.job)) for run in runs):
            return None
        shown = request.jobs if len(request.jobs) == 1 else ()
        return failure_message(request, runs, [show_button(self._ref, job) for job in shown])

    def _has_failed(self, run: Run, job: Job) -> bool:
        """Whether the job itself has failed since the call."""
        events = self._store.events(job.name, job.create_time, since=run.called or run.created)
        return any(map(event_labels.is_failed, events))


def _is_asked(request: Request) -> bool:
    return request.state is RequestState.APPROVING
