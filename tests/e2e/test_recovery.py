"""What a bot does with calls that another left in doubt when it died: the store is as a crash leaves it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.dms.gateway import Gateway
from bot.dms.model import Job, ObjectId, ObjectsConfig, Options, Selection
from bot.dms.rules import Action
from bot.store import Store, open_store
from bot.store.facts import RequestFacts
from bot.store.records import AuditEntry, Freeze, Person, Request, RequestState, Run, RunState
from sandbox.dms.control import DmsControl
from tests.e2e.env import LOCATIONS, Env, settings
from tests.e2e.helpers import (
    DANA,
    ROLES,
    ended,
    full,
    open_servers,
    policy,
    request_of,
    runs_of,
    started,
)
from tests.waiting import until

WITHOUT_SALES = ObjectsConfig(Selection.ALL, excluded=(ObjectId("sales"),))
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RULES = '[[rule]]\nname = "closed"\nverbs = ["delete"]\njobs = ["forbidden"]\nallow = []\n'
FREE = '[[rule]]\nname = "free"\nverbs = ["change"]\napprovals = 0\n'


@dataclass(frozen=True)
class Outside:
    """The world in which no bot runs."""

    dms: DmsControl
    store: Store
    gateway: Gateway


@dataclass(frozen=True)
class Case:
    """A run that was left, what happened before the next bot came, and what it makes of it."""

    job: str
    action: Action
    state: RunState
    ago: timedelta
    """How long ago it was called, or queued."""
    outcome: str
    calls: int
    """That the service receives from the next bot."""
    meanwhile: Callable[[Outside, str], object] = lambda *_: None


def made_anew(outside: Outside, job: str) -> None:
    outside.dms.remove_job(job)
    outside.dms.add_job(job, phase="CDC", frozen=True, created_ago=10)


def freeze(outside: Outside, job: str) -> None:
    now = datetime.now(UTC)
    outside.store.add_freeze(Freeze(f"freeze-{job}", full(job), now + HOUR, "month end", DANA, now))


def gone(outside: Outside, job: str) -> None:
    outside.dms.remove_job(job)


def failed(outside: Outside, job: str) -> None:
    """What the lost call cannot have done."""
    outside.dms.set_job(job, state="FAILED")


def promoted(outside: Outside, job: str) -> None:
    """One of its databases: the job's state stays the same."""
    outside.dms.set_database(job, "sales", phase="PROMOTED")


def edited(outside: Outside, job: str) -> None:
    """By somebody in the console, where the bot that died had asked for something else."""
    found = outside.gateway.get_job(full(job))
    kept = ObjectsConfig(Selection.ALL, excluded=(ObjectId("billing"),))
    outside.gateway.update(found, Options(objects=kept), request_id=str(uuid.uuid4()))
    until(lambda: outside.gateway.get_job(full(job)).state == "RUNNING")


def deleting(outside: Outside, job: str) -> None:
    """As the lost call began it."""
    outside.dms.set_job(job, state="DELETING")


def stopped(outside: Outside, job: str) -> None:
    """As the lost call would have done it, or somebody in the console."""
    outside.gateway.stop(outside.gateway.get_job(full(job)))
    until(lambda: outside.gateway.get_job(full(job)).state == "STOPPED")


def stopped_twice(outside: Outside, job: str) -> None:
    stopped(outside, job)
    outside.gateway.resume(outside.gateway.get_job(full(job)), skip_validation=False)
    until(lambda: outside.gateway.get_job(full(job)).state == "RUNNING")
    stopped(outside, job)


