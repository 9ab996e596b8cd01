"""The watcher against the local DMS: what it sees, and what it writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag

import pytest
from structlog.testing import capture_logs

from bot.config.projects import Place, Projects
from bot.config.settings import Settings
from bot.config.webhooks import Format, Webhook
from bot.dms.gateway import Gateway
from bot.dms.model import short_name
from bot.dms.rules import Action
from bot.policy.access import Access
from bot.slack.render.outbox_messages import OutboxRenderer
from bot.store import Store, StoreError, open_store, records
from bot.store.records import OutMessage, RunState
from bot.store.sqlite import SqliteBackend
from bot.watch import detail_queues
from bot.watch.recipients import SavedEvent
from bot.watch.watcher import Watcher
from bot.webhooks.pagerduty import dedup_key
from bot.webhooks.recorder import Recorder
from sandbox.dms import DmsServer
from tests.notify.world import LOCATIONS, NOTIFY, NOW, run, running
from tests.policy.people import OPEN
from tests.store.raw import Raw
from tests.waiting import until

Watch = Callable[..., Watcher]
DANA = "U0DANA0001"
"""What she hears of is in another channel, that of her direct messages, once it has been sent."""


@pytest.fixture
def watcher(gateway: Gateway, store: Store, settings: Settings) -> Watcher:
    return Watcher(gateway, store, settings)


def again(watcher: Watcher) -> None:
    """One more look at every location, as if each were due."""
    for name in LOCATIONS:
        watcher.nudge(f"projects/demo-project/locations/{name}/migrationJobs/any")
    watcher.tick()


FAR_AHEAD = NOW.replace(year=2099)


def named(id: str, location: str = LOCATIONS[0]) -> str:
    return f"projects/demo-project/locations/{location}/migrationJobs/{id}"


def told(store: Store, id: str, location: str = LOCATIONS[0]) -> list[tuple[str, str, str]]:
    return [(e.kind, e.before, e.after) for e in store.events(named(id, location))]


def outbox(store: Store, at: datetime = FAR_AHEAD) -> list[OutMessage]:
    """All that is waiting, whatever it waits for until then: each is marked as sent to see the next."""
    found: list[OutMessage] = []
    while due := store.ready_to_send(at, 1000):
        found += due
        for message in due:
            store.mark_sent(message.key, message.rev, "1.1", message.channel.replace(DANA, "D0DANA0001"))
    return found


def kinds(store: Store) -> list[str]:
    return [message.kind for message in outbox(store)]


def test_the_first_look_is_silent_and_later_jobs_are_told(
    dms: DmsServer, store: Store, watcher: Watcher
) -> None:
    dms.control.add_many(30, prefix="old")
    watcher.tick()
    assert watcher.jobs == 30
    assert len(store.known_jobs()) == 30
    assert outbox(store) == []
    dms.control.add_job("fresh", state="NOT_STARTED")
    again(watcher)
    assert told(store, "fresh") == [("created", "", "NOT_STARTED")]
    assert kinds(store) == ["timeline"], "it shows its first event, which needs no reply"


def test_an_empty_location_is_known_as_well(dms: DmsServer, store: Store, watcher: Watcher) -> None:
    watcher.tick()
    dms.control.add_job("first", location=LOCATIONS[1], state="NOT_STARTED")
    again(watcher)
    assert told(store, "first", LOCATIONS[1]) == [("created", "", "NOT_STARTED")]


def test_what_must_be_seen_is_one_alert_and_nothing_else(
    dms: DmsServer, store: Store, watcher: Watcher
) -> None:
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True)
    watcher.tick()
    dms.control.set_job("orders", state="FAILED", error={"code": 9, "message": "slot is gone"})
    again(watcher)
    (event,) = store.events(named("orders"))
    assert (event.kind, event.after, event.detail) == ("changed", "FAILED/CDC", "slot is gone")
    (alert,) = outbox(store)
    assert (alert.kind, alert.channel, alert.thread_of) == ("alert", NOTIFY, "")


def test_an_alert_of_a_job_with_a_time_line_updates_that_without_a_reply(
    dms: DmsServer, store: Store, watcher: Watcher
) -> None:
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True)
    watcher.tick()
    for state, found in (("STOPPING", ["timeline"]), ("FAILED", ["timeline", "alert"])):
        dms.control.set_job("orders", state=state)
        again(watcher)
        messages = outbox(store)
        assert [m.kind for m in messages] == found, "one event, one post: the time line is updated"
    event = store.events(named("orders"))[0]
    timeline, alert = messages
    created = event.create_time.isoformat()
    assert timeline.key == f"timeline:{named('orders')}:{created}:1:{NOTIFY}"
    assert timeline.order == alert.order


def test_a_second_change_updates_the_time_line_and_adds_to_its_thread(
    dms: DmsServer, store: Store, watcher: Watcher
) -> None:
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True)
    watcher.tick()
    dms.control.set_job("orders", state="STOPPING")
    again(watcher)
    assert kinds(store) == ["timeline"]
    dms.control.set_job("orders", state="STOPPED")
    again(watcher)
    messages = outbox(store)
    assert [(m.kind, m.rev) for m in messages] == [("timeline", 2), ("event", 1)]


def test_a_restart_begins_a_new_message_and_closes_the_last(
    dms: DmsServer, store: Store, watcher: Watcher
) -> None:
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True)
    watcher.tick()
    for state in ("STOPPING", "FAILED"):
        dms.control.set_job("orders", state=state)
        again(watcher)
        outbox(store)
    dms.control.set_job("orders", state="RESTARTING", phase="FULL_DUMP")
    again(watcher)
    old, alert, new = outbox(store)
    kinds = (old.kind, alert.kind, new.kind)
    assert kinds == ("timeline", "alert", "timeline"), "the alert is updated: it is over"
    assert (old.subject["run"], new.subject["run"]) == (1, 2)
    assert old.subject["end"] == new.subject["first"]


def test_a_change_by_a_run_here_names_its_requester(dms: DmsServer, store: Store, watcher: Watcher) -> None:
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True)
    watcher.tick()
    store.add_run(run(Action.STOP, RunState.FOLLOWING, job=named("orders")))
    dms.control.set_job("orders", state="STOPPING")
    again(watcher)
    assert [e.by for e in store.events(named("orders"))] == ["U1"]


def test_a_deleted_job_is_told_and_forgotten(dms: DmsServer, store: Store, watcher: Watcher) -> None:
    dms.control.add_job("orders", state="STOPPED", phase="CDC")
    watcher.tick()
    dms.control.remove_job("orders")
    again(watcher)
    again(watcher)
    assert told(store, "orders") == [("deleted", "STOPPED/CDC", "")]
    assert store.known_job(named("orders")) is None
    assert kinds(store) == ["alert"]


def test_a_job_made_anew_under_the_same_name(dms: DmsServer, store: Store, watcher: Watcher) -> None:
    dms.control.add_job("orders", state="STOPPED", phase="CDC", created_ago=86400)
    watcher.tick()
    dms.control.remove_job("orders")
    dms.control.add_job("orders", state="NOT_STARTED")
    again(watcher)
    assert [kind for kind, _, _ in told(store, "orders")] == ["deleted", "recreated"]


def test_an_unreachable_location_has_not_lost_its_jobs(
    dms: DmsServer, store: Store, watcher: Watcher
) -> None:
    for location in LOCATIONS:
        dms.control.add_job("orders", location=location, state="RUNNING", phase="CDC", frozen=True)
    watcher.tick()
    dms.control.location_unreachable(LOCATIONS[1])
    dms.control.set_job(f"{LOCATIONS[0]}/orders", state="STOPPED")
    again(watcher)
    assert told(store, "orders", LOCATIONS[0]) == [("changed", "RUNNING/CDC", "STOPPED/CDC")]
    assert told(store, "orders", LOCATIONS[1]) == []
    assert store.known_job(named("orders", LOCATIONS[1])) is not None


def test_changes_while_a_location_was_silent_are_told_when_it_answers(
    dms: DmsServer, gateway: Gateway, store: Store, settings: Settings
) -> None:
    errors: list[tuple[Place, str]] = []
    watcher = Watcher(gateway, store, settings, on_cycle=lambda place, error: errors.append((place, error)))
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True)
    assert not watcher.has_looked
    with running(watcher):
        until(lambda: watcher.has_looked)
        assert watcher.jobs == 1
        dms.control.fault("ListMigrationJobs", "UNAVAILABLE", times=None)
        dms.control.set_job("orders", state="STOPPED")
        until(lambda: any(error for _, error in errors))
        dms.control.clear_faults()
        until(lambda: told(store, "orders"))
    assert told(store, "orders") == [("changed", "RUNNING/CDC", "STOPPED/CDC")]


def test_a_job_that_moves_on_keeps_what_is_known_of_its_databases(
    dms: DmsServer, store: Store, watcher: Watcher
) -> None:
    dms.control.add_job("orders", state="NOT_STARTED", databases=["a", "b"], frozen=True)
    watcher.tick()
    dms.control.set_job("orders", state="RUNNING", phase="FULL_DUMP")
    again(watcher)
    # Its databases are due now: they are seen first, and both looks are written together.
    dms.control.fault("ListMigrationJobs", "SLOW", times=None, delay_seconds=0.3)
    dms.control.set_database("orders", "b", state="FAILED", error={"code": 9, "message": "disk full"})
    dms.control.set_job("orders", phase="CDC")
    with running(watcher):
        until(lambda: len(told(store, "orders")) == 3)
    known = store.known_job(named("orders"))
    assert known is not None
    assert (known.job.status, known.databases["b"][:6]) == ("RUNNING/CDC", "FAILED")


def test_database_failures_of_a_running_dump_are_told(
    dms: DmsServer, store: Store, gateway: Gateway, settings: Settings
) -> None:
    dms.control.add_job("orders", state="NOT_STARTED", databases=["a", "b"], frozen=True)
    watcher = Watcher(gateway, store, settings)
    watcher.tick()
    dms.control.set_job("orders", state="RUNNING", phase="FULL_DUMP")
    dms.control.set_database("orders", "b", state="FAILED", error={"code": 9, "message": "disk full"})
    with running(watcher):
        found = until(lambda: [e for e in store.events(named("orders")) if e.kind == "database_failed"])
    assert [(e.after, e.detail) for e in found] == [("b", "b: disk full")]
    known = store.known_job(named("orders"))
    assert known is not None
    assert known.databases["b"].startswith("FAILED")


def test_databases_that_fail_with_their_job_are_no_alert_of_their_own(
    dms: DmsServer, store: Store, watcher: Watcher
) -> None:
    """They are read before the job is listed again, as in most of the time between two polls."""
    dms.control.add_job("orders", state="NOT_STARTED", databases=["a", "b"], frozen=True)
    watcher.tick()
    dms.control.set_job("orders", state="RUNNING", phase="FULL_DUMP")
    again(watcher)
    outbox(store)
    dms.control.set_database("orders", "b", state="FAILED", error={"code": 9, "message": "disk full"})
    dms.control.set_job("orders", state="FAILED", error={"code": 9, "message": "slot is gone"})
    dms.control.fault("ListMigrationJobs", "UNAVAILABLE", times=None)
    dms.control.clear_calls()
    watcher.tick()
    assert dms.control.calls("GetMigrationJob"), "the databases have been read"
    assert [e.kind for e in store.events(named("orders"))] == ["changed"]
    dms.control.clear_faults()

    def events() -> int:
        watcher.tick()
        return len(store.events(named("orders")))

    until(events, lambda found: found > 1)
    assert [(e.kind, e.after) for e in store.events(named("orders"))][1:] == [("changed", "FAILED/FULL_DUMP")]
    assert kinds(store).count("alert") == 1


def test_databases_are_told_where_their_failed_job_is_not_listed(
    dms: DmsServer, store: Store, gateway: Gateway, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own failure would tell of them, and is not found: they are held back for it only once."""
    monkeypatch.setattr(detail_queues, "_DATABASES_EVERY_S", 0.0)
    watcher = Watcher(gateway, store, settings)
    dms.control.add_job("orders", state="NOT_STARTED", databases=["a", "b"], frozen=True)
    watcher.tick()
    dms.control.set_job("orders", state="RUNNING", phase="FULL_DUMP")
    again(watcher)
    dms.control.set_database("orders", "b", state="FAILED", error={"code": 9, "message": "disk full"})
    dms.control.set_job("orders", state="FAILED", error={"code": 9, "message": "slot is gone"})
    dms.control.fault("ListMigrationJobs", "UNAVAILABLE", times=None)

    def news() -> list[str]:
        watcher.tick()
        return [each.kind for each in store.events(named("orders"))][1:]

    assert until(news) == ["database_failed"]
    assert dms.control.calls("GetMigrationJob"), "it was held back first"
    watcher.close()


