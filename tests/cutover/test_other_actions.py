"""Other actions on a job of a cutover: who leads it is said, and nothing is sent unasked while it goes on."""

from __future__ import annotations

from bot.dms.model import Options, job_name
from bot.dms.rules import Action
from bot.requests.draft import RequestDraft
from bot.store.records import Request, RequestState
from tests.cutover.night import DANA_THERE, SAM, Night
from tests.policy.command_service import PROJECT


def stop(night: Night) -> Request:
    """What becomes of `/dms stop`, which in CDC is sent at once."""
    job = night.desk.ctx.dms.get_job(job_name(PROJECT, "europe-west1", "orders"))
    made: list[Request] = []
    draft = RequestDraft(Action.STOP, (job,), Options(), also=made.append)
    night.desk.ctx.approvals.creation.ask(SAM, draft)
    return made[0]


def test_a_stop_asks_while_a_cutover_goes_on(night: Night) -> None:
    night.drained(night.job())
    asked = stop(night)
    assert asked.state is RequestState.CONFIRMING
    assert (
        f"A cutover of `orders` is going on, led by {DANA_THERE.user}: talk to them first." in asked.warning
    )
    assert night.dms.control.calls("StopMigrationJob") == []


def test_a_plan_is_named_and_asks_nothing(night: Night) -> None:
    night.ready(night.job())
    sent = stop(night)
    assert sent.state is RequestState.APPROVED
    assert f"`orders` is part of a planned cutover, led by {DANA_THERE.user}." in sent.warning


def test_a_rehearsal_is_no_reason_to_ask(night: Night) -> None:
    night.stopped(night.job(), rehearsal=True)
    assert "cutover" not in " ".join(stop(night).warning)
