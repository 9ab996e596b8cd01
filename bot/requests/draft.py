"""Drafts requests: what they affect, what will be lost, how long they live."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.dms.errors import DmsError
from bot.dms.model import Database, Job, ObjectPhase, Options, State
from bot.dms.rules import DESTRUCTIVE, HARMLESS, Action, affected, at_risk
from bot.policy.access import Verdict
from bot.requests.action import Confirmation
from bot.requests.base import RequestContext
from bot.requests.job_names import ambiguous_names
from bot.store.facts import RequestFacts
from bot.store.records import Person, Request, RequestState
from bot.util import parallel
from bot.util.text import first_few


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


_NAMED = 20
"""Maximum number of databases named in a line of a warning."""


class Drafter:
    """Turns drafts into requests."""

    def __init__(self, context: RequestContext) -> None:
        self._ctx = context

    def draft(self, who: Person, draft: RequestDraft, verdicts: Sequence[Verdict]) -> Request:
        strictest = max(verdicts, key=lambda verdict: verdict.approvals)
        danger = max(
            (self._ctx.actions[draft.action].confirmation(job, draft.options) for job in draft.jobs),
            key=list(Confirmation).index,
        )
        asks = danger is not Confirmation.NONE or strictest.approvals > 0 or self.needs_confirmation(draft)
        listed = self._listed(draft) if asks else {}
        databases = {name: affected(draft.action, draft.options, each) for name, each in listed.items()}
        risks = {
            name: at_risk(draft.action, draft.options, each)
            for name, each in listed.items()
            if draft.action in DESTRUCTIVE
        }
        state = _first_state(asks, draft.confirmed, strictest.approvals)
        now = self._ctx.clock()
        return Request(
            id=secrets.token_urlsafe(12),
            action=draft.action,
            options=draft.options,
            jobs=draft.jobs,
            databases=databases,
            by=who,
            state=state,
            created=now,
            expires=now + self._ctx.lifetime(state, verdicts),
            needed=strictest.approvals,
            rule=strictest.rule,
            parent=draft.parent,
            warning=(*_risk_lines(draft, risks), *self.warning(draft, databases)),
            typed=danger is Confirmation.TYPE_TO_CONFIRM,
            self_approval=all(verdict.self_approval for verdict in verdicts),
            facts=self._facts(draft, strictest.channel, databases, risks),
        )

    def needs_confirmation(self, draft: RequestDraft) -> bool:
        """Whether the jobs have to be shown first. Read-only actions need that only if the jobs exceed the
        parallelism limit: the rest would be locked while they wait for their turn."""
        unasked = self._ctx.parallel if draft.action in HARMLESS else 1
        return draft.ask or len(draft.jobs) > unasked

    def _listed(self, draft: RequestDraft) -> dict[str, tuple[Database, ...]]:
        """The databases of each job by its name. None where they cannot be listed, and for an edit, whose
        verb describes its changes."""
        if draft.action is Action.EDIT:
            return {job.name: () for job in draft.jobs}
        found = parallel.map_concurrently(self._known_databases, draft.jobs)
        return {job.name: databases for job, databases in zip(draft.jobs, found, strict=True)}

    def _known_databases(self, job: Job) -> tuple[Database, ...]:
        try:
            return self._ctx.dms.databases(job.name)
        except DmsError:
            return ()

    def warning(self, draft: RequestDraft, databases: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        action = self._ctx.actions[draft.action]
        lines: dict[str, None] = {}
        for job in draft.jobs:
            lines.update(dict.fromkeys(action.warning(job, draft.options, databases.get(job.name, ()))))
        return tuple(lines | dict.fromkeys(draft.warning))

    def _facts(
        self,
        draft: RequestDraft,
        approval_channel: str,
        databases: Mapping[str, tuple[str, ...]],
        risks: Mapping[str, Sequence[Database]],
    ) -> RequestFacts:
        return replace(
            draft.facts,
            delays=self._ctx.measure_delays(draft.action, draft.jobs, databases),
            at_risk={name: tuple(str(each.id) for each in found) for name, found in risks.items() if found},
            approval_channel=approval_channel,
            effect=self.effect(draft),
            display_names=ambiguous_names(draft.jobs, self._ctx.store.known_names()),
        )

    def effect(self, draft: RequestDraft) -> str:
        effect = self._ctx.actions[draft.action].effect
        return "\n".join(dict.fromkeys(effect(job, draft.options) for job in draft.jobs))


def _risk_lines(draft: RequestDraft, found: Mapping[str, Sequence[Database]]) -> Iterator[str]:
    for job in draft.jobs:
        databases = found.get(job.name, ())
        if draft.action is Action.PROMOTE and job.state == State.FAILED:
            if databases:
                names = _names(databases)
                yield f"*The data of {names} may be incomplete*: failed with the job (`{job.id}`)."
        elif draft.action is Action.PROMOTE:
            for each in databases:
                where = f"{each.state} in {each.phase or 'no phase'}"
                yield f"*The data of `{each.id}` is incomplete*: it is {where} (`{job.id}`)."
        elif databases and job.state != State.COMPLETED:
            yield from _in_use(job, databases)


def _in_use(job: Job, databases: Sequence[Database]) -> Iterator[str]:
    """Those that have been promoted, and those that are being promoted now."""
    now = [each for each in databases if each.phase == ObjectPhase.PROMOTE_IN_PROGRESS]
    done = [each for each in databases if each not in now]
    if done:
        have = "has" if len(done) == 1 else "have"
        yield (
            f"*{_names(done)} {have} been promoted already* and may be in use "
            f"on the destination (`{job.id}`)."
        )
    if now:
        yield f"*{_names(now)} {'is' if len(now) == 1 else 'are'} being promoted now* (`{job.id}`)."


def _names(databases: Sequence[Database]) -> str:
    return first_few([f"`{each.id}`" for each in databases], _NAMED)


def _first_state(needs_confirmation: bool, confirmed: bool, approvals: int) -> RequestState:
    if needs_confirmation and not confirmed:
        return RequestState.CONFIRMING
    return RequestState.APPROVING if approvals > 0 else RequestState.APPROVED
