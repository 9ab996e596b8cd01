"""The book of requests: how they are opened, moved, ended and audited, and what is in their way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.cmdline.answers import Button, Note, Rich
from bot.dms.model import Job
from bot.dms.port import Dms
from bot.dms.rules import HARMLESS, Action
from bot.policy.access import Access, Verdict
from bot.requests import delay
from bot.requests.action import ActionVerb
from bot.requests.buttons import stop_following
from bot.requests.follower import Follower
from bot.requests.message_keys import approval_key, request_key
from bot.requests.runner import Runner
from bot.requests.wording import STANDING, describe, frozen, gone, lasts_long, locked
from bot.store import Store
from bot.store.records import (
    ACTIVE_RUNS,
    OPEN_REQUESTS,
    AuditEntry,
    OutMessage,
    Person,
    Request,
    RequestState,
    Run,
)
from bot.util.redact import redact

WAITS = "waits_s"
"""The fact of how many seconds others have to approve, from the confirmation on."""
EFFECT = "effect"
"""The fact of what goes on once it is sent, as the verb puts it."""


@dataclass(frozen=True, slots=True)
class Stop:
    """What forbids a change of a job for now."""

    said: Rich
    passes: bool = False
    """Whether it ends by itself, and soon."""
    buttons: tuple[Button, ...] = ()
    """What ends it otherwise."""


class Book:
    """What every step of a request stands on."""

    def __init__(
        self,
        dms: Dms,
        store: Store,
        access: Access,
        actions: Mapping[Action, ActionVerb],
        runner: Runner,
        follower: Follower,
        *,
        confirm_expires_s: float,
        approval_expires_s: float,
        approval_channel: str,
        parallel: int,
        clock: Callable[[], datetime],
        wake: Callable[[], None],
    ) -> None:
        self._dms = dms
        self._store = store
        self._access = access
        self._actions = actions
        self._runner = runner
        self._follower = follower
        self._confirm_expires_s = confirm_expires_s
        self._approval_expires_s = approval_expires_s
        self._approval_channel = approval_channel
        self._parallel = parallel
        self._clock = clock
        self._wake = wake

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
        self._touch_beside(request)

    def _touch_beside(self, request: Request) -> None:
        """Have other open requests for the same jobs updated: they say how this one stands."""
        for id in self._store.open_beside(request.id, request.by.team, self._clock()):
            self._store.touch(request_key(id))
            self._store.touch(approval_key(id))

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

    def _add_facts(self, request: Request, facts: Mapping[str, Any]) -> None:
        """Beside those that somebody else may have brought meanwhile."""
        with self._store.transaction():
            current = self._store.request(request.id) or request
            self._store.move_request(
                request.id, OPEN_REQUESTS, current.state, facts=dict(current.facts) | dict(facts)
            )
        self._touch(request.id)

    def _delays(
        self, action: Action, jobs: Sequence[Job], databases: Mapping[str, Sequence[str]]
    ) -> dict[str, Any]:
        """Of these databases alone, by job name: what is not promoted has no say in it."""
        if action is not Action.PROMOTE:
            return {}
        return delay.look(self._dms, self._store, jobs, self._clock, databases)

    def _lifetime(self, state: RequestState, verdicts: Sequence[Verdict]) -> timedelta:
        """How long a request may stay in this state: people need longer to decide than to confirm."""
        if state is not RequestState.APPROVING:
            return timedelta(seconds=self._confirm_expires_s)
        asked = [verdict.expires for verdict in verdicts if verdict.expires is not None]
        return min(asked, default=timedelta(seconds=self._approval_expires_s))

    def _blocked(self, action: Action, job: Job) -> Stop | None:
        freezes = () if action in HARMLESS else self._store.freezes(self._clock(), job.name)
        if freezes:
            return Stop(frozen(job, freezes[0]))
        runs = self._store.runs(job=job.name, states=ACTIVE_RUNS, limit=1)
        return self._locked(job, runs[0]) if runs else None

    def _locked(self, job: Job, run: Run) -> Stop:
        """What has gone on for long can be left here: its own message may be where others cannot see it."""
        now = self._clock()
        long = lasts_long(run, now)
        lever = stop_following(self._store.runs(request=run.request), now) if long else ()
        return Stop(locked(job, run, now), passes=True, buttons=lever)

    def _in_the_way(self, request: Request) -> Stop | None:
        """The freeze or the run that forbids the request now. In a transaction, it stays so till its end."""
        stops = (self._blocked(request.action, job) for job in request.jobs)
        return next((stop for stop in stops if stop is not None), None)

    def _handed_over(self, request: Request) -> None:
        """What follows from the state that a request has just got; inside the same transaction."""
        if request.state is RequestState.APPROVING:
            self._post_approval(request)
        elif request.state is RequestState.APPROVED:
            self._runner.queue(request.id)

    def _go_on(self, request: Request) -> None:
        """After the transaction."""
        if request.state is RequestState.APPROVED:
            self._runner.begin(request.id)
        self._wake()

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
