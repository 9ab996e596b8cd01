"""Times as people type them for a plan: `in 3h`, `02:00`, `tonight 02:00`, `Sat 2am Berlin`.

A time is always in the future and belongs to a time zone: the one that is typed, else that of the person.
Whatever could mean two moments, or none, is refused or asked: `05/12` is the fifth of December only to some.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bot.util.durations import humanize, parse_duration, parse_time

LONGEST = timedelta(days=60)
"""How far ahead a plan may lie."""
EXAMPLE = "write for example `in 3h`, `tonight 02:00`, `Sat 02:00` or `2026-12-05 02:00 Europe/Berlin`"
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NEAR_DAYS = ("today", "tomorrow", "tonight")
_CLOCK = re.compile(r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2}))?)?\s?(?P<half>am|pm)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_OFFSET = re.compile(r"(?:utc|gmt)?(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?")
_JOINED = re.compile(r"(\d{4}-\d{2}-\d{2})t(\d{1,2}:\d{2}(?::\d{2})?)\s?(z|[+-]\d{1,2}:?\d{2})?")
"""ISO 8601 in one word."""
_TWO_DAYS = re.compile(r"\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?$")
_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}(?:[tT ]\d{1,2}:\d{2}(?::\d{2})?)?")
"""A date without a time zone, with a time of day or without."""
_SUFFIXED = re.compile(r"(\d{1,2}:\d{2})(z|[+-]\d{1,2}:?\d{2})$")
"""An offset right behind a time of day, as ISO 8601 has it. In a plan, that may be meant as a span."""
_HALF = re.compile(r"(\d)\s+([ap]m)\b")
_EVENING, _MORNING = time(17), time(7)
"""`tonight` begins and ends between these."""
_MOST_OF_A_ZONE = 3
"""Words of a city: Ho Chi Minh."""
_LARGEST_OFFSET = timedelta(hours=14)


class BadTime(ValueError):
    """`str()` is a sentence without its full stop: what is wrong, and what to write instead."""


class TwoTimes(BadTime):
    """The clock shows this time twice that night, as it is put back. `moments` are both, earlier first."""

    def __init__(self, text: str, moments: tuple[Moment, Moment]) -> None:
        first, second = (each.at.strftime("%H:%M UTC") for each in moments)
        super().__init__(
            f"`{text}` comes twice, as clocks are put back that night: say `{moments[0].iso}` ({first}) or "
            f"`{moments[1].iso}` ({second})"
        )
        self.moments = moments


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment, and the zone it was meant in."""

    at: datetime
    """In UTC."""
    zone: str
    """An IANA name, or an offset such as `+02:00`."""

    @property
    def local(self) -> datetime:
        """As the clock on the wall shows it there."""
        return self.at.astimezone(zone_of(self.zone))

    @property
    def iso(self) -> str:
        """As it can be typed again, with its offset."""
        local = self.local
        return f"{local:%Y-%m-%d %H:%M}{f':{local:%S}' if local.second else ''} {_offset_text(local)}"

    def echo(self, now: datetime) -> str:
        """What was understood: `Sat 5 Dec 2026, 02:00 Europe/Berlin (01:00 UTC), in 2 d 4 h`."""
        when, local, utc = from_now(self.at, now), self.local, self.at.astimezone(UTC)
        there = f"{local:%a} {local.day} {local:%b %Y, %H:%M} {self.zone}"
        if self.zone == "UTC":
            return f"{there}, {when}"
        other_day = f"{utc:%a} " if utc.date() != local.date() else ""
        return f"{there} ({other_day}{utc:%H:%M} UTC), {when}"


def from_now(at: datetime, now: datetime) -> str:
    """`in 2 d 4 h`, or `10 min ago`."""
    return f"in {humanize(at - now)}" if at >= now else f"{humanize(now - at)} ago"


def parse_moment(text: str, now: datetime, zone: str, *, longest: timedelta = LONGEST) -> Moment:
    """The moment that `text` means at `now`, in `zone` (an IANA name) unless it names another.

    Raises:
        TwoTimes: the clock shows it twice.
        BadTime: it is none of the forms, not in the future, more than `longest` ahead, or left out as clocks
            are put forward.
    """
    words = _words(text)
    if words[:1] == ["in"]:
        return _checked(text, Moment(_from_now(text, words[1:], now), zone), now, longest)
    if words and _TWO_DAYS.match(words[0]):
        raise BadTime(f"`{words[0]}` means two days, by who reads it: write for example `2026-12-05 02:00`")
    words, named = _without_zone(text, words)
    zone = named or zone
    day, clock = _split(text, words)
    here = now.astimezone(zone_of(zone))
    wall = _clock(text, clock)
    return _checked(text, _moment(text, _date(text, day, wall, here), wall, zone), now, longest)


