"""Messages that ask for an acknowledgement, from the store's present state."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from bot.cmdline.answers import Button, Group, RichPart
from bot.cmdline.invocation import Invocation
from bot.dms.resource_names import is_served
from bot.policy.access import Access
from bot.policy.principal import DirectoryUnavailable
from bot.requests.buttons import MakeRef
from bot.requests.job_names import namer
from bot.runtime.one_by_one import pass_over
from bot.slack.render import escalation as words
from bot.slack.render.message import Message
from bot.store import Store
from bot.store.records import Escalation, Event, OutMessage

log = structlog.get_logger(__name__)

SHOWN_IN = frozenset({"alert", "digest", "mass_failure", "flapping"})
"""Kinds of messages that may show an event that is escalated."""


class EscalationMessages:
    """Renders them. `ref` stores an invocation for a button and returns its ID."""

    def __init__(self, store: Store, access: Access, ref: MakeRef) -> None:
        self._store = store
        self._access = access
        self._ref = ref

    def added_to(self, message: Message, out: OutMessage) -> Message:
        """The message with the mention and the button, or with who acknowledged it, if it is escalated.

        Raises:
            DirectoryUnavailable: Slack does not say now which group is meant, and it was not posted yet.
        """
        found = self._store.escalation_of(out.key) if out.kind in SHOWN_IN else None
        if found is None:
            return message
        group, button = self._group(found, out), self._button(found)
        return words.with_request(message, found, group, button, unwatched=self._unwatched(found))

    def own(self, out: OutMessage) -> Message | None:
        """A message of its own; None if nobody has to acknowledge it any more and it was not posted yet.

        Raises:
            DirectoryUnavailable: as above.
        """
        found = self._store.escalation(out.subject["escalation"])
        if found is None or (found.ended is not None and not out.ts):
            return None
        events = self._events(found)
        number, sent = int(out.subject["number"]), out.created or found.started
        calls = namer(self._store.known_names(), self._access.policy.projects)
        group, button = self._group(found, out), self._button(found)
        unwatched = self._unwatched(found)
        return words.own_message(found, number, events, group, button, sent, calls, unwatched=unwatched)

    def _events(self, escalation: Escalation) -> Sequence[Event]:
        return self._store.events_of(escalation.events, pass_over)

    def _unwatched(self, escalation: Escalation) -> str:
        """Why it ended without being known to be over, in a clause; empty if that was not so."""
        if escalation.ended is None or escalation.acknowledged_by:
            return ""
        policy = self._access.policy
        if escalation.rule not in {each.name for each in policy.escalations}:
            return "its table is no longer in my policy"
        served = [is_served(each.job, policy.projects) for each in self._events(escalation)]
        if all(served):
            return ""
        whose = "the location of one of its jobs" if any(served) else "its location"
        return f"{whose} is no longer in my settings"

    def _button(self, escalation: Escalation) -> Button:
        ref = self._ref(Invocation("acknowledge", flags={"escalation": escalation.id}))
        return Button("Acknowledge", "acknowledge", "run", ref, "primary")

    def _group(self, escalation: Escalation, out: OutMessage) -> RichPart:
        """The mention. A group that Slack does not know is written as it is, and notifies nobody."""
        try:
            found = self._access.group_id(escalation.group)
        except DirectoryUnavailable:
            if not out.ts:
                raise  # an update would notify nobody
            return escalation.group
        if not found:
            log.warning("escalation_group_unknown", rule=escalation.rule, group=escalation.group)
        return Group(found) if found else escalation.group
