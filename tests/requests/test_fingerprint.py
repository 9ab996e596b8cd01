"""What a request is bound to: any edit of the job makes it out of date, and is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.dms.model import ConfigSnapshot, Endpoint, FieldChange, Options
from bot.dms.rules import Action
from bot.requests.fingerprint import edits, selection_edits, unlisted, unread
from bot.requests.rules import has_changed
from bot.requests.wording import describe_change
from bot.store.facts import UNREAD, RequestFacts
from tests.store import make
from tests.store.make import MINUTE, NOW

ORDERS = make.name("orders")
HERE = "projects/acme/locations/x/connectionProfiles"
A = Endpoint(f"{HERE}/alloydb-a", "POSTGRESQL", "ALLOYDB", "cluster-a")
B = Endpoint(f"{HERE}/alloydb-b", "POSTGRESQL", "ALLOYDB", "cluster-b")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"destination": A}, {"destination": B}, "destination: `alloydb-a` → `alloydb-b`"),
        ({"source": A}, {"source": B}, "source: `alloydb-a` → `alloydb-b`"),
        (
            {"destination": A},
            {"destination": replace(A, profile=A.profile.replace("acme", "other"))},
            f"destination: `{A.profile}` → `{A.profile.replace('acme', 'other')}`",
        ),
        (
            {"destination": A},
            {"destination": replace(A, host="cluster-b")},
            "destination: `cluster-a` → `cluster-b`",
        ),
        ({"destination": Endpoint("")}, {"destination": A}, "destination: none → `alloydb-a`"),
        ({"type": "CONTINUOUS"}, {"type": "ONE_TIME"}, "type: `CONTINUOUS` → `ONE_TIME`"),
        ({"parallelism": ""}, {"parallelism": "MAX"}, "dump parallelism: none → `MAX`"),
        ({}, {"dump_path": "gs://b/o"}, "dump path: none → `gs://b/o`"),
        ({"display_name": "Orders"}, {"display_name": "C`RM"}, "display name: `Orders` → `CˋRM`"),
        (
            {"labels": (("env", "prod"),)},
            {"labels": (("env", "test"), ("team", "crm"))},
            "label `env`: `prod` → `test`; label `team`: none → `crm`",
        ),
    ],
)
def test_an_edit_is_named(before: dict[str, Any], after: dict[str, Any], said: str) -> None:
    then, now = make.job(**before), make.job(**after)
    assert "; ".join(edits(then, now)) == said
    assert describe_change(then, now) == f"`orders` was edited meanwhile: {said}."
    assert has_changed(then, now)


@pytest.mark.parametrize(
    "after",
    [
        {},
        {"update_time": NOW + 2 * MINUTE, "duration_s": 99.0, "error": None},
        {"destination": replace(A, engine="", provider="", host="")},
    ],
    ids=["nothing", "what moves by itself", "a profile that cannot be read"],
)
def test_what_is_no_edit(after: dict[str, Any]) -> None:
    then = make.job(destination=A)
    assert describe_change(then, replace(then, **after)) == ""


@pytest.mark.parametrize(
    "otherwise",
    [
        replace(A, host="10.0.0.5:5432"),
        replace(A, host="10.0.0.5:5432", provider=""),
        replace(A, profile=A.profile.replace("acme", "1234567890")),
    ],
    ids=["as gRPC alone has it", "without the job's provider", "by the number of its project"],
)
def test_one_destination_that_is_known_in_two_ways_was_not_edited(otherwise: Endpoint) -> None:
    """As requests of older versions have it, and as it is known after a start while REST does not answer."""
    by_id, other = make.job(destination=A), make.job(destination=otherwise)
    assert describe_change(other, by_id) == ""
    if otherwise.profile == A.profile:
        assert describe_change(by_id, other) == ""
        moved = replace(other, destination=replace(otherwise, host="10.0.0.6:5432"))
        assert "10.0.0.6" in describe_change(other, moved)


def test_a_new_state_and_an_edit_are_both_said() -> None:
    then, now = make.job(type="CONTINUOUS"), make.job(type="ONE_TIME", state="STOPPED")
    assert describe_change(then, now) == (
        "`orders` was running · CDC when this was requested, and is stopped · CDC now. "
        "`orders` was edited meanwhile: type: `CONTINUOUS` → `ONE_TIME`."
    )


def test_what_a_request_sets_itself_does_not_count() -> None:
    then, own = make.job(parallelism="MIN"), Options(parallelism="MAX")
    assert not has_changed(then, make.job(parallelism="MAX"), own)
    assert has_changed(then, make.job(parallelism="OPTIMAL"), own)


def test_fields_that_an_edit_sets_itself_do_not_count() -> None:
    then = make.job(labels=(("env", "dev"), ("old", "x")), display_name="A")
    own = Options(fields=FieldChange("B", (("env", "prod"), ("old", "")), "gs://b/o"))
    saved: dict[str, Any] = {"labels": (("env", "prod"),), "display_name": "B", "dump_path": "gs://b/o"}
    assert edits(then, replace(then, **saved), own) == ()
    others = replace(then, **(saved | {"labels": (("env", "prod"), ("team", "db"))}))
    assert "label `team`: none → `db`" in edits(then, others, own)
    assert edits(then, replace(then, display_name="C"), own) == ("display name: `A` → `C`",)


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        (("SPECIFIED_OBJECTS", ("sales",)), ("ALL_OBJECTS",), "databases: `sales` → all databases"),
        (
            ("ALL_OBJECTS",),
            ("ALL_OBJECTS", (), ("crm",)),
            "databases: all databases → all databases but `crm`",
        ),
        (("?",), ("ALL_OBJECTS",), "databases: not known → all databases"),
    ],
)
def test_another_selection_is_named(then: Any, now: Any, said: str) -> None:
    assert selection_edits(ConfigSnapshot(*then), ConfigSnapshot(*now)) == (said,)
    assert selection_edits(ConfigSnapshot(*then), ConfigSnapshot(*then)) == ()


@pytest.mark.parametrize(
    ("action", "options", "blind"),
    [
        (Action.RESTART, Options(), True),
        (Action.RESTART, Options(failed_only=True), True),
        (Action.PROMOTE, Options(), True),
        (Action.DELETE, Options(with_destination=True), True),
        (Action.DELETE, Options(), False),
        (Action.START, Options(), False),
    ],
)
def test_what_destroys_needs_its_databases_to_be_listed(
    action: Action, options: Options, blind: bool
) -> None:
    asked = make.request(action=action, options=options, databases={}, facts=RequestFacts())
    assert bool(unlisted(asked)) is blind
    assert unlisted(replace(asked, databases={ORDERS: ("sales",)})) == ()
    assert unlisted(replace(asked, facts=RequestFacts(none_affected=(ORDERS,)))) == ()


@pytest.mark.parametrize("action", list(Action))
def test_a_selection_has_to_be_read_where_it_matters(action: Action) -> None:
    facts = RequestFacts(selections={ORDERS: UNREAD})
    matters = action not in (Action.STOP, Action.VERIFY, Action.DELETE, Action.CANCEL)
    assert bool(unread(make.request(action=action, facts=facts))) is matters
    assert unread(make.request(action=action, facts=RequestFacts())) == (), "a request of an older version"
