"""The dashboard of one person, from the store's present state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button, RichText, Time, User
from bot.cmdline.invocation import Invocation
from bot.cutover.readers import may_see
from bot.cutover.wave import shown_names
from bot.cutover.wording import VERB as CUTOVER
from bot.cutover.wording import state_text
from bot.dms.missing import MissingLocation
from bot.dms.model import Database, Job, placeholder_job
from bot.dms.resource_names import is_served
from bot.policy.access import Access
from bot.requests.freezes import freeze_lines
from bot.requests.queries import valid_approvals
from bot.requests.recent import looked_at
from bot.requests.unposted import unposted
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.slack.render import home_tab
from bot.slack.render.home_tab import SHOWN_JOBS, SHOWN_RECENT, HomeContent, ShownJob, Upcoming
from bot.slack.render.message import Message
from bot.slack.render.request_details import subject
from bot.store import Store
from bot.store.cutover import Cutover, CutoverState
from bot.store.records import PENDING_REQUESTS, Person, Request, RequestState
from bot.util.text import first_few
from bot.watch.poll_times import last_polls, not_looked_at

_OWN_LATEST = 20
"""Of this person's requests, so many are looked at for what they asked for last."""
_MOST = 1000
_NAMED = 3
"""Jobs of a cutover that are named."""


