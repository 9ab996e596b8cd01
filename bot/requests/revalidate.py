"""Checks a request again at each press: policy, jobs and replication delay as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.cmdline.answers import Note, Verbatim
from bot.dms.errors import DmsError, NotFound
from bot.dms.model import Job
from bot.policy.access import Verdict
from bot.policy.permissions import ruled_as
from bot.requests import delay
from bot.requests.base import RequestContext
from bot.requests.fingerprint import unlisted, unread
from bot.requests.renamed import OTHER_NAMES, rename_shown
from bot.requests.rules import as_planned, delay_counts
from bot.requests.seen import find_seen, risk_lines, selection_changes
from bot.requests.wording import blocked_note, describe_change, describe_errors, list_jobs
from bot.store.facts import RequestFacts
from bot.store.records import OPEN_REQUESTS, Person, Request, RequestState
from bot.util import parallel

_CHANGES = 5
"""Maximum number of changed jobs named when a request ends."""


class Revalidation:
    """The checks that confirmation and approval share."""

    def __init__(self, context: RequestContext) -> None:
        self._ctx = context

    def reevaluate_policy(self, request: Request) -> Request | Verdict:
        """The request under the present policy, which may ask for more than before; or its refusal."""
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
        """The present policy's verdict on the requester, for each job."""
        verb = ruled_as(request.action, request.options)
        return [self._ctx.access.verdict(request.by, verb, job) for job in request.jobs]

    def job_changes(self, request: Request) -> tuple[str, ...]:
        """How the jobs differ now from what the request was made for, a sentence each.

        Raises:
            DmsError.
        """
        found = parallel.map_concurrently(lambda job: self._job_change(request, job), request.jobs)
        return tuple(filter(None, found))

    def end_as_outdated(self, request: Request, changes: Sequence[str]) -> Note | None:
        """End a request whose jobs have changed. None when its message says so; else how it had ended before.

        Raises:
            StoreError.
        """
        if tuple(changes) == tuple(_gone_text(job) for job in request.jobs):
            self._ctx.change_facts(request, lambda facts: replace(facts, jobs_gone=True))
        more = f" And {len(changes) - _CHANGES} more have changed." if len(changes) > _CHANGES else ""
        why = " ".join(changes[:_CHANGES]) + more
        if self._ctx.end(request, RequestState.OUTDATED, "outdated", None, why) is not None:
            return None
        return self._ctx.ended_note(self._ctx.store.request(request.id))

    def _job_change(self, request: Request, then: Job) -> str:
        try:
            now = self._ctx.dms.get_job(then.name, fresh=True)
            selection = selection_changes(self._ctx.dms, request, now)
        except NotFound:
            return _gone_text(then)
        change = describe_change(as_planned(request, then, now), now, request.options, selection)
        return change or describe_errors(request, then, now)

    def unseen(self, request: Request) -> tuple[str, ...]:
        """What approvers have not seen, a sentence for each job: they may have approved it meanwhile."""
        jobs = dict.fromkeys((*unlisted(request), *unread(request)))
        why = "it touches could not be read when this was confirmed."
        return tuple(f"Which databases of `{job.id}` {why}" for job in jobs)

    def check_names(self, request: Request) -> Note | None:
        """Why a press does not count: the settings call the jobs by other names, which are then shown.

        Raises:
            StoreError.
        """
        found = rename_shown(self._ctx.store, request, self._ctx.access.policy.projects)
        if found is not None:
            self._ctx.wake()
        return found

    def check_seen(self, request: Request) -> Note | None:
        """Why a press does not count: what the request touches had not been read. It is then read and shown.

        Raises:
            StoreError.
        """
        jobs = tuple(dict.fromkeys((*unlisted(request), *unread(request))))
        if not jobs:
            return None
        names = list_jobs([job.name for job in jobs])
        try:
            self._read_unseen(request)
        except DmsError as error:
            return Note(
                (
                    f"Nothing was done: the databases of {names} that this affects cannot be read now. ",
                    Verbatim(str(error)),
                    " Press again once that works.",
                ),
                tone="warn",
            )
        return Note(
            f"This press did not count: the databases of {names} that this affects could not be read "
            "when it was requested. They are shown now: press again to continue anyway.",
            tone="warn",
        )

    def _read_unseen(self, request: Request) -> None:
        """Read the databases and selections that nobody has seen, and have the messages show them.

        Raises:
            DmsError, StoreError.
        """
        dms, action = self._ctx.dms, request.action
        jobs = unlisted(request)
        listed = parallel.map_concurrently(lambda job: dms.databases(job.name), jobs)
        selections = parallel.map_concurrently(lambda job: dms.objects_config(job.name), unread(request))
        read = {job.name: each.snapshot() for job, each in zip(unread(request), selections, strict=True)}
        by_job = {job.name: each for job, each in zip(jobs, listed, strict=True)}
        seen = find_seen(action, request.options, jobs, by_job)
        with self._ctx.store.transaction():
            current = self._ctx.store.request(request.id) or request
            facts = replace(
                current.facts,
                selections={**current.facts.selections, **read},
                none_affected=(*current.facts.none_affected, *seen.none_affected),
                read_late=True,
                at_risk={**current.facts.at_risk, **seen.risk_names},
                faulty={**current.facts.faulty, **seen.faulty},
            )
            self._ctx.store.move_request(
                request.id,
                OPEN_REQUESTS,
                current.state,
                databases={**current.databases, **seen.affected},
                warning=tuple(
                    dict.fromkeys((*risk_lines(action, request.jobs, seen.at_risk), *current.warning))
                ),
                facts=facts,
            )
        self._ctx.update_messages(request.id)

    def check_delay(self, request: Request) -> Note | None:
        """Why a promote does not go on yet: its delay was out of date, and is not zero now, or more changes
        than were shown are missing.

        The new figure is stored and shown, so that whoever presses again has seen it.
        """
        if not delay_counts(request):
            return None
        if not delay.is_stale(request.facts.delays, request.jobs, self._ctx.clock()):
            return None
        delays = self._ctx.measure_delays(request.action, request.options, request.jobs, request.databases)
        self._ctx.save_delays(request, delays)
        return delay.changed_note(delay.data_loss_reason(delays, request.facts.delays))

    def reread(self, judged: Request, state: RequestState) -> Request | Note:
        """The request as stored now, when a press that was checked on `judged` still counts, else what to
        answer. Call it inside the transaction of that press, where the result stays true.

        Raises:
            StoreError.
        """
        current = self._ctx.store.request(judged.id)
        if current is None or current.state is not state:
            return self._ctx.ended_note(current)
        if current.expires <= self._ctx.clock():
            return self._ctx.ended_note(replace(current, state=RequestState.EXPIRED))
        if current.facts.display_names != judged.facts.display_names:
            return OTHER_NAMES
        return delay.changed_since(judged.facts.delays, current.facts.delays) or current

    def recheck(self, who: Person, request_id: str) -> Note | None:
        """Measure the replication delay of a promote again. Returns None on success, else what to answer.

        Raises:
            StoreError.
        """
        request = self._ctx.open(who, request_id, *OPEN_REQUESTS)
        if isinstance(request, Note):
            return request
        refused = self._may_not_recheck(who, request)
        if refused is not None:
            return refused
        self._measure(request)
        return None

    def measure_again(self, request_id: str) -> Note | None:
        """Measure the delay of a promote for somebody who is about to approve it. None on success.

        Raises:
            StoreError.
        """
        request = self._ctx.store.request(request_id)
        if request is None or request.state not in OPEN_REQUESTS:
            return self._ctx.ended_note(request)
        if delay_counts(request):
            self._measure(request)
        return None

    def _measure(self, request: Request) -> None:
        delays = self._ctx.measure_delays(request.action, request.options, request.jobs, request.databases)
        self._ctx.save_delays(request, delays)

    def _may_not_recheck(self, who: Person, request: Request) -> Note | None:
        """A new figure changes what others are asked to confirm: those who may promote or approve look."""
        if who.user == request.by.user or self._ctx.access.may_approve(who, request).allowed:
            return None
        verb = ruled_as(request.action, request.options)
        verdicts = [self._ctx.access.verdict(who, verb, job) for job in request.jobs]
        refused = next((each for each in verdicts if not each.allowed), None)
        return None if refused is None else Note(refused.explanation, tone="warn")

    def blocked_note(self, request: Request) -> Note | None:
        """Why the request, which stays open, cannot run now; None where it can.

        Raises:
            StoreError.
        """
        stop = self._ctx.blocker(request)
        if stop is None:
            return None
        outlasts = stop.until is not None and stop.until >= request.expires
        again = f"it has to be {'planned' if request.facts.cutover else 'requested'}"
        return blocked_note(stop.reason, stop.buttons, outlasted=again if outlasts else "")

    def move(self, request: Request, current: Request, to: RequestState) -> Request:
        """Move an open request to the next state, with what its confirmation or the policy has changed.

        `current` is the request as read from the store in the same transaction.

        Raises:
            StoreError.
        """
        facts = _decided(request.facts, current.facts)
        if to is RequestState.SCHEDULED and facts.when_drained and facts.due is None:
            facts = replace(facts, due=self._ctx.clock())  # samples count from now on
        moved = self._ctx.store.move_request(
            request.id,
            OPEN_REQUESTS,
            to,
            expires=self._ctx.last_start(request) if to is RequestState.SCHEDULED else request.expires,
            options=request.options,
            typed=request.typed,
            warning=request.warning,
            needed=request.needed,
            rule=request.rule,
            self_approval=request.self_approval,
            facts=facts,
        )
        assert moved is not None
        return moved


def _decided(judged: RequestFacts, current: RequestFacts) -> RequestFacts:
    """The stored facts, updated with those that a confirmation or approval sets."""
    return replace(
        current,
        approval_channel=judged.approval_channel,
        void_approvers=judged.void_approvers,
        approval_ttl_s=judged.approval_ttl_s,
        effect=judged.effect,
        reason=judged.reason,
    )


def _gone_text(job: Job) -> str:
    return f"`{job.id}` no longer exists."
