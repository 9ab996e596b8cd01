"""Judges a request anew at each press: by the policy, the jobs and the delay as they are now."""

from __future__ import annotations

from dataclasses import replace

from bot.cmdline.answers import Note
from bot.dms.errors import NotFound
from bot.dms.model import Job
from bot.dms.rules import Action
from bot.policy.access import Verdict
from bot.requests import delay
from bot.requests.base import EFFECT, WAITS, Book
from bot.requests.delay import DELAY
from bot.requests.wording import changed, late, not_now
from bot.store.records import OPEN_REQUESTS, Person, Request, RequestState
from bot.util import parallel

_DECIDED = ("approval_channel", "void", WAITS, EFFECT)
"""Facts that a decision brings; all others are as the store has them."""
_CHANGES = 5
"""Changed jobs that are named when a request ends for them."""
GONE = "gone"
"""The fact of a request that ended because none of its jobs is there any more."""


class Judging(Book):
    """What a confirmation and an approval have in common."""

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

    def _outdated(self, request: Request) -> bool:
        """Whether a job is no longer as it was; the request then ends, and its message says so."""
        jobs = parallel.each(self._present, request.jobs)
        pairs = zip(request.jobs, jobs, strict=True)
        changes = [change for change in (_change(then, now) for then, now in pairs) if change]
        if not changes:
            return False
        if not any(jobs):
            self._add_facts(request, {GONE: True})
        more = f" And {len(changes) - _CHANGES} more have changed." if len(changes) > _CHANGES else ""
        self._end(request, RequestState.OUTDATED, "outdated", None, " ".join(changes[:_CHANGES]) + more)
        return True

    def _present(self, then: Job) -> Job | None:
        """The job as it is now; None when it is gone."""
        try:
            return self._dms.get_job(then.name)
        except NotFound:
            return None

    def _behind(self, request: Request) -> Note | None:
        """Why a promote is not let through yet: its delay was measured long ago, and is not zero now.

        The figure is read anew, so whoever presses again has seen the present one.
        """
        if request.action is not Action.PROMOTE:
            return None
        if not delay.is_old(request.facts, request.jobs, self._clock()):
            return None
        facts = self._delays(request.action, request.jobs, request.databases)
        self._add_facts(request, facts)
        return late(delay.trouble(facts))

    def _looked_meanwhile(self, judged: Request) -> Note | None:
        """Why a press does not count: somebody has looked at the delay since it was judged, and it is not
        zero. In the transaction of that press, None stays true till its end."""
        current = self._store.request(judged.id)
        if current is None or DELAY not in current.facts:
            return None
        if current.facts[DELAY] == judged.facts.get(DELAY):
            return None
        return late(delay.trouble(current.facts))

    def recheck(self, who: Person, request_id: str) -> Note | None:
        """Look at the replication delay again, for the message of a promote.

        Raises:
            StoreError.
        """
        request = self._open(who, request_id, *OPEN_REQUESTS)
        if isinstance(request, Note):
            return request
        self._add_facts(request, self._delays(request.action, request.jobs, request.databases))
        return None

    def _not_now(self, request: Request) -> Note | None:
        stop = self._in_the_way(request)
        return not_now(stop.said, stop.buttons) if stop is not None else None

    def _too_late(self, request_id: str, state: RequestState) -> Note | None:
        """Why the request is not to be decided any more. In a transaction, None stays true till its end."""
        current = self._store.request(request_id)
        if current is None or current.state is not state:
            return self._ended(current)
        if current.expires <= self._clock():
            return self._ended(replace(current, state=RequestState.EXPIRED))
        return None

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


def _change(then: Job, now: Job | None) -> str:
    return f"`{then.id}` no longer exists." if now is None else changed(then, now)
