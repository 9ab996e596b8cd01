"""Sends messages that were given up because the app was not in a channel, once it is invited there.

Messages are rendered when they are sent, so a late one shows the present state. Messages about what is over
are left out: nobody can act on them any more. All open requests are posted, but only the newest alerts and
timelines, so that the channel is not flooded.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import ParamSpec

import structlog

from bot.cutover.answered import ending_of
from bot.dms.error_news import OF_DATABASES
from bot.policy.subscriptions import Subscriptions
from bot.requests.queries import request_key
from bot.requests.unposted import note_invited
from bot.runtime.one_by_one import pass_over
from bot.slack.api.lookups import NOT_GRANTED
from bot.slack.api.messages import NOT_A_MEMBER
from bot.store import Store, UnreadableRow
from bot.store.records import PENDING_REQUESTS, Event, JobSnapshot, OutMessage, RequestState
from bot.watch.transitions import DELAYED

log = structlog.get_logger(__name__)

P = ParamSpec("P")

MAX_AGE = timedelta(days=1)
MAX_NEWS = 20
"""The most alerts and timelines that are posted."""
_REQUEST_KINDS = ("approval", "request")
_CUTOVER_KINDS = ("cutover", "cutover_call", "cutover_report")
"""Without `cutover_news`: an announcement that comes late helps nobody."""
_NEWS_KINDS = ("alert", "timeline")
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_OPEN_STATES = (*PENDING_REQUESTS, RequestState.APPROVED, RequestState.RUNNING)
_STATUS_EVENTS = ("created", "recreated", "changed", "stuck")
"""Kinds of events whose `after` is the job's status."""


def requeue_missed(store: Store, channel: str, now: datetime, subscriptions: Subscriptions) -> int:
    """What a channel has missed; without one, what all have missed in whose workspace the app was not.

    Raises:
        StoreError.
    """
    if channel:
        return requeue_after_invite(store, channel, now, subscriptions)
    return requeue_after_grant(store, now, subscriptions)


def requeue_after_invite(store: Store, channel: str, now: datetime, subscriptions: Subscriptions) -> int:
    """Queue what still matters of the last day, and of cutovers that go on; returns how many messages.

    Raises:
        StoreError.
    """
    since = now - MAX_AGE
    with store.transaction():
        note_invited(store, channel, now)
        waiting = store.dead_letters(channel, NOT_A_MEMBER, since, _REQUEST_KINDS, skip=pass_over)
        news = store.dead_letters(channel, NOT_A_MEMBER, since, _NEWS_KINDS, skip=pass_over)
        still_news = (each for each in reversed(news) if _holds(_is_news, store, each, subscriptions))
        planned = store.dead_letters(channel, NOT_A_MEMBER, _EVER, _CUTOVER_KINDS, skip=pass_over)
        chosen = [
            *(each for each in waiting if _holds(_is_open, store, each)),
            *(each for each in planned if _holds(_is_cutover_current, store, each, since)),
            *islice(still_news, MAX_NEWS),
        ]
        requeued = sum(_requeue(store, each) for each in chosen)
    if requeued:
        log.info("messages_requeued", channel=channel, messages=requeued)
    return requeued


def requeue_after_grant(store: Store, now: datetime, subscriptions: Subscriptions) -> int:
    """The same for all channels of workspaces to which the app was not added before.

    Raises:
        StoreError.
    """
    kinds = (*_REQUEST_KINDS, *_NEWS_KINDS)
    refused = (
        *store.dead_letters("", {NOT_GRANTED}, now - MAX_AGE, kinds, skip=pass_over),
        *store.dead_letters("", {NOT_GRANTED}, _EVER, _CUTOVER_KINDS, skip=pass_over),
    )
    channels = dict.fromkeys(each.channel for each in refused)
    return sum(requeue_after_invite(store, channel, now, subscriptions) for channel in channels)


def _requeue(store: Store, message: OutMessage) -> bool:
    requeued = store.retry_given_up(message.key)
    if requeued and message.kind == "approval":
        # The requester's card said that no approver was notified.
        store.mark_dirty(request_key(str(message.subject["request"])))
    return requeued


def _holds(check: Callable[P, bool], *args: P.args, **kwargs: P.kwargs) -> bool:
    """Also of what cannot be read now: nobody is invited twice, and it is only posted once it can be."""
    try:
        return check(*args, **kwargs)
    except UnreadableRow as error:
        pass_over(error)
        return True


def _is_open(store: Store, message: OutMessage) -> bool:
    request = store.request(message.subject["request"])
    states = (RequestState.APPROVING,) if message.kind == "approval" else _OPEN_STATES
    return request is not None and request.state in states


def _is_cutover_current(store: Store, message: OutMessage, since: datetime) -> bool:
    """Whether a cutover goes on, whenever it was planned, and its call is still awaited; or it stopped writes
    and ended since then: its report is posted below its card."""
    cutover = store.cutover(message.subject["cutover"])
    if cutover is None:
        return False
    if message.kind == "cutover_call":
        return ending_of(store, message.subject) is None
    if cutover.ended is None:
        return True
    return cutover.progress.stopping is not None and cutover.ended >= since


def _is_news(store: Store, message: OutMessage, subscriptions: Subscriptions) -> bool:
    """Whether the message is still true, and the channel still has a subscription for it."""
    alert = message.kind == "alert"
    event = store.event(message.subject["event" if alert else "first"])
    if event is None or not (still_holds(store, event) if alert else _is_current(store, message)):
        return False
    known = store.known_job(event.job)
    job = known.job if known is not None and known.job.create_time == event.create_time else None
    recipients = subscriptions.recipients(event, job)
    return any(each.target == message.channel and (alert or each.follows_job) for each in recipients)


def _is_current(store: Store, message: OutMessage) -> bool:
    """Whether a timeline is of the job's present run, so that it will be updated further."""
    known = store.known_job(message.subject["job"])
    created = datetime.fromisoformat(message.subject["create_time"])
    return known is not None and known.job.create_time == created and "end" not in message.subject


def still_holds(store: Store, event: Event) -> bool:
    """Whether what the event reported is so at present. Raises: StoreError."""
    known = store.known_job(event.job)
    if known is None or known.job.create_time != event.create_time:
        return event.kind == "deleted"
    if event.kind in _STATUS_EVENTS:
        return known.job.status == event.after
    return _still_warned(known, event)


def _still_warned(known: JobSnapshot, event: Event) -> bool:
    if event.kind == "delayed":
        return DELAYED in known.flags
    if event.kind == "error":
        return known.job.error is not None and known.job.status == event.after
    return event.kind in OF_DATABASES and bool(known.faulty_databases)
