"""All webhooks together: what records for them, and what sends to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from bot.config.settings import Settings
from bot.config.webhooks import ALL, Webhook
from bot.policy.subscriptions import ACTION_FAILED, FREEZE, TOPICS
from bot.store import Store
from bot.util.suggest import nearest
from bot.watch.recipients import SavedEvent
from bot.webhooks.recorder import Recorder
from bot.webhooks.sender import WebhookSender

_WORDS = TOPICS - {ACTION_FAILED, FREEZE} | {ALL}
"""What `events` can name. That an action failed is no event of a job, but a row of the audit."""
Task = Callable[[threading.Event], None]


class Webhooks:
    """Records from now on. `tasks` are for the leader; `wake` is set when there is a message for Slack."""

    def __init__(
        self, settings: Settings, store: Store, wake: threading.Event, clock: Callable[[], datetime]
    ) -> None:
        self._recorder = Recorder(store, settings.webhooks, settings.projects)
        self._recorder.attach()
        self._senders = {
            each.name: WebhookSender(each, store, settings.notify_channel, wake, clock)
            for each in settings.webhooks
        }

    def record_events(self, saved: Sequence[SavedEvent]) -> None:
        """Call it in the transaction that saves the events. Raises: StoreError."""
        self._recorder.record_events(saved)

    def tasks(self) -> dict[str, Task]:
        """One for each webhook, by name."""
        return {f"webhook {name}": sender.run for name, sender in self._senders.items()}

    def interrupt(self) -> None:
        for sender in self._senders.values():
            sender.interrupt()


def unknown_kinds(webhooks: Iterable[Webhook]) -> tuple[str, ...]:
    """A sentence for each word in a webhook's `events` that is no kind of event."""
    return tuple(
        f"events of the webhook {webhook.name!r} names {word!r}, {_why_not(word)}."
        for webhook in webhooks
        for word in webhook.events
        if word not in _WORDS
    )


def _why_not(word: str) -> str:
    if word in (ACTION_FAILED, FREEZE):
        return "which is in the audit alone; set audit = true to get it"
    near = nearest(word, sorted(_WORDS))
    suggestion = f" (did you mean {near}?)" if near else ""
    return f"which is no kind of event{suggestion}; docs/notifications.md has them all"