def test_a_database_that_failed_while_replication_goes_on_is_found(
    dms: DmsServer, store: Store, gateway: Gateway, settings: Settings
) -> None:
    dms.control.add_job("orders", state="RUNNING", phase="CDC", databases=["a", "b"], frozen=True)
    dms.control.set_database("orders", "b", state="FAILED", error={"code": 9, "message": "disk full"})
    with running(Watcher(gateway, store, settings)):
        until(lambda: store.faulty_databases([named("orders")]))
    (found,) = store.faulty_databases([named("orders")])[named("orders")]
    assert str(found.id) == "b"
    assert told(store, "orders") == [], "what was there before the first look is no news"


def test_a_long_delay_is_told(dms: DmsServer, store: Store, gateway: Gateway, settings: Settings) -> None:
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True, sec_lag=4000, in_phase_for=3600)
    watcher = Watcher(gateway, store, settings)
    with running(watcher):
        found = until(lambda: [e for e in store.events(named("orders")) if e.kind == "delayed"])
    assert [float(e.after) > 900 for e in found] == [True]
    assert datetime.fromisoformat(found[0].before) <= found[0].at, "when it was measured"


def test_a_delay_that_was_long_ten_minutes_ago_is_not_told(
    dms: DmsServer, store: Store, gateway: Gateway, settings: Settings
) -> None:
    for name, age in (("late", 30), ("orders", 600)):
        dms.control.add_job(name, state="RUNNING", phase="CDC", frozen=True, in_phase_for=3600)
        dms.control.set_job(name, sec_points=[[age, 4000]])
    with running(Watcher(gateway, store, settings)):
        until(lambda: len(dms.control.calls("ListTimeSeries")) >= 4)
        until(lambda: [e for e in store.events(named("late")) if e.kind == "delayed"])
    assert [e for e in store.events(named("orders")) if e.kind == "delayed"] == []


