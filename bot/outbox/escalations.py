"""Repeats escalations until somebody acknowledges them or they are over: a task of the leader."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.dms.resource_names import is_served
from bot.outbox.requeue import still_holds
from bot.policy.model import Policy
from bot.runtime.one_by_one import one_by_one, pass_over
from bot.slack.render import alerts
from bot.store import Store, UnreadableRow
from bot.store.records import Escalation, Event
from bot.watch.escalations import mark_messages_dirty, message_key, own_message

log = structlog.get_logger(__name__)


class EscalationTask:
    """Repeats what is due, and ends what is over, whose `[[escalate]]` table is no longer in the policy, or
    whose jobs' locations are no longer in the settings: nobody looks at them, so it would never be over."""

    def __init__(self, store: Store, policy: Policy, wake: Callable[[], None]) -> None:
        self._store = store
        self._rules = frozenset(each.name for each in policy.escalations)
        self._projects = policy.projects
        self._wake = wake

    def tick(self, now: datetime) -> None:
        """End what is over, and repeat what is due. An error with one does not stop the others. Call
        it at least once a minute. Raises: StoreError."""

        def one(escalation: Escalation) -> None:
            with self._store.transaction():
                changed = self._tick(escalation.id, now)
            if changed:
                self._wake()

        one_by_one(self._store.open_escalations(skip=pass_over), one, lambda each: f"escalation {each.id}")

    def _tick(self, id: str, now: datetime) -> bool:
        """Reads it again inside the transaction: somebody may have acknowledged it, or another leader
        repeated it."""
        current = self._store.escalation(id)
        if current is None or current.ended is not None:
            return False
        if current.rule not in self._rules or self._is_over(current):
            self._store.change_escalation(id, ended=now)
            mark_messages_dirty(self._store, current)
            log.info("escalation_ended", escalation=id, rule=current.rule)
            return True
        if current.next_at is None or current.next_at > now or self._waits(current):
            return False
        number = current.repeats + 1
        next_at = now + timedelta(seconds=current.repeat_s)
        changed = self._store.change_escalation(id, repeats=number, next_at=next_at)
        if changed is None:
            return False
        log.info("escalation_repeated", escalation=id, rule=current.rule, number=number)
        return self._store.enqueue(own_message(changed, number, now))

    def _waits(self, escalation: Escalation) -> bool:
        """Whether the last message has not been posted yet, as while Slack is away: they do not pile up."""
        last = message_key(escalation.id, escalation.repeats) if escalation.repeats else escalation.message
        message = self._store.message(last)
        return message is not None and not message.ts and not message.error

    def _is_over(self, escalation: Escalation) -> bool:
        return all(map(self._is_settled, escalation.events))

    def _is_settled(self, id: int) -> bool:
        """Whether nobody has to look at the event any more. One that cannot be read, or whose job cannot be,
        is not known to be over."""
        try:
            event = self._store.event(id)
            return event is None or not is_served(event.job, self._projects) or self._has_ended(event)
        except UnreadableRow as error:
            pass_over(error)
            return False

    def _has_ended(self, event: Event) -> bool:
        """Whether what the event reported has ended."""
        if not alerts.may_clear(event):
            return not still_holds(self._store, event)
        known = self._store.known_job(event.job)
        if known is None or known.job.create_time != event.create_time:
            return alerts.is_over(event, None)
        return alerts.is_over(event, known.job, known.listed_databases)
