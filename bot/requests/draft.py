"""Drafts requests: what they affect, what will be lost, how long they live."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.dms.delay import MeasuredDelay
from bot.dms.model import ConfigSnapshot, Database, Job, Options
from bot.dms.rules import HARMLESS, Action, caution
from bot.dms.running_errors import any_failed
from bot.policy.access import Verdict
from bot.requests.action import Confirmation
from bot.requests.base import RequestContext
from bot.requests.by_project import is_across_projects, projects_text
from bot.requests.failback import NOT_ALL_READ, failback_warnings
from bot.requests.fingerprint import selection_matters
from bot.requests.in_cutover import UNREADABLE, cutover_warnings, goes_on
from bot.requests.job_names import in_commands
from bot.requests.reasons import missing_reason
from bot.requests.rules import before_due, measures_delay, waits_for_drain
from bot.requests.seen import (
    SeenDatabases,
    find_seen,
    list_databases,
    read_selections,
    risk_lines,
)
from bot.runtime.one_by_one import LeftOut
from bot.store.cutover import Cutover
from bot.store.facts import UNREAD, RequestFacts
from bot.store.records import Person, Request, RequestState


@dataclass(frozen=True, slots=True)
class RequestDraft:
    """An action that somebody asks for, before it is a request."""

    action: Action
    jobs: tuple[Job, ...]
    options: Options
    response_url: str = ""
    parent: str = ""
    confirmed: bool = False
    """Whether the person has confirmed already, in the preview of a view."""
    facts: RequestFacts = field(default_factory=RequestFacts)
    """The facts that only the verb knows: what an edit changes, and from what selection it began."""
    warning: tuple[str, ...] = ()
    """Further warnings, where the verb knows more than `ActionVerb.warning` can."""
    ask: bool = False
    """Whether to ask for confirmation even if the action needs none, as for jobs that a filter found."""
    typed: bool = False
    """Whether the confirmation has to be typed, whatever the action asks for."""
    also: Callable[[Request], None] = lambda _request: None
    """Stores what belongs to the request, in the transaction that stores the request."""

    @property
    def is_promoted_unattended(self) -> bool:
        """Whether it is a promote that is sent only with a low delay, when nobody is there. A cutover has
        people, and back to the source no delay is measured."""
        later = self.facts.due is not None or self.facts.when_drained
        return later and not self.facts.cutover and measures_delay(self.action, self.options)


class Drafter:
    """Turns drafts into requests."""

    def __init__(self, context: RequestContext) -> None:
        self._ctx = context

    def draft(self, who: Person, draft: RequestDraft, verdicts: Sequence[Verdict]) -> Request:
        """The request in its first state; nothing is saved. `verdicts` are those of its jobs.

        Its databases and selections are read for it; those that could not be read are marked as not seen.

        Raises:
            StoreError.
        """
        strictest = max(verdicts, key=lambda verdict: verdict.approvals)
        confirmations = [self._confirmation(draft, job) for job in draft.jobs]
        confirmation = max(confirmations, key=list(Confirmation).index)
        selections = self._selections(draft)
        unseen = selection_matters(draft.action) and UNREAD in selections.values()
        unexplained = bool(missing_reason(verdicts, draft.facts.reason))
        cutovers, unreadable = self._cutovers(draft)
        asks = (
            confirmation is not Confirmation.NONE
            or strictest.approvals > 0
            or unseen
            or self.needs_confirmation(draft)
            or draft.facts.due is not None
            or draft.facts.when_drained
            or unexplained
            or goes_on(draft.jobs, cutovers)
            or bool(unreadable)
        )
        listed = self._listed(draft) if asks else {}
        seen = find_seen(draft.action, draft.options, draft.jobs, listed)
        state = _first_state(asks, draft.confirmed and not unexplained, strictest.approvals)
        now = self._ctx.clock()
        return Request(
            id=secrets.token_urlsafe(12),
            action=draft.action,
            options=draft.options,
            jobs=draft.jobs,
            databases=seen.affected,
            by=who,
            state=state,
            created=now,
            expires=before_due(now + self._ctx.lifetime(state, verdicts), draft.facts),
            needed=strictest.approvals,
            rule=strictest.rule,
            parent=draft.parent,
            warning=(
                *unreadable,
                *cutover_warnings(draft.jobs, cutovers, self._ctx.access.name_of),
                *risk_lines(draft.action, draft.jobs, seen.at_risk),
                *self.warning(draft, seen.affected, listed),
                *(self._failback_warnings(draft) if asks else ()),
            ),
            typed=confirmation is Confirmation.TYPE_TO_CONFIRM or draft.typed,
            self_approval=not draft.facts.cutover and all(each.self_approval for each in verdicts),
            facts=self._facts(draft, strictest.channel, seen, selections),
        )

    def _cutovers(self, draft: RequestDraft) -> tuple[Sequence[Cutover], tuple[str, ...]]:
        """The open cutovers that it may disturb, and a warning of each job of one that cannot be read."""
        if draft.facts.cutover or draft.action in HARMLESS:
            return (), ()
        store, left_out = self._ctx.store, LeftOut()
        found = store.cutovers(skip=left_out)
        taken = {name for id in left_out.keys for name in store.jobs_of_cutover(id)}
        return found, tuple(UNREADABLE.format(job.id) for job in draft.jobs if job.name in taken)

    def _failback_warnings(self, draft: RequestDraft) -> tuple[str, ...]:
        unread = LeftOut()

        def known() -> list[Job]:
            return [each.job for each in self._ctx.store.known_jobs(unread).values()]

        found = failback_warnings(self._ctx.dms, draft.action, draft.jobs, known)
        return (*found, NOT_ALL_READ) if unread.keys else found

    def _confirmation(self, draft: RequestDraft, job: Job) -> Confirmation:
        """What the requester has to do. What no source lists is never sent unasked."""
        confirmation = self._ctx.actions[draft.action].confirmation(job, draft.options)
        if confirmation is Confirmation.NONE and caution(draft.action, job, draft.options):
            return Confirmation.CLICK
        return confirmation

    def needs_confirmation(self, draft: RequestDraft) -> bool:
        """Whether the jobs have to be shown first. Read-only actions need that only if the jobs exceed the
        parallelism limit: the rest would be locked while they wait for their turn. Jobs of several projects
        are never taken together unasked."""
        unasked = self._ctx.parallel if draft.action in HARMLESS else 1
        return draft.ask or len(draft.jobs) > unasked or is_across_projects(draft.jobs)

    def _listed(self, draft: RequestDraft) -> dict[str, tuple[Database, ...]]:
        """The databases of each job by its name, of those where they can be listed. Of an edit, its verb
        describes the changes."""
        if draft.action is Action.EDIT:
            return {}
        return list_databases(self._ctx.dms, draft.jobs)

    def _selections(self, draft: RequestDraft) -> dict[str, ConfigSnapshot]:
        """The selection of each job by its name; an edit of databases has it already."""
        return {} if draft.facts.config is not None else read_selections(self._ctx.dms, draft.jobs)

    def warning(
        self,
        draft: RequestDraft,
        databases: Mapping[str, tuple[str, ...]],
        listed: Mapping[str, tuple[Database, ...]] | None = None,
    ) -> tuple[str, ...]:
        """What to say before it is confirmed.

        `databases` are the names of those that each job's action affects, `listed` all of its databases, as
        far as they are known.
        """
        later = draft.facts.due is not None or waits_for_drain(draft.facts)
        action = self._ctx.actions[draft.action]
        called = self._ctx.ambiguous(draft.jobs)
        lines: dict[str, None] = {}
        for job in draft.jobs:
            unlisted = caution(draft.action, job, draft.options, (listed or {}).get(job.name, ()))
            found = (
                action.warning_later(job, draft.options, draft.facts)
                if action.warning_later is not None and later
                else action.warning(job, draft.options, databases.get(job.name, ()))
            )
            said = (unlisted, *found) if unlisted else found
            lines.update(dict.fromkeys(in_commands(tuple(said), _only(called, job))))
        return tuple(lines | dict.fromkeys(in_commands(draft.warning, called)))

    def _facts(
        self,
        draft: RequestDraft,
        approval_channel: str,
        seen: SeenDatabases,
        selections: Mapping[str, ConfigSnapshot],
    ) -> RequestFacts:
        return replace(
            draft.facts,
            delays=self._delays(draft, seen),
            at_risk=seen.risk_names,
            selections=selections,
            none_affected=seen.none_affected,
            faulty={**self._known_faulty(draft), **seen.faulty},
            # Kept, so that a change of the settings moves neither the request nor its reminder.
            approval_channel=approval_channel or self._ctx.approval_channel,
            effect=self.effect(draft),
            projects=projects_text(draft.jobs, self._ctx.access.policy.projects),
            display_names=self._ctx.ambiguous(draft.jobs),
        )

    def _known_faulty(self, draft: RequestDraft) -> dict[str, bool]:
        """What was last seen to be wrong with the databases of jobs whose databases are not read for it."""
        if draft.action is not Action.EDIT:
            return {}
        faulty = self._ctx.store.faulty_databases([job.name for job in draft.jobs])
        return {name: any_failed(each) for name, each in faulty.items()}

    def _delays(self, draft: RequestDraft, seen: SeenDatabases) -> dict[str, MeasuredDelay]:
        """Empty for a request that waits until nothing is missing: the present delay does not matter then."""
        if waits_for_drain(draft.facts):
            return {}
        return self._ctx.measure_delays(draft.action, draft.options, draft.jobs, seen.affected)

    def effect(self, draft: RequestDraft) -> str:
        effect = self._ctx.actions[draft.action].effect
        called = self._ctx.ambiguous(draft.jobs)
        said = (in_commands(effect(job, draft.options), _only(called, job)) for job in draft.jobs)
        return "\n".join(dict.fromkeys(said))


def _only(called: Mapping[str, str], job: Job) -> dict[str, str]:
    return {job.name: called[job.name]} if job.name in called else {}


def _first_state(needs_confirmation: bool, confirmed: bool, approvals: int) -> RequestState:
    if needs_confirmation and not confirmed:
        return RequestState.CONFIRMING
    return RequestState.APPROVING if approvals > 0 else RequestState.APPROVED
