"""All webhooks together: what records for them, and what sends to them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from bot.config.settings import Settings
from bot.config.webhooks import ALL
from bot.policy.subscriptions import TOPICS
from bot.store import Store
from bot.util.suggest import nearest
from bot.watch.recipients import SavedEvent
from bot.webhooks.recorder import Recorder
from bot.webhooks.sender import Sender

Task = Callable[[threading.Event], None]


class Webhooks:
    """Records from now on. `tasks` are for the leader; `wake` is set when Slack has to be told something."""

    def __init__(
        self, settings: Settings, store: Store, wake: threading.Event, clock: Callable[[], datetime]
    ) -> None:
        self._recorder = Recorder(store, settings.webhooks, settings.projects)
        self._recorder.attach()
        self._senders = {
            each.name: Sender(each, store, settings.notify_channel, wake, clock) for each in settings.webhooks
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


def unknown_kinds(settings: Settings) -> tuple[str, ...]:
    """A sentence for each word in a webhook's `events` that is no kind of event."""
    return tuple(
        f"events of the webhook {webhook.name!r} names {word!r}, which is no kind of event"
        f"{_suggestion(word)}; docs/notifications.md has them all."
        for webhook in settings.webhooks
        for word in webhook.events
        if word not in TOPICS | {ALL}
    )


def _suggestion(word: str) -> str:
    near = nearest(word, sorted(TOPICS))
    return f" (did you mean {near}?)" if near else ""
