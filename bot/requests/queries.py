"""Which approvals count, which requests are related, and the keys of a request's messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.dms.rules import Action
from bot.policy.access import Access
from bot.runtime.one_by_one import LeftOut, pass_over
from bot.store import Store
from bot.store.message_keys import timeline_key
from bot.store.records import Decision, Person, Request, Run


def newest_runs(store: Store, request_id: str) -> tuple[Run, ...]:
    """The newest run of each job, in the order in which the jobs were first run: a cutover sends its request
    again for what was not promoted.

    Raises:
        StoreError.
    """
    return tuple({run.job: run for run in store.runs(request=request_id)}.values())


def valid_approvals(request: Request, decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """The approvals that count, without those of people who have lost the right to approve."""
    void = request.facts.void_approvers
    return tuple(each for each in decisions if each.approve and each.user not in void)


def valid_approvers(store: Store, access: Access, request: Request) -> set[str]:
    """Ids of users who have approved `request` and still may, in the channel where they did.

    Raises:
        StoreError.
    """
    given = [each for each in store.decisions(request.id) if each.approve]
    channels = {each.user: each.channel for each in given if each.channel is not None}
    if len(channels) < len(given):
        channels = _audited_channels(store, request) | channels
    people = (Person(request.by.team, each.user, channels.get(each.user, "")) for each in given)
    return {each.user for each in people if access.may_approve(each, request).allowed}


def departed(store: Store, access: Access, request: Request) -> tuple[str, ...]:
    """A sentence for the requester and for each approver who, Slack says, is no full, active member any more.

    What they asked for or approved is not run: their account may have been closed because of it.

    Raises:
        StoreError.
    """
    approvers = [each.user for each in store.decisions(request.id) if each.approve]
    roles = dict.fromkeys(approvers, "approved") | {request.by.user: "requested"}
    return tuple(
        f"The person who {done} this is no longer a full, active member of the {access.home}."
        for user, done in roles.items()
        if access.has_left(user)
    )


def _audited_channels(store: Store, request: Request) -> dict[str, str]:
    """Channel of each approval by user id, from the audit: older versions stored it nowhere else."""
    entries = store.audit(job=request.jobs[0].name, request=request.id)
    return {entry.user: entry.channel for entry in entries if entry.event == "approved"}


_FIRST = 3
"""Number of related requests that a card names. Requests can be large, so no more are read."""


@dataclass(frozen=True, slots=True)
class RelatedRequests:
    """Other open requests that share a job with a request."""

    first: tuple[Request, ...] = ()
    """The newest."""
    more: int = 0
    """Number of further ones, and of those that cannot be read."""


NO_RELATED = RelatedRequests()


def find_related_open(store: Store, request: Request, now: datetime) -> RelatedRequests:
    """Other requests for the same jobs that are open at `now`, newest first.

    Raises:
        StoreError.
    """
    ids = store.open_sharing_jobs(request.id, request.by.team, now)
    unread = LeftOut()
    found = [store.request(id, unread) for id in ids[:_FIRST]]
    more = len(ids[_FIRST:]) + len(unread.keys)
    return RelatedRequests(tuple(each for each in found if each is not None), more)


def mark_messages_dirty(store: Store, request_id: str) -> None:
    """Have the request's message and the message that asks for approvals updated.

    Raises:
        StoreError.
    """
    store.mark_dirty(request_key(request_id))
    store.mark_dirty(approval_key(request_id))


def mark_timelines_dirty(store: Store, job: str, targets: Iterable[str]) -> None:
    """Have the messages that follow the job's present run updated, in each of these channels that has one.

    They show the last action that failed, and a freeze of the job.

    Raises:
        StoreError.
    """
    known = store.known_job(job, pass_over)  # what became of a run is kept all the same
    if known is not None:
        for target in targets:
            store.mark_dirty(timeline_key(job, known.job.create_time, known.run, target))


def locking_run(store: Store, action: Action, job: str) -> Run | None:
    """The active run that keeps `action` from the job. A cancel waits for no run but another cancel.

    Raises:
        StoreError.
    """
    return next(iter(store.locking_runs(job, cancels=action is Action.CANCEL)), None)


def request_key(request_id: str) -> str:
    """Key of a request's message where it was made."""
    return f"request:{request_id}"


def approval_key(request_id: str) -> str:
    """Key of the message that asks for approvals."""
    return f"approval:{request_id}"


def outcome_key(request_id: str, number: int = 1) -> str:
    """Key of the message that tells the requester how the request ended, the `number`th time that it did."""
    return f"outcome:{request_id}" if number == 1 else f"outcome:{request_id}:{number}"


def begun_key(request_id: str) -> str:
    """Key of the message that tells the requester that approved runs have begun."""
    return f"begun:{request_id}"