CASES = (
    Case("never-sent", Action.DELETE, RunState.CALLING, MINUTE, "succeeded", 1),
    Case("long-ago", Action.DELETE, RunState.CALLING, HOUR, "unclear", 0),
    Case("made-anew", Action.DELETE, RunState.CALLING, MINUTE, "succeeded", 0, made_anew),
    Case("gone", Action.DELETE, RunState.CALLING, MINUTE, "succeeded", 0, gone),
    Case("moved-on", Action.DELETE, RunState.CALLING, MINUTE, "unclear", 0, failed),
    Case("part-promoted", Action.DELETE, RunState.CALLING, MINUTE, "unclear", 0, promoted),
    Case("being-deleted", Action.DELETE, RunState.CALLING, MINUTE, "unclear", 1, deleting),
    Case("edit-never-sent", Action.EDIT, RunState.CALLING, MINUTE, "succeeded", 1),
    Case("edited-since", Action.EDIT, RunState.CALLING, MINUTE, "unclear", 0, edited),
    Case("frozen", Action.DELETE, RunState.CALLING, MINUTE, "unclear", 0, freeze),
    Case("forbidden", Action.DELETE, RunState.CALLING, MINUTE, "unclear", 0),
    Case("without-id", Action.STOP, RunState.CALLING, MINUTE, "unclear", 0),
    Case("arrived", Action.STOP, RunState.CALLING, MINUTE, "succeeded", 0, stopped),
    Case("by-another-later", Action.STOP, RunState.CALLING, HOUR, "unclear", 0, stopped),
    Case("one-of-two", Action.STOP, RunState.CALLING, MINUTE, "unclear", 0, stopped_twice),
    Case("queued", Action.STOP, RunState.QUEUED, MINUTE, "succeeded", 1),
    Case("forgotten", Action.STOP, RunState.QUEUED, 2 * DAY, "refused", 0),
    Case("queued-anew", Action.STOP, RunState.QUEUED, MINUTE, "refused", 0, made_anew),
    Case("queued-frozen", Action.STOP, RunState.QUEUED, MINUTE, "refused", 0, freeze),
)


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Env]:
    """The bot that comes next, for all cases."""
    folder = tmp_path_factory.mktemp("recovery")
    with open_servers() as (slack, dms):
        for case in CASES:
            dms.control.add_job(case.job, phase="CDC", databases=["sales", "billing"], frozen=True)
        wanted = settings(slack, dms, folder, policy_file=policy(folder, ROLES + RULES + FREE))
        reader = Gateway(dms.project, LOCATIONS, dms.grpc_host, dms.rest_host)
        with closing(reader), closing(open_store(wanted.db)) as store:
            for case in CASES:
                leave(store, reader.get_job(full(case.job)), case)
                case.meanwhile(Outside(dms.control, store, reader), case.job)
        dms.control.clear_calls()
        with started(slack, dms, folder, policy_file=wanted.policy_file) as env:
            yield env


def leave(store: Store, job: Job, case: Case) -> None:
    """A request and its run as a bot that died leaves them."""
    then = datetime.now(UTC) - case.ago
    edits, deletes = case.action is Action.EDIT, case.action is Action.DELETE
    by = Person("T0SANDBOX1", DANA, "C0DMS00001")
    request = Request(
        id=f"request-{case.job}",
        action=case.action,
        options=Options(objects=WITHOUT_SALES) if edits else Options(with_destination=deletes),
        jobs=(job,),
        databases={job.name: ("sales", "billing")} if deletes else {},
        by=by,
        state=RequestState.RUNNING,
        created=then,
        expires=then + HOUR,
        facts=RequestFacts(config=ObjectsConfig().snapshot() if edits else None),
    )
    calling = case.state is RunState.CALLING
    run = Run(
        id=uuid.uuid4().hex,
        request=request.id,
        job=job.name,
        action=case.action,
        state=case.state,
        call_id=str(uuid.uuid4()),
        owner="a-dead-replica" if calling else "",
        created=then,
        called=then if calling else None,
        by=DANA,
    )
    with store.transaction():
        store.add_request(request)
        store.add_run(run)
        store.append_audit(
            AuditEntry(
                then,
                "calling" if calling else "requested",
                DANA,
                job=job.name,
                request=request.id,
                run=run.id,
            )
        )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.job)
def test_a_call_in_doubt_is_settled(after: Env, case: Case) -> None:
    assert ended(after, case.job) == [case.outcome]
    calls = after.writes(str(case.action), case.job)
    assert len(calls) == case.calls
    if case.action in (Action.DELETE, Action.EDIT) and calls:
        assert runs_of(after, case.job)[0].call_id in str(calls[0]["request"])
    if case.outcome == "unclear":
        assert "It is not known whether it was applied" in runs_of(after, case.job)[0].note
    until(lambda: request_of(after, case.job).state is RequestState.DONE)