def test_without_monitoring_everything_else_goes_on(
    dms: DmsServer, store: Store, gateway: Gateway, settings: Settings
) -> None:
    dms.control.monitoring(False)
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True)
    watcher = Watcher(gateway, store, settings)
    with running(watcher):
        until(lambda: dms.control.calls("ListTimeSeries"))
        dms.control.set_job("orders", state="STOPPED")
        until(lambda: told(store, "orders"))


def test_a_changing_state_that_lasts_is_stuck(
    dms: DmsServer, store: Store, gateway: Gateway, settings: Settings
) -> None:
    dms.control.add_job("orders", state="STOPPING", phase="CDC", frozen=True)
    watcher = Watcher(gateway, store, replace(settings, stuck_after_s=0.0))
    watcher.tick()
    again(watcher)
    again(watcher)
    assert [kind for kind, _, _ in told(store, "orders")] == ["stuck"]
    assert "alert" in kinds(store)


def test_fifty_jobs_started_at_once_are_one_digest_that_grows(
    dms: DmsServer, store: Store, watcher: Watcher
) -> None:
    for location in LOCATIONS:
        dms.control.add_many(25, location=location, state="NOT_STARTED", frozen=True)
    watcher.tick()
    for name in store.known_jobs():
        dms.control.set_job(name, state="STARTING")
    again(watcher)
    (digest,) = outbox(store)
    assert (digest.kind, len(digest.subject["events"])) == ("digest", 50)
    for name in store.known_jobs():
        dms.control.set_job(name, state="RUNNING", phase="FULL_DUMP")
    again(watcher)
    (grown,) = outbox(store)
    assert (grown.key, len(grown.subject["events"])) == (digest.key, 100)
    dms.control.set_job(sorted(store.known_jobs())[7], state="FAILED")
    again(watcher)
    assert kinds(store) == ["alert"]


