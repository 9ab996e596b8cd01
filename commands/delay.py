"""`/dms delay`: how far the destination is behind its source, as a picture and in words."""

from __future__ import annotations

from datetime import timedelta

from bot.amounts import bytes_text, seconds_text
from bot.answers import Answer, Note, Part, Time, Upload
from bot.dms.errors import Denied, DmsError
from bot.dms.model import Delay, DelayPoint, Job, Phase, State
from bot.dms.rules import where
from bot.invocation import Flag, Invocation, Syntax, UsageError
from bot.offers import show
from commands.base import Context, Verb
from commands.resolve import find_job

_FRESH = timedelta(minutes=10)
"""Monitoring samples once a minute and shows it some minutes later."""


def _run(ctx: Context, invocation: Invocation) -> Answer:
    if not invocation.jobs:
        raise UsageError("Name the job, for example `/dms delay orders-db`; `/dms list` shows all jobs.")
    job = find_job(ctx, invocation.jobs[0], invocation)
    hours = float(invocation.word("hours", "1"))
    try:
        delay = ctx.dms.delay(job, hours)
    except DmsError as error:
        return _unreadable(ctx, job, error)
    if not delay.seconds and not delay.bytes:
        return _nothing(ctx, job, hours)
    from bot.chart import delay_chart  # what draws it takes a while to load, and memory

    now = ctx.now()
    return Upload(
        filename=f"delay-{job.id}-{now:%Y%m%d-%H%M}.png",
        content=delay_chart(job.id, delay, hours, now, ctx.settings.delay_alert_s),
        title=f"Replication delay of {job.id}, last {'hour' if hours == 1 else f'{hours:g} hours'}",
        comment=_words(ctx, job, delay),
    )


def _unreadable(ctx: Context, job: Job, error: DmsError) -> Note:
    way = (
        " The bot's service account needs the role Monitoring Viewer (`roles/monitoring.viewer`) in the "
        "project. Everything else works without it."
        if isinstance(error, Denied)
        else " Try again in a moment."
    )
    text = f"The replication delay of `{job.id}` cannot be read from Cloud Monitoring: {error}{way}"
    return Note(text, (show(ctx.ref, job),), tone="warn")


def _nothing(ctx: Context, job: Job, hours: float) -> Note:
    span = "hour" if hours == 1 else f"{hours:g} hours"
    reason = (
        "the first figures come some minutes after CDC begins."
        if job.state == State.RUNNING and job.phase == Phase.CDC
        else f"it is measured while a job runs in CDC, and this one is {where(job)}."
    )
    text = f"Cloud Monitoring has no replication delay of `{job.id}` for the last {span}: {reason}"
    return Note(text, (show(ctx.ref, job),))


def _words(ctx: Context, job: Job, delay: Delay) -> tuple[Part, ...]:
    newest = max(
        (points[-1] for points in (delay.seconds, delay.bytes) if points), key=lambda point: point.time
    )
    parts: list[Part] = [f"`{job.id}` is {where(job)}. {_behind(delay)}, as of ", Time(newest.time), "."]
    if ctx.now() - newest.time > _FRESH:
        parts.append(" *There is nothing newer*, so it may be different now.")
    parts.append(_peak(delay.seconds))
    return tuple(parts)


def _behind(delay: Delay) -> str:
    seconds, size = delay.latest_seconds, delay.latest_bytes
    if not seconds and not size and seconds is not None:
        return "The replication delay is *zero*"
    known = [
        seconds_text(seconds) if seconds is not None else "",
        bytes_text(size) if size is not None else "",
    ]
    return f"The destination is *{' and '.join(each for each in known if each)}* behind"


def _peak(points: tuple[DelayPoint, ...]) -> str:
    top = max((each.value for each in points), default=0.0)
    return f" The most in this time: {seconds_text(top)}." if top and len(points) > 1 else ""


VERB = Verb(
    name="delay",
    summary="the replication delay as a chart",
    usage=("delay JOB [--hours 1|24]",),
    syntax=Syntax("one", flags=(Flag("hours", "choice", "how far to look back", choices=("1", "24")),)),
    details="From Cloud Monitoring, in seconds and in bytes. Promote without loss only when writes to the "
    "source have stopped and the delay is zero.",
    examples=("delay orders-db", "delay orders-db --hours 24"),
    run=_run,
)
