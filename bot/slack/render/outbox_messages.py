"""Outbox messages, rendered from the store's present state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.cmdline.answers import Button, Note, User
from bot.cmdline.invocation import Invocation
from bot.config.projects import Projects
from bot.cutover.readers import is_open_to
from bot.dms import source_writes
from bot.dms.advice import next_step
from bot.dms.error_news import ERRORS, brings_errors, ends_errors, stops_running
from bot.dms.model import Database, Job, State, placeholder_job, short_name
from bot.dms.rules import Action
from bot.dms.running_errors import same_error
from bot.policy.access import Access
from bot.requests.buttons import show_button
from bot.requests.failures import FAILED_RUNS, last_failure
from bot.requests.freezes import is_free
from bot.requests.job_buttons import JobButtons, channel_buttons
from bot.requests.job_names import disambiguate, namer, place_to_tell
from bot.requests.wording import freeze_terms
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.slack.render import alerts, event_labels, timeline
from bot.slack.render.answer import note
from bot.slack.render.audit_anchor import anchor_message
from bot.slack.render.cutover_messages import CutoverMessages
from bot.slack.render.escalation_messages import EscalationMessages
from bot.slack.render.freezes import freeze_message, planned_freeze_message
from bot.slack.render.gathered_messages import GatheredMessages
from bot.slack.render.jobs_named import name_jobs
from bot.slack.render.message import Message
from bot.slack.render.readership import Readership
from bot.slack.render.request_messages import MakeLink, RequestMessages, no_link
from bot.slack.render.summary import NeedsAttention, summary
from bot.slack.render.unmentioned import unmentioned
from bot.store import Store
from bot.store.anchor import Anchor
from bot.store.records import (
    Event,
    Freeze,
    JobSnapshot,
    OutMessage,
    Run,
)
from bot.store.table import Skip
from bot.watch.escalations import KIND

_DAY = timedelta(days=1)
_ALERT_ACTIONS = (Action.VERIFY, Action.RESTART, Action.PROMOTE, Action.RESUME, Action.STOP, Action.DELETE)
"""Actions that an alert offers; Show leads to the others."""
_RECENT_RUNS = 5
_DURING = timedelta(minutes=1)
"""How long after an action failed a job's own failure counts as its effect."""


