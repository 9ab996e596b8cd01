from __future__ import annotations

import pytest

from bot.dms.rules import Action
from bot.store import JobLocked, Store
from bot.store.records import ACTIVE_RUNS, RunState
from tests.store import make
from tests.store.make import NOW


def test_runs_in_their_order_by_what_they_have(store: Store) -> None:
    first = make.run("r1", "a", owner="me")
    second = make.run("r2", "b", request="q2")
    third = make.run("r3", "a", state=RunState.REFUSED, note="no")
    for each in (first, second, third):
        store.add_run(each)
    assert store.runs() == (first, second, third)
    assert store.runs(request="q1") == (first, third)
    assert store.runs(states=ACTIVE_RUNS) == (first, second)
    assert store.runs(job=make.name("a")) == (first, third)
    assert store.runs(owner="me") == (first,)
    assert store.runs(limit=2) == (second, third)
    assert store.run("r3") == third
    assert store.run("r4") is None


@pytest.mark.parametrize("state", ACTIVE_RUNS)
def test_an_active_run_locks_its_job(store: Store, state: RunState) -> None:
    holder = make.run("r1", state=state)
    store.add_run(holder)
    with pytest.raises(JobLocked) as refused:
        store.add_run(make.run("r2"))
    assert refused.value.run == holder
    store.add_run(make.run("r3", "other"))
    store.add_run(make.run("r4", state=RunState.REFUSED))
    store.move_run("r1", [state], RunState.SUCCEEDED, ended=NOW)
    store.add_run(make.run("r5"))


def test_after_a_lock_a_transaction_goes_on(store: Store) -> None:
    store.add_run(make.run("r1"))
    with store.transaction():
        with pytest.raises(JobLocked):
            store.add_run(make.run("r2"))
        store.add_run(make.run("r2", state=RunState.REFUSED, note="locked"))
    assert [each.id for each in store.runs()] == ["r1", "r2"]


def test_a_run_moves_only_from_an_expected_state_and_owner(store: Store) -> None:
    store.add_run(make.run("r1", owner="dead"))
    assert store.move_run("r1", [RunState.CALLING], RunState.FAILED) is None
    assert store.move_run("r1", [RunState.QUEUED], RunState.QUEUED, owner="me", expect_owner="") is None
    taken = store.move_run("r1", [RunState.QUEUED], RunState.QUEUED, owner="me", expect_owner="dead")
    assert taken == make.run("r1", owner="me")
    assert store.move_run("r1", [RunState.QUEUED], RunState.QUEUED, owner="you", expect_owner="dead") is None
    assert store.run("r1") == taken
    called = store.move_run("r1", ACTIVE_RUNS, RunState.CALLING, called=NOW, operation="op")
    assert called == make.run("r1", owner="me", state=RunState.CALLING, called=NOW, operation="op")
    assert store.move_run("r1", [], RunState.FAILED) is None


@pytest.mark.parametrize("changes", [{"unheard_of": 1}, {"job": "x"}, {"request": "x"}, {"state": "x"}])
def test_what_is_no_field_or_never_changes_is_refused(store: Store, changes: dict[str, object]) -> None:
    store.add_run(make.run())
    with pytest.raises(ValueError, match=r"field|change"):
        store.move_run("r1", [RunState.QUEUED], RunState.FAILED, **changes)
    assert store.run("r1") == make.run()


def test_an_ended_run_becomes_active_only_while_the_job_is_free(store: Store) -> None:
    store.add_run(make.run("r1", state=RunState.UNCLEAR))
    holder = make.run("r2")
    store.add_run(holder)
    with pytest.raises(JobLocked) as refused:
        store.move_run("r1", [RunState.UNCLEAR], RunState.FOLLOWING)
    assert refused.value.run == holder
    store.move_run("r2", [RunState.QUEUED], RunState.REFUSED)
    assert store.move_run("r1", [RunState.UNCLEAR], RunState.FOLLOWING) is not None


def test_a_cancel_waits_for_no_run_but_another_cancel(store: Store) -> None:
    """What it cancels is followed by a run that holds the job's lock."""
    holder, cancel = make.run("r1"), make.run("c1", action=Action.CANCEL)
    store.add_run(holder)
    store.add_run(cancel)
    with pytest.raises(JobLocked) as refused:
        store.add_run(make.run("c2", action=Action.CANCEL))
    assert refused.value.run == cancel
    with pytest.raises(JobLocked) as refused:
        store.add_run(make.run("r2"))
    assert refused.value.run == holder
    assert store.move_run("c1", [RunState.QUEUED], RunState.FOLLOWING, operation="op") is not None
    store.move_run("c1", [RunState.FOLLOWING], RunState.UNCLEAR, ended=NOW)
    assert store.move_run("c1", [RunState.UNCLEAR], RunState.FOLLOWING) is not None, "r1 is no obstacle"
