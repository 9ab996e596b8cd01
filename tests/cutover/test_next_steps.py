"""What people are told to do next leads on: no press that nobody takes, and no plan that is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cmdline.answers import Note
from bot.cutover.states import BY_STEP
from bot.store.cutover import Cutover, JobMark, Mark, Progress, Sample
from bot.store.cutover import CutoverState as S
from tests.cutover.night import DANA_THERE, QUIET, SAM, Night
from tests.policy.command_service import words


def test_no_second_press_is_asked_for_once_the_cutover_has_moved_on(night: Night) -> None:
    """A dialog lacks rows that the source has counted since, and meanwhile somebody has held the cutover."""
    job = night.job()
    held = night.does(night.stopped(job), "hold", SAM, "the pager rang")
    wrote = Sample(job.name, "app", night.clock(), 0, 0, 3, 0, "", source_rows=3, source_last=night.clock())
    seen = replace(held, progress=replace(held.progress, samples=(wrote,)))
    night.desk.ctx.store.change_cutover(held, progress=seen.progress)
    for step in ("promote", "second"):
        told = night.cutovers.press(DANA_THERE, held.id, step, "orders", seen=())
        assert told is not None
        assert words(told).startswith("Nothing was done: the cutover is held, since ")


@pytest.mark.parametrize("state", [each for each in S if each not in (S.DONE, S.ABORTED, S.EXPIRED)])
@pytest.mark.parametrize("promoted", [False, True])
def test_the_way_out_of_another_plan_is_one_that_it_has(night: Night, state: S, promoted: bool) -> None:
    """To move it would leave it open, and the next plan would be refused as well."""
    job = night.job()
    marks = (JobMark(job.name, Mark.PROMOTED),) if promoted else ()
    plan = replace(QUIET, jobs=(job.name,))
    made = Cutover("c1", "T1", DANA_THERE, state, plan, night.clock(), night.clock())
    night.desk.ctx.store.add_cutover(replace(made, progress=Progress(jobs=marks)))
    told = night.cutovers.plan(SAM, QUIET, [job])
    assert isinstance(told, Note)
    said = words(told)
    assert "`orders` is part of the cutover that" in said
    assert ("Move that one instead" in said) is (state in BY_STEP["move"].states)
    assert ("cancel" in said) is (state in BY_STEP["cancel"].states)
    assert ("aborted" in said) is (state in BY_STEP["abort"].states and not promoted)
    assert "end" in said or "cancel" in said


@pytest.mark.parametrize(
    ("there", "way"), [(True, "Cancel it, and plan the others again."), (False, "Cancel it.")]
)
def test_a_plan_of_a_job_that_is_gone_is_cancelled_first(night: Night, there: bool, way: str) -> None:
    """While it is open, a new plan of its other jobs is refused."""
    job = night.job()
    names = (*((job.name,) if there else ()), f"{job.name}-2")
    plan = replace(QUIET, jobs=names)
    made = Cutover("c1", "T1", DANA_THERE, S.SCHEDULED, plan, night.clock(), night.clock())
    night.desk.ctx.store.add_cutover(made)
    told = night.cutovers.move(DANA_THERE, "c1", None, "UTC")
    assert isinstance(told, Note)
    assert words(told) == f"Nothing was done: a job of it no longer exists. {way}"
