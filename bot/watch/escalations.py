"""Begins escalations: who has to acknowledge which alerts, as `[[escalate]]` of the policy says.

Called inside the transaction that saves the events, after their messages were written.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.config.settings import Settings
from bot.dms.error_news import brings_errors
from bot.dms.resource_names import project_of
from bot.policy.model import Escalate
from bot.policy.subscriptions import is_alert, topics
from bot.runtime.one_by_one import pass_over
from bot.store import Store
from bot.store.records import Escalation, Event, OutMessage
from bot.watch.recipients import SavedEvent

KIND = "escalation"
_GATHERED = timedelta(minutes=5)
"""How long further events without a message of their own join an open escalation."""
_SAME_TROUBLE = timedelta(hours=1)
"""How long trouble that comes and goes is the same: what was acknowledged is not asked again."""


class Escalations:
    """Begins escalations. `rules` returns the `[[escalate]]` tables of the policy."""

    def __init__(self, store: Store, rules: Callable[[], Sequence[Escalate]], settings: Settings) -> None:
        self._store = store
        self._rules = rules
        self._settings = settings

    def begin(self, saved: Sequence[SavedEvent], now: datetime) -> bool:
        """Begin what these events call for; whether there are messages. Raises: StoreError."""
        begun = [self._begin(each, now) for each in saved]
        return any(begun)

    def _begin(self, saved: SavedEvent, now: datetime) -> bool:
        event = saved.event
        rule = next((each for each in self._rules() if escalates(each, saved)), None)
        channel = self._channel(rule, event) if rule is not None else ""
        if rule is None or not channel:
            return False
        message = self._shown_in(channel, event, now)
        comes_and_goes = brings_errors(event) or (message is not None and message.kind == "flapping")
        if comes_and_goes and self._goes_on(rule, channel, event, now):
            return False
        joined = self._open(rule, channel, message, now)
        if joined is not None:
            self._store.change_escalation(joined.id, events=(*joined.events, event.id))
            return self._store.mark_dirty(joined.message)
        self._add(rule, channel, message, event, now)
        return True

    def _channel(self, rule: Escalate, event: Event) -> str:
        project = self._settings.projects.get(project_of(event.job))
        own = project.notify_channel if project else ""
        return rule.channel or own or self._settings.notify_channel

    def _goes_on(self, rule: Escalate, channel: str, event: Event, now: datetime) -> bool:
        """Whether people were asked about the same trouble lately; then that goes on."""
        for each in reversed(self._store.escalations_since(channel, now - _SAME_TROUBLE, pass_over)):
            if each.rule == rule.name and self._is_about(each, event):
                if each.ended is not None and not each.acknowledged_by:
                    self._reopen(each, event, now)
                return True
        return False

    def _is_about(self, escalation: Escalation, event: Event) -> bool:
        """Whether it has an event of the same kind and job."""
        found = self._store.events_of(escalation.events, pass_over)
        return any((each.job, each.kind) == (event.job, event.kind) for each in found)

    def _reopen(self, escalation: Escalation, event: Event, now: datetime) -> None:
        next_at = max(now, escalation.next_at) if escalation.next_at is not None else None
        self._store.reopen_escalation(escalation.id, (*escalation.events, event.id), next_at)
        self._store.mark_dirty(escalation.message)

    def _shown_in(self, channel: str, event: Event, now: datetime) -> OutMessage | None:
        """The message that shows the event there; None if the channel is not told of it."""
        alert = self._store.message(f"alert:{event.id}:{channel}")
        if alert is not None:
            return alert
        of_job = f"flapping:{event.job}:{event.create_time.isoformat()}:{channel}:"
        prefixes = {"digest": f"digest:{channel}:", "mass_failure": f"mass:{channel}:", "flapping": of_job}
        for kind, prefix in prefixes.items():
            found = self._store.messages(prefix, kind, now - _SAME_TROUBLE, skip=pass_over)
            for message in reversed(found):
                if event.id in message.subject["events"]:
                    return message
        return None

    def _open(
        self, rule: Escalate, channel: str, message: OutMessage | None, now: datetime
    ) -> Escalation | None:
        """The open one that the event joins: that of its message, or else one without."""
        if message is not None:
            found = self._store.escalation_of(message.key)
            return found if found is not None and found.ended is None else None
        for each in self._store.open_escalations(channel, pass_over):
            own = each.message == message_key(each.id, 0)
            if own and each.rule == rule.name and now - each.started < _GATHERED:
                return each
        return None

    def _add(
        self, rule: Escalate, channel: str, message: OutMessage | None, event: Event, now: datetime
    ) -> None:
        """The message that shows the event mentions the group. If it has been sent, its update would notify
        nobody: then, and where there is none, the mention is a message of its own."""
        id = secrets.token_urlsafe(9)
        own = message_key(id, 0)
        is_sent = message is not None and bool(message.ts or message.attempts)
        escalation = Escalation(
            id=id,
            rule=rule.name,
            channel=channel,
            group=rule.group,
            message=own if message is None else message.key,
            events=(event.id,),
            repeat_s=int(rule.repeat.total_seconds()) if rule.repeat else 0,
            started=now,
            next_at=now + rule.repeat if rule.repeat else None,
            repeats=1 if is_sent else 0,
        )
        self._store.add_escalation(escalation)
        if message is None:
            self._store.enqueue(own_message(escalation, 0, now))
        elif is_sent:
            self._store.enqueue(own_message(escalation, 1, now))
            self._store.mark_dirty(message.key)


def escalates(rule: Escalate, saved: SavedEvent) -> bool:
    """Whether the rule is about this event."""
    named = is_alert(saved.event) and not topics(saved.event).isdisjoint(rule.events)
    return named and rule.scope.matches(saved.snapshot.job)


def message_key(id: str, number: int) -> str:
    """The outbox key of a message of its own; number 0 stands where no other message shows the event."""
    return f"{KIND}:{id}:{number}"


def own_message(escalation: Escalation, number: int, now: datetime) -> OutMessage:
    """A message of its own, in the thread of the first one."""
    key = message_key(escalation.id, number)
    return OutMessage(
        key=key,
        channel=escalation.channel,
        kind=KIND,
        subject={"escalation": escalation.id, "number": number},
        thread_of="" if key == escalation.message else escalation.message,
        created=now,
    )


def mark_messages_dirty(store: Store, escalation: Escalation) -> None:
    """Have all messages that ask for the acknowledgement updated."""
    store.mark_dirty(escalation.message)
    for number in range(1, escalation.repeats + 1):
        store.mark_dirty(message_key(escalation.id, number))
