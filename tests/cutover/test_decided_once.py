"""What a press depends on is judged as it is in the store, not as it was when the press came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.cmdline.answers import Note
from bot.cutover.ledger import CutoverLedger
from bot.cutover.promotion import Promotion
from bot.cutover.steps import Steps
from bot.store.cutover import CheckLine, CheckResult, Cutover, Tick
from bot.store.cutover import CutoverState as S
from tests.cutover.night import DANA_THERE, SAM, Night
from tests.policy.command_service import words


def ledger(night: Night) -> CutoverLedger:
    return CutoverLedger(night.desk.ctx.store, clock=night.clock, wake=lambda: None)


def late(night: Night, seen: Cutover, step: str) -> str:
    """A press that read the cutover before somebody changed it."""
    promotion = Promotion(night.requests, night.desk.ctx.approvals, ledger(night))
    steps = Steps(night.requests, ledger(night), promotion, lambda _: ())
    told = steps.press(SAM, seen, step, "")
    return words(told) if isinstance(told, Note) else ""


def ready(night: Night) -> Cutover:
    return night.does(night.ready(night.job()), "here")


def stopping(night: Night) -> Cutover:
    plan = night.does(ready(night), "start")
    for index in "01":
        night.does(plan, "writer", SAM, index)
    return night.now(plan)


def checklist(night: Night) -> Cutover:
    plan = night.stopped(night.job(), rehearsal=True, checklist=(Tick("ANALYZE", SAM.user),))
    night.minutes(["orders"], 3)
    assert night.promote(plan) == ""
    return night.now(plan)


@pytest.mark.parametrize(
    ("before", "step", "changes", "told"),
    [
        (ready, "start", {"checks": (CheckLine("state", CheckResult.NO_GO, "It has failed."),)}, "object"),
        (ready, "start", {"here": {}}, "I'm here"),
        (stopping, "stopped", {"writers": (Tick("api"),)}, "not ticked yet: api"),
        (checklist, "open_writes", {"checklist": (Tick("ANALYZE"),)}, "still open: ANALYZE"),
    ],
)
def test_what_changed_meanwhile_counts(
    night: Night, before: Callable[[Night], Cutover], step: str, changes: dict[str, Any], told: str
) -> None:
    seen = before(night)
    seen = replace(seen, plan=replace(seen.plan, commander=SAM.user))
    now = night.now(seen)
    assert ledger(night).update(now, **changes)
    assert told in late(night, seen, step)
    assert night.state(seen) is now.state


def test_old_checks_do_not_let_it_start(night: Night) -> None:
    plan = ready(night)
    night.clock.forward(minutes=11)
    assert "older than 10 minutes" in night.press(plan, "start", DANA_THERE)
    night.does(plan, "check")
    assert night.does(plan, "start").state is S.STOPPING
