"""A job that flaps: what its message counts, and what has to be posted all the same.

Expected: docs/notifications.md, "What you see". An update of a message notifies nobody.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.policy.access import Access
from bot.policy.subscriptions import Subscriptions
from bot.slack.render.outbox_messages import OutboxRenderer
from bot.store import Store
from bot.store.records import JobSnapshot, OutMessage
from bot.watch.announcer import Announcer
from bot.watch.recipients import SavedEvent
from bot.watch.transitions import Diff, deleted_event, diff
from tests.notify.world import NOTIFY, NOW, job
from tests.policy.people import OPEN
from tests.slack.checks import all_text

SOON = timedelta(seconds=20)
FLAPS = ("FAILED/CDC", "RUNNING/CDC", "FAILED/CDC", "RUNNING/CDC")


class Channel:
    """A channel that gets all news of one job, and a notifier that posts at once."""

    def __init__(self, store: Store) -> None:
        self.store, self.now = store, NOW
        self.announcer = Announcer(store)
        self.renderer = OutboxRenderer(store, Access(policy=OPEN), "T1", lambda: self.now)
        self.last = JobSnapshot(job("RUNNING/CDC"), NOW, NOW)
        self.shown: dict[str, str] = {}
        """The last text of each kind of message."""
        store.save_known([self.last])

    def sees(self, status: str, after: timedelta = SOON) -> list[str]:
        """The job comes to a status; the kinds of messages that are posted for it."""
        self.now += after
        found = diff(self.last, job(status), self.now, stuck_after=timedelta(minutes=30))
        return self.told(found)

    def loses(self) -> list[str]:
        """The job is deleted."""
        self.now += SOON
        gone = deleted_event(self.last, self.now, ())
        assert gone is not None
        return self.told(Diff(self.last, (gone,)), deleted=True)

    def told(self, found: Diff, deleted: bool = False) -> list[str]:
        saved = [SavedEvent(self.store.add_event(each), found.snapshot) for each in found.events]
        self.last = found.snapshot
        if deleted:
            self.store.forget_job(self.last.job.name)
        else:
            self.store.save_known([self.last])
        self.announcer.announce(saved, Subscriptions.of(NOTIFY, ()), self.now)
        return self.posted(self.now)

    def posted(self, now: datetime) -> list[str]:
        self.now, found = now, []
        while due := self.store.ready_to_send(now):  # those of one job wait for each other
            found += [each.kind for each in due if self.send(each) and not each.ts]
        return found

    def send(self, out: OutMessage) -> bool:
        shown = self.renderer.render(out)
        if shown is None and not out.ts:
            self.store.mark_failed(out.key, None, "There is nothing to show any more.")
        else:
            self.store.mark_sent(out.key, out.rev, out.ts or f"{out.id}.0")
            self.shown[out.kind] = all_text(shown.payload()) if shown is not None else ""
        return shown is not None


@pytest.fixture
def channel(store: Store) -> Channel:
    found = Channel(store)
    posts = [found.sees(each) for each in FLAPS]
    assert [kind for each in posts for kind in each if kind != "timeline"] == ["alert", "alert", "flapping"]
    return found


def test_a_job_that_fails_once_it_had_settled_is_posted(channel: Channel) -> None:
    """It was well when it had been quiet for two minutes, so nothing was posted then."""
    assert channel.posted(channel.now + timedelta(seconds=125)) == []
    assert channel.sees("FAILED/CDC") == ["alert"]
    posts = [channel.sees(each) for each in ("RUNNING/CDC", "FAILED/CDC")]
    assert posts == [["alert"], ["flapping"]], "it counts anew"
    messages = channel.store.messages("flapping:", "flapping", NOW)
    told = [event for each in messages for event in each.subject["events"]]
    assert len(told) == len(set(told)), "no event is in two messages"
    assert channel.posted(channel.now + timedelta(seconds=125)) == ["settled"]


def test_a_job_that_recovers_once_it_was_left_failed_is_posted(channel: Channel) -> None:
    channel.sees("FAILED/CDC")
    assert channel.posted(channel.now + timedelta(seconds=125)) == ["settled"]
    assert channel.sees("RUNNING/CDC") == ["alert"]


@pytest.mark.parametrize(
    "status",
    [
        "RUNNING/WAITING_FOR_SOURCE_WRITES_TO_STOP",
        "STOPPED/FULL_DUMP",
        "COMPLETED/CDC",
        "RUNNING/READY_FOR_PROMOTE",
    ],
)
def test_other_news_of_a_job_that_flaps_is_posted(channel: Channel, status: str) -> None:
    assert "alert" in channel.sees(status)


def test_the_deletion_of_a_job_that_flaps_is_posted(channel: Channel) -> None:
    assert channel.loses() == ["alert"]


def test_each_call_to_stop_the_writes_is_posted(channel: Channel) -> None:
    waiting = "RUNNING/WAITING_FOR_SOURCE_WRITES_TO_STOP"
    posts = [channel.sees(each) for each in (waiting, "STOPPED/CDC", waiting, "STOPPED/CDC", waiting)]
    assert ["alert" in each for each in posts[::2]] == [True] * 3


def test_its_flaps_are_counted_and_not_posted(channel: Channel) -> None:
    assert [channel.sees(each) for each in FLAPS] == [[]] * 4


@pytest.mark.parametrize("gone", [False, True])
def test_what_was_posted_says_that_the_job_has_moved_on(channel: Channel, gone: bool) -> None:
    channel.sees("FAILED/CDC")
    channel.posted(channel.now + timedelta(seconds=125))
    assert ["*Failed*" in channel.shown[each] for each in ("flapping", "settled")] == [True, True]
    if gone:
        channel.loses()
    else:
        channel.sees("RESTARTING/CDC", after=timedelta(hours=5))
    now = "*Deleted*" if gone else "*Restarting*"
    for kind in ("flapping", "settled"):
        assert "Now: 🔴 *Failed*" not in channel.shown[kind]
        assert now in channel.shown[kind]
    assert "👉 *Next*" not in channel.shown["settled"]
