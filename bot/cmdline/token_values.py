"""Values of flags and filters among the tokens of a command, and tokens as they can be typed again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from bot.cmdline.invocation import FlagKind, Syntax
from bot.cmdline.lexer import Token, in_code, short

_OF_A_TIME = re.compile(
    r"\d{1,2}:\d{2}(?::\d{2})?(?:am|pm)?|\d{1,2}(?:am|pm)|am|pm|utc|gmt|z|[+-]\d{1,2}(?::?\d{2})?|[a-z]+/[a-z_]+",
    re.IGNORECASE,
)
"""A time of day or a time zone with its area. Locations of jobs have a hyphen: `europe-west1/orders-db`."""
_HALF = re.compile(r"am|pm", re.IGNORECASE)
TIMES: Mapping[FlagKind, str] = {"time": "Sat 02:00 Europe/Berlin", "past": "yesterday 14:00 Europe/Berlin"}
"""Kinds of flags whose value is a time, each with one of several words."""
_NUMBER = re.compile(r"[\d.,]*\d")
_UNIT = re.compile(r"b|[kmgtp]i?b?|(?:kilo|mega|giga)?bytes?", re.IGNORECASE)
"""Of a size, also where only whole numbers and other units are taken: the unit is no job."""
_LONGEST_VALUE = 300
"""Characters of a filter's value: more than a line that is typed has."""
_MOST_WORDS = 6
"""In a line that may be a display name."""


def joined(tokens: tuple[Token, ...], syntax: Syntax) -> tuple[Token, ...]:
    """Filters in one word each, however they were spaced: `state = failed`."""
    found: list[Token] = []
    for token in tokens:
        before = found[-1] if found else None
        spaced = token.text.startswith("=") and not token.quoted
        if before and spaced and not before.quoted and _is_filter(before.text, syntax):
            found[-1] = Token(before.text + token.text, before.prose + token.prose, False)
        else:
            found.append(token)
    return tuple(found)


def _is_filter(text: str, syntax: Syntax) -> bool:
    head, _, rest = re.sub("^(label):", r"\1.", text, flags=re.IGNORECASE).partition(".")
    return head.lower() in syntax.filters and (not rest or head.lower() == "label")


def with_head(token: Token, head: str) -> str:
    """The token with another name before its equals sign, if it has one."""
    _, equals, value = token.text.partition("=")
    return f"{head}{equals}{value}"


def value_at(tokens: tuple[Token, ...], at: int, inline: bool, kind: FlagKind) -> tuple[str, str, int]:
    """The value of the flag or filter at `at`: its meaning, its text, and where the next token is.

    A list continues after a space if there is a comma before or after it, a time with what can only be a
    part of it (`--until tomorrow 09:00 Europe/Berlin`), and a number of bytes with its unit.
    """
    if inline:
        raw = tokens[at].text.partition("=")[2]
        prose = tokens[at].prose.partition("=")[2]
        at += 1
        expects_more = not raw.strip()
    else:
        raw, prose, expects_more = "", "", True
        at += 1
    while at < len(tokens) and not tokens[at].is_flag and _continues(raw, tokens[at:], expects_more, kind):
        space = " " if (kind in TIMES or kind == "size") and raw else ""
        raw, prose = f"{raw}{space}{tokens[at].text}", f"{prose}{space}{tokens[at].prose}"
        expects_more = False
        at += 1
    return raw, prose, at


def _continues(raw: str, rest: Sequence[Token], expects_more: bool, kind: FlagKind) -> bool:
    if expects_more:
        return True
    token = rest[0]
    if kind in TIMES:
        from_now = raw.casefold() == "in" and token.text[:1].isdigit()
        hour = token.text.isdigit() and any(_HALF.fullmatch(each.text) for each in rest[1:2])
        return not token.quoted and (from_now or hour or _OF_A_TIME.fullmatch(token.text) is not None)
    if kind == "size":
        number = _NUMBER.fullmatch(raw) is not None
        return number and not token.quoted and _UNIT.fullmatch(token.text) is not None
    return kind == "list" and (raw.endswith(",") or (token.text.startswith(",") and not token.quoted))


def as_written(token: Token) -> str:
    """The token as it can be typed again."""
    if token.quoted:
        return quoted(token.prose)
    head, equals, value = token.prose.partition("=")
    spaced = equals and len(value.split()) > 1
    return f"{head}={quoted(value)}" if spaced else in_code(token.prose)


def quoted(text: str) -> str:
    return '"' + in_code(text).replace('"', "'") + '"'


def filters_typed(filters: Mapping[str, str]) -> str:
    """The filters as they can be typed again."""
    return " ".join(f"{key}={_value_word(short(value, _LONGEST_VALUE))}" for key, value in filters.items())


def _value_word(value: str) -> str:
    return quoted(value) if " " in value else value


def job_word(job: str) -> str:
    """The job as it is typed: a display name of several words needs quotes."""
    return quoted(job) if " " in job else job


def title_in(tokens: tuple[Token, ...]) -> str:
    """The display name of a job that the line may be: a few plain words. IDs mostly have a hyphen."""
    words = [each.prose for each in tokens]
    return " ".join(words) if 1 < len(words) <= _MOST_WORDS and all(map(str.isalpha, words)) else ""


def job_text(token: Token) -> str:
    """The jobs in a token. A channel stands for the job of its name, so its id is of no use; nor is that of a
    person, whom the answer names."""
    return token.prose if "#" in token.prose or token.prose.startswith("@") else token.text


def listing(names: Iterable[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
