"""From the flags of `/dms cutover` to a plan. The view sends the same flags as people can type."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from bot.cmdline.invocation import Flag, Invocation, UsageError
from bot.cutover.checklist import MAX_LINE, MAX_LINES, checklist
from bot.cutover.planning import MOST_BYTES, MOST_DELAY
from bot.cutover.wording import WHEN_READY
from bot.dms.drained import takes_bytes, takes_threshold
from bot.dms.model import Job
from bot.policy.subscriptions import Membership
from bot.store.cutover import CutoverPlan, Tick
from bot.util.command import COMMAND
from bot.util.durations import parse_bytes, parse_duration
from bot.util.wall_time import Moment, zone_of
from commands.support import subscriptions
from commands.support.asked import REASON
from commands.support.base import Context
from commands.support.people import person_named
from commands.support.schedule import moment_at
from commands.support.schedule import zone_of as zone_of_person

_NO_TIME = (WHEN_READY, "now")
"""What `--at` takes besides times: the commander starts it as soon as it is confirmed and approved."""
AT = Flag("at", "text", 'when, as `"Sat 02:00"`, or `ready`: the commander starts it')
FLAGS = (
    AT,
    Flag("commander", "word", "who leads it, if not you"),
    Flag("apps", "word", "who stops the writes, if not the commander"),
    Flag("deputy", "word", "who is called if the commander is silent", rare=True),
    Flag("max-downtime", "duration", "the longest downtime, `1h` if left out", rare=True),
    Flag(
        "max-delay",
        "duration",
        "with Oracle or SQL Server tables: what may be missing, `10m` at most",
        rare=True,
    ),
    Flag(
        "max-bytes",
        "size",
        "with PostgreSQL sources: the bytes that may be left at a delay of 0 s, `16MiB` at most",
        rare=True,
    ),
    Flag("writers", "list", "what writes to the source, for example `web,worker`: a tick each", rare=True),
    Flag("checklist", "list", "what is to do after the promotion, instead of the usual list", rare=True),
    Flag("by-itself", "switch", "promote as soon as it has drained, without a last press", rare=True),
    Flag("announce", "word", "another channel, which gets at most six short messages", rare=True),
    Flag("rehearse", "switch", "walk through it, send nothing to DMS"),
    REASON,
)
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,20}")
_SHORTEST, _LONGEST = timedelta(minutes=5), timedelta(days=2)
_SATURDAY, _NIGHT = 5, time(2)


@dataclass(frozen=True, slots=True)
class Named:
    """Whom and what flags name; empty where they do not."""

    commander: str = ""
    app_owner: str = ""
    deputy: str = ""
    announce: str = ""


def named_in(ctx: Context, invocation: Invocation, jobs: Sequence[Job]) -> Named:
    """The people and the channel that were typed, for a form that opens with them.

    Raises:
        UsageError: one of them is not known, or a flag makes no sense that the form offers as it was typed,
            or that it has no field for; or whatever is filled in would be refused in this channel.
    """
    _need_place(ctx, jobs)
    _budget(invocation)
    if invocation.word("max-delay"):
        _most_seconds(invocation, jobs)
    for lines in ("writers", "checklist"):
        _lines(invocation, lines)
    _most_bytes(invocation, jobs)
    return Named(
        _person(ctx, invocation, "commander"),
        _person(ctx, invocation, "apps"),
        _person(ctx, invocation, "deputy"),
        _channel(invocation),
    )


def plan_of(ctx: Context, invocation: Invocation, jobs: Sequence[Job]) -> CutoverPlan:
    """The plan that the flags describe, for these jobs.

    Raises:
        UsageError: a flag makes no sense; one sentence.
        EarlyAnswer: the clock shows the time twice that night; a button for each.
    """
    _need_place(ctx, jobs)
    moment = _moment(ctx, invocation)
    commander = _person(ctx, invocation, "commander") or ctx.who.user
    deputy = _person(ctx, invocation, "deputy")
    if deputy == commander:
        raise UsageError("The deputy stands in for the commander: name another person behind `--deputy`.")
    return CutoverPlan(
        jobs=tuple(job.name for job in jobs),
        at=moment.at if moment is not None else None,
        zone=moment.zone if moment is not None else zone_of_person(ctx),
        commander=commander,
        deputy=deputy,
        app_owner=_person(ctx, invocation, "apps") or commander,
        budget_s=_budget(invocation),
        most_seconds=_most_seconds(invocation, jobs),
        most_bytes=_most_bytes(invocation, jobs),
        by_itself=invocation.is_set("by-itself"),
        writers=_lines(invocation, "writers"),
        checklist=_checklist(ctx, invocation, jobs),
        channel=ctx.who.channel,
        announce=_announce(ctx, invocation, jobs),
        reason=invocation.word("reason"),
    )


def next_saturday_night(now: datetime, zone: str) -> datetime:
    """The next Saturday, 02:00 in the zone: when most people would want it. In UTC."""
    place = zone_of(zone)
    here = now.astimezone(place)
    ahead = (_SATURDAY - here.weekday()) % 7
    found = datetime.combine(here.date() + timedelta(days=ahead), _NIGHT, place)
    if found <= here:
        found = datetime.combine(here.date() + timedelta(days=ahead + 7), _NIGHT, place)
    return found.astimezone(UTC)


def usual_items(ctx: Context, jobs: Sequence[Job]) -> tuple[Tick, ...]:
    """What is to do after the promotion of these jobs, by engine or by the policy."""
    return checklist(jobs, ctx.access.policy.checklist)


def _moment(ctx: Context, invocation: Invocation) -> Moment | None:
    """None: when the commander starts it. A rehearsal without a time begins at once."""
    typed = invocation.word("at").strip().lower()
    if typed.removeprefix("when ") in _NO_TIME or (not typed and invocation.is_set("rehearse")):
        return None
    if not typed:
        raise UsageError(
            f'Say when: `{COMMAND} cutover orders-db --at "Sat 02:00"`, or `--at ready` for when the '
            "commander starts it."
        )
    return moment_at(ctx, invocation)


def _person(ctx: Context, invocation: Invocation, flag: str) -> str:
    return person_named(ctx, invocation, flag, f"--{flag} @sam")


def _budget(invocation: Invocation) -> int:
    span = parse_duration(invocation.word("max-downtime", "1h"))
    if not _SHORTEST <= span <= _LONGEST:
        raise UsageError("The longest downtime is from `5m` to `2d`: write for example `--max-downtime 90m`.")
    return int(span.total_seconds())


def _most_seconds(invocation: Invocation, jobs: Sequence[Job]) -> float:
    """The delay that is low enough, for engines whose guide names no zero; 0 for all others.

    Raises:
        UsageError: it is missing or too long, or the jobs wait for zero.
    """
    chosen = [job for job in jobs if takes_threshold(job)]
    typed = invocation.word("max-delay")
    if chosen and not typed:
        raise UsageError(
            f"`{chosen[0].id}` need not come down to a delay of zero: say what is low enough, for example "
            "`--max-delay 10s`."
        )
    if typed and not chosen:
        raise UsageError("These jobs wait for a delay of zero: leave out `--max-delay`.")
    span = parse_duration(typed) if typed else timedelta()
    if span > MOST_DELAY:
        raise UsageError(
            "`--max-delay` is what may be missing when it is promoted, `10m` at most: write for example "
            "`--max-delay 10s`."
        )
    return span.total_seconds()


def _most_bytes(invocation: Invocation, jobs: Sequence[Job]) -> int:
    """The bytes of log that may be left; 0 for none.

    Raises:
        UsageError: it is no size or too large, or no job has a PostgreSQL source.
    """
    typed = invocation.word("max-bytes")
    if not typed:
        return 0
    if not any(map(takes_bytes, jobs)):
        raise UsageError("Bytes may be left only with PostgreSQL sources: leave out `--max-bytes`.")
    try:
        size = parse_bytes(typed)
    except ValueError as error:
        raise UsageError(f"{error}.") from error
    if size > MOST_BYTES:
        raise UsageError(
            "`--max-bytes` is what may be left at a delay of 0 s, `16MiB` at most: write for example "
            "`--max-bytes 64KiB`."
        )
    return size


def _lines(invocation: Invocation, flag: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(each.strip() for each in invocation.items(flag) if each.strip()))
    if len(found) > MAX_LINES:
        raise UsageError(f"`--{flag}` takes at most {MAX_LINES} entries, not {len(found)}: join some.")
    long = next((each for each in found if len(each) > MAX_LINE), "")
    if long:
        raise UsageError(f"`--{flag}`: shorten “{long[:30]}…” to at most {MAX_LINE} characters.")
    return found


def _checklist(ctx: Context, invocation: Invocation, jobs: Sequence[Job]) -> tuple[Tick, ...]:
    """The usual items, or those that were given instead; what the bot sees for itself stays."""
    usual = usual_items(ctx, jobs)
    if "checklist" not in invocation.flags:
        return usual
    known = {each.text: each for each in usual if not each.check}
    given = (known.get(each, Tick(each)) for each in _lines(invocation, "checklist"))
    return (*(each for each in usual if each.check), *given)


def _need_place(ctx: Context, jobs: Sequence[Job]) -> None:
    """The card and its log are for all who take part, so they are in a channel where the bot can post.

    Raises:
        UsageError: it was asked for elsewhere, or in a channel where not everybody may see the jobs.
    """
    if not _CHANNEL.fullmatch(ctx.who.channel):
        raise UsageError(
            "A cutover is planned in the channel of those who take part, as its card and log are there: "
            f"type `{COMMAND} cutover` in that channel."
        )
    if ctx.membership(ctx.who.channel) not in (Membership.MEMBER, Membership.UNKNOWN):
        raise UsageError(
            "I am no member of this channel, so I could not post the card: type `/invite` and my name first."
        )
    _need_open(ctx, ctx.who.channel, jobs, "plan it in a channel whose members may")


def _need_open(ctx: Context, channel: str, jobs: Sequence[Job], instead: str) -> None:
    """The card and the announcements name the jobs to everybody in the channel.

    Raises:
        UsageError: the policy keeps one of them from somebody there.
    """
    for job in jobs:
        if not ctx.access.is_open_to(channel, job):
            raise UsageError(f"Not everybody in that channel may see `{job.id}`: {instead}.")


def _channel(invocation: Invocation) -> str:
    typed = invocation.word("announce").removeprefix("#")
    if typed and not _CHANNEL.fullmatch(typed):
        raise UsageError(
            f"`--announce {typed}` is no channel that I know: pick it from the list that Slack offers behind "
            "`#`, as in `--announce #shop`."
        )
    return typed


def _announce(ctx: Context, invocation: Invocation, jobs: Sequence[Job]) -> str:
    typed = _channel(invocation)
    if not typed:
        return ""
    if typed == ctx.who.channel:
        raise UsageError("`--announce` is for another channel: the card is in this one.")
    way = "leave out `--announce`, or name another channel"
    subscriptions.need_readable(ctx, typed, way)
    _need_open(ctx, typed, jobs, way)
    if ctx.membership(typed) not in (Membership.MEMBER, Membership.UNKNOWN):
        raise UsageError(
            "I am not a member of the channel behind `--announce`: type `/invite` and my name in it first."
        )
    return typed
