"""Messages about several events: digests, mass failures and flapping jobs, from the store's present state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.cmdline.answers import Button
from bot.cmdline.invocation import Invocation
from bot.dms.model import Job, State, placeholder_job
from bot.dms.rules import Action
from bot.policy.access import Access
from bot.policy.subscriptions import is_failure
from bot.requests.buttons import MakeRef, group_action_buttons, show_button
from bot.requests.by_project import projects_of
from bot.requests.job_names import JobNamer, namer
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.slack.render import alerts
from bot.slack.render.flapping import flapping, settled
from bot.slack.render.mass_failure import FailedJob, latest_failures, mass_failure, mass_list
from bot.slack.render.message import Message
from bot.store import Store
from bot.store.records import Event, JobSnapshot
from bot.store.table import Skip

_MAX_EVENTS = 1000
_RESTARTS = 2
"""Buttons to restart what failed: jobs act together only if all have the same status."""


class GatheredMessages:
    """Renders them. `ref` stores an invocation for a button and returns its ID."""

    def __init__(self, store: Store, access: Access, ref: MakeRef) -> None:
        self._store = store
        self._access = access
        self._ref = ref

    def digest(self, subject: Mapping[str, Any]) -> Message | None:
        events = self._events(subject)
        over = {event.id for event in events if alerts.may_clear(event) and self._is_resolved(event)}
        return alerts.digest(events, over, self._calls()) if events else None

    def mass_failure(self, subject: Mapping[str, Any]) -> Message | None:
        events = self._events(subject)
        if not events:
            return None
        failed = self._failed(events)
        show = Button(
            "Show failed", "list", "run", self._ref(Invocation("list", filters={"state": "failed"}))
        )
        standing = [each.job for each in failed if each.job is not None and not each.over]
        buttons = (show, *self._restarts(standing)) if standing else ()
        return mass_failure(failed, buttons, self._where(events))

    def mass_list(self, subject: Mapping[str, Any]) -> Message | None:
        events = self._events(subject)
        if not events:
            return None
        return mass_list(self._failed(events), self._calls(), self._where(events))

    def flapping(self, subject: Mapping[str, Any]) -> Message | None:
        events = self._events(subject)
        if not events:
            return None
        known = self._known_of(events[-1])
        if known is None:
            return flapping(events, None, calls=self._calls())
        buttons = (show_button(self._ref, known.job),)
        return flapping(events, known.job, buttons, known.listed_databases, self._calls())

    def settled(self, subject: Mapping[str, Any]) -> Message | None:
        events = self._events(subject)
        if not events:
            return None
        known = self._known_of(events[-1])
        if known is None:
            return settled(events, None, calls=self._calls(), over=True)
        buttons, over = (show_button(self._ref, known.job),), not _is_in_trouble(known)
        return settled(events, known.job, buttons, known.listed_databases, self._calls(), over=over)

    def has_settled_well(self, subject: Mapping[str, Any]) -> bool:
        """Whether a job that flapped was left in no trouble, which nobody has to be told."""
        events = self._events(subject)
        known = self._known_of(events[-1]) if events else None
        return known is None or not _is_in_trouble(known)

    def _calls(self) -> JobNamer:
        return namer(self._store.known_names(), self._access.policy.projects)

    def _where(self, events: Sequence[Event]) -> str:
        return projects_of((each.job for each in events), self._access.policy.projects)

    def _restarts(self, standing: Sequence[Job]) -> tuple[Button, ...]:
        """Buttons that open the ordinary confirmation, for the most frequent statuses."""
        if self._access.policy.missing:
            return ()
        groups: dict[str, list[Job]] = {}
        for job in standing:
            if job.state == State.FAILED:
                groups.setdefault(job.status, []).append(job)
        ordered = sorted(groups.values(), key=lambda group: -len(group))[:_RESTARTS]
        found = (group_action_buttons(self._ref, group, only=(Action.RESTART,)) for group in ordered)
        return tuple(button for buttons in found for button in buttons)

    def _failed(self, events: Sequence[Event]) -> list[FailedJob]:
        latest = latest_failures(events).values()
        return [FailedJob(each, self._job_of(each), self._is_resolved(each)) for each in latest]

    def _events(self, subject: Mapping[str, Any]) -> Sequence[Event]:
        return self._store.events_of(subject["events"][-_MAX_EVENTS:], pass_over)

    def _is_resolved(self, event: Event) -> bool:
        """Whether it is over and its job is well: errors end, too, when the job fails."""
        known = self._known_of(event, pass_over) if is_failure(event) else None
        return not (known is not None and _is_in_trouble(known)) and self._is_over(event)

    def _is_over(self, event: Event) -> bool:
        """Not where the job's row cannot be read: nobody knows."""
        left_out = LeftOut()
        known = self._known_of(event, left_out)
        if known is None:
            return not left_out.keys and alerts.is_over(event, None)
        return alerts.is_over(event, known.job, known.listed_databases)

    def _job_of(self, event: Event) -> Job | None:
        """In a state that is not known where the job's row cannot be read."""
        left_out = LeftOut()
        known = self._known_of(event, left_out)
        if left_out.keys:
            return placeholder_job(event.job, event.create_time)
        return known.job if known is not None else None

    def _known_of(self, event: Event, skip: Skip | None = None) -> JobSnapshot | None:
        known = self._store.known_job(event.job, skip)
        return known if known is not None and known.job.create_time == event.create_time else None


def _is_in_trouble(known: JobSnapshot) -> bool:
    return known.job.state == State.FAILED or known.runs_with_errors