class HomeView:
    """Reads what a person's dashboard shows; what the policy keeps from them is left out."""

    def __init__(
        self,
        store: Store,
        access: Access,
        clock: Callable[[], datetime],
        missing: Callable[[], Sequence[MissingLocation]] = tuple,
    ) -> None:
        """`missing` has the locations that did not answer lately."""
        self._store = store
        self._access = access
        self._clock = clock
        self._missing = missing

    def of(self, who: Person) -> dict[str, Any]:
        """The App Home view of one person.

        Raises:
            StoreError: the store cannot be read.
        """
        content = self._content(who)
        return home_tab.home(replace(content, buttons=(self._refresh(who), *content.buttons)))

    def dashboard_of(self, who: Person) -> list[Block]:
        """The same for the launcher, without the button that refreshes the tab.

        Raises:
            StoreError: the store cannot be read.
        """
        return home_tab.dashboard(self._content(who))

    def message_for(self, who: Person) -> Message:
        """The same as a message.

        Raises:
            StoreError: the store cannot be read.
        """
        return home_tab.dashboard_message(self._content(who))

    def _content(self, who: Person) -> HomeContent:
        projects, now = self._access.policy.projects, self._clock()
        unread: dict[str, LeftOut] = defaultdict(LeftOut)
        found = self._store.known_jobs(unread[home_tab.JOB])
        known = [each for name, each in found.items() if is_served(name, projects)]
        cutovers = self._store.cutovers(skip=unread[home_tab.CUTOVER])
        requests = self._requests(who, now, {each.request for each in cutovers}, unread[home_tab.REQUEST])
        jobs = self._access.visible(who, "home", (each.job for each in known))
        seen = {job.name: job for job in jobs}
        faulty = {each.job.name: each.faulty_databases for each in known if each.faulty_databases}
        missing = self._missing()
        polls = last_polls(self._store, projects.places)
        told = {(each.project, each.location) for each in missing}
        not_polled = not_looked_at(self._store, projects.places, now)
        content = HomeContent(
            jobs=jobs,
            attention=self._attention(who, jobs, faulty),
            recent=self._recent(who, seen),
            may_hide=self._access.policy.is_job_specific("list"),
            freezes=freeze_lines(
                self._store, self._access.policy, now, seen.__contains__, unread[home_tab.FREEZE]
            ),
            last_polled=min(
                (at for place, at in polls.items() if at and place not in not_polled), default=None
            ),
            to_decide=[each for each in requests if self._waits_for(each, who)],
            own_requests=[
                each for each in requests if each.by.user == who.user and each.state is RequestState.APPROVING
            ],
            coming_up=self._coming_up(who, requests, seen, cutovers),
            watches=self._store.watches(by=who.user, skip=unread[home_tab.SUBSCRIPTION]),
            faulty_databases=faulty,
            buttons=self._buttons(who),
            missing=missing,
            unposted=unposted(self._store, now),
            unread=[
                (projects.called(place), at)
                for place, at in not_polled.items()
                if (place.project, place.location) not in told
            ],
            projects=projects,
            unreadable=self._unreadable(who, unread),
        )
        return content if jobs else self._kept(who, content)

    def _kept(self, who: Person, content: HomeContent) -> HomeContent:
        """The same without what is there for whoever may look: freezes, places, channels. A guest whom the
        policy does not name is told why, and not that there are no jobs."""
        verdict = self._access.verdict(who, "home")
        if verdict.allowed:
            return content
        nothing = replace(content, freezes=(), missing=(), unread=(), unposted=(), unreadable={})
        nothing = replace(nothing, last_polled=None)
        return replace(nothing, refusal=verdict.explanation)

    def _unreadable(self, who: Person, unread: Mapping[str, LeftOut]) -> dict[str, int]:
        """How many of each kind cannot be read: of jobs, of those that the person may see whatever their
        labels are."""
        permissions, projects = self._access.permissions(who), self._access.policy.projects
        names = [name for name in unread[home_tab.JOB].keys if is_served(name, projects)]
        jobs = (placeholder_job(name, self._clock()) for name in names)
        counts = {home_tab.JOB: sum(permissions.may_by_name("home", each) for each in jobs)} if names else {}
        others = {kind: len(found.keys) for kind, found in unread.items() if kind != home_tab.JOB}
        return counts | {kind: count for kind, count in others.items() if count}

    def _requests(self, who: Person, now: datetime, of_cutovers: Set[str], skip: LeftOut) -> list[Request]:
        """Those of cutovers are confirmed on the cutover's card."""
        found = self._store.requests(PENDING_REQUESTS, limit=_MOST, skip=skip)
        return [
            each
            for each in found
            if each.by.team == who.team
            and each.expires > now
            and not (each.state is RequestState.CONFIRMING and each.id in of_cutovers)
        ]

    def _refresh(self, who: Person) -> Button:
        ref = self._store.put_ref(who.team, "invocation", Invocation("help").to_dict())
        return Button("Refresh", "home", "refresh", ref)

    def _buttons(self, who: Person) -> tuple[Button, ...]:
        listed, helped = self._refs(who, [Invocation("list"), Invocation("help")])
        return Button("All jobs", "list", "run", listed), Button("Help", "help", "run", helped)

    def _refs(self, who: Person, invocations: Sequence[Invocation]) -> tuple[str, ...]:
        return self._store.put_refs(who.team, "invocation", [each.to_dict() for each in invocations])

    def _attention(
        self, who: Person, jobs: Sequence[Job], faulty: Mapping[str, Sequence[Database]]
    ) -> list[ShownJob]:
        urgent = [job for job in jobs if home_tab.needs_attention(job, faulty=job.name in faulty)]
        return self._shown(who, [(job, "") for job in sorted(urgent, key=home_tab.urgency)[:SHOWN_JOBS]])

    def _recent(self, who: Person, seen: Mapping[str, Job]) -> list[ShownJob]:
        """What this person asked for or looked at, the last first, each job once."""
        found: list[tuple[datetime, str, RichText]] = [
            (at, name, ("looked at ", Time(at))) for name, at in looked_at(self._store, who)
        ]
        for request in self._store.requests(by=who.user, limit=_OWN_LATEST, skip=pass_over):
            if len(request.jobs) == 1 and request.by.team == who.team:
                asked = (f"{request.action} requested ", Time(request.created))
                found.append((request.created, request.jobs[0].name, asked))
        notes: dict[str, RichText] = {}
        for _, name, note in sorted(found, key=lambda each: each[0], reverse=True):
            if name in seen:
                notes.setdefault(name, note)
        return self._shown(who, [(seen[name], note) for name, note in list(notes.items())[:SHOWN_RECENT]])

    def _shown(self, who: Person, jobs: Sequence[tuple[Job, RichText]]) -> list[ShownJob]:
        refs = self._refs(who, [Invocation("show", (job.name,)) for job, _ in jobs])
        return [ShownJob(job, ref, note) for (job, note), ref in zip(jobs, refs, strict=True)]

    def _coming_up(
        self, who: Person, requests: Sequence[Request], seen: Mapping[str, Job], cutovers: Sequence[Cutover]
    ) -> list[Upcoming]:
        """Scheduled requests for jobs that this person may see, and cutovers, the next first."""
        theirs = {each.request for each in cutovers}
        scheduled = [
            each
            for each in requests
            if each.facts.due is not None
            and each.state is not RequestState.CONFIRMING
            and each.id not in theirs
            and _may_see(each, who, seen)
        ]
        opens = self._refs(who, [Invocation("schedule")])[0] if scheduled else ""
        found = [
            Upcoming(each.facts.due, _plan(each), Button("Open", "schedule", "run", opens))
            for each in scheduled
            if each.facts.due is not None
        ]
        return sorted([*found, *self._cutovers(who, cutovers)], key=lambda each: each.at)

    def _cutovers(self, who: Person, cutovers: Sequence[Cutover]) -> Iterator[Upcoming]:
        """Those that are planned or under way. One without a time begins when its commander starts it."""
        for each in cutovers:
            if each.state is not CutoverState.DRAFT and may_see(self._access, self._store, who, each):
                opens = Button("Open", CUTOVER, "details", each.id)
                yield Upcoming(each.plan.at or each.since, _cutover_line(each), opens)

    def _waits_for(self, request: Request, who: Person) -> bool:
        if request.state is RequestState.CONFIRMING:
            return request.by.user == who.user
        if request.state is not RequestState.APPROVING:
            return False
        said = {each.user for each in valid_approvals(request, self._store.decisions(request.id, pass_over))}
        return who.user not in said and self._access.may_approve(who, request).allowed


def _may_see(request: Request, who: Person, seen: Mapping[str, Job]) -> bool:
    return request.by.user == who.user or all(job.name in seen for job in request.jobs)


def _cutover_line(cutover: Cutover) -> RichText:
    rehearsal = "rehearsal of the " if cutover.rehearsal else ""
    about = (
        ""
        if cutover.state is CutoverState.SCHEDULED
        else f": it {state_text(cutover.state, rehearsal=cutover.rehearsal)}"
    )
    return (
        f"{rehearsal}cutover of {first_few(shown_names(cutover), _NAMED)}, led by ",
        User(cutover.plan.commander),
        about,
    )


def _plan(request: Request) -> RichText:
    waits = ", waiting for approval" if request.state is RequestState.APPROVING else ""
    return (f"{subject(request)}, requested by ", User(request.by.user), waits)