def parse_until(text: str, now: datetime, zone: Callable[[], str]) -> datetime:
    """When something ends: a duration from `now`, or a time; a date alone is the beginning of that day. The
    person's `zone` is asked only for a time that names none. It may be past, and however far ahead.

    Raises:
        BadTime: it is neither, or the clock does not show it once.
    """
    if not _LOCAL.fullmatch(text.strip()):
        try:
            return parse_time(text, now)
        except ValueError as error:
            if not begins_as_time(text):
                raise BadTime(str(error)) from None
    return _in_zone(text, now, zone())


def parse_since(text: str, now: datetime, zone: Callable[[], str]) -> datetime:
    """Since when: a duration before `now`, `today`, `yesterday`, one of them with a time of day, or a date,
    with its time or without. The person's `zone` is asked only for what names none.

    Raises:
        BadTime: it is none of them, or the clock does not show it once.
    """
    words = _words(_SUFFIXED.sub(r"\1 \2", text.strip().lower()))
    if words and (words[0] in ("today", "yesterday") or _DATE.fullmatch(words[0])):
        return _since_day(text, words, now, zone)
    try:
        return now - parse_duration(text)
    except ValueError:
        raise _no_beginning(text) from None


def _since_day(text: str, words: list[str], now: datetime, zone: Callable[[], str]) -> datetime:
    """From a day on, or from a time of that day."""
    named = ""
    if len(words) > 2:
        words, named = _without_zone(text, words)
    if len(words) > 2:
        raise _no_beginning(text)
    place = named or zone()
    if words[0] in ("today", "yesterday"):
        here = now.astimezone(zone_of(place)).date()
        day = here - timedelta(days=words[0] == "yesterday")
    else:
        day = _iso_date(text, words[0])
    if len(words) == 2:
        return _moment(text, day, _clock(text, words[1]), place).at
    try:
        # Where clocks are put forward at midnight, this is the first moment of the day all the same.
        return datetime.combine(day, time(), zone_of(place)).astimezone(UTC)
    except OverflowError:
        raise _no_beginning(text) from None


def _no_beginning(text: str) -> BadTime:
    return BadTime(
        f"`{text}` is not a time: write for example `2d` (the last two days), `yesterday` or `2026-12-01`"
    )


def _words(text: str) -> list[str]:
    """The words, with the parts of ISO 8601 apart, and `am` and `pm` at their digits."""
    return _HALF.sub(r"\1\2", _JOINED.sub(r"\1 \2 \3", text.lower())).split()


def _in_zone(text: str, now: datetime, zone: str) -> datetime:
    if _DATE.fullmatch(text.strip()):
        try:
            return parse_time(text, now, zone_of(zone))
        except ValueError as error:
            raise BadTime(str(error)) from None
    return parse_moment(text, now, zone, longest=timedelta.max).at


def begins_as_time(text: str) -> bool:
    """Whether the text begins as one of the forms of `parse_moment`, which says what is wrong with it."""
    first, *rest = _words(text) or [""]
    if first in _NEAR_DAYS or _weekday(first) is not None:
        return True
    if rest and (first == "in" or _DATE.fullmatch(first)):
        return True
    return not first.isdigit() and bool(_TWO_DAYS.match(first) or _CLOCK.fullmatch(first))


def _from_now(text: str, words: list[str], now: datetime) -> datetime:
    try:
        return now + parse_duration("".join(words))
    except ValueError:
        raise BadTime(f"`{text}` is not a time from now: write for example `in 3h` or `in 90m`") from None


def _checked(text: str, moment: Moment, now: datetime, longest: timedelta) -> Moment:
    if moment.at <= now:
        raise BadTime(f"`{text}` is in the past ({moment.echo(now).rpartition(', ')[0]}): {EXAMPLE}")
    if moment.at - now > longest:
        raise BadTime(
            f"`{text}` is more than {longest.days} days ahead: plan it later, or choose an earlier day"
        )
    return moment


def _without_zone(text: str, words: list[str]) -> tuple[list[str], str]:
    """The words before the zone, and the zone; empty if none is named."""
    if len(words) < 2:
        return words, ""
    last = words[-1]
    if last == "z" or last in ("utc", "gmt"):
        return words[:-1], "UTC"
    if _OFFSET.fullmatch(last):
        return words[:-1], _offset(text, last)
    for count in range(2, min(len(words), _MOST_OF_A_ZONE + 1)):
        city = "_".join(words[-count:])
        if city in _zones():
            return words[:-count], _zone_named(text, city)
    if last in _DAYS or last in _DAY_NAMES or last[0].isdigit():
        return words, ""
    return words[:-1], _zone_named(text, text.split()[-1])


def _zone_named(text: str, name: str) -> str:
    found = _zones().get(name.lower(), ())
    if len(found) == 1:
        return found[0]
    if found:
        raise BadTime(
            f"`{name}` is in several time zones: say {' or '.join(f'`{each}`' for each in found[:4])}"
        )
    raise BadTime(f"`{name}` in `{text}` is no time zone: name one as `Europe/Berlin`, `UTC` or `+02:00`")


