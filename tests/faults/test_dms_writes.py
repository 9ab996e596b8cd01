"""DMS in trouble while the bot calls it: each change is made once or told as unclear, never blindly again."""

from __future__ import annotations

import pytest

from tests.e2e.scene import JSON, Scene
from tests.faults.acts import ACTS, Act, applied, ask_all, calls, request_ids

CODES = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")


@pytest.mark.parametrize("code", CODES)
def test_the_answer_to_a_call_that_was_carried_out_is_lost(stage: Scene, code: str) -> None:
    """All of them are found to be under way, and end well."""
    for act, job, card in begun(stage, code, after_apply=True):
        stage.shows(card, "✅", timeout=40)
        assert applied(stage, act, job) == 1, calls(stage, act, job)
        if not act.repeatable:
            assert len(calls(stage, act, job)) == 1


@pytest.mark.parametrize("code", ["UNAVAILABLE", "DEADLINE_EXCEEDED"])
def test_a_call_fails_before_it_was_carried_out(stage: Scene, code: str) -> None:
    """What has a `request_id` is repeated with the same one; all else is told as unclear, once."""
    for act, job, card in begun(stage, code, after_apply=False):
        if act.repeatable:
            stage.shows(card, "✅", timeout=40)
            assert len(request_ids(stage, act, job)) == 1
            assert applied(stage, act, job) == 1
            continue
        stage.shows(card, "not known whether", "look at it before trying again", timeout=40)
        assert len(calls(stage, act, job)) == 1
        assert applied(stage, act, job) == 0


def test_a_used_up_quota_is_a_refusal(stage: Scene) -> None:
    for act, job, card in begun(stage, "RESOURCE_EXHAUSTED", after_apply=False, times=None):
        stage.shows(card, "overloaded or a quota is used up", timeout=40)
        assert applied(stage, act, job) == 0
        if not act.repeatable:
            assert len(calls(stage, act, job)) == 1


def test_the_connection_is_cut_in_the_middle_of_each_call(stage: Scene) -> None:
    for act, job, card in begun(stage, "DISCONNECT", after_apply=True):
        stage.shows(card, "✅", timeout=40)
        assert applied(stage, act, job) == 1, calls(stage, act, job)


def begun(
    stage: Scene, code: str, *, after_apply: bool, times: int | None = 1
) -> list[tuple[Act, str, JSON]]:
    """Each change asked for and confirmed, on a job of its own whose first call meets the fault."""

    def arm(act: Act, job: str) -> None:
        stage.dms.fault(act.method, code, times=times, after_apply=after_apply, match=f"migrationJobs/{job}")

    return ask_all(stage, ACTS, arm)
