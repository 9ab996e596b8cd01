"""Filters as people write them."""

from __future__ import annotations

import pytest

from bot.cmdline.answers import DatabasesPage
from bot.cmdline.invocation import Invocation, UsageError
from bot.dms.model import Endpoint, State
from commands.support.bare_filters import with_bare_filters
from commands.support.filters import check_value, matching, one_of
from sandbox.dms import DmsServer
from tests.jobs import a_job
from tests.policy.command_service import CommandService

JOB = a_job(
    state="NOT_STARTED",
    phase="PHASE_FAILBACK",
    display_name="Orders (prod)",
    labels=(("env", "prod"), ("team", "shop")),
    source=Endpoint("s", "POSTGRESQL", "RDS", "orders.example:5432"),
    destination=Endpoint("d", "POSTGRESQL", "ALLOYDB", "orders-target"),
)


@pytest.mark.parametrize(
    ("wanted", "value", "fits"),
    [
        ("NOT_STARTED", "NOT_STARTED", True),
        ("not_started", "NOT_STARTED", True),
        ("not-started", "NOT_STARTED", True),
        ("Not Started", "NOT_STARTED", True),
        ("running,not_started", "NOT_STARTED", True),
        ("running|not_started", "NOT_STARTED", True),
        ("running, not_started", "NOT_STARTED", True),
        ("started", "NOT_STARTED", False),
        ("failback", "PHASE_FAILBACK", True),
        ("phase_failback", "PHASE_FAILBACK", True),
        ("", "RUNNING", False),
        ("europe-west1", "europe-west1", True),
        ("europe-west", "europe-west1", False),
    ],
)
def test_values(wanted: str, value: str, fits: bool) -> None:
    assert one_of(wanted, value) is fits


@pytest.mark.parametrize(
    ("filters", "words", "fits"),
    [
        ({}, (), True),
        ({"state": "not-started"}, (), True),
        ({"state": "running"}, (), False),
        ({"phase": "failback"}, (), True),
        ({"location": "europe-west1", "type": "continuous"}, (), True),
        ({"location": "us-central1"}, (), False),
        ({"label.env": "prod"}, (), True),
        ({"label.env": "pro"}, (), False),
        ({"label.none": "prod"}, (), False),
        ({"state": "not_started", "label.team": "crm"}, (), False),
        ({}, ("ORDERS",), True),
        ({}, ("orders", "prod", "rds"), False),
        ({}, ("orders", "prod", "alloydb"), True),
        ({}, ("env=prod",), True),
    ],
)
def test_jobs(filters: dict[str, str], words: tuple[str, ...], fits: bool) -> None:
    assert (JOB in matching([JOB], filters, words)) is fits


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("runing", "Did you mean `state=running`?"),
        ("running,stoped", "There is no state `stoped`"),
        ("xyzzy", "It is one of "),
    ],
)
def test_values_that_there_are_not(wanted: str, words: str) -> None:
    with pytest.raises(UsageError) as told:
        check_value("state", wanted, list(State), [])
    assert words in str(told.value)
    assert "unspecified" not in str(told.value)


@pytest.mark.parametrize("wanted", [None, "", "running", "running,", "hibernating"])
def test_values_that_there_are(wanted: str | None) -> None:
    check_value("state", wanted, list(State), ["HIBERNATING"])


@pytest.mark.parametrize(
    ("typed", "state", "rest"),
    [
        ("failed", "failed", ()),
        ("Running with errors", "with-errors", ()),
        ("not started orders", "not-started", ("orders",)),
        ("orders failed stopped", "failed,stopped", ("orders",)),
        ("with errors", "with-errors", ()),
        ("orders", None, ("orders",)),
        ("failed-orders", None, ("failed-orders",)),
    ],
)
def test_states_without_their_key(typed: str, state: str | None, rest: tuple[str, ...]) -> None:
    found = with_bare_filters(Invocation("list", words=tuple(typed.split())))
    assert (found.filters.get("state"), found.words) == (state, rest)


@pytest.mark.parametrize(
    ("filters", "words", "found", "rest"),
    [
        ({"state": "not"}, "started orders", {"state": "not-started"}, ("orders",)),
        ({"state": "failed,running"}, "with errors", {"state": "failed,with-errors"}, ()),
        ({"phase": "full"}, "dump", {"phase": "full-dump"}, ()),
        ({"phase": "waiting"}, "for source", {"phase": "waiting"}, ("for", "source")),
        ({}, "running full dump", {"state": "running", "phase": "full-dump"}, ()),
        ({}, "CDC orders", {"phase": "cdc"}, ("orders",)),
        ({"state": "running"}, "all the jobs", {"state": "running"}, ()),
        ({}, "all orders", {}, ("all", "orders")),
        ({}, "all failed", {"state": "failed"}, ()),
        ({}, "failed jobs", {"state": "failed"}, ()),
        ({}, "the failed Jobs", {"state": "failed"}, ()),
        ({}, "all jobs with errors", {"state": "with-errors"}, ()),
        ({}, "all failed orders", {"state": "failed"}, ("orders",)),
        ({}, "failed jobs in europe-west1", {"state": "failed"}, ("europe-west1",)),
        ({}, "failed or stopped orders", {"state": "failed,stopped"}, ("orders",)),
        ({}, "state: failed", {"state": "failed"}, ()),
        ({}, "failed,stopped orders,billing", {"state": "failed,stopped"}, ("orders,billing",)),
        ({}, "in europe-west1", {}, ("in", "europe-west1")),
    ],
)
def test_values_of_several_words_and_phases(
    filters: dict[str, str], words: str, found: dict[str, str], rest: tuple[str, ...]
) -> None:
    seen = with_bare_filters(Invocation("list", filters=filters, words=tuple(words.split())))
    assert (dict(seen.filters), seen.words) == (found, rest)


def test_beside_a_filter_of_states_a_state_is_text() -> None:
    typed = Invocation("list", filters={"state": "running"}, words=("failed",))
    assert with_bare_filters(typed) == typed


@pytest.mark.parametrize(
    "typed", ["not failed", "state!=failed", "running not cdc", "label.env!=prod orders"]
)
def test_what_is_to_be_left_out_is_not_taken_for_text(typed: str) -> None:
    """No job would match, which looks as if there were none."""
    with pytest.raises(UsageError, match="leaves nothing out"):
        with_bare_filters(Invocation("list", words=tuple(typed.split())))


def test_an_empty_value_is_not_a_label_that_is_missing() -> None:
    empty = a_job(labels=(("team", ""),))
    assert matching([empty, JOB, a_job(labels=())], {"label.team": ""}) == (empty,)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("failed", ["shop"]),
        ("failed,running", ["failed_logins", "shop"]),
        ("all failed", ["shop"]),
        ("failed_", ["failed_logins"]),
        ("cdc", ["failed_logins"]),
        ("draft", []),
    ],
)
def test_a_state_is_no_part_of_a_databases_name_where_none_has_it(
    typing: CommandService, dms: DmsServer, typed: str, found: list[str]
) -> None:
    named = "sales" if typed == "failed" else "failed_logins"
    databases = [{"name": "shop", "state": "FAILED", "phase": "FULL_DUMP"}, named]
    dms.control.add_job("mixed", location="europe-west1", phase="CDC", frozen=True, databases=databases)
    page = typing.type(f"databases mixed {typed}")
    assert isinstance(page, DatabasesPage)
    assert sorted(each.id.database for each in page.databases) == sorted(found)
