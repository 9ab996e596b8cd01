"""Counts, and lists that are cut short."""

from __future__ import annotations

import pytest

from bot.util.text import and_more, count_of, first_few, rest_line


@pytest.mark.parametrize(
    ("names", "text"),
    [((), ""), (("a",), "a"), (("a", "b"), "a, b"), (("a", "b", "c", "d"), "a, b and 2 more")],
)
def test_the_first_few(names: tuple[str, ...], text: str) -> None:
    assert first_few(names, 2) == text


def test_how_many_more() -> None:
    assert and_more(3, 3) == ""
    assert and_more(1_240, 6) == " and 1,234 more"


def test_counts() -> None:
    assert [count_of(number, "job") for number in (0, 1, 1_200)] == ["0 jobs", "1 job", "1,200 jobs"]
    assert count_of(2, "entry", "entries") == "2 entries"


def test_the_last_line_of_a_list_that_is_cut() -> None:
    assert rest_line(3, 3) == []
    assert rest_line(1_240, 6) == ["… and 1,234 more"]
    assert rest_line(5, 3, "… and *{} more jobs*") == ["… and *2 more jobs*"]
