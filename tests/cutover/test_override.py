"""Who may let a cutover go on although checks object, and which."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cutover.states import PRESSES, overridable, override_key
from bot.store.cutover import CheckLine, CheckResult, Cutover
from sandbox.dms import DmsServer
from tests.cutover.night import ALEX_THERE, DANA_THERE, SAM, STRANGER, Night, a_night, four_eyes

DELAY = CheckLine("delay", CheckResult.NO_GO, "The delay is 4 min.")
TREND = CheckLine("trend", CheckResult.NO_GO, "The delay grows.")
PERMISSION = CheckLine("permission", CheckResult.NO_GO, "The permission is missing.")


def objecting(*lines: CheckLine) -> str:
    return ",".join(override_key(each) for each in lines)


@pytest.fixture
def refused(service: DmsServer, tmp_path: Path) -> Iterator[Night]:
    """Production, where three checks object."""
    with a_night(service, tmp_path, four_eyes(), checks=lambda _: (DELAY, TREND, PERMISSION)) as night:
        yield night


def approved(night: Night) -> Cutover:
    plan = night.plan(night.job(labels={"env": "prod"}))
    night.confirm(plan)
    night.approve(plan)
    night.tick()
    return night.now(plan)


def test_all_or_none_are_overridden_by_an_approver(refused: Night) -> None:
    plan = approved(refused)
    assert overridable(plan) == (DELAY, TREND)
    everything = f"{objecting(DELAY, PERMISSION, TREND)} the batch is over"
    assert "nobody can override" in refused.press(plan, "override", ALEX_THERE, everything)
    assert refused.now(plan).progress.overrides == ()
    both = f"{objecting(DELAY, TREND)} the batch is over"
    assert "whoever planned it" in refused.press(plan, "override", DANA_THERE, both)
    assert refused.press(plan, "override", STRANGER, both) != ""
    assert refused.now(plan).progress.overrides == ()
    found = refused.does(plan, "override", ALEX_THERE, both)
    assert [each.guard for each in found.progress.overrides] == ["delay", "trend"]
    assert refused.events(plan).count("override") == 1
    assert overridable(found) == ()


def test_a_rehearsal_is_overridden_by_those_who_take_part(refused: Night) -> None:
    plan = refused.ready(refused.job(), rehearsal=True)
    why = f"{objecting(DELAY)} it is a rehearsal"
    assert "only people of this rehearsal" in refused.press(plan, "override", STRANGER, why)
    assert "whoever planned it" in refused.press(plan, "override", DANA_THERE, why)
    refused.does(plan, "override", SAM, why)


def test_every_press_is_known(refused: Night) -> None:
    plan = refused.plan(refused.job(), rehearsal=True)
    for each in (each for each in PRESSES if each.step != "move"):
        assert "does nothing" not in refused.press(plan, each.step, STRANGER)
    assert "does nothing" in refused.press(plan, "sing", STRANGER)


def test_the_check_of_the_commander_follows_the_press(service: DmsServer, tmp_path: Path) -> None:
    absent = CheckLine("commander", CheckResult.WARN, "Nobody has come.")
    with a_night(service, tmp_path, four_eyes(), checks=lambda _: (absent, DELAY)) as night:
        plan = night.ready(night.job())
        assert night.now(plan).progress.checks == (absent, DELAY)
        night.does(plan, "here")
        came, same = night.now(plan).progress.checks
        assert (came.guard, came.result, same) == ("commander", CheckResult.GO, DELAY)
