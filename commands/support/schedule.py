"""`--at`: when a verb is to be carried out, in the time zone of the person who types it."""

from __future__ import annotations

from dataclasses import replace

from bot.cmdline.answers import Button, Note
from bot.cmdline.invocation import Flag, Invocation, UsageError
from bot.store.facts import RequestFacts
from bot.util.wall_time import BadTime, Moment, TwoTimes, parse_moment
from commands.support.base import Context, EarlyAnswer

AT = Flag("at", "text", 'when: `"Sat 02:00"`, `"tonight 02:00"`, `"in 3h"`')


def scheduled(ctx: Context, invocation: Invocation) -> RequestFacts:
    """The facts of a request: when it is due, if `--at` says so.

    Raises:
        UsageError: it is not a time in the next 60 days.
        EarlyAnswer: the clock shows it twice that night; a button for each.
    """
    if not invocation.word("at"):
        return RequestFacts()
    moment = moment_at(ctx, invocation)
    return RequestFacts(due=moment.at, zone=moment.zone)


def moment_at(ctx: Context, invocation: Invocation) -> Moment:
    """The time that `--at` names.

    Raises:
        UsageError, EarlyAnswer: as `scheduled`.
    """
    try:
        return parse_moment(invocation.word("at"), ctx.now(), zone_of(ctx))
    except TwoTimes as error:
        raise EarlyAnswer(_which(ctx, invocation, str(error), error.moments)) from error
    except BadTime as error:
        raise UsageError(f"{error}.") from error


def zone_of(ctx: Context) -> str:
    """The time zone that typed times are meant in: the person's, else that of the settings."""
    return ctx.zone() or ctx.settings.summary_zone or "UTC"


def _which(ctx: Context, invocation: Invocation, why: str, moments: tuple[Moment, Moment]) -> Note:
    refs = ctx.refs([replace(invocation, flags={**invocation.flags, "at": each.iso}) for each in moments])
    buttons = tuple(
        Button(each.iso, invocation.verb, "run", ref) for each, ref in zip(moments, refs, strict=True)
    )
    return Note(f"{why}.", buttons, tone="warn")
