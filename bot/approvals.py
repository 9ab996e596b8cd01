"""The life of a request before it runs: asked, confirmed, approved, taken back, expired.

Nothing here changes a job: what has been approved is handed to `bot.runs`, in the transaction that
approves it. Every step is a conditional move in the store, so two people pressing at once, one
pressing twice, and Slack delivering twice come to one step. What may take time (the service, Slack's
groups) is asked before a transaction; what decides in the end is read inside it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot import delayfacts, together
from bot.access import Access, Verdict
from bot.action import ActionVerb, Danger
from bot.answers import Answer, Button, Note, Posted, Rich, User
from bot.dms.errors import DmsError, NotFound
from bot.dms.model import Database, Job, ObjectState, Options, Phase
from bot.dms.port import Dms
from bot.dms.rules import HARMLESS, Action, affected, by_databases, check
from bot.groups import flags_of, mixed
from bot.invocation import Invocation
from bot.jobnames import naming_fact
from bot.redact import redact
from bot.requestwords import (
    STANDING,
    changed,
    describe,
    frozen,
    gone,
    late,
    locked,
    not_now,
    phrase,
    some,
)
from bot.store.port import Store
from bot.store.records import (
    ACTIVE_RUNS,
    OPEN_REQUESTS,
    AuditEntry,
    Decision,
    OutMessage,
    Person,
    Request,
    RequestState,
)

_CHANGES = 5
"""Changed jobs that are named when a request ends for them."""
_WAITS = "waits_s"
"""The fact of how many seconds others have to approve, from the confirmation on."""
_DECIDED = ("approval_channel", "void", _WAITS)
"""Facts that a decision brings; all others are as the store has them."""
REMIND_AT = 0.2
"""A reminder goes out when this share of the time to approve is left."""


class Launcher(Protocol):
    """Takes over what has been approved."""

    def queue(self, request_id: str) -> None:
        """Lock the jobs and queue the runs; part of the transaction that approves."""
        ...

    def begin(self, request_id: str) -> None:
        """Carry out what was queued; after that transaction."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
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


@dataclass(frozen=True, slots=True)
class _Stop:
    """What forbids a change of a job for now."""

    said: Rich
    passes: bool = False
    """Whether it ends by itself, and soon."""


def request_key(request_id: str) -> str:
    """Key of the message that shows a request where it was made."""
    return f"request:{request_id}"


def approval_key(request_id: str) -> str:
    """Key of the message that asks for approvals."""
    return f"approval:{request_id}"


