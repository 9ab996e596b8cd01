"""Red is the button that sends what destroys, and no other, in each state of a request and on the way to it.

Source: docs.slack.dev, button element, `style`; of modals, "Modals": a view's submit button has no style.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from bot.dms.model import Database, ObjectId, Options, Phase, State
from bot.dms.rules import Action, Refusal
from bot.policy.approver_list import ApproverList
from bot.requests.buttons import action_buttons, group_action_buttons, instead_buttons
from bot.requests.groups import mixed_statuses_answer
from bot.slack.render import message as m
from bot.slack.render import modals
from bot.slack.render.answer import render
from bot.slack.render.approval_card import Asking, approval_card, approval_details
from bot.slack.render.request_card import request_card
from bot.store.facts import facts_from_json
from bot.store.records import Request, RequestState
from tests.slack.checks import accepted, accepted_view, buttons, reds
from tests.slack.makers import NOW, job, request

ZERO = {
    "seconds": 0.0,
    "bytes": 0.0,
    "at": NOW.isoformat(),
    "measured": NOW.isoformat(),
    "measured_bytes": NOW.isoformat(),
}
CLEAR = facts_from_json({"delay": {job().name: ZERO}})
"""The facts of a job of which all has arrived: nothing is typed to promote it."""
DESTROYING = ("restart", "promote", "demote", "delete")


def red(one: Request) -> list[str]:
    return [each["text"]["text"] for each in reds(accepted(request_card(one, [], [], NOW))["blocks"])]


@pytest.mark.parametrize("action", Action)
def test_no_card_of_a_request_has_two_red_buttons_or_a_red_one_too_early(action: Action) -> None:
    for state, typed, needed, both in itertools.product(RequestState, (False, True), (0, 1), (False, True)):
        options = Options(with_destination=both and action is Action.DELETE)
        one = request(action, state, typed=typed, needed=needed, options=options, facts=CLEAR)
        found = red(one)
        last = state is RequestState.CONFIRMING and not typed and not needed
        assert len(found) == (1 if last and action in DESTROYING else 0), (state, typed, needed, found)


def test_what_sends_a_deletion_or_a_promotion_is_red() -> None:
    assert red(request(Action.DELETE)) == ["Delete job only"]
    assert red(request(Action.PROMOTE, facts=CLEAR)) == ["Confirm promote"]
    assert red(request(Action.PROMOTE, facts=replace(CLEAR, cutover="cut-1"))) == [], "the plan sends nothing"
    assert red(request(Action.STOP, jobs=(job(phase="FULL_DUMP"),))) == ["Confirm stop"], "the dump is lost"
    assert red(request(Action.STOP)) == []


def test_what_asks_for_more_says_so() -> None:
    card = accepted(request_card(request(Action.RESTART, typed=True), [], [], NOW))
    labels = [each["text"]["text"] for each in buttons(card).values()]
    assert labels == ["Confirm restart…", "Cancel"]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("failed", [False, True])
def test_what_begins_an_action_is_not_red_and_says_that_it_asks(state: State, failed: bool) -> None:
    databases = (Database("o/1", ObjectId("hr"), "FAILED"),) if failed else ()
    for phase in (*Phase, ""):
        one, other = job(state=state, phase=phase), job("b", state, phase)
        refusal = Refusal(Action.START, "no", instead=tuple(Action))
        found = [
            action_buttons(_ref, one, databases),
            group_action_buttons(_ref, (one, other), tuple(Action)),
            instead_buttons(_ref, one, refusal, lambda _: True),
        ]
        for each in itertools.chain(*found):
            assert each.label.endswith("…") or each.verb not in DESTROYING, each.label
        for row in found:
            assert not reds([block.to_dict() for block in m.buttons(row)])


def test_groups_of_jobs_have_no_red_buttons() -> None:
    mixed = [job("a"), job("b", "FAILED"), job("c", "STOPPED")]
    note = mixed_statuses_answer(_ref, Action.DELETE, mixed, Options())
    assert note is not None
    assert [each.label.endswith("…") for each in note.buttons] == [True] * 3
    assert not reds(accepted(render(note))["blocks"])


@pytest.mark.parametrize("action", Action)
def test_approvers_see_no_red(action: Action) -> None:
    waiting = request(action, RequestState.APPROVING, needed=1, typed=True)
    people = ApproverList(())
    card = accepted(approval_card(waiting, Asking(people, "sam"), [], NOW))
    assert not reds(card["blocks"])
    accepted_view(modals.review(approval_details(waiting, people, [], may_decide=True), "REF"))


def _ref(_invocation: object) -> str:
    return "ref-12345"
