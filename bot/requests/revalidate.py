"""Judges a request anew at each press: by the policy, the jobs and the delay as they are now."""

from __future__ import annotations

from dataclasses import replace

from bot.cmdline.answers import Note
from bot.dms.errors import NotFound
from bot.dms.model import Job
from bot.dms.rules import Action
from bot.policy.access import Verdict
from bot.requests import delay
from bot.requests.base import RequestContext
from bot.requests.wording import blocked_note, delay_changed_note, describe_change
from bot.store.facts import RequestFacts
from bot.store.records import OPEN_REQUESTS, Person, Request, RequestState
from bot.util import parallel

_CHANGES = 5
"""Changed jobs that are named when a request ends for them."""


class Revalidation:
    """What a confirmation and an approval have in common."""

    def __init__(self, context: RequestContext) -> None:
        self._ctx = context

    def reevaluate_policy(self, request: Request) -> Request | Verdict:
        """The request by the policy as it is now, which may ask for more than it did; or its refusal."""
        verdicts = self.verdicts(request)
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
            facts=replace(request.facts, approval_channel=strictest.channel),
        )

    def verdicts(self, request: Request) -> list[Verdict]:
        """What the policy of now says to the requester, for each job."""
        return [self._ctx.access.verdict(request.by, request.action, job) for job in request.jobs]

    def end_if_outdated(self, request: Request) -> bool:
        """Whether a job is no longer as it was; the request then ends, and its message says so."""
        jobs = parallel.map_concurrently(self._current_job, request.jobs)
        pairs = zip(request.jobs, jobs, strict=True)
        changes = [change for change in (_change(then, now) for then, now in pairs) if change]
        if not changes:
            return False
        if not any(jobs):
            self._ctx.change_facts(request, lambda facts: replace(facts, jobs_gone=True))
        more = f" And {len(changes) - _CHANGES} more have changed." if len(changes) > _CHANGES else ""
        self._ctx.end(request, RequestState.OUTDATED, "outdated", None, " ".join(changes[:_CHANGES]) + more)
        return True

    def _current_job(self, then: Job) -> Job | None:
        """The job as it is now; None when it is gone."""
        try:
            return self._ctx.dms.get_job(then.name)
        except NotFound:
            return None

    def check_delay(self, request: Request) -> Note | None:
        """Why a promote is not let through yet: its delay was measured long ago, and is not zero now.

        The figure is read anew, so whoever presses again has seen the present one.
        """
        if request.action is not Action.PROMOTE:
            return None
        if not delay.is_stale(request.facts.delays, request.jobs, self._ctx.clock()):
            return None
        delays = self._ctx.measure_delays(request.action, request.jobs, request.databases)
        self._ctx.save_delays(request, delays)
        return delay_changed_note(delay.data_loss_reason(delays))

    def reread(self, judged: Request, state: RequestState) -> Request | Note:
        """The request as the store has it, when a press that was judged on `judged` still counts; else what
        to tell. In the transaction of that press, this stays true till its end.

        Raises:
            StoreError.
        """
        current = self._ctx.store.request(judged.id)
        if current is None or current.state is not state:
            return self._ctx.ended_note(current)
        if current.expires <= self._ctx.clock():
            return self._ctx.ended_note(replace(current, state=RequestState.EXPIRED))
        return _delay_changed_since(judged, current) or current

    def recheck(self, who: Person, request_id: str) -> Note | None:
        """Look at the replication delay again, for the message of a promote.

        Raises:
            StoreError.
        """
        request = self._ctx.open(who, request_id, *OPEN_REQUESTS)
        if isinstance(request, Note):
            return request
        delays = self._ctx.measure_delays(request.action, request.jobs, request.databases)
        self._ctx.save_delays(request, delays)
        return None

    def blocked_note(self, request: Request) -> Note | None:
        """Why the request cannot run now, though it stays open; None where it can.

        Raises:
            StoreError.
        """
        stop = self._ctx.blocker(request)
        return blocked_note(stop.reason, stop.buttons) if stop is not None else None

    def move(self, request: Request, current: Request, to: RequestState) -> Request:
        """Move an open request on, with what its confirmation or the policy has changed; `current` is how
        the store has it, as read in the same transaction.

        Raises:
            StoreError.
        """
        moved = self._ctx.store.move_request(
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
            facts=_decided(request.facts, current.facts),
        )
        assert moved is not None
        return moved


def _delay_changed_since(judged: Request, current: Request) -> Note | None:
    """Why a press does not count: the delay was measured again since it was judged, and is not zero."""
    delays = current.facts.delays
    if not delays or delays == judged.facts.delays:
        return None
    return delay_changed_note(delay.data_loss_reason(delays))


def _decided(judged: RequestFacts, current: RequestFacts) -> RequestFacts:
    """The facts of the store, with those that a confirmation or an approval decides."""
    return replace(
        current,
        approval_channel=judged.approval_channel,
        void_approvers=judged.void_approvers,
        approval_ttl_s=judged.approval_ttl_s,
        effect=judged.effect,
    )


def _change(then: Job, now: Job | None) -> str:
    return f"`{then.id}` no longer exists." if now is None else describe_change(then, now)