class OutboxRenderer:
    """Renders `OutMessage`s by their kind (see the table of kinds in docs/architecture.md)."""

    def __init__(
        self,
        store: Store,
        access: Access,
        team: str,
        clock: Callable[[], datetime],
        link: MakeLink = no_link,
    ) -> None:
        self._store = store
        self._access = access
        self._team = team
        self._clock = clock
        self._readership = Readership(store, access, team, clock)
        self._escalations = EscalationMessages(store, access, self._ref)
        requests = RequestMessages(store, access, self._ref, clock, link)
        self._gathered = gathered = GatheredMessages(store, access, self._ref)
        self._cutovers = cutovers = CutoverMessages(store, self._ref, clock, access.name_of)
        self._kinds: Mapping[str, Callable[[Mapping[str, Any]], Message | None]] = {
            "request": requests.request,
            "approval": requests.approval,
            "reminder": requests.reminder,
            "denial": requests.denial,
            "outcome": requests.outcome,
            "begun": requests.begun,
            "failure": requests.failure,
            "timeline": self._timeline,
            "event": self._event,
            "alert": self._alert,
            "digest": gathered.digest,
            "mass_failure": gathered.mass_failure,
            "mass_list": gathered.mass_list,
            "flapping": gathered.flapping,
            "settled": gathered.settled,
            "cutover": cutovers.card,
            "cutover_log": cutovers.entry,
            "cutover_call": cutovers.call,
            "cutover_news": cutovers.news,
            "cutover_report": cutovers.report,
            "freeze": self._freeze,
            "planned_freeze": self._planned_freeze,
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
        if not out.ts and self._is_pointless(out):
            return None
        subject = self._readership.visible_subject(out)
        if subject is None:
            return None
        if out.kind == KIND:
            return self._escalations.own(out)
        rendered = self._kinds[out.kind](subject)
        actors = self._actors(out, subject) if rendered is not None else set()
        rendered = rendered and unmentioned(rendered, actors, self._access.name_of)
        told, projects = self._readership.may_know(out), self._access.policy.projects
        rendered = rendered and name_jobs(rendered, subject, self._store, projects, told)
        return rendered and self._escalations.added_to(rendered, out)

    def _is_pointless(self, out: OutMessage) -> bool:
        """Whether a message that was not sent yet need not, or may not, be sent any more."""
        if out.kind == "alert":
            return self._is_taken_back(out.subject["event"])
        if out.kind == "settled":
            return self._gathered.has_settled_well(out.subject)
        if out.kind == "cutover_call":
            return self._cutovers.is_answered(out.subject)
        if out.kind == "cutover_news":
            cutover = self._store.cutover(out.subject["cutover"])
            return cutover is None or not is_open_to(self._access, self._store, out.channel, cutover)
        return False

    def _is_taken_back(self, event_id: int) -> bool:
        """Whether errors came back before their end was announced, or the job ran no longer."""
        event = self._store.event(event_id)
        if event is None or not ends_errors(event):
            return False
        later = self._store.events(event.job, event.create_time, after_id=event.id)
        return any(brings_errors(each) or stops_running(each) for each in later)

    # ---- jobs

    def _timeline(self, subject: Mapping[str, Any]) -> Message | None:
        created = datetime.fromisoformat(subject["create_time"])
        known = self._store.known_job(subject["job"])
        current = known is not None and known.job.create_time == created and "end" not in subject
        events = self._events_of(subject, created)
        with_errors = current and known is not None and known.runs_with_errors
        if current and known is not None:
            databases: tuple[Database, ...] = known.listed_databases if with_errors else ()
            job, advice = known.job, next_step(known.job, databases)
            buttons = self._buttons(job, databases, tuple(Action))
        else:
            known_job = known.job if known is not None and known.job.create_time == created else None
            last_known = known_job or placeholder_job(subject["job"], created)
            databases = ()
            job, buttons, advice = _job_as_of(last_known, events), JobButtons(()), ""
        no_freeze, no_last = LeftOut(), LeftOut()
        frozen = self._own_freeze(job, no_freeze) if current else None
        failed = last_failure(self._store, job, self._clock(), no_last) if current else None
        return timeline.timeline(
            job,
            events,
            buttons.shown,
            advice,
            current=current,
            databases=databases,
            menu=buttons.menu,
            with_errors=with_errors,
            failed_run=failed,
            frozen=freeze_terms(frozen) if frozen else "",
            where=self._where(job.name),
            unknown=[
                *(["whether it is frozen"] if no_freeze.keys else []),
                *(["whether the last action on it failed"] if no_last.keys else []),
            ],
        )

    def _actors(self, out: OutMessage, subject: Mapping[str, Any]) -> set[str]:
        """Who made the changes that a message is about, or asked for the action that it says has failed: they
        know it, so they are named and not notified. Not where they have to stop the writes to the source
        now."""
        asked: set[str] = set()
        if out.kind == "timeline":
            events = self._events_of(subject, datetime.fromisoformat(subject["create_time"]))
            known = self._store.known_job(subject["job"])
            now = self._clock()
            failed = last_failure(self._store, known.job, now, pass_over) if known is not None else None
            asked = {failed.by} if failed is not None else set()
        elif out.kind in ("event", "alert", "digest"):
            ids = subject.get("events", ()) if out.kind == "digest" else (subject["event"],)
            events = self._store.events_of(ids, pass_over)
        else:
            return set()
        must_act = {each.by for each in events if source_writes.must_stop(each)}
        return ({each.by for each in events} | asked) - must_act - {event_labels.OUTSIDE, ""}

    def _own_freeze(self, job: Job, skip: Skip) -> Freeze | None:
        """A freeze of this job alone: those of more jobs would have all timelines updated."""
        freezes = self._store.freezes(self._clock(), job.name, skip)
        return next((each for each in freezes if each.is_of_one_job), None)

    def _where(self, name: str) -> str:
        """The job's place as people call it; empty if there is nothing to tell apart."""
        return place_to_tell(
            name, self._access.policy.projects, lambda: self._store.known_twins((short_name(name),))
        )

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
        databases = known.listed_databases if known is not None else ()
        over = alerts.is_over(event, job, databases)
        during = self._run_during(event) if event_labels.is_failed(event) else None
        buttons = self._alert_buttons(event, job, databases, over=over) if job else JobButtons(())
        return alerts.alert(
            event,
            job,
            buttons.shown,
            menu=buttons.menu,
            over=over,
            databases=databases,
            during=during,
            where=self._where(event.job),
            again=self._came_back(event) if brings_errors(event) else 0,
        )

    def _came_back(self, event: Event) -> int:
        """How often the same error has come back since, each time after it had cleared."""
        later = self._store.events(event.job, event.create_time, after_id=event.id)
        return sum(each.kind == event.kind and same_error(each.detail, event.detail) for each in later)

    def _run_during(self, event: Event) -> Run | None:
        """The last action on the job when it failed, if that did not succeed either."""
        runs = self._store.runs(job=event.job, states=FAILED_RUNS, limit=_RECENT_RUNS)
        called = (run for run in reversed(runs) if run.called is not None and run.called <= event.at)
        run = next(called, None)
        return run if run and run.ended and event.at - run.ended <= _DURING else None

    def _alert_buttons(
        self, event: Event, job: Job, databases: Sequence[Database], *, over: bool
    ) -> JobButtons:
        """The buttons of an alert; without Promote if the alert advises against it."""
        if over:
            return JobButtons((show_button(self._ref, job),))
        advised_against = event.kind in ("delayed", *ERRORS)
        only = [each for each in _ALERT_ACTIONS if each is not Action.PROMOTE or not advised_against]
        return self._buttons(job, databases, only, ("delay", "databases"))

    def _buttons(
        self, job: Job, databases: Sequence[Database], only: Sequence[Action], looks: Sequence[str] = ()
    ) -> JobButtons:
        # Many people read a message, so it offers what some of them may do; without a policy, nothing.
        if self._access.policy.missing:
            return JobButtons((show_button(self._ref, job),))
        return channel_buttons(self._ref, job, databases, only, looks)

    def _freeze(self, subject: Mapping[str, Any]) -> Message | None:
        freeze = self._store.freeze(subject["freeze"])
        if freeze is None:
            return None
        projects = self._access.policy.projects
        calls, now = disambiguate(self._store.known_names(), projects), self._clock()
        free = is_free(self._store, self._access.policy, freeze, now)
        return freeze_message(freeze, subject["what"], projects, calls, now, free=free)

    def _planned_freeze(self, subject: Mapping[str, Any]) -> Message | None:
        """None if the policy has changed since, and does not plan it any more."""
        start, until = (datetime.fromisoformat(subject[each]) for each in ("start", "until"))
        policy = self._access.policy
        for window in policy.planned_freezes:
            if (window.start, window.until, window.reason) == (start, until, subject["reason"]):
                return planned_freeze_message(window, subject["what"], policy.projects, self._clock())
        return None

    def _summary(self, subject: Mapping[str, Any]) -> Message | None:
        events = self._store.events_of(subject.get("events", ()), pass_over)
        button = Button("List all", "list", "run", self._ref(Invocation("list")))
        waiting = NeedsAttention(
            subject.get("failed", ()),
            subject.get("stuck", ()),
            len(subject.get("approvals", ())),
            subject.get("ailing", ()),
            subject.get("writes", ()),
            subject.get("unreadable", {}),
            subject.get("unread", {}),
        )
        return summary(
            subject["date"],
            subject["counts"],
            events,
            (button,),
            waiting,
            _by_project(subject, self._access.policy.projects),
            namer(self._store.known_names(), self._access.policy.projects),
        )

    def _known_of(self, event: Event) -> JobSnapshot | None:
        known = self._store.known_job(event.job)
        return known if known is not None and known.job.create_time == event.create_time else None

    def _job_of(self, event: Event) -> Job | None:
        known = self._known_of(event)
        return known.job if known is not None else None

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
