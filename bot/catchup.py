"""What was given up because the app was not in a channel, taken up again once it has been invited there.

Messages are rendered when they are sent, so what comes late tells how things stand by then. What has
passed meanwhile is left out: it would tell people of nothing that they can still do something about.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot.approvals import request_key
from bot.delivery import KEPT_OUT
from bot.dms.model import ObjectState
from bot.store.port import Store
from bot.store.records import OPEN_REQUESTS, Event, KnownJob, OutMessage, RequestState
from bot.transitions import DELAYED

log = structlog.get_logger(__name__)

REACHES_BACK = timedelta(days=1)
_GOES_ON = (*OPEN_REQUESTS, RequestState.APPROVED, RequestState.RUNNING)
_OF_A_STATUS = ("created", "recreated", "changed", "stuck", "error")
"""Kinds of events that tell where the job is."""


def take_up(store: Store, channel: str, now: datetime) -> int:
    """Have what still matters of the last day posted; how many messages that are.

    Raises:
        StoreError.
    """
    taken = 0
    with store.transaction():
        for message in store.given_up(channel, KEPT_OUT, now - REACHES_BACK):
            if _matters(store, message) and store.take_up(message.key):
                taken += 1
                if message.kind == "approval":
                    # Its requester was told that nobody else has heard of it.
                    store.touch(request_key(str(message.subject["request"])))
    if taken:
        log.info("messages_taken_up", channel=channel, messages=taken)
    return taken


def _matters(store: Store, message: OutMessage) -> bool:
    match message.kind:
        case "approval":
            request = store.request(message.subject["request"])
            return request is not None and request.state is RequestState.APPROVING
        case "request":
            request = store.request(message.subject["request"])
            return request is not None and request.state in _GOES_ON
        case "timeline":
            return _is_current(store, message)
        case "alert":
            event = store.event(message.subject["event"])
            return event is not None and _still_holds(store, event)
        case _:
            return False


def _is_current(store: Store, message: OutMessage) -> bool:
    """Whether it is of the run that the job is in: what happens next is told by updating it."""
    known = store.known_job(message.subject["job"])
    created = datetime.fromisoformat(message.subject["create_time"])
    return known is not None and known.job.create_time == created and "end" not in message.subject


def _still_holds(store: Store, event: Event) -> bool:
    known = store.known_job(event.job)
    if known is None or known.job.create_time != event.create_time:
        return event.kind == "deleted"
    if event.kind in _OF_A_STATUS:
        return known.job.status == event.after
    return _warned_of(known, event)


def _warned_of(known: KnownJob, event: Event) -> bool:
    if event.kind == "delayed":
        return DELAYED in known.flags
    states = (state.partition("/")[0] for state in known.databases.values())
    return event.kind == "database_failed" and ObjectState.FAILED in states