class Approvals:
    """Requests, from asking to being allowed to run."""

    def __init__(
        self,
        dms: Dms,
        store: Store,
        access: Access,
        actions: Mapping[Action, ActionVerb],
        launcher: Launcher,
        *,
        confirm_expires_s: float,
        approval_expires_s: float,
        approval_channel: str,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._dms = dms
        self._store = store
        self._access = access
        self._actions = actions
        self._launcher = launcher
        self._confirm_expires_s = confirm_expires_s
        self._approval_expires_s = approval_expires_s
        self._approval_channel = approval_channel
        self._clock = clock
        self._wake = wake

    # ---- asking

    def ask(self, who: Person, wanted: Wanted) -> Answer:
        """Refuse, ask for what must be said first, or run at once.

        Raises:
            DmsError, StoreError.
        """
        verdicts = [self._access.verdict(who, wanted.action, job) for job in wanted.jobs]
        objection = self._objection(who, wanted, verdicts)
        if objection is not None:
            return objection
        request = self._draft(who, wanted, verdicts)
        stop = self._record(request, wanted.response_url)
        if stop is not None:
            return self._stopped(who, wanted, stop)
        self._go_on(request)
        return Posted(request_key(request.id))

    def again(self, who: Person, request_id: str, response_url: str) -> Answer:
        """Make the same request anew, with the jobs as they are now.

        Raises:
            DmsError, StoreError.
        """
        old = self._store.request(request_id)
        if old is None or old.by.team != who.team:
            return gone()
        return self._ask_with(who, old, [job.name for job in old.jobs], response_url)

    def retry(self, who: Person, request_id: str, failed: Sequence[str], response_url: str) -> Answer:
        """Make a request for the jobs of `request_id` that did not succeed.

        Raises:
            DmsError, StoreError.
        """
        old = self._store.request(request_id)
        if old is None or old.by.team != who.team:
            return gone()
        return self._ask_with(who, old, failed, response_url)

    def _ask_with(self, who: Person, old: Request, names: Sequence[str], response_url: str) -> Answer:
        jobs = self._still_there(names)
        if not jobs:
            return Note(f"{some(names)}: no longer there, so nothing was done.", tone="warn")
        groups = mixed(
            lambda wanted: self._ref(who, wanted), old.action, jobs, old.options, self._store.known_names
        )
        if groups is not None:
            return groups
        if old.action is Action.EDIT and self._edited(old):
            return Note(
                f"The databases of `{jobs[0].id}` were edited meanwhile, so this would undo that: "
                f"`/dms edit {jobs[0].id}` shows how they are now.",
                tone="warn",
            )
        return self.ask(who, _as_before(old, jobs, response_url))

    def _still_there(self, names: Sequence[str]) -> tuple[Job, ...]:
        """Those of several jobs that have not been deleted meanwhile."""

        def look(name: str) -> Job | None:
            try:
                return self._dms.get_job(name)
            except NotFound:
                return None

        return tuple(job for job in together.each(look, names) if job is not None)

    def _ref(self, who: Person, invocation: Invocation) -> str:
        return self._store.put_ref(who.team, "invocation", invocation.data())

    def _edited(self, old: Request) -> bool:
        """Whether the choice of databases that an edit began from has changed since."""
        before = old.facts.get("config")
        return before is not None and self._dms.objects_config(old.jobs[0].name).data() != before

    def _objection(self, who: Person, wanted: Wanted, verdicts: Sequence[Verdict]) -> Note | None:
        for job, verdict in zip(wanted.jobs, verdicts, strict=True):
            if not verdict.allowed:
                return Note(verdict.said, tone="warn")
            stop = self._blocked(wanted.action, job)
            if stop is not None:
                return self._stopped(who, wanted, stop)
            refusal = self._forbidden(wanted, job)
            if refusal is not None:
                return Note(refusal, tone="warn")
        return None

    def _forbidden(self, wanted: Wanted, job: Job) -> Rich | None:
        partial = by_databases(wanted.action, job, wanted.options)
        databases = self._dms.databases(job.name) if partial else ()
        refusal = check(wanted.action, job, wanted.options, databases)
        return None if refusal is None else str(refusal)

    def _blocked(self, action: Action, job: Job) -> _Stop | None:
        freezes = () if action in HARMLESS else self._store.freezes(self._clock(), job.name)
        if freezes:
            return _Stop(frozen(job, freezes[0]))
        runs = self._store.runs(job=job.name, states=ACTIVE_RUNS, limit=1)
        return _Stop(locked(job, runs[0]), passes=True) if runs else None

    def _stopped(self, who: Person, wanted: Wanted, stop: _Stop) -> Note:
        return Note(stop.said, self._once_more(who, wanted) if stop.passes else (), tone="warn")

    def _once_more(self, who: Person, wanted: Wanted) -> tuple[Button, ...]:
        """The same as if it were typed once more; an edit of databases begins with how they are by then."""
        names = tuple(job.name for job in wanted.jobs)
        if wanted.options.objects is not None:
            return (Button("Edit again", "edit", "run", self._ref(who, Invocation("edit", names))),)
        if wanted.ask and len(names) == 1:
            # Typed by its name, what asked first because a filter had found it would run at once.
            return ()
        again = Invocation(wanted.action, names, flags_of(wanted.options))
        return (Button("Ask again", wanted.action, "run", self._ref(who, again)),)

    def _draft(self, who: Person, wanted: Wanted, verdicts: Sequence[Verdict]) -> Request:
        strictest = max(verdicts, key=lambda verdict: verdict.approvals)
        danger = max(
            (self._actions[wanted.action].danger(job, wanted.options) for job in wanted.jobs),
            key=list(Danger).index,
        )
        asks = wanted.ask or danger is not Danger.NONE or strictest.approvals > 0 or len(wanted.jobs) > 1
        databases = self._all_affected(wanted) if asks else {}
        incomplete = self._incomplete(wanted) if asks and wanted.action is Action.PROMOTE else ()
        state = _first_state(asks, wanted.confirmed, strictest.approvals)
        now = self._clock()
        return Request(
            id=secrets.token_urlsafe(12),
            action=wanted.action,
            options=wanted.options,
            jobs=wanted.jobs,
            databases=databases,
            by=who,
            state=state,
            created=now,
            expires=now + self._lifetime(state, verdicts),
            needed=strictest.approvals,
            rule=strictest.rule,
            parent=wanted.parent,
            warning=(*incomplete, *self._warning(wanted, databases)),
            typed=danger is Danger.TYPE,
            self_approval=all(verdict.self_approval for verdict in verdicts),
            facts=self._facts(wanted, strictest.channel),
        )

    def _lifetime(self, state: RequestState, verdicts: Sequence[Verdict]) -> timedelta:
        """How long a request may stay in this state: people need longer to decide than to confirm."""
        if state is not RequestState.APPROVING:
            return timedelta(seconds=self._confirm_expires_s)
        asked = [verdict.expires for verdict in verdicts if verdict.expires is not None]
        return min(asked, default=timedelta(seconds=self._approval_expires_s))

    def _all_affected(self, wanted: Wanted) -> dict[str, tuple[str, ...]]:
        found = together.each(lambda job: self._affected(wanted, job), wanted.jobs)
        return {job.name: databases for job, databases in zip(wanted.jobs, found, strict=True)}

    def _affected(self, wanted: Wanted, job: Job) -> tuple[str, ...]:
        """The destination databases that the action touches; empty when they cannot be listed, and for
        an edit, which says by itself what it changes."""
        if wanted.options.databases:
            return wanted.options.databases
        if wanted.action is Action.EDIT:
            return ()
        try:
            databases = self._dms.databases(job.name)
        except DmsError:
            return ()
        return affected(wanted.options, databases)

    def _incomplete(self, wanted: Wanted) -> tuple[str, ...]:
        """Databases that would be promoted without all of their data, whatever the delay says."""
        found = together.each(lambda job: self._known_databases(job), wanted.jobs)
        lines = []
        for job, databases in zip(wanted.jobs, found, strict=True):
            meant = affected(wanted.options, databases)
            lines += [
                f"*The data of `{each.id}` is incomplete*: it is {each.state} in {each.phase or 'no phase'} "
                f"(`{job.id}`)."
                for each in databases
                if str(each.id) in meant and _is_incomplete(each)
            ]
        return tuple(lines)

    def _known_databases(self, job: Job) -> tuple[Database, ...]:
        try:
            return self._dms.databases(job.name)
        except DmsError:
            return ()

    def _warning(self, wanted: Wanted, databases: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        action = self._actions[wanted.action]
        lines: dict[str, None] = dict.fromkeys(wanted.warning)
        for job in wanted.jobs:
            lines.update(dict.fromkeys(action.warning(job, wanted.options, databases.get(job.name, ()))))
        return tuple(lines)

    def _facts(self, wanted: Wanted, approval_channel: str) -> dict[str, Any]:
        """What the request's messages show beside the warning."""
        effect = self._actions[wanted.action].effect
        effects = dict.fromkeys(effect(job, wanted.options) for job in wanted.jobs)
        own = {"approval_channel": approval_channel, "effect": "\n".join(effects)}
        names = naming_fact(wanted.jobs, self._store.known_names())
        return dict(wanted.facts) | self._delays(wanted.action, wanted.jobs) | names | own

    def _delays(self, action: Action, jobs: Sequence[Job]) -> dict[str, Any]:
        return delayfacts.look(self._dms, jobs, self._clock) if action is Action.PROMOTE else {}

    def _record(self, request: Request, response_url: str) -> _Stop | None:
        """Keep the request; why it cannot be made after all, or None."""
        with self._store.transaction():
            stop = self._in_the_way(request)
            if stop is not None:
                return stop
            self._store.add_request(request)
            for job in request.jobs:
                self._audit(request, "requested", request.by, job)
            self._store.post(
                OutMessage(
                    key=request_key(request.id),
                    channel=request.by.channel,
                    kind="request",
                    subject={"request": request.id},
                    response_url=response_url,
                    created=request.created,
                )
            )
            self._handed_over(request)
        return None

    def _in_the_way(self, request: Request) -> _Stop | None:
        """The freeze or the run that forbids the request now. In a transaction, it stays so till its end."""
        stops = (self._blocked(request.action, job) for job in request.jobs)
        return next((stop for stop in stops if stop is not None), None)

    def _not_now(self, request: Request) -> Note | None:
        stop = self._in_the_way(request)
        return not_now(stop.said) if stop is not None else None

    def _handed_over(self, request: Request) -> None:
        """What follows from the state that a request has just got; inside the same transaction."""
        if request.state is RequestState.APPROVING:
            self._post_approval(request)
        elif request.state is RequestState.APPROVED:
            self._launcher.queue(request.id)

    def _go_on(self, request: Request) -> None:
        """After the transaction."""
        if request.state is RequestState.APPROVED:
            self._launcher.begin(request.id)
        self._wake()

    # ---- confirming

    def may_confirm(self, who: Person, request_id: str) -> Request | Note:
        """The request, when `who` may confirm it now; else what to tell them. Quick: no calls to DMS."""
        request = self._open(who, request_id, RequestState.CONFIRMING)
        if isinstance(request, Note):
            return request
        if request.by.user != who.user:
            return Note(
                (
                    "Only ",
                    User(request.by.user),
                    f", who asked, can confirm this. You can ask yourself: `/dms {request.action} …`.",
                ),
                tone="warn",
            )
        return request

    def with_destination(self, request: Request) -> Request:
        """The delete request as it is when the destination goes too."""
        if request.action is not Action.DELETE:
            return request
        options = replace(request.options, with_destination=True)
        wanted = Wanted(request.action, request.jobs, options)
        return replace(request, options=options, typed=True, warning=self._warning(wanted, request.databases))

    def confirm(
        self, who: Person, request_id: str, *, destination: bool = False, typed: str = ""
    ) -> Note | None:
        """The requester's word. None when it counts: the request's message tells the rest.

        Raises:
            DmsError, StoreError.
        """
        request = self.may_confirm(who, request_id)
        if isinstance(request, Note):
            return request
        if destination:
            request = self.with_destination(request)
        if request.typed and typed.strip() != phrase(request):
            return Note(f"Not confirmed: type `{phrase(request)}` exactly.", tone="warn")
        judged = self._judged(request)
        if isinstance(judged, Verdict):
            return Note(judged.said, tone="warn")
        if self._outdated(request):
            return None
        stop = self._behind(request) if judged.needed == 0 else None
        return stop or self._confirmed(judged, who)

    def _confirmed(self, request: Request, who: Person) -> Note | None:
        to = RequestState.APPROVING if request.needed > 0 else RequestState.APPROVED
        if to is RequestState.APPROVING:
            life = self._lifetime(to, self._verdicts(request))
            request = _waiting(request, self._clock() + life, life)
        with self._store.transaction():
            stop = self._too_late(request.id, RequestState.CONFIRMING)
            if stop is None and to is RequestState.APPROVED:
                stop = self._not_now(request)
            if stop is not None:
                return stop
            moved = self._move(request, to)
            self._note(moved, "confirmed", who)
            self._handed_over(moved)
        self._go_on(moved)
        return None

    def _judged(self, request: Request) -> Request | Verdict:
        """The request by the policy as it is now, which may ask for more than it did; or its refusal."""
        verdicts = self._verdicts(request)
        refused = next((each for each in verdicts if not each.allowed), None)
        if refused is not None:
            return refused
        strictest = max(verdicts, key=lambda verdict: verdict.approvals)
        alone = request.self_approval and all(verdict.self_approval for verdict in verdicts)
        if strictest.approvals <= request.needed:
            return replace(request, self_approval=alone)
        return replace(
            request,
            self_approval=alone,
            needed=strictest.approvals,
            rule=strictest.rule,
            facts=dict(request.facts) | {"approval_channel": strictest.channel},
        )

    def _verdicts(self, request: Request) -> list[Verdict]:
        return [self._access.verdict(request.by, request.action, job) for job in request.jobs]

    def _move(self, request: Request, to: RequestState) -> Request:
        """Move an open request on, with what its confirmation or the policy has changed.

        Inside a transaction in which the request was seen to be open.
        """
        current = self._store.request(request.id) or request
        moved = self._store.move_request(
            request.id,
            OPEN_REQUESTS,
            to,
            expires=request.expires,
            options=request.options,
            typed=request.typed,
            warning=request.warning,
            needed=request.needed,
            rule=request.rule,
            self_approval=request.self_approval,
            facts=dict(current.facts) | {key: request.facts[key] for key in _DECIDED if key in request.facts},
        )
        assert moved is not None
        return moved

    def _too_late(self, request_id: str, state: RequestState) -> Note | None:
        """Why the request is not to be decided any more. In a transaction, None stays true till its end."""
        current = self._store.request(request_id)
        if current is None or current.state is not state:
            return self._ended(current)
        if current.expires <= self._clock():
            return self._ended(replace(current, state=RequestState.EXPIRED))
        return None

    def _post_approval(self, request: Request) -> None:
        self._store.post(
            OutMessage(
                key=approval_key(request.id),
                channel=self._approval_place(request),
                kind="approval",
                subject={"request": request.id},
                created=self._clock(),
            )
        )

    def _approval_place(self, request: Request) -> str:
        """The channel that the policy names, else the setting, else where it was asked."""
        return str(request.facts.get("approval_channel") or self._approval_channel or request.by.channel)

    def _outdated(self, request: Request) -> bool:
        """Whether a job is no longer as it was; the request then ends, and its message says so."""
        changes = [change for change in together.each(self._change, request.jobs) if change]
        if not changes:
            return False
        more = f" And {len(changes) - _CHANGES} more have changed." if len(changes) > _CHANGES else ""
        self._end(request, RequestState.OUTDATED, "outdated", None, " ".join(changes[:_CHANGES]) + more)
        return True

    def _change(self, then: Job) -> str:
        try:
            now = self._dms.get_job(then.name)
        except NotFound:
            return f"`{then.id}` no longer exists."
        return changed(then, now)

    # ---- approving

    def approve(self, who: Person, request_id: str) -> Note | None:
        """Count an approval. None when it counts.

        Raises:
            DmsError, StoreError.
        """
        request = self._decidable(who, request_id)
        if isinstance(request, Note):
            return request
        judged = self._judged(request)
        if isinstance(judged, Verdict):
            return Note((User(request.by.user), " may no longer do this: ", judged.why), tone="warn")
        if self._outdated(request):
            return None
        stop = self._behind(request)
        if stop is not None:
            return stop
        earlier = {each.user for each in self._store.decisions(request.id) if each.approve}
        void = earlier - counting(self._store, self._access, judged)
        return self._approved(replace(judged, facts={**judged.facts, "void": sorted(void)}), who)

    def _approved(self, request: Request, who: Person) -> Note | None:
        with self._store.transaction():
            stop = self._too_late(request.id, RequestState.APPROVING)
            current = self._store.request(request.id)
            if stop is not None or current is None:
                return stop
            decisions = self._store.decisions(request.id)
            given = {each.user for each in approving(request, decisions)}
            if who.user in {each.user for each in approving(current, decisions)}:
                return Note("You have approved this already.", tone="info")
            enough = len(given | {who.user}) >= request.needed
            stop = self._not_now(request) if enough else None
            if stop is not None:
                return stop
            self._store.add_decision(Decision(request.id, who.user, True, "", self._clock()))
            moved = self._move(request, RequestState.APPROVED if enough else RequestState.APPROVING)
            self._note(moved, "approved", who)
            self._handed_over(moved)
        self._go_on(moved)
        return None

    def may_review(self, who: Person, request_id: str) -> Request | Note:
        """The request, when a word of `who` on it would count now; else what to tell them. Quick."""
        request = self._open(who, request_id, *OPEN_REQUESTS)
        if isinstance(request, Note):
            return request
        if request.state is RequestState.CONFIRMING:
            return self.may_confirm(who, request_id)
        return self._decidable(who, request_id)

    def may_decide(self, who: Person, request_id: str) -> Request | Note:
        """The request, when `who` may approve or deny it now; else what to tell them."""
        return self._decidable(who, request_id)

    def _decidable(self, who: Person, request_id: str) -> Request | Note:
        request = self._open(who, request_id, RequestState.APPROVING)
        if isinstance(request, Note):
            return request
        verdict = self._access.may_approve(who, request)
        return request if verdict.allowed else Note(verdict.said, tone="warn")

    def deny(self, who: Person, request_id: str, reason: str) -> Note | None:
        """End the request with a reason. None when it counts.

        Raises:
            StoreError.
        """
        request = self._decidable(who, request_id)
        if isinstance(request, Note):
            return request
        reason = redact(reason)
        with self._store.transaction():
            if self._end(request, RequestState.DENIED, "denied", who, reason) is None:
                return self._ended(self._store.request(request.id))
            # Whoever has approved before may think better of it; the audit tells both.
            self._store.add_decision(Decision(request.id, who.user, False, reason, self._clock()))
        return None

    # ---- taking back

    def cancel(self, who: Person, request_id: str) -> Note | None:
        """Take a request back: its requester, or anybody who could have made it.

        Raises:
            StoreError.
        """
        request = self._open(who, request_id, *OPEN_REQUESTS)
        if isinstance(request, Note):
            return request
        if request.by.user != who.user and not self._could_ask(who, request):
            others = f", or somebody who may {request.action} {_each(request)}, can take this back."
            return Note(("Only ", User(request.by.user), others), tone="warn")
        if self._end(request, RequestState.CANCELLED, "cancelled", who, "") is None:
            return self._ended(self._store.request(request.id))
        return None

    def _could_ask(self, who: Person, request: Request) -> bool:
        return all(self._access.verdict(who, request.action, job).allowed for job in request.jobs)

    def recheck(self, who: Person, request_id: str) -> Note | None:
        """Look at the replication delay again, for the message of a promote.

        Raises:
            StoreError.
        """
        request = self._open(who, request_id, *OPEN_REQUESTS)
        if isinstance(request, Note):
            return request
        self._add_facts(request, self._delays(request.action, request.jobs))
        return None

    def _add_facts(self, request: Request, facts: Mapping[str, Any]) -> None:
        """Beside those that somebody else may have brought meanwhile."""
        with self._store.transaction():
            current = self._store.request(request.id) or request
            self._store.move_request(
                request.id, OPEN_REQUESTS, current.state, facts=dict(current.facts) | dict(facts)
            )
        self._touch(request.id)

    def _behind(self, request: Request) -> Note | None:
        """Why a promote is not let through yet: its delay was read long ago, and is not zero now.

        The figure is read anew, so whoever presses again has seen the present one.
        """
        if request.action is not Action.PROMOTE:
            return None
        if not delayfacts.is_old(request.facts, request.jobs, self._clock()):
            return None
        facts = self._delays(request.action, request.jobs)
        self._add_facts(request, facts)
        return late(delayfacts.trouble(facts))

    # ---- time

    def expire(self) -> None:
        """End what has waited too long, and remind of what soon will have."""
        now = self._clock()
        for request in self._store.requests(OPEN_REQUESTS, limit=1000):
            if request.expires <= now:
                self._end(request, RequestState.EXPIRED, "expired", None, "")
            elif request.state is RequestState.APPROVING and _due(request, now):
                self._remind(request)

    def _remind(self, request: Request) -> None:
        with self._store.transaction():
            if self._store.move_request(request.id, [request.state], request.state, reminded=True) is None:
                return
            self._store.post(
                OutMessage(
                    key=f"reminder:{request.id}",
                    channel=self._approval_place(request),
                    kind="reminder",
                    subject={"request": request.id},
                    thread_of=approval_key(request.id),
                    created=self._clock(),
                )
            )
        self._wake()

    # ---- common

    def _open(self, who: Person, request_id: str, *states: RequestState) -> Request | Note:
        request = self._store.request(request_id)
        if request is None or request.by.team != who.team:
            return gone()
        if request.state not in states:
            return self._ended(request)
        if request.expires <= self._clock():
            self._end(request, RequestState.EXPIRED, "expired", None, "")
            return self._ended(replace(request, state=RequestState.EXPIRED))
        return request

    def _ended(self, request: Request | None) -> Note:
        if request is None:
            return gone()
        return Note(f"Nothing was done: this request is {STANDING[request.state]}.", tone="warn")

    def _end(
        self, request: Request, to: RequestState, event: str, who: Person | None, note: str
    ) -> Request | None:
        now = self._clock()
        with self._store.transaction():
            moved = self._store.move_request(
                request.id,
                OPEN_REQUESTS,
                to,
                ended=now,
                ended_by=who.user if who else "",
                note=note,
            )
            if moved is not None:
                self._note(moved, event, who, note)
        self._wake()
        return moved

    def _note(self, request: Request, event: str, who: Person | None, detail: str = "") -> None:
        """Audit a step for each job, and have the request's messages updated."""
        for job in request.jobs:
            self._audit(request, event, who, job, detail)
        self._store.touch(request_key(request.id))
        self._store.touch(approval_key(request.id))

    def _touch(self, request_id: str) -> None:
        self._store.touch(request_key(request_id))
        self._store.touch(approval_key(request_id))
        self._wake()

    def _audit(self, request: Request, event: str, who: Person | None, job: Job, detail: str = "") -> None:
        self._store.append_audit(
            AuditEntry(
                at=self._clock(),
                event=event,
                user=who.user if who else "",
                team=request.by.team,
                channel=who.channel if who else "",
                action=request.action,
                job=job.name,
                job_create_time=job.create_time.isoformat(),
                job_status=job.status,
                request=request.id,
                detail=redact(detail or describe(request.options)),
            )
        )


def approving(request: Request, decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """The approvals that count: without those whose givers have lost the right to give them."""
    void = request.facts.get("void", ())
    return tuple(each for each in decisions if each.approve and each.user not in void)


def counting(store: Store, access: Access, request: Request) -> set[str]:
    """Who has approved `request` and may do so by the policy as it is now, where they pressed.

    Raises:
        StoreError.
    """
    given = {each.user for each in store.decisions(request.id) if each.approve}
    told = store.audit(job=request.jobs[0].name, request=request.id)
    channels = {entry.user: entry.channel for entry in told if entry.event == "approved"}
    people = (Person(request.by.team, user, channels.get(user, "")) for user in given)
    return {each.user for each in people if access.may_approve(each, request).allowed}


def _as_before(old: Request, jobs: tuple[Job, ...], response_url: str) -> Wanted:
    """The same once more. An edit was worked out by its verb, so what it says and rests on comes along."""
    edit = old.action is Action.EDIT
    kept = ("config", "restart", "changes") if edit else ()
    return Wanted(
        old.action,
        jobs,
        old.options,
        response_url,
        parent=old.id,
        facts={key: old.facts[key] for key in kept if key in old.facts},
        warning=old.warning if edit else (),
    )


def _each(request: Request) -> str:
    return f"`{request.jobs[0].id}`" if len(request.jobs) == 1 else "each of these jobs"


def _is_incomplete(database: Database) -> bool:
    return database.state == ObjectState.FAILED or database.phase == Phase.FULL_DUMP


def _first_state(asks: bool, confirmed: bool, approvals: int) -> RequestState:
    if asks and not confirmed:
        return RequestState.CONFIRMING
    return RequestState.APPROVING if approvals > 0 else RequestState.APPROVED


def _waiting(request: Request, until: datetime, life: timedelta) -> Request:
    """Confirmed: from now on others have their own time to decide."""
    return replace(request, expires=until, facts=dict(request.facts) | {_WAITS: life.total_seconds()})


def _due(request: Request, now: datetime) -> bool:
    """Whether most of the time is over that others have to decide."""
    if request.reminded:
        return False
    waits_s = request.facts.get(_WAITS)
    life = request.expires - request.created if waits_s is None else timedelta(seconds=waits_s)
    return request.expires - now <= life * REMIND_AT
