"""Rules for confirming requests and following runs. Pure functions; `bot.requests.wording` has the words.

`bot.dms.rules` has the rules of a job's state, `bot.policy` those of people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.dms.model import Job, Options, Phase
from bot.dms.rules import Action
from bot.requests.delay import all_clear
from bot.requests.fingerprint import edits
from bot.requests.job_names import display_name
from bot.store.facts import RequestFacts
from bot.store.records import Request, RequestState, Run, RunState

OVERDUE_AFTER = timedelta(hours=1)
"""The service's operations take minutes: one that takes this long may be abandoned."""


def needs_typed_confirmation(request: Request) -> bool:
    """Whether confirming takes more than a press: `confirmation_phrase` has to be typed.

    A promote needs it unless its delay, which may be measured again meanwhile, is known to be zero, and no
    unsupported changes were counted.
    """
    behind = delay_counts(request) and not all_clear(request.facts.delays, request.jobs)
    return request.typed or behind


def delay_counts(request: Request) -> bool:
    """Whether people decide on the present replication delay. Not if the request waits until nothing is
    missing, whatever the delay was when it was planned."""
    return measures_delay(request.action, request.options) and not waits_for_drain(request.facts)


def waits_for_drain(facts: RequestFacts) -> bool:
    """Whether it is sent only once nothing is missing on the destination."""
    return bool(facts.cutover) or facts.when_drained


def measures_delay(action: Action, options: Options) -> bool:
    """Whether the replication delay counts: for a promote, but none is measured back to the source."""
    return action is Action.PROMOTE and not options.failback


def as_planned(request: Request, then: Job, now: Job) -> Job:
    """The job as it was confirmed, to be compared with `now`. A job of a cutover that was in CDC may have
    become ready for promote meanwhile: that is what its final log is uploaded for.

    Source: "Finalize a migration" (SQL Server), status Ready to promote.
    """
    ready = then.phase == Phase.CDC and now.phase == Phase.READY_FOR_PROMOTE and then.state == now.state
    return replace(then, phase=now.phase) if waits_for_drain(request.facts) and ready else then


def confirmation_phrase(request: Request) -> str:
    """What has to be typed: the name of the job, or for several jobs the action and their number.

    For example `orders`, or `promote 3 jobs`.
    """
    if len(request.jobs) == 1:
        return display_name(request, request.jobs[0].name)
    return f"{request.action} {len(request.jobs)} jobs"


def after_approval(request: Request) -> RequestState:
    """The state of a request that is confirmed and has its approvals."""
    waits = request.facts.due is not None or waits_for_drain(request.facts)
    return RequestState.SCHEDULED if waits else RequestState.APPROVED


def before_due(until: datetime, facts: RequestFacts) -> datetime:
    """The time limit for people to decide: never after the time for which the request is scheduled."""
    return until if facts.due is None else min(until, facts.due)


def has_changed(then: Job, now: Job, own: Options | None = None) -> bool:
    """Whether a job is another one, or differs in anything that people saw when it was confirmed; what the
    request with the options `own` changes itself does not count."""
    return now.create_time != then.create_time or now.status != then.status or bool(edits(then, now, own))


def is_overdue(run: Run, now: datetime) -> bool:
    """Whether the operation of a run has been followed for so long that it may be abandoned."""
    return run.state is RunState.FOLLOWING and run.called is not None and now - run.called >= OVERDUE_AFTER


def not_started(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs that are queued and for which nothing has been sent yet."""
    return tuple(run for run in runs if run.state is RunState.QUEUED and run.called is None)