def test_nine_jobs_are_told_one_by_one(dms: DmsServer, store: Store, watcher: Watcher) -> None:
    dms.control.add_many(9, state="NOT_STARTED", frozen=True)
    watcher.tick()
    for name in store.known_jobs():
        dms.control.set_job(name, state="STARTING")
    again(watcher)
    assert kinds(store) == ["timeline"] * 9


def test_alerts_that_trickle_in_are_gathered(dms: DmsServer, store: Store, watcher: Watcher) -> None:
    dms.control.add_many(14, state="RUNNING", phase="CDC", frozen=True)
    watcher.tick()
    for name in store.known_jobs():
        dms.control.set_job(name, state="COMPLETED")
        again(watcher)
    messages = outbox(store)
    assert [m.kind for m in messages].count("alert") == 9
    (gathered,) = [m for m in messages if m.kind == "digest"]
    assert len(gathered.subject["events"]) == 5


def test_many_failures_within_a_minute_are_one_message(
    dms: DmsServer, store: Store, watcher: Watcher
) -> None:
    dms.control.add_many(14, state="RUNNING", phase="CDC", frozen=True)
    watcher.tick()
    for name in store.known_jobs():
        dms.control.set_job(name, state="FAILED")
        again(watcher)
    messages = outbox(store)
    # The first four could not be known to be the first of many.
    assert [m.kind for m in messages] == [*["alert"] * 4, "mass_failure", "mass_list"]
    mass, listed = messages[-2:]
    assert len(mass.subject["events"]) == 14
    assert listed.thread_of == mass.key


