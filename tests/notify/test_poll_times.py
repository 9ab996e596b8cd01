"""When the places were last polled, which all replicas can tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.config.projects import Place
from bot.requests.recent import looked_at, note_look
from bot.store import Store
from bot.store.records import Person
from bot.watch.poll_times import PollTimes, last_polls, not_looked_at

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
HERE, THERE = Place("p", "europe-west1"), Place("p", "us-central1")


def test_a_place_that_nobody_polls_is_not_known(store: Store) -> None:
    assert not_looked_at(store, [HERE], NOW) == {HERE: None}
    PollTimes(store, 60.0).keep([(HERE, NOW), (THERE, None)], 0.0)
    assert last_polls(store, [HERE, THERE]) == {HERE: NOW, THERE: None}
    assert not_looked_at(store, [HERE, THERE], NOW + timedelta(minutes=5)) == {THERE: None}
    assert not_looked_at(store, [HERE], NOW + timedelta(minutes=6)) == {HERE: NOW}


def test_slow_polls_have_their_time(store: Store) -> None:
    PollTimes(store, 600.0).keep([(HERE, NOW)], 0.0)
    assert not_looked_at(store, [HERE], NOW + timedelta(minutes=30)) == {}
    assert not_looked_at(store, [HERE], NOW + timedelta(minutes=31)) == {HERE: NOW}


def test_the_times_are_saved_now_and_then(store: Store) -> None:
    kept = PollTimes(store, 60.0)
    for second in range(16):
        kept.keep([(HERE, NOW + timedelta(seconds=second))], float(second))
        saved = 15 if second == 15 else 0
        assert last_polls(store, [HERE]) == {HERE: NOW + timedelta(seconds=saved)}


def test_jobs_that_a_person_looked_at_are_kept_in_order(store: Store) -> None:
    dana, sam = Person("T1", "U1"), Person("T1", "U2")
    for number in (*range(10), 5):
        note_look(store, dana, f"job-{number}", NOW + timedelta(minutes=number))
    found = looked_at(store, dana)
    assert [name for name, _ in found] == [f"job-{number}" for number in (5, 9, 8, 7, 6, 4, 3, 2)]
    assert looked_at(store, sam) == []
