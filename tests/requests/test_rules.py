"""What confirming a request and following its runs take."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.dms.delay import MeasuredDelay
from bot.dms.model import DelayPoint, Job
from bot.dms.rules import Action
from bot.dms.unsupported import UnsupportedEvents
from bot.requests.expire import reminder_due
from bot.requests.rules import (
    confirmation_phrase,
    has_changed,
    is_overdue,
    needs_typed_confirmation,
    not_started,
)
from bot.store.facts import RequestFacts
from bot.store.records import RunState
from tests.store import make
from tests.store.make import MINUTE, NOW

ORDERS, CRM = make.name("orders"), make.name("crm")
ZERO = MeasuredDelay(NOW, DelayPoint(NOW, 0.0))


@pytest.mark.parametrize(
    ("delays", "typed"),
    [
        ({ORDERS: ZERO, CRM: ZERO}, False),
        ({ORDERS: ZERO}, True),
        ({}, True),
        ({ORDERS: ZERO, CRM: MeasuredDelay(NOW, DelayPoint(NOW, 0.5))}, True),
        ({ORDERS: ZERO, CRM: MeasuredDelay(NOW, note="no access")}, True),
        ({ORDERS: ZERO, CRM: MeasuredDelay(NOW, undated_seconds=0.0)}, True),
        ({ORDERS: ZERO, CRM: replace(ZERO, unsupported=UnsupportedEvents(0))}, False),
        ({ORDERS: ZERO, CRM: replace(ZERO, unsupported=UnsupportedEvents())}, False),
        ({ORDERS: ZERO, CRM: replace(ZERO, unsupported=UnsupportedEvents(1))}, True),
        ({ORDERS: ZERO, CRM: replace(ZERO, unsupported=UnsupportedEvents(note="no access"))}, True),
        ({ORDERS: ZERO, CRM: replace(ZERO, partial="changes are not counted")}, True),
    ],
)
def test_a_promote_is_typed_unless_each_delay_is_known_to_be_zero(
    delays: dict[str, MeasuredDelay], typed: bool
) -> None:
    facts = RequestFacts(delays=delays)
    request = make.request("q1", "orders", "crm", action=Action.PROMOTE, facts=facts)
    assert needs_typed_confirmation(request) is typed


@pytest.mark.parametrize("action", [each for each in Action if each is not Action.PROMOTE])
def test_of_other_actions_the_request_says_whether_it_is_typed(action: Action) -> None:
    assert not needs_typed_confirmation(make.request(action=action))
    assert needs_typed_confirmation(make.request(action=action, typed=True))


def test_what_has_to_be_typed() -> None:
    assert confirmation_phrase(make.request()) == "orders"
    named = RequestFacts(display_names={ORDERS: "europe-west1/orders"})
    assert confirmation_phrase(make.request(facts=named)) == "europe-west1/orders"
    assert confirmation_phrase(make.request("q1", "a", "b", action=Action.DELETE)) == "delete 2 jobs"


@pytest.mark.parametrize(
    ("now", "changed"),
    [
        (make.job(), False),
        (make.job(update_time=NOW + 2 * MINUTE), False),
        (make.job(display_name="renamed"), True),
        (make.job(state="STOPPED"), True),
        (make.job(phase="READY_FOR_PROMOTE"), True),
        (make.job(create_time=NOW + MINUTE), True),
    ],
)
def test_a_job_has_changed_by_its_status_or_when_it_is_another_one(now: Job, changed: bool) -> None:
    assert has_changed(make.job(), now) is changed


@pytest.mark.parametrize(
    ("age", "overdue"), [(timedelta(minutes=59, seconds=59), False), (timedelta(hours=1), True)]
)
def test_a_followed_run_is_overdue_after_an_hour(age: timedelta, overdue: bool) -> None:
    run = make.run(state=RunState.FOLLOWING, called=NOW)
    assert is_overdue(run, NOW + age) is overdue


@pytest.mark.parametrize("state", [each for each in RunState if each is not RunState.FOLLOWING])
def test_what_is_not_followed_is_never_overdue(state: RunState) -> None:
    assert not is_overdue(make.run(state=state, called=NOW), NOW + timedelta(days=1))


def test_a_run_that_has_stopped_its_job_counts_as_started() -> None:
    fresh, halfway = make.run("fresh"), make.run("halfway", called=NOW, stopped_job=True)
    others = [make.run(state.value, state=state) for state in RunState if state is not RunState.QUEUED]
    assert not_started([fresh, halfway, *others]) == (fresh,)


@pytest.mark.parametrize(
    ("life_s", "reminded_s"), [(4 * 3600, 3600), (3600, 900), (1200, 300), (900, 300), (360, 180)]
)
def test_approvers_are_reminded_once_a_quarter_of_the_time_is_left_but_five_minutes(
    life_s: int, reminded_s: int
) -> None:
    end = NOW + timedelta(seconds=life_s)
    asked = replace(
        make.request(), created=NOW, expires=end, facts=RequestFacts(approval_ttl_s=float(life_s))
    )
    due = end - timedelta(seconds=reminded_s)
    assert reminder_due(asked, due)
    assert not reminder_due(asked, due - timedelta(seconds=1))
    assert not reminder_due(replace(asked, reminded=True), due)
