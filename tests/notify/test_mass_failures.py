"""What the message of a mass failure tells instead of alerts.

Expected: docs/notifications.md, "What you see".
"""

from __future__ import annotations

from datetime import timedelta

from bot.policy.subscriptions import Subscriptions
from bot.store import Store
from bot.store.records import JobSnapshot
from bot.watch.announcer import Announcer
from bot.watch.recipients import SavedEvent
from bot.watch.transitions import diff
from tests.notify.world import NOTIFY, NOW, job

HOUR = timedelta(hours=1)
FIVE = tuple(f"job-{number}" for number in range(5))


class Channel:
    """A channel that gets all news of five jobs."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, NOW
        self.announcer = Announcer(store)
        self.last = {id: JobSnapshot(job("RUNNING/CDC", id), NOW, NOW) for id in FIVE}

    def sees(self, status: str, *ids: str) -> list[str]:
        """An hour later, jobs come to a status; the kinds of messages that are new for it."""
        self.now += HOUR
        saved = []
        for id in ids:
            found = diff(self.last[id], job(status, id), self.now, stuck_after=HOUR)
            self.last[id] = found.snapshot
            saved += [SavedEvent(self.store.add_event(each), found.snapshot) for each in found.events]
        self.announcer.announce(saved, Subscriptions.of(NOTIFY, ()), self.now)
        posted = []
        while due := self.store.ready_to_send(self.now):  # some wait for others
            for each in due:
                self.store.mark_sent(each.key, each.rev, each.ts or f"{each.id}.0")
            posted += [each.kind for each in due if not each.ts]
        return posted


def test_recoveries_from_a_mass_failure_are_counted_there(store: Store) -> None:
    channel = Channel(store)
    assert channel.sees("FAILED/CDC", *FIVE) == ["mass_failure", "mass_list"]
    assert channel.sees("RUNNING/CDC", *FIVE[:2]) == []


def test_a_recovery_from_a_later_failure_is_an_alert(store: Store) -> None:
    channel = Channel(store)
    channel.sees("FAILED/CDC", *FIVE)
    channel.sees("RUNNING/CDC", *FIVE)
    assert channel.sees("FAILED/CDC", FIVE[0]) == ["alert"]
    assert channel.sees("RUNNING/CDC", FIVE[0]) == ["alert"]
