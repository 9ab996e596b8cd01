"""Work whose results nobody reads."""

from __future__ import annotations

from structlog.testing import capture_logs

from bot.slack.inbound.workers import logged_if_it_fails
from tests.ops.test_metrics import value


def test_what_fails_is_logged_and_counted() -> None:
    before = value("dms_bot_errors_total") or 0

    def fails(_answer: str) -> None:
        raise LookupError("no such block")

    with capture_logs() as log:
        logged_if_it_fails(fails)("anything")
    assert [each["event"] for each in log] == ["answer_error"]
    assert value("dms_bot_errors_total") == before + 1
