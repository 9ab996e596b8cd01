"""Drafts a request: what it touches, what will be lost, how long it lives."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.dms.errors import DmsError
from bot.dms.model import Database, Job, Options, State
from bot.dms.rules import DESTRUCTIVE, HARMLESS, Action, affected, at_risk
from bot.policy.access import Verdict
from bot.requests.action import Danger
from bot.requests.base import EFFECT, RequestContext
from bot.requests.job_names import naming_fact
from bot.requests.queries import AT_RISK
from bot.store.records import Person, Request, RequestState
from bot.util import parallel


@dataclass(frozen=True, slots=True)
class RequestDraft:
    """An action that somebody asks for."""

    action: Action
    jobs: tuple[Job, ...]
    options: Options
    response_url: str = ""
    parent: str = ""
    confirmed: bool = False
    """Whether the person has seen and confirmed what will happen already (a view's preview)."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    warning: tuple[str, ...] = ()
    """What will change, where the verb knows more than its `ActionVerb.warning` can tell."""
    ask: bool = False
    """Whether to ask first also where the action by itself does not (jobs that filters found)."""


_NAMED = 20
"""Databases that are named in a line of a warning."""


class Drafter:
    """Makes requests from what people want."""

    def __init__(self, context: RequestContext) -> None:
        self._ctx = context

    def draft(self, who: Person, wanted: RequestDraft, verdicts: Sequence[Verdict]) -> Request:
        strictest = max(verdicts, key=lambda verdict: verdict.approvals)
        danger = max(
            (self._ctx.actions[wanted.action].danger(job, wanted.options) for job in wanted.jobs),
            key=list(Danger).index,
        )
        asks = danger is not Danger.NONE or strictest.approvals > 0 or self.needs_confirmation(wanted)
        listed = self._listed(wanted) if asks else {}
        databases = {name: affected(wanted.action, wanted.options, each) for name, each in listed.items()}
        risks = {
            name: at_risk(wanted.action, wanted.options, each)
            for name, each in listed.items()
            if wanted.action in DESTRUCTIVE
        }
        state = _first_state(asks, wanted.confirmed, strictest.approvals)
        now = self._ctx.clock()
        return Request(
            id=secrets.token_urlsafe(12),
            action=wanted.action,
            options=wanted.options,
            jobs=wanted.jobs,
            databases=databases,
            by=who,
            state=state,
            created=now,
            expires=now + self._ctx.lifetime(state, verdicts),
            needed=strictest.approvals,
            rule=strictest.rule,
            parent=wanted.parent,
            warning=(*_risk_lines(wanted, risks), *self.warning(wanted, databases)),
            typed=danger is Danger.TYPE,
            self_approval=all(verdict.self_approval for verdict in verdicts),
            facts=self._facts(wanted, strictest.channel, databases) | _risk_fact(risks),
        )

    def needs_confirmation(self, wanted: RequestDraft) -> bool:
        """Whether it must be shown first which jobs it is for. What changes nothing asks only where more
        are named than are worked on at once: the others would be locked while they wait for their turn."""
        unasked = self._ctx.parallel if wanted.action in HARMLESS else 1
        return wanted.ask or len(wanted.jobs) > unasked

    def _listed(self, wanted: RequestDraft) -> dict[str, tuple[Database, ...]]:
        """Each job's databases, by its name; none where they cannot be listed, and for an edit, which says
        by itself what it changes."""
        if wanted.action is Action.EDIT:
            return {job.name: () for job in wanted.jobs}
        found = parallel.each(self._known_databases, wanted.jobs)
        return {job.name: databases for job, databases in zip(wanted.jobs, found, strict=True)}

    def _known_databases(self, job: Job) -> tuple[Database, ...]:
        try:
            return self._ctx.dms.databases(job.name)
        except DmsError:
            return ()

    def warning(self, wanted: RequestDraft, databases: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        action = self._ctx.actions[wanted.action]
        lines: dict[str, None] = {}
        for job in wanted.jobs:
            lines.update(dict.fromkeys(action.warning(job, wanted.options, databases.get(job.name, ()))))
        return tuple(lines | dict.fromkeys(wanted.warning))

    def _facts(
        self, wanted: RequestDraft, approval_channel: str, databases: Mapping[str, tuple[str, ...]]
    ) -> dict[str, Any]:
        """What the request's messages show beside the warning."""
        own = {"approval_channel": approval_channel, EFFECT: self.effect(wanted)}
        names = naming_fact(wanted.jobs, self._ctx.store.known_names())
        delays = self._ctx.measure_delays(wanted.action, wanted.jobs, databases)
        return dict(wanted.facts) | delays | names | own

    def effect(self, wanted: RequestDraft) -> str:
        effect = self._ctx.actions[wanted.action].effect
        return "\n".join(dict.fromkeys(effect(job, wanted.options) for job in wanted.jobs))


def _risk_lines(wanted: RequestDraft, found: Mapping[str, Sequence[Database]]) -> Iterator[str]:
    for job in wanted.jobs:
        some = found.get(job.name, ())
        if wanted.action is Action.PROMOTE and job.state == State.FAILED:
            if some:
                yield f"*The data of {_names(some)} may be incomplete*: failed with the job (`{job.id}`)."
        elif wanted.action is Action.PROMOTE:
            for each in some:
                where = f"{each.state} in {each.phase or 'no phase'}"
                yield f"*The data of `{each.id}` is incomplete*: it is {where} (`{job.id}`)."
        elif some and job.state != State.COMPLETED:
            yield _in_use(job, some)


def _in_use(job: Job, some: Sequence[Database]) -> str:
    has = "has" if len(some) == 1 else "have"
    return f"*{_names(some)} {has} been promoted already* and may be in use on the destination (`{job.id}`)."


def _names(some: Sequence[Database]) -> str:
    names = ", ".join(f"`{each.id}`" for each in some[:_NAMED])
    return f"{names} and {len(some) - _NAMED} more" if len(some) > _NAMED else names


def _risk_fact(found: Mapping[str, Sequence[Database]]) -> dict[str, Any]:
    """Which of them the card names: before the call, those that are more than these stop it."""
    return {AT_RISK: {name: [str(each.id) for each in some] for name, some in found.items() if some}}


def _first_state(asks: bool, confirmed: bool, approvals: int) -> RequestState:
    if asks and not confirmed:
        return RequestState.CONFIRMING
    return RequestState.APPROVING if approvals > 0 else RequestState.APPROVED