def test_twelve_failures_seen_at_once_are_one_message(dms: DmsServer, store: Store, watcher: Watcher) -> None:
    dms.control.add_many(12, state="RUNNING", phase="CDC", frozen=True)
    watcher.tick()
    for name in store.known_jobs():
        dms.control.set_job(name, state="FAILED")
    again(watcher)
    assert kinds(store) == ["mass_failure", "mass_list"]


def test_ten_flaps_are_few_messages_and_counted(dms: DmsServer, store: Store, watcher: Watcher) -> None:
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True)
    watcher.tick()
    messages = []
    for _ in range(10):
        for state in ("FAILED", "RUNNING"):
            dms.control.set_job("orders", state=state, error=None)
            again(watcher)
            messages += [m for m in outbox(store, datetime.now(UTC)) if m.rev == 1]
    assert len(store.events(named("orders"))) == 20
    assert [m.kind for m in messages] == ["alert", "alert", "flapping"], "top-level messages: at most 4"
    flapping = store.message(messages[-1].key)
    assert flapping is not None
    shown = OutboxRenderer(store, Access(policy=OPEN), "T1", lambda: NOW).render(flapping)
    assert shown is not None
    assert "Flapped 10 times" in shown.text


def test_a_failure_after_a_restart_from_here_is_no_flapping(
    dms: DmsServer, store: Store, watcher: Watcher
) -> None:
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True)
    watcher.tick()
    dms.control.set_job("orders", state="FAILED")
    again(watcher)
    store.add_run(run(Action.RESTART, RunState.FOLLOWING, job=named("orders")))
    for state in ("RESTARTING", "FAILED"):
        dms.control.set_job("orders", state=state, phase="CDC")
        again(watcher)
    assert [m.kind for m in outbox(store)].count("alert") == 2
    assert store.messages("flapping:", "flapping", NOW) == ()


@pytest.mark.parametrize("target", [NOTIFY, DANA])
def test_what_was_gathered_is_updated_when_a_job_moves_on(
    dms: DmsServer, gateway: Gateway, store: Store, settings: Settings, target: str
) -> None:
    watcher = Watcher(gateway, store, replace(settings, notify_channel=target))
    dms.control.add_many(12, state="RUNNING", phase="CDC", frozen=True)
    watcher.tick()
    for name in store.known_jobs():
        dms.control.set_job(name, state="FAILED")
        again(watcher)
    messages = outbox(store)
    (gathered,) = [m for m in messages if m.kind == "mass_failure"]
    alone, *others = [told_of(store, each) for each in gathered.subject["events"]]
    for job in (alone, *others[:2]):
        dms.control.set_job(job, state="RUNNING")
        again(watcher)
        updated = [m.key for m in outbox(store) if m.kind in ("mass_failure", "mass_list")]
        assert len(updated) == 2
    shown = OutboxRenderer(store, Access(policy=OPEN), "T1", lambda: NOW).render(gathered)
    assert shown is not None
    assert "🔴 12 jobs failed within a minute: 3 recovered, 9 failed" in shown.text
    text = str(shown.payload())
    assert "Show failed" in text
    assert "Restart 9 jobs…" in text


def told_of(store: Store, event: int) -> str:
    """The job that an event is of."""
    found = store.event(event)
    assert found is not None
    return found.job


