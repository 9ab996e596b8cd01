"""Buttons are offered only to those whom the policy lets press them, and none that a freeze forbids."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cmdline.answers import Answer, DatabasesPage, JobCard, JobsPage
from bot.slack.render.answer import render
from bot.store.records import Person
from bot.util.command import DEFAULT, with_command
from sandbox.dms import DmsServer
from sandbox.slack import plain

from .command_service import CommandService, command_service, labels, words
from .people import DANA, QUINN, ROLES, access

FROZEN = '--until 2h --reason "month end"'
LOOKING = ["Delay", "Databases", "Refresh", "History", "Notify me"]
"""What the card of a healthy job offers to who may only look: two buttons, and the menu."""
ALL = ["Plan cutover…", "Databases", "Stop…", "Promote…", "Verify", "Refresh"]
FROZEN_JOB = ["Delay", "Databases", "Verify", "Refresh", "History", "Notify me"]
PLANNED = '[[freeze]]\nfrom = 2026-02-20\nuntil = 2026-03-04\nreason = "closing"\n'
GUARDED = '[[rule]]\nname = "guard"\nverbs = ["promote", "delete"]\njobs = ["billing"]\nallow = ["admin"]\n'


def shown(answer: Answer) -> list[str]:
    """The labels of the buttons, and of the menu without its last entry."""
    assert isinstance(answer, JobCard | DatabasesPage)
    menu = answer.menu if isinstance(answer, JobCard) else ()
    return [each.label for each in (*answer.buttons, *menu) if each.label != "More…"]


def small_print(answer: Answer) -> str:
    return plain(with_command(render(answer).payload(), DEFAULT))


def chosen(at: CommandService, who: Person) -> list[str]:
    page = at.type("list --choose", who)
    assert isinstance(page, JobsPage)
    return [button.label for group in page.groups for button in group.bulk]


def test_who_only_looks_is_offered_to_look_closer(typing: CommandService) -> None:
    assert shown(typing.type("show billing", DANA)) == ALL
    assert shown(typing.type("show billing", QUINN)) == LOOKING
    details = typing.type("show billing --more", QUINN)
    assert "Not offered to you: *stop*, *promote*" in small_print(details)
    assert "`/dms policy billing` says who may" in small_print(details)
    assert "Not offered" not in small_print(typing.type("show billing --more", DANA))


def test_what_a_rule_keeps_from_a_person_is_not_offered_on_that_job(dms: DmsServer, tmp_path: Path) -> None:
    with command_service(dms, tmp_path, access(ROLES + GUARDED)) as ruled:
        assert shown(ruled.type("show billing")) == [
            "Delay",
            "Databases",
            "Stop…",
            "Verify",
            "Edit…",
            "Refresh",
        ]
        assert shown(ruled.type("show orders")) == ALL
        assert shown(ruled.type("databases billing")) == ["Refresh", "Edit…"]
        assert "Delete chosen…" in chosen(ruled, DANA), "one of the two may be"


@pytest.mark.parametrize("target", ["billing", "--all"])
def test_a_freeze_is_shown_in_the_place_of_dead_buttons(typing: CommandService, target: str) -> None:
    (typing.sure if target == "--all" else typing.type)(f"freeze {target} {FROZEN}")
    card = typing.type("show billing")
    assert shown(card) == FROZEN_JOB
    assert "Frozen, no changes now" in small_print(card)
    assert "month end" in small_print(card)
    assert "Not offered" not in small_print(card)
    assert shown(typing.type("databases billing")) == ["Refresh"]
    typing.type(f"unfreeze {target}")
    assert shown(typing.type("show billing")) == ALL


def test_a_freeze_that_is_planned_counts_as_well(dms: DmsServer, tmp_path: Path) -> None:
    with command_service(dms, tmp_path, access(ROLES + PLANNED)) as ruled:
        card = ruled.type("show billing")
        assert shown(card) == FROZEN_JOB
        assert "closing" in small_print(card)
        assert "Not offered" not in small_print(card)


def test_several_are_chosen_only_for_what_may_be_done_with_some(typing: CommandService) -> None:
    every = ["Stop chosen…", "Promote chosen…", "Verify chosen", "Delete chosen…"]
    assert chosen(typing, DANA) == every
    typing.type(f"freeze billing {FROZEN}")
    assert chosen(typing, DANA) == every
    typing.type(f"freeze orders {FROZEN}")
    assert chosen(typing, DANA) == ["Verify chosen"]
    assert chosen(typing, QUINN) == []
    for who, offered in ((DANA, True), (QUINN, False)):
        page = typing.type("list", who)
        assert isinstance(page, JobsPage)
        assert ("Act on several…" in [each.label for each in page.buttons]) == offered


def test_no_change_is_offered_in_an_answer_to_who_may_not_make_it(
    typing: CommandService, dms: DmsServer
) -> None:
    assert labels(typing.type("stop biling", DANA)) == ["stop billing"]
    assert labels(typing.type("stop biling", QUINN)) == []
    dms.control.add_job("broken", location="europe-west1", state="FAILED", phase="CDC", frozen=True)
    assert len(labels(typing.type("delete billing broken", DANA))) == 2
    refused = typing.type("delete billing broken", QUINN)
    assert labels(refused) == []
    assert "You may not use `delete` on `billing`" in words(refused)
