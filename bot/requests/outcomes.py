"""Tells requesters how their requests end, each time by a new message: Slack notifies nobody of an update.

A row of the outbox for each end, written in the transaction that ends the request, so it comes once whatever
crashes. What it says is rendered when it is sent.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

from bot.requests.queries import begun_key, outcome_key, request_key
from bot.store import Store
from bot.store.records import OutMessage, Request

BEGUN_AFTER = timedelta(seconds=5)
"""How long an approved run lasts before its requester gets a message that it has begun. If it ends earlier,
only its outcome is reported."""
_AT_ONCE = timedelta(minutes=1)
"""How soon after the command the request's own message may report its end, if that is yet to be posted."""


def enqueue_outcome(store: Store, request: Request, now: datetime) -> None:
    """Tell the requester how the request has ended; called in the transaction that ends it.

    Not if the request's own message is yet to be posted: as a new message, it tells the outcome itself.

    Raises:
        StoreError.
    """
    card = store.message(request_key(request.id))
    unsent = card is not None and not (card.ts or card.attempts or card.error)
    if unsent and now - request.created < _AT_ONCE:
        return
    key = _free_key(store, request.id)
    if key:
        store.enqueue(_to_requester(store, request, key, "outcome", now))


def enqueue_begun(store: Store, request: Request, now: datetime) -> None:
    """Tell the requester that the approved runs have begun, unless they end within seconds.

    Raises:
        StoreError.
    """
    store.enqueue(
        _to_requester(store, request, begun_key(request.id), "begun", now, not_before=now + BEGUN_AFTER)
    )


def _free_key(store: Store, request_id: str) -> str:
    """The key for this end; empty if an earlier one is still to be told: it is rendered anew, with this one.

    A request can end twice: a call that was unclear turns out to be running.
    """
    for number in count(1):
        key = outcome_key(request_id, number)
        told = store.message(key)
        if told is None:
            return key
        if not (told.ts or told.attempts or told.error):
            store.mark_dirty(key)  # it may have been rendered before this end
            return ""
    raise AssertionError("unreachable")


def _to_requester(
    store: Store, request: Request, key: str, kind: str, now: datetime, not_before: datetime | None = None
) -> OutMessage:
    """In the thread of the request's message, if that is or will be in a channel, else directly.

    `person` says whom the sender reaches directly if the thread turns out to be out of reach.
    """
    card = store.message(request_key(request.id))
    in_thread = card is not None and (card.is_channel_message or not (card.ts or card.error))
    return OutMessage(
        key=key,
        channel=card.channel if card is not None and in_thread else request.by.user,
        kind=kind,
        subject={"request": request.id, "person": request.by.user},
        thread_of=request_key(request.id) if in_thread else "",
        not_before=not_before,
        created=now,
    )