def test_what_one_watcher_has_told_its_successor_does_not_tell_again(
    dms: DmsServer, gateway: Gateway, store: Store, settings: Settings
) -> None:
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True)
    first, second = Watcher(gateway, store, settings), Watcher(gateway, store, settings)
    first.tick()
    second.tick()
    dms.control.set_job("orders", state="STOPPED")
    again(first)
    for _ in range(3):
        again(second)
    assert told(store, "orders") == [("changed", "RUNNING/CDC", "STOPPED/CDC")]
    dms.control.set_job("orders", state="RUNNING")
    again(second)
    assert len(told(store, "orders")) == 2


def test_a_change_is_not_lost_when_the_store_fails_while_it_is_written(
    dms: DmsServer, gateway: Gateway, tmp_path: Path, settings: Settings
) -> None:
    path = tmp_path / "own.db"
    store = Store(SqliteBackend(path, busy_timeout_s=0.1))
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True)
    saved: list[str] = []
    watcher = Watcher(gateway, store, settings, on_cycle=lambda place, _e: saved.append(place.location))
    watcher.tick()
    assert sorted(saved) == sorted(LOCATIONS)
    dms.control.set_job("orders", state="STOPPED")
    other = open_store(str(path))
    with other.transaction():
        other.put_value("somebody", "writes")
        again(watcher)
    assert told(other, "orders") == []
    assert saved.count(LOCATIONS[0]) == 1
    again(watcher)
    assert told(other, "orders") == [("changed", "RUNNING/CDC", "STOPPED/CDC")]
    assert saved.count(LOCATIONS[0]) == 2
    other.close()
    store.close()


def test_a_job_that_cannot_be_told_keeps_no_other(
    dms: DmsServer, gateway: Gateway, store: Store, settings: Settings
) -> None:
    faults, cycles = ["bad"], []

    def fail(saved: Sequence[SavedEvent]) -> None:
        if any(short_name(each.event.job) in faults for each in saved):
            raise KeyError("a fault of ours")

    def note(place: Place, error: str) -> None:
        cycles.append((place.location, error))

    watcher = Watcher(gateway, store, settings, on_events=fail, on_cycle=note)
    for id in ("bad", "good"):
        dms.control.add_job(id, state="RUNNING", phase="CDC", frozen=True)
    watcher.tick()
    for id in ("bad", "good"):
        dms.control.set_job(id, state="STOPPED")
    stopped = [("changed", "RUNNING/CDC", "STOPPED/CDC")]
    for _ in range(2):
        cycles.clear()
        again(watcher)
        assert (told(store, "bad"), told(store, "good")) == ([], stopped)
        assert (LOCATIONS[0], "its changes could not be saved") in cycles, "it is not watched as it should be"
    faults.clear()
    again(watcher)
    assert (told(store, "bad"), told(store, "good")) == (stopped, stopped)


def test_failures_whose_message_was_not_saved_are_told_anew(
    dms: DmsServer, gateway: Gateway, store: Store, settings: Settings
) -> None:
    """They would be added to a message that does not exist."""
    failures = [StoreError("the disk is full")]

    def fail_once(_saved: Sequence[SavedEvent]) -> None:
        if failures:
            raise failures.pop()

    watcher = Watcher(gateway, store, settings, on_events=fail_once)
    dms.control.add_many(6, prefix="shard", state="RUNNING", phase="CDC", frozen=True)
    watcher.tick()
    for id in [short_name(name) for name in store.known_jobs()]:
        dms.control.set_job(id, state="FAILED")
    again(watcher)
    assert kinds(store) == []
    again(watcher)
    assert kinds(store).count("mass_failure") == 1


def test_few_calls_and_no_writes_while_nothing_changes(
    dms: DmsServer, store: Store, watcher: Watcher
) -> None:
    dms.control.add_many(1500, state="COMPLETED")
    dms.control.add_many(5, location=LOCATIONS[1], state="COMPLETED")
    watcher.tick()
    dms.control.clear_calls()
    again(watcher)
    methods = [call["method"] for call in dms.control.calls()]
    assert sorted(methods) == ["ListMigrationJobs"] * 3
    assert outbox(store) == []


