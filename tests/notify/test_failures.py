"""The news that an action did not succeed. Expected: docs/notifications.md, "Outcomes"."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.dms.rules import Action
from bot.policy.access import Access
from bot.policy.subscriptions import Subscriptions
from bot.requests.failures import enqueue_failure
from bot.slack.render.outbox_messages import OutboxRenderer
from bot.store import Store
from bot.store.records import Event, OutMessage, RequestState, RunState, Watch
from tests.notify.world import NOTIFY, NOW, job, run
from tests.store import make

LATER = NOW + timedelta(seconds=5)


def told(store: Store, *only: str, fails: bool) -> tuple[OutMessage, bool]:
    """The row for a channel that follows these topics of the job, and whether there is something to tell it.

    The job itself fails with the action, or not.
    """
    stopped = job("STOPPED/CDC")
    request = make.request(
        id="q1", jobs=(stopped,), action=Action.RESUME, state=RequestState.DONE, created=NOW, ended=LATER
    )
    store.add_request(request)
    failed = run(Action.RESUME, RunState.FAILED, note="gone", ended=LATER)
    store.add_run(failed)
    follows = Subscriptions((Watch("w1", NOTIFY, "U1", stopped.name, only),))
    enqueue_failure(store, request, [failed], follows, LATER)
    if fails:
        store.add_event(
            Event(stopped.name, stopped.create_time, LATER, "changed", "STARTING/CDC", "FAILED/CDC", "gone")
        )
    row = store.message(f"failure:q1:{NOTIFY}")
    assert row is not None
    return row, OutboxRenderer(store, Access(), "T1", lambda: LATER).render(row) is not None


@pytest.mark.parametrize("only", [(), ("action_failed", "failed"), ("action_failed", "changed")])
def test_who_gets_the_alert_of_the_jobs_own_failure_gets_no_more(store: Store, only: tuple[str, ...]) -> None:
    row, is_told = told(store, *only, fails=True)
    assert (row.channel, is_told) == (NOTIFY, False)


def test_who_gets_no_alert_of_it_is_told(store: Store) -> None:
    assert told(store, "action_failed", fails=True)[1]


def test_it_is_told_where_the_job_has_not_failed(store: Store) -> None:
    assert told(store, fails=False)[1]
