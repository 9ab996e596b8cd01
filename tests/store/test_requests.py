from __future__ import annotations

from typing import Any

import pytest

from bot.requests.queries import RelatedRequests, find_related_open
from bot.slack.render.request_details import request_details
from bot.store import Store, StoreError
from bot.store.records import Decision, Person, RequestState
from tests.store import make
from tests.store.make import MINUTE, NOW
from tests.store.raw import Raw


def test_a_request_comes_back_as_it_was(store: Store) -> None:
    request = make.request("q1", "a", "b", ended=NOW, reminded=True, note="ünïcode", parent="q0")
    store.add_request(request)
    assert store.request("q1") == request
    assert store.request("q2") is None


def test_requests_newest_first_by_state_job_and_person(store: Store) -> None:
    first = make.request("q1", "a", "b")
    second = make.request("q2", "b", state=RequestState.DONE)
    third = make.request("q3", "c", by=Person("T1", "U-sam"))
    for each in (first, second, third):
        store.add_request(each)
    assert store.requests() == (third, second, first)
    assert store.requests(states=[RequestState.APPROVING]) == (third, first)
    assert store.requests(job=make.name("b")) == (second, first)
    assert store.requests(by="U-sam") == (third,)
    assert store.requests(states=[RequestState.DONE], job=make.name("a")) == ()
    assert store.requests(limit=1) == (third,)


def test_a_request_moves_only_from_an_expected_state(store: Store) -> None:
    request = make.request()
    store.add_request(request)
    moved = store.move_request(
        "q1",
        [RequestState.CONFIRMING, RequestState.APPROVING],
        RequestState.DENIED,
        ended_by="U-sam",
        ended=NOW,
    )
    assert moved == store.request("q1")
    assert moved is not None
    assert (moved.state, moved.ended_by, moved.ended) == (RequestState.DENIED, "U-sam", NOW)
    assert store.move_request("q1", [RequestState.APPROVING], RequestState.APPROVED) is None
    assert store.move_request("none", [RequestState.APPROVING], RequestState.APPROVED) is None
    assert store.move_request("q1", [], RequestState.APPROVED) is None
    assert store.request("q1") == moved


def test_open_requests_that_share_a_job(store: Store) -> None:
    others = [make.request(f"q{n}", "b", f"other-{n}") for n in range(1, 6)]
    unrelated = [
        make.request("far", "c"),
        make.request("done", "a", state=RequestState.DONE),
        make.request("late", "a", expires=NOW),
        make.request("theirs", "a", by=Person("T2", "U-dana")),
    ]
    asked = make.request("q0", *(f"job-{n}" for n in range(600)), "a", "b")
    for each in (*others, *unrelated, asked):
        store.add_request(each)
    assert store.open_sharing_jobs("q0", "T1", NOW) == ("q5", "q4", "q3", "q2", "q1")
    assert store.open_sharing_jobs("theirs", "T2", NOW) == ()
    assert find_related_open(store, asked, NOW) == RelatedRequests(tuple(reversed(others[2:])), 2)
    store.move_request("q5", [RequestState.APPROVING], RequestState.DENIED)
    assert store.open_sharing_jobs("q0", "T1", NOW) == ("q4", "q3", "q2", "q1")


def test_open_requests_that_cannot_be_read_are_counted(store: Store, raw: Raw) -> None:
    asked = make.request("q0", "a")
    for each in (asked, make.request("q1", "a"), make.request("q2", "a"), make.request("q3", "a")):
        store.add_request(each)
    raw.execute("UPDATE requests SET action = 'levitate' WHERE id = 'q1'")
    raw.execute("UPDATE requests SET \"by\" = '[' WHERE id = 'q3'")
    found = find_related_open(store, asked, NOW)
    assert found == RelatedRequests((make.request("q2", "a"),), 2)
    assert "👥 *Also open*" in str([each.to_dict() for each in request_details(asked, found)])
    assert "*Also open*: 2 requests." in str(
        [each.to_dict() for each in request_details(asked, RelatedRequests((), 2))]
    )


def test_open_requests_that_read_alike_are_named_once() -> None:
    """As restarts of one database each, which the line does not name."""
    unconfirmed = make.request("q2", "a", state=RequestState.CONFIRMING)
    asked, *others = make.request("q0", "a"), make.request("q1", "a"), unconfirmed, make.request("q3", "a")
    blocks = [each.to_dict() for each in request_details(asked, RelatedRequests(tuple(others)))]
    (line,) = (each["text"]["text"] for each in blocks if "Also open" in str(each))
    named = line.removeprefix("👥 *Also open*: ").removesuffix(".").split("; ")
    assert [each.partition(", ")[2] for each in named] == [
        "waiting for approvals (2 requests)",
        "waiting for its requester to confirm",
    ]


@pytest.mark.parametrize("changes", [{"unheard_of": 1}, {"by": make.DANA}, {"state": "done"}, {"jobs": ()}])
def test_what_is_no_field_or_never_changes_is_refused(store: Store, changes: dict[str, Any]) -> None:
    store.add_request(make.request())
    with pytest.raises(ValueError, match=r"field|change"):
        store.move_request("q1", [RequestState.APPROVING], RequestState.DONE, **changes)
    assert store.request("q1") == make.request()


def test_an_id_is_taken_once(store: Store) -> None:
    store.add_request(make.request())
    with pytest.raises(StoreError):
        store.add_request(make.request(note="other"))
    assert store.requests() == (make.request(),)


def test_a_person_has_one_say(store: Store) -> None:
    approval = Decision("q1", "U-sam", True, "", NOW)
    other = Decision("q1", "U-dana", False, "not today", NOW + MINUTE)
    assert store.add_decision(approval)
    assert not store.add_decision(Decision("q1", "U-sam", False, "changed my mind", NOW + MINUTE))
    assert store.add_decision(other)
    assert store.add_decision(Decision("q2", "U-sam", True, "", NOW))
    assert store.decisions("q1") == (approval, other)
