"""Unsupported changes: which intervals are added up, and what the counts say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.dms.unsupported import EventCounts, UnsupportedEvents, spans, unsupported_events

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, WEEK = 3600, 7 * 86_400


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (100, 3500, [(100, 3500, 0)]),
        (100, 3700, [(100, 3700, 0)]),
        (0, 7200, [(0, 7200, 3600)]),
        (100.7, 9999.2, [(100, 3600, 0), (3600, 7200, 3600), (7200, 10_000, 0)]),
        # 1008 hours in at most 288 periods: 4 hours each. 1000 is not a multiple of 14400.
        (
            1000,
            1000 + 6 * WEEK,
            [(1000, 14_400, 0), (14_400, 3_628_800, 14_400), (3_628_800, 3_629_800, 0)],
        ),
    ],
)
def test_the_whole_time_is_covered_once(
    begin: float, end: float, expected: list[tuple[int, int, int]]
) -> None:
    """Periods begin at multiples of their length: so they are the same wherever a service lets them begin."""
    assert [tuple(each) for each in spans(begin, end)] == expected


ORDERS, ITEMS, OTHER = ("sales", "public", "orders"), ("sales", "public", "items"), ("crm", "", "")


@pytest.mark.parametrize(
    ("counts", "names", "expected"),
    [
        (
            EventCounts({ORDERS: 5, ITEMS: 12, OTHER: 0}, until=NOW),
            (),
            UnsupportedEvents(17, (("sales.public.items", 12), ("sales.public.orders", 5)), 0, NOW),
        ),
        (EventCounts({ORDERS: 5, OTHER: 0}, until=NOW), ("crm",), UnsupportedEvents(0, until=NOW)),
        # The series name databases in another way than the job: all count.
        (EventCounts({ORDERS: 5}), ("ORCL",), UnsupportedEvents(5, (("sales.public.orders", 5),))),
        (EventCounts({ORDERS: 5}), ("sales.public",), UnsupportedEvents(5, (("sales.public.orders", 5),))),
        (EventCounts({("", "", ""): 3}), (), UnsupportedEvents(3)),
        # The larger of two counts of the same: the metric is kept for six weeks only.
        (EventCounts({ORDERS: 5}, {OTHER: 9}), (), UnsupportedEvents(9, (("crm", 9),))),
        (EventCounts({ORDERS: 5}, {OTHER: 0}), (), UnsupportedEvents(5, (("sales.public.orders", 5),))),
        (EventCounts({OTHER: 0}, {OTHER: 0}), (), UnsupportedEvents(0)),
        # Nothing is counted: not the same as none.
        (EventCounts({}, {}), (), UnsupportedEvents()),
        (EventCounts(None, note="no access"), (), UnsupportedEvents(note="no access")),
        (EventCounts(None, {OTHER: 0}, note="no access"), (), UnsupportedEvents(note="no access")),
        (EventCounts(None, {OTHER: 2}, note="no access"), (), UnsupportedEvents(2, (("crm", 2),))),
    ],
)
def test_what_the_counts_say(
    counts: EventCounts, names: tuple[str, ...], expected: UnsupportedEvents
) -> None:
    assert unsupported_events(counts, names) == expected


def test_the_tables_with_most_are_named() -> None:
    found = unsupported_events(EventCounts({("db", "s", f"t{n}"): n for n in range(9)}))
    assert (found.total, found.more_tables) == (36, 3)
    assert found.tables == (("db.s.t8", 8), ("db.s.t7", 7), ("db.s.t6", 6), ("db.s.t5", 5), ("db.s.t4", 4))


UNREAD, NONE, FIVE = UnsupportedEvents(note="no access"), UnsupportedEvents(0), UnsupportedEvents(5)


@pytest.mark.parametrize(
    ("shown", "now", "covered"),
    [
        (None, UnsupportedEvents(), True),
        (None, NONE, True),
        (None, FIVE, False),
        (NONE, FIVE, False),
        (FIVE, FIVE, True),
        (UnsupportedEvents(6), FIVE, True),
        (FIVE, UnsupportedEvents(6), False),
        (UNREAD, FIVE, False),
        (UNREAD, UNREAD, True),
        (FIVE, UNREAD, False),
        (NONE, UNREAD, False),
    ],
)
def test_people_know_of_what_they_were_shown(
    shown: UnsupportedEvents | None, now: UnsupportedEvents, covered: bool
) -> None:
    assert now.is_covered_by(shown) == covered
