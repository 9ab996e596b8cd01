"""Durations as settings have them."""

from __future__ import annotations

import pytest

from bot.util.durations import parse_seconds, seconds_as_typed


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), (" 15 M ", 900), ("1.5h", 5400), ("1d", 86_400), ("500ms", 0.5), ("0", 0)],
)
def test_seconds_of_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1", "1h30m", "1w", "1.", "ten", "1 000", "inf"])
def test_what_is_no_such_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_seconds(text)


@pytest.mark.parametrize("text", ["0s", "0.5s", "59s", "90s", "15m", "25h", "2d"])
def test_seconds_as_they_are_typed(text: str) -> None:
    assert seconds_as_typed(parse_seconds(text)) == text
