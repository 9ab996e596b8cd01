"""What is saved job by job, where saving all at once has failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.config.projects import Place
from bot.config.settings import Settings
from bot.dms.model import Database, Fault, ObjectId, short_name
from bot.policy.subscriptions import Subscriptions
from bot.store import Store
from bot.store.records import JobSnapshot
from bot.watch.announcer import Announcer
from bot.watch.baselines import baseline_key
from bot.watch.change_writer import ChangeWriter
from bot.watch.escalations import Escalations
from bot.watch.poll import DatabasesResult, PollResult
from bot.watch.recipients import SavedEvent
from bot.watch.snapshots import JobSnapshots
from tests.notify.world import LOCATIONS, MINUTE, NOTIFY, NOW, job

PLACE = Place("demo-project", LOCATIONS[0])


def test_what_is_found_of_one_job_is_saved_together(store: Store, settings: Settings) -> None:
    """Its databases may have been read before its place was listed: the list does not undo what they say."""
    known = [job("RUNNING/CDC", id) for id in ("bad", "good")]
    store.save_known([JobSnapshot(each, seen=NOW, changed=NOW) for each in known])
    store.put_value(baseline_key(PLACE), NOW.isoformat())
    snapshots = JobSnapshots(store, fast_s=1.0, slow_s=1.0)
    snapshots.load((PLACE,))

    def fail(saved: Sequence[SavedEvent]) -> None:
        if any(short_name(each.event.job) == "bad" for each in saved):
            raise KeyError("a fault of ours")

    subscriptions = Subscriptions.of(NOTIFY, ())
    escalations = Escalations(store, tuple, settings)
    announcer = Announcer(store, burst=20, settle=MINUTE)
    writer = ChangeWriter(store, settings, snapshots, announcer, lambda: subscriptions, escalations, fail)

    bad, good = known
    found = (replace(bad, state="STOPPED"), replace(good, labels=(("env", "prod"),)))
    databases = (
        Database(f"{good.name}/objects/sales", ObjectId("sales"), "FAILED", error=Fault(9, "disk full")),
    )
    changes = writer.write(
        [
            DatabasesResult(good.name, NOW, databases),
            PollResult(PLACE, NOW, found, (), False, found, ()),
        ]
    )
    saved = store.known_job(good.name)
    assert saved is not None
    assert saved.job.labels == (("env", "prod"),)
    assert saved.databases["sales"].startswith("FAILED")
    assert changes.snapshots[good.name].databases == saved.databases
    assert [each.kind for each in store.events(good.name)] == ["database_failed"]
