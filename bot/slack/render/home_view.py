"""The Home tab of one person, from the store's present state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button
from bot.cmdline.invocation import Invocation
from bot.config.projects import Projects
from bot.dms.missing import MissingLocation
from bot.dms.model import Job, State
from bot.policy.access import Access
from bot.requests.freezes import freeze_lines
from bot.requests.job_names import disambiguate
from bot.requests.queries import valid_approvals
from bot.slack.render.home_tab import HomeContent, dashboard, home, needs_attention
from bot.store import Store
from bot.store.records import OPEN_REQUESTS, Person, Request, RequestState

_SHOWN = 8
"""Jobs that need attention and have a button; `list` shows all."""


class HomeView:
    """Reads what a person's Home tab shows; what the policy keeps from them is left out."""

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
        return home(self._content(who, refresh=True))

    def dashboard_of(self, who: Person) -> list[Block]:
        """The same for the launcher, without the button that refreshes the tab.

        Raises:
            StoreError: the store cannot be read.
        """
        return dashboard(self._content(who, refresh=False))

    def _content(self, who: Person, *, refresh: bool) -> HomeContent:
        projects, now = self._access.policy.projects, self._clock()
        known = [each for each in self._store.known_jobs().values() if _is_served(projects, each.job)]
        requests = [
            each
            for each in self._store.requests(OPEN_REQUESTS, limit=1000)
            if each.by.team == who.team and each.expires > now
        ]
        waiting = [each for each in requests if each.state is RequestState.APPROVING]
        jobs = self._access.visible(who, "home", (each.job for each in known))
        seen = {job.name for job in jobs}
        faulty = {each.job.name: each.faulty_databases for each in known if each.faulty_databases}
        return HomeContent(
            jobs=jobs,
            attention=self._attention(who, jobs, faulty),
            may_hide=self._access.policy.is_job_specific("list"),
            freezes=freeze_lines(self._store, self._access.policy, now, seen.__contains__),
            last_polled=max((each.seen for each in known), default=None),
            to_decide=[each for each in waiting if self._may_decide(each, who)],
            own_requests=[each for each in requests if each.by.user == who.user],
            watches=self._store.watches(by=who.user),
            faulty_databases=faulty,
            buttons=(self._refresh(who),) if refresh else (),
            missing=self._missing(),
            projects=projects,
        )

    def _refresh(self, who: Person) -> Button:
        ref = self._store.put_ref(who.team, "invocation", Invocation("help").to_dict())
        return Button("Refresh", "home", "refresh", ref)

    def _attention(
        self, who: Person, jobs: Sequence[Job], faulty: Mapping[str, Sequence[str]]
    ) -> tuple[Button, ...]:
        urgent = [job for job in jobs if needs_attention(job, faulty=job.name in faulty)]
        shown = sorted(urgent, key=lambda job: (job.state != State.FAILED, job.name))[:_SHOWN]
        calls = disambiguate((job.name for job in jobs), self._access.policy.projects)
        refs = self._store.put_refs(
            who.team, "invocation", [Invocation("show", (job.name,)).to_dict() for job in shown]
        )
        pairs = zip(shown, refs, strict=True)
        return tuple(Button(f"Show {calls(job.name)}", "show", "run", ref) for job, ref in pairs)

    def _may_decide(self, request: Request, who: Person) -> bool:
        said = {each.user for each in valid_approvals(request, self._store.decisions(request.id))}
        return who.user not in said and self._access.may_approve(who, request).allowed


def _is_served(projects: Projects, job: Job) -> bool:
    """Not of a project that was taken out of the settings: nobody looks at its jobs any more."""
    return not len(projects) or projects.get(job.project) is not None