@cache
def _zones() -> dict[str, tuple[str, ...]]:
    """IANA names by their full name and by their city, in lower case. Abbreviations such as CST mean several
    zones, so they are left out."""
    found: dict[str, list[str]] = {}
    for name in sorted(available_timezones()):
        area, _, city = name.rpartition("/")
        if not area or area in ("Etc", "posix", "right", "SystemV", "US"):
            continue
        found.setdefault(name.lower(), []).append(name)
        found.setdefault(city.lower(), []).append(name)
    return {key: tuple(dict.fromkeys(names)) for key, names in found.items()}


def zone_of(name: str) -> tzinfo:
    """The zone with this IANA name or offset; UTC where the name is not known here."""
    if _OFFSET.fullmatch(name):
        return timezone(_span(name))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def _offset(text: str, word: str) -> str:
    span = _span(word)
    if abs(span) > _LARGEST_OFFSET or span.total_seconds() % 900:
        raise BadTime(f"`{word}` in `{text}` is no offset of a time zone: write for example `+02:00`")
    return _offset_text(datetime.now(timezone(span)))


def _span(word: str) -> timedelta:
    match = _OFFSET.fullmatch(word.lower())
    assert match is not None
    span = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
    return -span if match["sign"] == "-" else span


def _offset_text(moment: datetime) -> str:
    shown = moment.strftime("%z")
    return f"{shown[:3]}:{shown[3:5]}"


def _split(text: str, words: list[str]) -> tuple[str, str]:
    """The day, which may be empty, and the time of day."""
    if not words or len(words) > 2:
        raise BadTime(f"`{text}` is not a time: {EXAMPLE}")
    return (words[0], words[1]) if len(words) == 2 else ("", words[0])


def _clock(text: str, word: str) -> time:
    match = _CLOCK.fullmatch(word)
    if word == "tomorrow" or _weekday(word) is not None:
        raise BadTime(f"`{text}` has no time of day: write for example `{word} 09:00`")
    if match is None or not (match["minute"] or match["half"]):
        raise BadTime(f"`{text}` has no time of day: {EXAMPLE}")
    hour, minute, second = int(match["hour"]), int(match["minute"] or 0), int(match["second"] or 0)
    if match["half"]:
        if not 1 <= hour <= 12:
            raise BadTime(f"`{word}` is no time of day: write for example `2am` or `14:00`")
        hour = hour % 12 + (12 if match["half"] == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise BadTime(f"`{word}` is no time of day: write for example `02:00`")
    return time(hour, minute, second)


def _date(text: str, word: str, wall: time, here: datetime) -> date:
    today = here.date()
    is_later = wall > here.time()
    if not word:
        return today if is_later else today + timedelta(days=1)
    if word in ("today", "tomorrow"):
        return today + timedelta(days=word == "tomorrow")
    if word == "tonight":
        if _MORNING < wall < _EVENING:
            raise BadTime(f"`{text}` is not at night: write `today {wall:%H:%M}` or `tomorrow {wall:%H:%M}`")
        if wall >= _EVENING and not is_later:
            raise BadTime(f"`{text}` is in the past: write for example `tomorrow {wall:%H:%M}`")
        return today if is_later else today + timedelta(days=1)
    day = _weekday(word)
    if day is not None:
        ahead = (day - today.weekday()) % 7
        return today + timedelta(days=ahead if ahead or is_later else 7)
    if _DATE.fullmatch(word):
        return _iso_date(text, word)
    raise BadTime(f"`{text}` is not a time: {EXAMPLE}")


def _weekday(word: str) -> int | None:
    if word in _DAYS:
        return _DAYS.index(word)
    return _DAY_NAMES.index(word) if word in _DAY_NAMES else None


def _iso_date(text: str, word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise BadTime(f"`{text}` is no day of the calendar: {EXAMPLE}") from None


def _moment(text: str, day: date, wall: time, zone: str) -> Moment:
    try:
        return _once(text, day, wall, zone)
    except OverflowError:
        raise BadTime(f"`{text}` is too far away: {EXAMPLE}") from None


def _once(text: str, day: date, wall: time, zone: str) -> Moment:
    place = zone_of(zone)
    first, second = (datetime.combine(day, wall, place).replace(fold=fold) for fold in (0, 1))
    in_utc = [each.astimezone(UTC) for each in (first, second)]
    if in_utc[0].astimezone(place).replace(tzinfo=None) != first.replace(tzinfo=None):
        after = Moment(max(in_utc), zone).iso
        raise BadTime(
            f"`{text}` does not exist, as clocks are put forward that night: write for example `{after}`"
        )
    if in_utc[0] != in_utc[1]:
        raise TwoTimes(text, _both(in_utc, zone))
    return Moment(in_utc[0], zone)


def _both(moments: Iterable[datetime], zone: str) -> tuple[Moment, Moment]:
    first, second = sorted(moments)
    return Moment(first, zone), Moment(second, zone)
