"""Tells the channels that follow a job that an action on it failed: once for a request, in each channel."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.dms.model import Job, State
from bot.policy.subscriptions import ACTION_FAILED, Subscriptions
from bot.requests.queries import request_key
from bot.runtime.one_by_one import pass_over
from bot.store import Store
from bot.store.records import Event, OutMessage, Request, Run, RunState
from bot.store.table import Skip

FAILED_RUNS = (RunState.FAILED, RunState.REFUSED, RunState.UNCLEAR)
_SETTLE = timedelta(seconds=6)
"""How long the message waits for an alert of the job's own failure, which then tells both."""


_SHOWN = timedelta(days=1)
"""How long the failure is shown on the job's cards."""


def enqueue_failure(
    store: Store, request: Request, runs: Sequence[Run], subscriptions: Subscriptions, now: datetime
) -> None:
    """Tell who follows one of the jobs whose runs did not succeed; called in the transaction that ends the
    request.

    Not its requester, who gets the outcome, and not the channel of the request, where the outcome stands.

    Raises:
        StoreError.
    """
    failed = [run.job for run in runs if run.state in FAILED_RUNS]
    card = store.message(request_key(request.id))
    told = {request.by.user, request.by.channel, card.channel if card is not None else ""}
    alerted = _jobs_by_target(request, failed, subscriptions, now, "changed", State.FAILED)
    for target in sorted(set(_jobs_by_target(request, failed, subscriptions, now, ACTION_FAILED)) - told):
        message = OutMessage(
            key=f"failure:{request.id}:{target}",
            channel=target,
            kind="failure",
            subject={"request": request.id, "jobs": failed, "alerted": alerted.get(target, [])},
            not_before=now + _SETTLE,
            created=now,
        )
        store.enqueue(message)


def _jobs_by_target(
    request: Request,
    names: Sequence[str],
    subscriptions: Subscriptions,
    now: datetime,
    kind: str,
    state: str = "",
) -> dict[str, list[str]]:
    """Who would be told of an event of this kind, and of which of the jobs; `state` is the one that a job
    would come to, by default the one that it has."""
    found: dict[str, list[str]] = {}
    for name in names:
        job = request.job(name)
        after = f"{state}/{job.phase}" if state else job.status
        event = Event(name, job.create_time, now, kind, before=job.status, after=after)
        for each in subscriptions.recipients(event, job):
            found.setdefault(each.target, []).append(name)
    return found


def last_failure(store: Store, job: Job, now: datetime, skip: Skip = pass_over) -> Run | None:
    """The last action on the job, if it did not succeed in the last day; None as well where `skip` takes
    the error of its row.

    Raises:
        StoreError.
    """
    newest = store.runs(job=job.name, limit=1, skip=skip)
    run = newest[0] if newest else None
    if run is None or run.state not in FAILED_RUNS or run.ended is None or now - run.ended > _SHOWN:
        return None
    return run if run.created is None or run.created >= job.create_time else None
