"""Times of a plan. Clock changes are those of the IANA database: Berlin on 2026-03-29 and 2026-10-25,
New York on 2026-11-01, Lord Howe by half an hour on 2026-10-04."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.util.wall_time import (
    BadTime,
    Moment,
    TwoTimes,
    begins_as_time,
    parse_moment,
    parse_since,
    parse_until,
)

BERLIN = "Europe/Berlin"
NOW = datetime(2026, 12, 2, 14, 30, tzinfo=UTC)
"""A Wednesday, 15:30 in Berlin."""


def utc(day: str, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}:00+00:00")


@pytest.mark.parametrize(
    ("text", "day", "clock"),
    [
        ("in 3h", "2026-12-02", "17:30"),
        ("in 90m", "2026-12-02", "16:00"),
        ("in 1 h 30 m", "2026-12-02", "16:00"),
        ("16:00", "2026-12-02", "15:00"),
        ("02:00", "2026-12-03", "01:00"),
        ("2am", "2026-12-03", "01:00"),
        ("12am", "2026-12-02", "23:00"),
        ("12pm", "2026-12-03", "11:00"),
        ("4 PM", "2026-12-02", "15:00"),
        ("tonight 02:00", "2026-12-03", "01:00"),
        ("tonight 2am", "2026-12-03", "01:00"),
        ("tonight 22:00", "2026-12-02", "21:00"),
        ("tomorrow 02:00", "2026-12-03", "01:00"),
        ("today 16:00", "2026-12-02", "15:00"),
        ("Sat 02:00", "2026-12-05", "01:00"),
        ("saturday 2am", "2026-12-05", "01:00"),
        ("Sat 2:30 am", "2026-12-05", "01:30"),
        ("Wed 16:00", "2026-12-02", "15:00"),
        ("Wed 15:00", "2026-12-09", "14:00"),
        ("2026-12-05 02:00", "2026-12-05", "01:00"),
        ("2026-12-05T02:00", "2026-12-05", "01:00"),
        ("2026-12-05T02:00Z", "2026-12-05", "02:00"),
        ("2026-12-05T02:00+05:30", "2026-12-04", "20:30"),
        ("2026-12-05 02:00 +05:30", "2026-12-04", "20:30"),
        ("2026-12-05 02:00 utc-3", "2026-12-05", "05:00"),
        ("Sat 02:00 UTC", "2026-12-05", "02:00"),
        ("Sat 02:00 Asia/Tokyo", "2026-12-04", "17:00"),
        ("Sat 02:00 tokyo", "2026-12-04", "17:00"),
        ("Sat 02:00 New_York", "2026-12-05", "07:00"),
        ("Sat 02:00 New York", "2026-12-05", "07:00"),
        ("02:00 Ho Chi Minh", "2026-12-02", "19:00"),
        ("tomorrow 02:00 America/New York", "2026-12-03", "07:00"),
    ],
)
def test_what_is_understood(text: str, day: str, clock: str) -> None:
    assert parse_moment(text, NOW, BERLIN).at == utc(day, clock)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is not a time"),
        ("05/12", "means two days"),
        ("05/12 02:00", "means two days"),
        ("5.12.2026 02:00", "means two days"),
        ("2", "no time of day"),
        ("Sat", "no time of day"),
        ("Sat 2-3am", "no time of day"),
        ("next Sat 02:00", "is not a time"),
        ("banana 02:00", "is not a time"),
        ("02:00 banana", "`banana` in `02:00 banana` is no time zone"),
        ("Sat 02:00 CST", "`CST` in `Sat 02:00 CST` is no time zone"),
        ("25:00", "no time of day"),
        ("13pm", "no time of day"),
        ("0am", "no time of day"),
        ("02:60", "no time of day"),
        ("in a while", "not a time from now"),
        ("in 0m", "not a time from now"),
        ("in 61d", "more than 60 days ahead"),
        ("2027-12-05 02:00", "more than 60 days ahead"),
        ("2026-12-01 02:00", "is in the past (Tue 1 Dec 2026, 02:00 Europe/Berlin (01:00 UTC))"),
        ("today 14:00", "is in the past"),
        ("tonight 14:00", "is not at night"),
        ("2026-02-30 02:00", "is no day of the calendar"),
        ("02:00 +25:00", "is no offset"),
        ("in 99999999999d", "not a time from now"),
    ],
)
def test_what_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadTime) as caught:
        parse_moment(text, NOW, BERLIN)
    assert told in str(caught.value)


@pytest.mark.parametrize("day", ["tomorrow", "Sat", "saturday"])
def test_a_day_alone_is_refused_with_an_example_that_works(day: str) -> None:
    with pytest.raises(BadTime, match="has no time of day") as caught:
        parse_moment(day, NOW, BERLIN)
    shown = str(caught.value).split("`")[-2]
    assert shown == f"{day.lower()} 09:00"
    assert parse_moment(shown, NOW, BERLIN).at > NOW


@pytest.mark.parametrize(
    ("text", "day", "clock"),
    [
        ("2h", "2026-12-02", "16:30"),
        ("+2h", "2026-12-02", "16:30"),
        ("in 2h", "2026-12-02", "16:30"),
        ("tomorrow 09:00", "2026-12-03", "08:00"),
        ("Tomorrow 9am", "2026-12-03", "08:00"),
        ("Sat 02:00 UTC", "2026-12-05", "02:00"),
        ("2026-12-05 09:00", "2026-12-05", "08:00"),
        ("2026-12-05T09:00Z", "2026-12-05", "09:00"),
        ("2026-12-05T09:00:30Z", "2026-12-05", "09:00"),
        ("2026-12-05 09:00:00", "2026-12-05", "08:00"),
        ("2026-12-05T09:00:30", "2026-12-05", "08:00"),
        ("tomorrow 09:00:00", "2026-12-03", "08:00"),
        ("9 am", "2026-12-03", "08:00"),
        ("2026-12-05", "2026-12-04", "23:00"),
        ("2027-12-01 09:00", "2027-12-01", "08:00"),
    ],
)
def test_until_when(text: str, day: str, clock: str) -> None:
    found = parse_until(text, NOW, lambda: BERLIN)
    assert found.replace(second=0) == utc(day, clock)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tomorrow", "write for example `tomorrow 09:00`"),
        ("yesterday", "write for example `2h`"),
        ("soon", "write for example `2h`"),
        ("3", "write for example `2h`"),
        ("05/12 09:00", "means two days"),
        ("2026-13-01", "is not a time"),
        ("2027-10-31 02:30", "comes twice"),
    ],
)
def test_what_is_no_end(text: str, told: str) -> None:
    with pytest.raises(BadTime) as caught:
        parse_until(text, NOW, lambda: BERLIN)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "day", "clock"),
    [
        ("2d", "2026-11-30", "14:30"),
        ("today", "2026-12-01", "23:00"),
        ("Yesterday", "2026-11-30", "23:00"),
        ("yesterday 14:00", "2026-12-01", "13:00"),
        ("yesterday 2 pm", "2026-12-01", "13:00"),
        ("2026-11-20", "2026-11-19", "23:00"),
        ("2026-11-20T10:00Z", "2026-11-20", "10:00"),
        ("2026-11-20 10:00:00", "2026-11-20", "09:00"),
        ("2026-11-20T10:00:00", "2026-11-20", "09:00"),
        ("2026-10-25 02:30 +02:00", "2026-10-25", "00:30"),
        ("2026-10-25 02:30 New_York", "2026-10-25", "06:30"),
        ("yesterday 14:00 UTC", "2026-12-01", "14:00"),
    ],
)
def test_since_when(text: str, day: str, clock: str) -> None:
    assert parse_since(text, NOW, lambda: BERLIN) == utc(day, clock)


@pytest.mark.parametrize(
    ("text", "now", "zone", "first"),
    [
        # At midnight, clocks are put forward to 01:00; in Havana in autumn, midnight comes twice.
        ("today", "2026-04-24 12:00", "Africa/Cairo", "2026-04-23 22:00"),
        ("yesterday", "2026-03-09 12:00", "America/Havana", "2026-03-08 05:00"),
        ("2026-03-08", "2026-03-09 12:00", "America/Havana", "2026-03-08 05:00"),
        ("2026-11-01", "2026-11-09 12:00", "America/Havana", "2026-11-01 04:00"),
    ],
)
def test_a_day_begins_with_its_first_moment(text: str, now: str, zone: str, first: str) -> None:
    at, expected = (datetime.fromisoformat(f"{each}+00:00") for each in (now, first))
    assert parse_since(text, at, lambda: zone) == expected


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("9999-12-31 23:59", "America/New_York"),
        ("0001-01-01 00:00", "Asia/Tokyo"),
        ("9999-12-31 23:59 -05:00", BERLIN),
        ("0001-01-01", "Asia/Tokyo"),
    ],
)
def test_a_time_that_no_calendar_has_is_refused(text: str, zone: str) -> None:
    for read in (parse_until, parse_since):
        with pytest.raises(BadTime, match="write for example"):
            read(text, NOW, lambda: zone)


def test_a_span_is_no_offset() -> None:
    with pytest.raises(BadTime, match="no time of day"):
        parse_moment("Sat 02:00-03:00", NOW, BERLIN)


@pytest.mark.parametrize("text", ["soon", "tomorrow", "yesterday soon", "2026-11-20 10:00 1 2", ""])
def test_what_is_no_beginning(text: str) -> None:
    with pytest.raises(BadTime, match="write for example"):
        parse_since(text, NOW, lambda: BERLIN)


@pytest.mark.parametrize("text", ["2h", "2026-12-05T09:00Z", "2026-12-05 09:00+02:00"])
def test_the_zone_of_a_person_is_asked_only_if_it_matters(text: str) -> None:
    assert parse_until(text, NOW, unasked) > NOW
    assert parse_since("2d", NOW, unasked) < NOW
    assert parse_since("2026-12-01T09:00Z", NOW, unasked) < NOW


def unasked() -> str:
    raise AssertionError("Slack is asked")


@given(st.text(max_size=30))
def test_any_text_is_an_end_and_a_beginning_or_refused(text: str) -> None:
    with suppress(BadTime):
        assert parse_until(text, NOW, lambda: BERLIN).tzinfo is UTC
    with suppress(BadTime):
        assert parse_since(text, NOW, lambda: BERLIN).tzinfo is UTC
    begins_as_time(text)


def test_a_time_that_is_skipped_does_not_exist() -> None:
    with pytest.raises(BadTime, match="does not exist, as clocks are put forward") as caught:
        parse_moment("Sun 02:30", datetime(2026, 3, 27, 12, tzinfo=UTC), BERLIN)
    # 03:30 alone would be that of Saturday, a day before.
    shown = str(caught.value).split("`")[-2]
    assert shown == "2026-03-29 03:30 +02:00"
    assert parse_moment(shown, datetime(2026, 3, 27, 12, tzinfo=UTC), BERLIN).at == utc("2026-03-29", "01:30")
    with pytest.raises(BadTime, match="does not exist"):
        parse_moment("2026-10-04 02:15", datetime(2026, 10, 1, tzinfo=UTC), "Australia/Lord_Howe")


@pytest.mark.parametrize(
    ("text", "zone", "first", "second"),
    [
        ("2026-10-25 02:30", BERLIN, "2026-10-25 02:30 +02:00", "2026-10-25 02:30 +01:00"),
        ("2026-11-01 01:30 New_York", BERLIN, "2026-11-01 01:30 -04:00", "2026-11-01 01:30 -05:00"),
    ],
)
def test_a_time_that_comes_twice_is_asked(text: str, zone: str, first: str, second: str) -> None:
    now = datetime(2026, 10, 20, tzinfo=UTC)
    with pytest.raises(TwoTimes) as caught:
        parse_moment(text, now, zone)
    assert [each.iso for each in caught.value.moments] == [first, second]
    assert f"`{first}`" in str(caught.value)
    earlier, later = (parse_moment(each, now, zone).at for each in (first, second))
    assert later - earlier == timedelta(hours=1)


def test_the_echo_says_day_zone_and_how_long() -> None:
    assert parse_moment("Sat 02:00", NOW, BERLIN).echo(NOW) == (
        "Sat 5 Dec 2026, 02:00 Europe/Berlin (01:00 UTC), in 2 d 10 h"
    )
    assert parse_moment("Sat 00:30", NOW, BERLIN).echo(NOW) == (
        "Sat 5 Dec 2026, 00:30 Europe/Berlin (Fri 23:30 UTC), in 2 d 9 h"
    )
    assert parse_moment("16:00", NOW, "UTC").echo(NOW) == "Wed 2 Dec 2026, 16:00 UTC, in 1 h 30 min"
    later = NOW + timedelta(hours=2)
    assert parse_moment("16:00", NOW, "UTC").echo(later) == "Wed 2 Dec 2026, 16:00 UTC, 30 min ago"


@given(st.text(max_size=30))
def test_any_text_is_a_time_in_the_future_or_refused(text: str) -> None:
    with suppress(BadTime):
        assert NOW < parse_moment(text, NOW, BERLIN).at <= NOW + timedelta(days=60)


@given(st.integers(1, 59 * 86400), st.sampled_from([BERLIN, "America/New_York", "Asia/Kolkata", "UTC"]))
def test_what_is_echoed_can_be_typed_again(seconds: int, zone: str) -> None:
    meant = Moment(NOW + timedelta(seconds=seconds), zone)
    assert parse_moment(meant.iso, NOW, BERLIN).at == meant.at
