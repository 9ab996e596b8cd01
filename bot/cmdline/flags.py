"""The values of flags, by kind."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.cmdline.invocation import Flag, FlagValue, UsageError
from bot.cmdline.lexer import items, short, unshield
from bot.util.durations import parse_duration, parse_time
from bot.util.suggest import did_you_mean, nearest
from bot.util.wall_time import begins_as_time

_MAX_ITEMS = 1000


def expected_value(flag: Flag) -> str:
    """The kind of value that the flag takes, in words."""
    match flag.kind:
        case "choice":
            return f"one of {', '.join(flag.choices)}"
        case "number":
            return "a whole number"
        case "size":
            return "a number of bytes"
        case "duration":
            return "a duration"
        case "time" | "past":
            return "a time"
        case "list":
            return "one or more names"
        case "text":
            return "a text"
        case _:
            return "a value"


def read(flag: Flag, raw: str, prose: str, right: str) -> FlagValue:
    """The value of a flag that takes one; `right` is a command that works, for the error message.

    Durations and times are only checked here; the verb reads them, and sizes, with `bot.util.durations`.

    Raises:
        UsageError: the value is not of the flag's kind.
    """
    match flag.kind:
        case "list":
            return _list(flag, raw, right)
        case "choice":
            return _choice(flag, unshield(raw), right)
        case "number":
            return _number(flag, unshield(raw), right)
        case "duration" | "time":
            return _span(flag, unshield(raw), right)
        case "text":
            return prose.strip()
        case _:
            return unshield(raw).strip()


def _list(flag: Flag, raw: str, right: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(items(raw)))
    if not found:
        raise UsageError(f"`--{flag.name}` needs one or more names: write for example `{right}`.")
    if len(found) > _MAX_ITEMS:
        raise UsageError(f"`--{flag.name}` takes at most {_MAX_ITEMS:,} names, not {len(found):,}.")
    return found


def _choice(flag: Flag, typed: str, right: str) -> str:
    by_name = {choice.lower(): choice for choice in flag.choices}
    if typed.lower() in by_name:
        return by_name[typed.lower()]
    raise UsageError(
        f"`--{flag.name}` is one of {', '.join(flag.choices)}, not `{short(typed)}`: "
        f"write for example `{right}`.{did_you_mean(typed, flag.choices)}",
        corrections=[{typed: near}] if (near := nearest(typed, flag.choices)) else (),
    )


def _number(flag: Flag, typed: str, right: str) -> str:
    if typed.isascii() and typed.isdigit() and len(typed) <= 9:
        return str(int(typed))
    raise UsageError(
        f"`--{flag.name}` needs a whole number, not `{short(typed)}`: write for example `{right}`."
    )


def _span(flag: Flag, typed: str, right: str) -> str:
    kept = typed.strip()
    try:
        if flag.kind == "duration":
            parse_duration(kept)
        else:
            parse_time(kept, datetime.now(UTC))
    except ValueError:
        if flag.kind == "time" and begins_as_time(kept):
            return kept  # it depends on the person's time zone: the verb reads it
        raise UsageError(
            f"`--{flag.name}` needs {expected_value(flag)}, not "
            f"`{short(typed)}`: write for example `{right}`."
        ) from None
    return kept
