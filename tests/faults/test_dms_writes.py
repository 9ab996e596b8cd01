"""DMS in trouble during the bot's calls: each change is made once, or reported unclear and not repeated."""

from __future__ import annotations

import pytest

from tests.e2e.env import JSON, Env
from tests.faults.acts import ACTS, Act, applied, ask_all, calls, request_ids

CODES = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")


@pytest.mark.parametrize("code", CODES)
def test_the_answer_to_a_call_that_was_carried_out_is_lost(env: Env, code: str) -> None:
    """All of them are found to be under way, and end well."""
    for act, job, card in begun(env, code, after_apply=True):
        env.shows_as(card, "done")
        assert applied(env, act, job) == 1, calls(env, act, job)
        if not act.repeatable:
            assert len(calls(env, act, job)) == 1


@pytest.mark.parametrize("code", ["UNAVAILABLE", "DEADLINE_EXCEEDED"])
def test_a_call_fails_before_it_was_carried_out(env: Env, code: str) -> None:
    """What has a `request_id` is repeated with the same one; all else is reported as unclear, once."""
    for act, job, card in begun(env, code, after_apply=False):
        if act.repeatable:
            env.shows_as(card, "done")
            assert len(request_ids(env, act, job)) == 1
            assert applied(env, act, job) == 1
            continue
        env.shows(card, "not known whether", "check it before you try again")
        assert len(calls(env, act, job)) == 1
        assert applied(env, act, job) == 0


def test_a_used_up_quota_is_a_refusal(env: Env) -> None:
    for act, job, card in begun(env, "RESOURCE_EXHAUSTED", after_apply=False, times=None):
        env.shows(card, "overloaded or a quota is used up")
        assert applied(env, act, job) == 0
        if not act.repeatable:
            assert len(calls(env, act, job)) == 1


def test_the_connection_is_cut_in_the_middle_of_each_call(env: Env) -> None:
    for act, job, card in begun(env, "DISCONNECT", after_apply=True):
        env.shows_as(card, "done")
        assert applied(env, act, job) == 1, calls(env, act, job)


def begun(env: Env, code: str, *, after_apply: bool, times: int | None = 1) -> list[tuple[Act, str, JSON]]:
    """Each change asked for and confirmed, on a job of its own whose first call meets the fault."""

    def arm(act: Act, job: str) -> None:
        env.dms.fault(act.method, code, times=times, after_apply=after_apply, match=f"migrationJobs/{job}")

    return ask_all(env, ACTS, arm)
