"""Times in stored sentences: written in one form, and found again in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from bot.util.utc_times import split_times, utc_text

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def test_a_time_is_found_again() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert utc_text(elsewhere) == "2026-11-20 10:00 UTC"
    said = f"Due at {utc_text(elsewhere)}, frozen until {utc_text(AT + timedelta(days=1))}."
    assert list(split_times(said)) == ["Due at ", AT, ", frozen until ", AT + timedelta(days=1), "."]


def test_what_is_no_time_stays_text() -> None:
    for text in ("", "10:00 UTC", "2026-02-31 10:00 UTC", "2026-11-20 10:00:30 UTC", "12026-11-20 10:00 UTC"):
        assert "".join(map(str, split_times(text))) == text


def test_no_other_form_is_written() -> None:
    """Slack would show it in UTC, beside times in the reader's zone."""
    own = {
        "bot/util/wall_time.py",  # a time beside the one that somebody typed
        "bot/slack/render/cutover_text.py",  # beside the plan's own zone
    }
    files = [path for room in ("bot", "commands") for path in (ROOT / room).rglob("*.py")]
    named = {str(each.relative_to(ROOT)) for each in files if re.search("%M}? UTC", each.read_text("utf-8"))}
    assert named == own
