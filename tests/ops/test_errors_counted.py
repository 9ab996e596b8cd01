"""What fails unexpectedly is counted, so that an alert tells of it."""

from __future__ import annotations

import re
from pathlib import Path

from bot.runtime import metrics
from tests.e2e.env import open_env
from tests.ops.test_metrics import value
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
BELOW = ("bot/dms/", "bot/store/", "bot/util/", "bot/config/", "bot/runtime/http_server.py")
"""What stands below the metrics cannot count; what the HTTP server logs, its clients see."""


def test_every_unexpected_error_is_counted_where_it_is_logged() -> None:
    found: list[str] = []
    for path in sorted((ROOT / "bot").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if re.search(r"\b_?log\.exception\(", line):
                around = lines[max(0, number - 2) : number]
                if not name.startswith(BELOW) and not any("count_error()" in each for each in around):
                    found.append(f"{name}:{number + 1}")
    assert not found


def test_one_task_that_fails_keeps_none_of_the_others(tmp_path: Path) -> None:
    """Where the audit's last anchor is kept, is something that nobody can read."""
    with open_env(tmp_path, audit_anchor_at="00:00") as env:
        before = value("dms_bot_errors_total") or 0
        env.bot.store.put_value("audit_anchor", "2026-01-01:nonsense")
        until(lambda: (value("dms_bot_errors_total") or 0) > before)
        metrics.outbox(999, 0)
        until(lambda: value("dms_bot_outbox_depth") == 0)  # which is measured after all others
