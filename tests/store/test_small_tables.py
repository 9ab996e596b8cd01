"""Refs, deliveries, freezes, watches, values, and what the watcher knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.store import Store
from bot.store.cutover import CutoverState
from bot.store.records import CallbackToken, JobSnapshot, OutMessage
from tests.store import make
from tests.store import olddatabases as old
from tests.store.make import MINUTE, NOW
from tests.store.raw import Raw
from tests.store.test_codec import PLAIN_TEXT, filled


def test_the_same_content_has_the_same_id(store: Store) -> None:
    id = store.put_ref("T1", "job", {"name": "x", "page": 2})
    assert len(id) >= 22
    assert store.put_ref("T1", "job", {"page": 2, "name": "x"}) == id
    others = {
        store.put_ref("T2", "job", {"name": "x", "page": 2}),
        store.put_ref("T1", "page", {"name": "x", "page": 2}),
        store.put_ref("T1", "job", {"name": "x", "page": 3}),
        store.put_ref("T1", "job", {"name": "x", "page": "2"}),
    }
    assert len(others | {id}) == 5
    assert store.ref("T1", id) == CallbackToken(id, "T1", "job", {"name": "x", "page": 2})


def test_many_ids_at_once_are_as_they_would_be_one_by_one(store: Store) -> None:
    id = store.put_ref("T1", "job", {"name": "x"})
    many = store.put_refs("T1", "job", [{"page": number} for number in range(1200)])
    assert [store.ref("T1", many[n]) for n in (0, 1199)] == [
        CallbackToken(many[n], "T1", "job", {"page": n}) for n in (0, 1199)
    ]
    assert store.put_refs("T1", "job", [{"page": 7}, {"name": "x"}, {"page": 7}]) == (many[7], id, many[7])
    assert store.put_refs("T1", "job", []) == ()


def test_an_id_is_worth_nothing_to_another_team(store: Store) -> None:
    id = store.put_ref("T1", "job", {"name": "x"})
    assert store.ref("T2", id) is None
    assert store.ref("T1", "guessed") is None
    assert store.ref("T1", "\x00\ud800") is None


def test_an_id_in_use_is_kept(store: Store, raw: Raw) -> None:
    id = store.put_ref("T1", "job", {"name": "x"})
    age = "UPDATE refs SET used = '2020-01-01T00:00:00.000000+00:00'"
    raw.execute(age)
    assert store.ref("T1", id) is not None
    assert store.purge(datetime.now(UTC) - timedelta(hours=1)) == 0
    raw.execute(age)
    assert store.put_ref("T1", "job", {"name": "x"}) == id
    assert store.purge(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert store.ref("T1", id) is not None


def test_a_delivery_is_new_once(store: Store) -> None:
    assert [store.claim_delivery(key, NOW) for key in ("a", "b", "a", "a")] == [True, True, False, False]


def test_freezes_in_force(store: Store) -> None:
    general = make.freeze("f1")
    own = make.freeze("f2", make.name("a"))
    other = make.freeze("f3", make.name("b"))
    over = make.freeze("f4", until=NOW)
    for each in (general, own, other, over):
        store.add_freeze(each)
    assert store.freezes(NOW) == (general, own, other)
    assert store.freezes(NOW, make.name("a")) == (general, own)
    assert [each.job for each in store.lift_freezes(make.name("a"), "U-sam", NOW)] == [make.name("a")]
    assert store.lift_freezes(make.name("a"), "U-sam", NOW) == ()
    assert store.freezes(NOW, make.name("a")) == (general,)
    assert [each.job for each in store.lift_freezes("*", "U-sam", NOW)] == ["*"]
    assert store.freezes(NOW) == (other,)


def test_watches(store: Store) -> None:
    first = make.watch("w1", only=("failed", "completed"), jobs="label:env=prod")
    second = make.watch("w2", target="U-sam", by="U-sam")
    store.add_watch(first)
    store.add_watch(second)
    assert store.watches() == (first, second)
    assert store.watches(target="C1") == (first,)
    assert store.watches(by="U-sam") == (second,)
    assert store.remove_watch("w1")
    assert not store.remove_watch("w1")
    assert store.watches() == (second,)


def test_escalations_end_once(store: Store) -> None:
    for escalation in (make.escalation("x1"), make.escalation("x2", channel="C2")):
        store.add_escalation(escalation)
    assert store.open_escalations("C2") == (make.escalation("x2", channel="C2"),)
    assert store.change_escalation("x1", repeats=1, next_at=NOW) == make.escalation(
        "x1", repeats=1, next_at=NOW
    )
    ended = store.change_escalation("x1", ended=NOW, acknowledged_by="U-dana")
    assert ended is not None
    assert (ended.acknowledged_by, ended.repeats) == ("U-dana", 1)
    assert store.change_escalation("x1", ended=NOW, acknowledged_by="U-sam") is None
    assert store.escalation_of("alert:x1:C1") == ended
    assert [each.id for each in store.open_escalations()] == ["x2"]
    with pytest.raises(ValueError, match="does not change"):
        store.change_escalation("x2", group="S2")
    store.purge(NOW + timedelta(days=1))
    assert store.escalation("x2") is None


def test_values(store: Store) -> None:
    assert store.value("summary") is None
    store.put_value("summary", "2026-03-01")
    store.put_value("summary", "2026-03-02")
    assert store.value("summary") == "2026-03-02"
    store.ping()


def test_failed_databases_of_jobs(store: Store) -> None:
    databases = {"orders": "FAILED/FULL_DUMP", "FAILED_ORDERS": "RUNNING/CDC", "billing": "FAILED"}
    store.save_known(
        [
            make.known("ailing", databases=databases),
            make.known("well", databases={"FAILED_ORDERS": "RUNNING/CDC"}),
            make.known("other", databases={"orders": "FAILED"}),
        ]
    )
    few = [make.name(each) for each in ("ailing", "well", "unknown")]
    many = [*few, *(make.name(str(each)) for each in range(1000))]
    for asked in (few, many):
        found = store.faulty_databases(asked)
        assert list(found) == [make.name("ailing")]
        of_job = found[make.name("ailing")]
        assert {str(each.id): each.state for each in of_job} == {"billing": "FAILED", "orders": "FAILED"}
    assert store.faulty_databases([]) == {}


def test_known_jobs_are_replaced_and_forgotten(store: Store) -> None:
    first = make.known("a", databases={"db": "FAILED/"}, flags=("stuck",), run=3)
    store.save_known([first, make.known("b")])
    changed = make.known("b", job=make.job("b", state="FAILED"), changed=NOW + MINUTE)
    store.save_known(iter([changed]))
    store.save_known([])
    assert store.known_jobs() == {make.name("a"): first, make.name("b"): changed}
    assert store.known_job(make.name("a")) == first
    store.forget_job(make.name("a"))
    assert store.known_job(make.name("a")) is None
    assert list(store.known_jobs()) == [make.name("b")]


def test_jobs_with_the_same_id_are_found_wherever_they_are(store: Store) -> None:
    there = make.name("a").replace("europe-west1", "us-east1")
    assert there != make.name("a")
    store.save_known([make.known("a"), make.known("b"), make.known("a-b"), make.known("A")])
    store.save_known([replace(make.known("a"), job=replace(make.job("a"), name=there))])
    assert store.known_twins(["a", "unknown"]) == (make.name("a"), there)
    assert store.known_twins(str(each) for each in [*range(1000), "b", "a-b"]) == (
        make.name("a-b"),
        make.name("b"),
    )
    assert store.known_twins([]) == ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.lists(filled(JobSnapshot), max_size=4, unique_by=lambda each: each.job.name))
def test_whatever_is_known_comes_back(store: Store, known: list[JobSnapshot]) -> None:
    for name in store.known_jobs():
        store.forget_job(name)
    usable = [each for each in known if not set(each.job.name) & {"\x00"} and _is_plain(each.job.name)]
    store.save_known(usable)
    assert store.known_jobs() == {each.job.name: each for each in usable}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(filled(JobSnapshot), filled(JobSnapshot))
def test_every_field_of_a_known_job_is_replaced(store: Store, one: JobSnapshot, other: JobSnapshot) -> None:
    for each in (one, other):
        known = replace(each, job=replace(each.job, name=make.name("orders")))
        store.save_known([known])
        assert store.known_job(make.name("orders")) == known


def _is_plain(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(filled(OutMessage, PLAIN_TEXT))
def test_whatever_is_posted_comes_back(store: Store, message: OutMessage) -> None:
    fresh = store.message(message.key) is None
    assert store.enqueue(message) == fresh
    kept = store.message(message.key)
    assert kept is not None
    assert not fresh or (kept.subject, kept.order, kept.error) == (
        message.subject,
        message.order,
        message.error,
    )


def test_ten_thousand_jobs(store: Store) -> None:
    jobs = [make.known(f"job-{number}") for number in range(10_000)]
    store.save_known(jobs)
    assert store.known_jobs() == {each.job.name: each for each in jobs}


def test_events_are_the_newest_oldest_first(store: Store) -> None:
    events = [
        store.add_event(make.event(detail=str(number), at=NOW + number * MINUTE)) for number in range(5)
    ]
    later = store.add_event(make.event(create_time=NOW + MINUTE))
    store.add_event(make.event("other"))
    job = make.name("orders")
    assert store.events(job) == (*events, later)
    assert store.events(job, create_time=NOW) == tuple(events)
    assert store.events(job, create_time=NOW, limit=2) == tuple(events[3:])
    assert store.events(job, after_id=events[3].id) == (events[4], later)
    assert store.event(later.id) == later
    assert store.event(10_000) is None
    assert len({each.id for each in (*events, later)}) == 6


def test_events_are_read_by_their_ids_in_that_order(store: Store) -> None:
    one, two, three = (store.add_event(make.event(detail=str(number))) for number in range(3))
    assert store.events_of([]) == ()
    assert store.events_of([three.id, 10_000, one.id, three.id]) == (three, one)
    assert store.events_of([*range(10_000, 11_000), *range(three.id, 0, -1)]) == (three, two, one)


def test_a_cutover_is_changed_by_whoever_read_it_last(store: Store) -> None:
    store.add_cutover(first := old.CUTOVERS[0])
    changed = store.change_cutover(first, state=CutoverState.DRAINED, since=old.NOW)
    assert changed is not None
    assert (changed.state, changed.rev) == (CutoverState.DRAINED, first.rev + 1)
    assert store.change_cutover(first, state=CutoverState.ABORTED) is None, "it was read before"
    assert store.cutover(first.id) == changed
