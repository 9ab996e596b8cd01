"""What a direct message may tell the person whom it is for: the policy may keep jobs from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.dms.model import placeholder_job
from bot.policy.access import Access
from bot.runtime.one_by_one import pass_over
from bot.store import Store
from bot.store.records import OutMessage, Person

_NOTIFICATIONS = (
    "timeline",
    "event",
    "alert",
    "digest",
    "mass_failure",
    "mass_list",
    "flapping",
    "settled",
    "failure",
    "freeze",
)
_PERSON = re.compile(r":([UW][A-Z0-9]+)(?::\d+)?$")
"""The target in the key of a notification, followed in a digest by a number."""


class Readership:
    """Judges the notifications for one person by the present policy."""

    def __init__(self, store: Store, access: Access, team: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._access = access
        self._team = team
        self._clock = clock

    def visible_subject(self, out: OutMessage) -> Mapping[str, Any] | None:
        """The subject of a message, without what its reader may not see; None if nothing is left.

        Raises:
            StoreError: the store cannot be read.
            DirectoryUnavailable: Slack does not say now who the reader is.
        """
        reader = Person(self._team, recipient(out))
        if not reader.user:
            return out.subject
        subject = dict(out.subject)
        if "events" in subject and "job" not in subject:
            events = self._store.events_of(subject["events"], pass_over)
            subject["events"] = [each.id for each in events if self._may_see(reader, each.job)]
        if out.kind == "failure":
            subject["jobs"] = [each for each in subject["jobs"] if self._may_see(reader, each)]
        if "event" in subject and not self._may_read(reader, subject["event"]):
            return None
        if "job" in subject and not self._may_see(reader, subject["job"]):
            return None
        return subject

    def may_know(self, out: OutMessage) -> Callable[[str], bool]:
        """Whether the reader of the message may know of the job with a full name."""
        reader = Person(self._team, recipient(out))
        return lambda name: not reader.user or self._may_see(reader, name)

    def _may_read(self, reader: Person, event_id: int) -> bool:
        event = self._store.event(event_id, pass_over)
        return event is not None and self._may_see(reader, event.job)

    def _may_see(self, reader: Person, name: str) -> bool:
        known = self._store.known_job(name, pass_over)
        job = known.job if known is not None else placeholder_job(name, self._clock())
        return self._access.may_be_notified(reader, job, by_name=known is None)


def recipient(out: OutMessage) -> str:
    """ID of the person whom a notification of jobs is for; empty if it is for a channel.

    It is read from the key: once sent, the message has the ID of the direct message as its channel.
    """
    if out.kind not in _NOTIFICATIONS:
        return ""
    found = _PERSON.search(out.key)
    return found[1] if found else ""