def test_many_places_are_looked_at_before_single_jobs(
    dms: DmsServer, store: Store, settings: Settings
) -> None:
    regions = tuple(f"europe-west{number}" for number in range(1, 9))
    dms.control.add_project("demo-project", *regions)
    dms.control.add_job("orders", phase="FULL_DUMP", frozen=True)
    gateway = Gateway("demo-project", regions, dms.grpc_host, dms.rest_host)
    watcher = Watcher(gateway, store, settings)

    def databases_read() -> int:
        return len(dms.control.calls("ListMigrationJobObjects"))

    watcher.tick()
    for region in regions:
        watcher.nudge(named("any", region))
    watcher.tick()
    assert databases_read() == 0
    watcher.tick()
    assert databases_read() == 1
    watcher.close()
    gateway.close()


def test_quiet_locations_are_looked_at_slowly_and_busy_ones_fast(
    dms: DmsServer, gateway: Gateway, store: Store, settings: Settings
) -> None:
    dms.control.add_job("orders", state="STOPPING", phase="CDC", frozen=True)
    looks: list[str] = []
    slowly = replace(settings, poll_fast_s=0.05, poll_slow_s=600)
    watcher = Watcher(gateway, store, slowly, on_cycle=lambda place, _e: looks.append(place.location))
    with running(watcher):
        until(lambda: looks.count(LOCATIONS[0]) >= 8)
        assert looks.count(LOCATIONS[1]) == 1
        watcher.nudge(named("any", LOCATIONS[1]))
        until(lambda: looks.count(LOCATIONS[1]) >= 3)


def test_an_active_run_makes_its_location_fast(
    dms: DmsServer, gateway: Gateway, store: Store, settings: Settings
) -> None:
    looks: list[str] = []
    slowly = replace(settings, poll_fast_s=0.05, poll_slow_s=600)
    watcher = Watcher(gateway, store, slowly, on_cycle=lambda place, _e: looks.append(place.location))
    with running(watcher):
        until(lambda: looks.count(LOCATIONS[1]) == 1)
        store.add_run(run(Action.STOP, job=named("orders", LOCATIONS[1])))
        until(lambda: looks.count(LOCATIONS[1]) >= 3)
    assert looks.count(LOCATIONS[0]) == 1


def test_new_messages_wake_the_notifier(
    dms: DmsServer, gateway: Gateway, store: Store, settings: Settings
) -> None:
    wake = Flag()
    watcher = Watcher(gateway, store, settings, wake=wake)
    watcher.tick()
    assert not wake.is_set()
    dms.control.add_job("orders", state="NOT_STARTED")
    again(watcher)
    assert wake.is_set()


def test_a_job_whose_row_cannot_be_understood_keeps_no_other_from_being_watched(
    dms: DmsServer, gateway: Gateway, store: Store, settings: Settings, tmp_path: Path
) -> None:
    """As a newer version may have written it. What happened to that job until its row is replaced is not
    known; what happens afterwards is told, in the timeline of the same run."""
    for id in ("strange", "good"):
        dms.control.add_job(id, state="RUNNING", phase="CDC", frozen=True)
    Watcher(gateway, store, settings).tick()
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE known_jobs SET flags = '[', run = 3 WHERE job_id = 'strange'")
    for id in ("strange", "good"):
        dms.control.set_job(id, state="STOPPED")
    watcher = Watcher(gateway, store, settings)
    with capture_logs() as lines:
        watcher.tick()
    assert [each["event"] for each in lines].count("row_not_read") == 1
    again(watcher)
    stopped = [("changed", "RUNNING/CDC", "STOPPED/CDC")]
    assert (told(store, "strange"), told(store, "good")) == ([], stopped)
    dms.control.set_job("strange", state="FAILED")
    again(watcher)
    assert told(store, "strange") == [("changed", "STOPPED/CDC", "FAILED/CDC")]
    known = store.known_job(named("strange"))
    assert known is not None
    assert known.run == 3
    watcher.close()


