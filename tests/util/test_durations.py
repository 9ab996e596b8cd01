"""Durations as settings have them."""

from __future__ import annotations

import pytest

from bot.util.durations import parse_bytes, parse_seconds, rough, seconds_as_typed


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


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "less than 10 min"),
        (599, "less than 10 min"),
        (600, "about 10 min"),
        (14.9 * 60, "about 10 min"),
        (15 * 60, "about 20 min"),
        (54 * 60, "about 50 min"),
        (55 * 60, "about 1 h"),
        (89 * 60, "about 1 h"),
        (90 * 60, "about 2 h"),
        (9.4 * 3600, "about 9 h"),
        (9.5 * 3600, "about 10 h"),
        (13 * 3600, "about 15 h"),
        (35 * 3600, "about 35 h"),
        (36 * 3600, "about 2 days"),
        (30 * 86_400, "about 30 days"),
        (31 * 86_400, "more than 30 days"),
    ],
)
def test_an_estimate_is_not_more_precise_than_it_can_be(seconds: float, shown: str) -> None:
    assert rough(seconds) == shown


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("512", 512), ("512 B", 512), ("64KiB", 65_536), ("1 mib", 1_048_576)]
)
def test_a_size_is_read(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "-1", "64GB", "1.5MiB", "KiB", "9" * 10])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="64KiB"):
        parse_bytes(text)
