"""`/dms delay`: how far the destination is behind its source, as a chart and in words."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from importlib.util import find_spec

import structlog

from bot.cmdline.answers import Answer, Button, ChartPage, Note, RichPart, Upload
from bot.cmdline.delay_points import LineChart, bytes_chart, gaps, seconds_chart
from bot.cmdline.invocation import Flag, Invocation, Syntax
from bot.dms.delay import BackupFiles, MeasuredDelay
from bot.dms.errors import Denied, DmsError, NotFound, Refused
from bot.dms.model import Delay, DelayPoint, Job, Phase, State
from bot.dms.rules import where
from bot.dms.unsupported import UnsupportedEvents, unsupported_events
from bot.policy.permissions import Permission
from bot.requests.backup_files import backups_of, backups_text, read_lags
from bot.requests.buttons import show_button
from bot.requests.delay import (
    amounts,
    leaves_out,
    measured_delay,
    replicated,
    resumed_at,
    unmeasured,
    why_unknown,
)
from bot.requests.unsupported import unsupported_text
from bot.util import parallel
from bot.util.durations import seconds_text
from bot.util.wall_time import zone_of
from commands.support.base import Context, Verb
from commands.support.resolve import find_job

log = structlog.get_logger(__name__)

_MAX_GAPS = 3
_NO_CHART = "The chart is missing: the bot cannot write to a folder, which its log names."
_NO_PICTURES = (
    "This bot draws no pictures: whoever runs it can install `dms-bot[pictures]`. Slack's own charts need "
    "nothing."
)


def _run(ctx: Context, invocation: Invocation) -> Answer:
    job = find_job(ctx, invocation.jobs[0], invocation)
    hours = float(invocation.word("hours", "1"))
    since = resumed_at(ctx.store, job, ctx.now())
    with parallel.side_by_side() as parts:
        figures = parts.begin(lambda: ctx.dms.delay(job, hours, since))
        counting = parts.begin(lambda: _replicated(ctx, job))
        lags = parts.begin(lambda: read_lags(ctx.dms, job, since))
        counts = parts.begin(lambda: ctx.dms.event_counts(job))
        zones = parts.begin(lambda: zone_of(ctx.zone()))
    try:
        delay = figures.result()
    except DmsError as error:
        return _unreadable(ctx, job, error)
    if delay.seconds.of() is None and delay.bytes.of() is None:
        return _no_data(ctx, job, hours)
    now = ctx.now()
    private = not ctx.access.is_open_to(ctx.who.channel, job)
    names = counting.result()
    summary = _summary(
        job,
        delay,
        measured_delay(job, delay, names, now),
        backups_of(lags.result(), names, now),
        unsupported_events(counts.result(), names),
    )

    def picture() -> Upload | Note:
        chart = drawn(job.id, delay, hours, now, ctx.settings.delay_alert_s)
        return _answer(job, hours, now, summary, chart, private=private)

    begin = now - timedelta(hours=hours)
    zone = zones.result()
    charts = _charts(delay, begin, now, ctx.settings.delay_alert_s, zone)
    if invocation.is_set("picture") or not charts:
        return picture()
    again = Invocation("delay", (job.name,), {"hours": f"{hours:g}", "picture": True})
    detailed = (Button("Detailed picture", "delay", "run", ctx.ref(again)),) if draws_pictures() else ()
    text = (*summary, *_not_measured(delay, begin, now, zone))
    return ChartPage(text, charts, picture, (*detailed, show_button(ctx.ref, job)))


def _charts(
    delay: Delay, begin: datetime, end: datetime, alert_s: float, zone: tzinfo
) -> tuple[LineChart, ...]:
    """In seconds and in bytes, as far as there are measurements since `begin`."""
    seconds, size = _since(delay.seconds.points, begin), _since(delay.bytes.points, begin)
    return (
        *((seconds_chart(seconds, begin, end, alert_s, zone),) if seconds else ()),
        *((bytes_chart(size, begin, end, zone),) if size else ()),
    )


def _since(points: tuple[DelayPoint, ...], begin: datetime) -> list[DelayPoint]:
    return [each for each in points if each.time >= begin]


def _not_measured(delay: Delay, begin: datetime, end: datetime, zone: tzinfo) -> tuple[RichPart, ...]:
    """Charts have no gaps, so the times without a measurement are listed."""
    found = gaps(_since(delay.seconds.points or delay.bytes.points, begin), begin, end)
    if not found:
        return ()
    times = ", ".join(f"{a.astimezone(zone):%H:%M}–{b.astimezone(zone):%H:%M}" for a, b in found[:_MAX_GAPS])
    more = f" and {len(found) - _MAX_GAPS} more times" if len(found) > _MAX_GAPS else ""
    return (f"\n*Nothing was measured* {times}{more} ({zone}): the chart has no points there.",)


def draws_pictures() -> bool:
    """Whether matplotlib is installed (the extra `pictures`): it is larger than all the rest of the bot."""
    return find_spec("matplotlib") is not None


def drawn(job: str, delay: Delay, hours: float, now: datetime, alert_s: float) -> bytes | None:
    """The chart; None without matplotlib, or without a folder to write into, which it needs even so."""
    if not draws_pictures():
        return None
    try:
        from bot.cmdline.delay_chart import delay_chart  # loads matplotlib, which takes time and memory

        return delay_chart(job, delay, hours, now, alert_s)
    except OSError as error:
        log.warning("chart_not_drawn", error=str(error))
        return None


def _answer(
    job: Job,
    hours: float,
    now: datetime,
    summary: tuple[RichPart, ...],
    chart: bytes | None,
    *,
    private: bool,
) -> Upload | Note:
    if chart is None:
        return Note((*summary, f" {_NO_CHART if draws_pictures() else _NO_PICTURES}"))
    return Upload(
        filename=f"delay-{job.id}-{now:%Y%m%d-%H%M}.png",
        content=chart,
        title=f"Replication delay of {job.id}, last {'hour' if hours == 1 else f'{hours:g} hours'}",
        comment=summary,
        private=private,
        job=job,
        comment_answers=True,
    )


def _unreadable(ctx: Context, job: Job, error: DmsError) -> Note:
    way = " Try again in a moment."
    if isinstance(error, Denied) and error.code != "UNAUTHENTICATED":
        way = (
            " The bot's service account needs the role Monitoring Viewer (`roles/monitoring.viewer`) in the "
            "project. Everything else works without it."
        )
    elif isinstance(error, Denied | Refused | NotFound):
        way = ""
    text = f"The replication delay of `{job.id}` cannot be read from Cloud Monitoring: {error}{way}"
    return Note(text, (show_button(ctx.ref, job),), tone="warn")


def _no_data(ctx: Context, job: Job, hours: float) -> Note:
    span = "hour" if hours == 1 else f"{hours:g} hours"
    reason = (
        "the first figures come some minutes after CDC begins."
        if job.state == State.RUNNING and job.phase == Phase.CDC
        else f"it is measured while a job runs in CDC, and this one is {where(job)}."
    )
    text = f"Cloud Monitoring has no replication delay of `{job.id}` for the last {span}: {reason}"
    return Note(text, (show_button(ctx.ref, job),))


def _summary(
    job: Job,
    delay: Delay,
    seen: MeasuredDelay,
    backups: BackupFiles | None,
    missing: UnsupportedEvents,
) -> tuple[RichPart, ...]:
    return (
        f"`{job.id}` is {where(job)}. ",
        *_behind(seen),
        _peak(delay.seconds.points),
        *((" ", *backups_text(backups)) if backups is not None else ()),
        " ",
        *unsupported_text(missing),
    )


def _replicated(ctx: Context, job: Job) -> tuple[str, ...]:
    """The databases whose delay counts; empty for all, also if they cannot be listed."""
    try:
        return replicated(ctx.dms.databases(job.name))
    except DmsError:
        return ()


def _behind(seen: MeasuredDelay) -> tuple[RichPart, ...]:
    if seen.standing:
        return unmeasured(seen)
    if seen.is_zero:
        figure, *when = amounts(seen)
        return (f"The replication delay is *{figure}*", *when, ".")
    if seen.is_behind:
        figure, *when = amounts(seen)
        return (f"The destination is *{figure}* behind", *when, *leaves_out(seen), ".")
    return ("The replication delay is *not known*", *why_unknown(seen), ".")


def _peak(points: tuple[DelayPoint, ...]) -> str:
    top = max((each.value for each in points), default=0.0)
    return f" Highest in this time: {seconds_text(top)}." if top and len(points) > 1 else ""


VERB = Verb(
    name="delay",
    permission=Permission.VIEW,
    summary="replication delay as a chart",
    usage=("delay JOB [--hours 1|24] [--picture]",),
    syntax=Syntax(
        names=True,
        jobs="one",
        flags=(
            Flag("hours", "choice", "how far to look back", choices=("1", "24")),
            Flag("picture", "switch", "every measurement, as a file"),
        ),
    ),
    details=(
        "How far the destination is behind the source, from Cloud Monitoring. Each figure has the "
        "time of its measurement."
    ),
    more=(
        "A promotion loses nothing only if the writes to the source have stopped and a delay "
        "measured after that is zero. With SQL Server backup files, wait until no unprocessed bytes "
        "are left instead. For Oracle, and for SQL Server to PostgreSQL, a zero does not cover the "
        "last changes: check them yourself. Changes that DMS does not support never arrive; they are "
        "counted since the job was created."
    ),
    begins="list",
    examples=("delay orders-db", "delay orders-db --hours 24"),
    run=_run,
)