def test_a_deleted_job_does_not_keep_a_row_that_cannot_be_understood(
    dms: DmsServer, gateway: Gateway, store: Store, settings: Settings, tmp_path: Path
) -> None:
    """Dropped once its place answers without the job. A row whose key names no job stays, and keeps no other
    from being watched."""
    for id in ("gone", "strange", "good"):
        dms.control.add_job(id, state="RUNNING", phase="CDC", frozen=True)
    Watcher(gateway, store, settings).tick()
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE known_jobs SET flags = '[' WHERE job_id <> 'good'")
        raw.execute("UPDATE known_jobs SET name = 'strange' WHERE job_id = 'strange'")
    dms.control.remove_job("gone")
    watcher = Watcher(gateway, store, settings)
    dms.control.location_unreachable(LOCATIONS[0])
    watcher.tick()
    assert named("gone") in store.known_names()
    dms.control.clear_faults()
    watcher.close()  # it would wait before it asks again
    with capture_logs() as lines:
        watcher.tick()
    dropped = [each["job"] for each in lines if each["event"] == "unreadable_job_deleted"]
    assert dropped == [named("gone")]
    assert set(store.known_names()) == {named("good"), named("strange"), "strange"}
    again(watcher)
    assert (told(store, "gone"), told(store, "good")) == ([], [])
    watcher.close()


def test_the_incident_of_a_deleted_job_is_resolved_though_its_row_cannot_be_understood(
    dms: DmsServer, gateway: Gateway, store: Store, settings: Settings, tmp_path: Path
) -> None:
    """Slack and other webhooks get nothing: what the job was is not known."""
    pager = Webhook("pager", "https://x.example.com", ("secret",), Format.PAGERDUTY)
    other = replace(pager, name="siem", format=Format.CLOUDEVENTS)
    record = Recorder(store, (pager, other), Projects(())).record_events
    dms.control.add_job("gone", state="RUNNING", phase="CDC", frozen=True)
    watcher = Watcher(gateway, store, settings, on_events=record)
    watcher.tick()
    dms.control.set_job("gone", state="FAILED")
    again(watcher)
    watcher.close()
    incident = dedup_key(named("gone"), "failed")
    assert store.last_action(pager.name, incident) == "trigger"
    outbox(store)
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE known_jobs SET flags = '['")
    dms.control.remove_job("gone")
    watcher = Watcher(gateway, store, settings, on_events=record)
    watcher.tick()
    assert store.last_action(pager.name, incident) == "resolve"
    assert store.webhook_queue(other.name, other.format).depth == 1, "that it failed"
    assert outbox(store) == []
    watcher.close()


def test_a_subscription_that_cannot_be_understood_keeps_no_change_from_being_told(
    dms: DmsServer, gateway: Gateway, store: Store, settings: Settings, tmp_path: Path
) -> None:
    store.add_watch(records.Watch("w1", "C0OTHER001", "U1"))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE watches SET only = '['")
    dms.control.add_job("orders", state="RUNNING", phase="CDC", frozen=True)
    watcher = Watcher(gateway, store, settings)
    watcher.tick()
    dms.control.set_job("orders", state="FAILED")
    again(watcher)
    assert told(store, "orders") == [("changed", "RUNNING/CDC", "FAILED/CDC")]
    watcher.close()


def test_a_run_whose_row_cannot_be_understood_keeps_no_change_from_being_told(
    dms: DmsServer, gateway: Gateway, store: Store, settings: Settings, tmp_path: Path
) -> None:
    """It would say who made a change; that a job has failed is announced without it."""
    for id in ("bad", "good"):
        dms.control.add_job(id, state="RUNNING", phase="CDC", frozen=True)
    watcher = Watcher(gateway, store, settings)
    watcher.tick()
    store.add_run(replace(run(Action.STOP, RunState.SUCCEEDED), job=named("bad")))
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE runs SET action = 'levitate'")
    for id in ("bad", "good"):
        dms.control.set_job(id, state="FAILED")
    again(watcher)
    failed = [("changed", "RUNNING/CDC", "FAILED/CDC")]
    assert (told(store, "bad"), told(store, "good")) == (failed, failed)


def test_a_row_that_is_spoilt_meanwhile_keeps_no_change_from_being_told(
    dms: DmsServer, gateway: Gateway, store: Store, settings: Settings, tmp_path: Path
) -> None:
    for id in ("bad", "good"):
        dms.control.add_job(id, state="RUNNING", phase="CDC", frozen=True)
    watcher = Watcher(gateway, store, settings)
    watcher.tick()
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE known_jobs SET flags = '[' WHERE job_id = 'bad'")
    for id in ("bad", "good"):
        dms.control.set_job(id, state="FAILED")
    again(watcher)
    failed = [("changed", "RUNNING/CDC", "FAILED/CDC")]
    assert (told(store, "bad"), told(store, "good")) == (failed, failed)
    assert store.known_job(named("bad")) is not None
