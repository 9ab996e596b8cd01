"""What a job's card recommends, and what its menu holds.

Sources: "Manage migration jobs" and "Migration job statuses" of the guides (what is possible in which state);
docs.slack.dev, overflow-menu-element (five options) and buttons (`danger` only with care, one primary).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from bot.cmdline.answers import Button
from bot.cmdline.invocation import Invocation
from bot.dms.model import Database, Endpoint, Fault, Job, ObjectId, Phase, State
from bot.dms.recommended import recommended_action, recommended_look
from bot.dms.rules import Action
from bot.requests.job_buttons import JobButtons, card_buttons, channel_buttons
from tests.jobs import a_job

LOOKS = ("show", "delay", "history", "watch")
ENDS: dict[str, Any] = {
    "source": Endpoint("p", "POSTGRESQL", "RDS"),
    "destination": Endpoint("q", "POSTGRESQL", "CLOUDSQL"),
}
FAILED = Database("o/1", ObjectId("search_index"), "FAILED", "FULL_DUMP", Fault(9, "no space left"))
ERRORS = Database("o/2", ObjectId("hr"), "RUNNING", "CDC", Fault(9, "conflict"))


def in_state(state: str, phase: str = "") -> Job:
    return a_job("orders-db", state, phase, **ENDS)


class Refs:
    """Keeps the invocations of buttons; the IDs are numbers."""

    def __init__(self) -> None:
        self.kept: list[Invocation] = []

    def __call__(self, invocation: Invocation) -> str:
        self.kept.append(invocation)
        return str(len(self.kept) - 1)


def made(
    job: Job,
    databases: Sequence[Database] = (),
    actions: Sequence[Action] = tuple(Action),
    first: str = "",
    ref: Refs | None = None,
) -> JobButtons:
    return card_buttons(ref or Refs(), job, databases, actions, LOOKS, first=first, beside=())


@pytest.mark.parametrize(
    ("state", "phase", "action", "look"),
    [
        ("RUNNING", "CDC", None, "delay"),
        ("RUNNING", "FULL_DUMP", None, "watch"),
        ("RUNNING", "READY_FOR_PROMOTE", None, "delay"),
        ("RUNNING", "PROMOTE_IN_PROGRESS", None, "watch"),
        ("STARTING", "", None, "watch"),
        ("STOPPED", "CDC", "resume", "databases"),
        ("STOPPED", "FULL_DUMP", "restart", "databases"),
        ("FAILED", "CDC", "verify", "databases"),
        ("NOT_STARTED", "", "verify", "databases"),
        ("COMPLETED", "", None, "history"),
        ("DRAFT", "", None, "databases"),
    ],
)
def test_one_thing_is_recommended(state: str, phase: str, action: str | None, look: str) -> None:
    job = in_state(state, phase)
    assert recommended_action(job) == action
    assert recommended_look(job) == look


def test_a_job_that_is_ready_is_promoted_only_when_all_has_arrived() -> None:
    ready = in_state("RUNNING", "READY_FOR_PROMOTE")
    assert recommended_action(ready, clear=True) is Action.PROMOTE
    assert recommended_action(in_state("RUNNING", "CDC"), clear=True) is None


def test_a_start_is_recommended_once_the_job_is_verified() -> None:
    assert recommended_action(in_state("NOT_STARTED"), verified=True) is Action.START


def test_failed_databases_are_restarted_and_errors_looked_at() -> None:
    job = in_state("RUNNING", "CDC")
    assert recommended_action(job, (FAILED, ERRORS)) is Action.RESTART
    assert recommended_action(job, (ERRORS,)) is None
    assert recommended_look(job, (ERRORS,)) == "databases"


@pytest.mark.parametrize("databases", [(), (FAILED,), (ERRORS,)])
def test_nothing_is_red_and_a_menu_fits(databases: tuple[Database, ...]) -> None:
    for state, phase in itertools.product(State, (*Phase, "")):
        job = in_state(state, phase)
        for found in (made(job, databases), channel_buttons(Refs(), job, databases, tuple(Action))):
            assert len(found.menu) <= 5
            assert not any(each.style == "danger" for each in (*found.shown, *found.menu))
            labels = [each.label for each in (*found.shown, *found.menu)]
            assert len(labels) == len(set(labels)), labels
            assert labels[-1] == "More…"


def test_what_is_recommended_is_the_one_primary_button() -> None:
    found = made(in_state("STOPPED", "CDC"), first="resume")
    assert [(each.label, each.style) for each in found.shown] == [("Resume", "primary")]
    assert "Resume" not in [each.label for each in found.menu]


def test_people_are_offered_what_they_may_do() -> None:
    found = made(in_state("RUNNING", "CDC"), actions=())
    assert [each.label for each in found.menu] == ["Refresh", "Delay", "History", "Notify me", "More…"]


def test_a_stop_in_cdc_asks_in_a_dialog_and_from_a_menu_in_a_request() -> None:
    """`commands/stop.py` asks in the other phases: there, one question is enough."""
    refs = Refs()
    job = in_state("RUNNING", "CDC")
    button = made(job, first="stop", ref=refs).shown[0]
    assert button.asks.startswith("orders-db stops replicating")
    entry = entry_of(made(job, ref=refs), "Stop…")
    assert refs.kept[int(entry.ref)].flags == {"ask": True}
    dumping = in_state("RUNNING", "FULL_DUMP")
    assert made(dumping, first="stop").shown[0].asks == ""
    assert refs.kept[int(entry_of(made(dumping, ref=refs), "Stop…").ref)].flags == {}


def test_a_failed_database_that_is_alone_is_named_if_that_fits() -> None:
    job = in_state("RUNNING", "CDC")
    assert made(job, (FAILED,), first="restart").shown[0].label == "Restart database…"
    other = Database("o/3", ObjectId("x"), "FAILED")
    assert made(job, (other,), first="restart").shown[0].label == "Restart x…"
    assert made(job, (FAILED, other), first="restart").shown[0].label == "Restart failed databases…"


def entry_of(found: JobButtons, label: str) -> Button:
    return next(each for each in found.menu if each.label == label)
