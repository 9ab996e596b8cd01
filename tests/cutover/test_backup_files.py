"""A night of SQL Server to SQL Server, which DMS migrates by backup files: it has no delay to wait for."""

from __future__ import annotations

import json

from bot.cutover.report import report_json, report_markdown
from bot.slack.render.cutover_card import cutover_card
from bot.slack.render.cutover_chart import drain_chart
from bot.store.cutover import Cutover
from bot.store.cutover import CutoverState as S
from tests.cutover.night import Night
from tests.slack.checks import accepted, all_text

ENDS = {"source_engine": "SQLSERVER", "destination_engine": "SQLSERVER", "destination_provider": "CLOUDSQL"}


def minute(night: Night, files: float, size: float, uploaded: float) -> None:
    night.clock.forward(minutes=1)
    night.point("crm", "sqlserver/unprocessed_files", files, "app")
    night.point("crm", "sqlserver/unprocessed_file_bytes", size, "app")
    night.point("crm", "sqlserver/transaction_log_upload_sec_lag", uploaded, "app")
    night.tick()


def card(night: Night, plan: Cutover) -> str:
    return all_text(accepted(cutover_card(night.now(plan), night.clock())))


def test_files_are_counted_and_not_told_as_seconds(night: Night) -> None:
    plan = night.stopped(night.job("crm", **ENDS))
    for _ in range(2):
        minute(night, 2, 2048, 1)
    shown = card(night, plan)
    assert "Left 2 files · 2 KiB · 0 of 3 at zero" in shown
    assert "Delay" not in shown
    assert drain_chart(night.now(plan)) is None, "its line would be of seconds"
    for _ in range(3):
        minute(night, 0, 0, 1)
    assert night.state(plan) is S.DRAINED
    assert "Left 0 files · 3 of 3 at zero" in card(night, plan)
    log = night.desk.ctx.store.cutover_log(plan.id)
    assert "| 2 files |" in report_markdown(night.now(plan), log)
    amounts = json.loads(report_json(night.now(plan), log))["delay"]
    assert {each["files"] for each in amounts} == {2.0, 0.0}
    assert all("seconds" not in each for each in amounts)


def test_a_last_log_that_is_still_to_be_uploaded_is_named(night: Night) -> None:
    """Without it nothing more arrives: people have to upload it, and have to know."""
    plan = night.stopped(night.job("crm", **ENDS))
    for count in range(3):
        minute(night, 0, 0, 90 + 60 * count)
    assert night.state(plan) is S.DRAINING
    assert "⚠️ its last transaction log was uploaded before the writes were stopped" in card(night, plan)


def test_a_last_log_from_before_it_was_resumed_is_not_said_to_be_from_before_the_stop(night: Night) -> None:
    """It may lack what was written until then, so another is waited for."""
    plan = night.stopped(night.job("crm", **ENDS))
    minute(night, 0, 0, 1)
    night.does(plan, "hold", arg="the cron job goes on")
    night.clock.forward(seconds=1)
    night.does(plan, "resume")
    assert "No sample since *Resume* yet" in card(night, plan)
    for count in range(3):
        minute(night, 0, 0, 62 + 60 * count)
    assert night.state(plan) is S.DRAINING
    assert "⚠️ its last transaction log was uploaded before the cutover was resumed" in card(night, plan)
    for _ in range(3):
        minute(night, 0, 0, 1)
    assert night.state(plan) is S.DRAINED
