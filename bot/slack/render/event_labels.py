"""Events of a job as text, one line each. `bot.watch.transitions` describes the kinds of events."""

from __future__ import annotations

from datetime import datetime

from bot.dms import display
from bot.dms.error_news import TOLD, brings_errors, ends_errors, recovers
from bot.dms.model import Job, Phase, State
from bot.slack.render import labels, mrkdwn
from bot.store.records import Event
from bot.util.durations import humanize

OUTSIDE = "outside"
"""`Event.by` of a change that was made outside the bot."""
_MAX_DETAIL = 300


def headline(event: Event, job: Job | None = None) -> str:
    """What happened, without the job's name; mrkdwn. `job` is the present one, if it is known."""
    match event.kind:
        case "created":
            return f"🆕 *Created*{_status_text(event.after)}"
        case "recreated":
            return f"🆕 *Created again* with the ID of a deleted job{_status_text(event.after)}"
        case "changed":
            return _changed(event)
        case "deleted":
            was = f" (was {mrkdwn.verbatim(display.status_text(event.before))})" if event.before else ""
            return f"🗑️ *Deleted*{was}"
        case "error":
            other = "another error" if event.before == TOLD else "Running with errors"
            return f"🟠 *{other.capitalize()}*" if brings_errors(event) else "🔴 *Error*"
        case "database_failed":
            what = display.kinds_named(event.after, job).capitalize()
            return f"🔴 *{what} failed*: {mrkdwn.name(event.after)}"
        case "database_error":
            return f"🟠 *Errors in {display.kinds_named(event.after, job)}*: {mrkdwn.name(event.after)}"
        case "stuck":
            return _stuck(event)
        case "delayed":
            return f"🐢 *Replication delay is high*: {_seconds(event.after)}{_measured(event.before)}"
        case "cleared" if ends_errors(event):
            return "✅ *Errors cleared*"
        case "cleared":
            return f"✅ *Resolved*: {_what_cleared(event, job)}"
        case _:
            change = " → ".join(labels.status(each) for each in (event.before, event.after) if each)
            return f"▫️ *{mrkdwn.verbatim(event.kind) or 'something happened'}* {change}".rstrip()


def line(event: Event, job: Job | None = None, *, detail: bool = True) -> str:
    """When it happened, what, and who did it; mrkdwn."""
    more = f"\n        {mrkdwn.clip(_flat(event.detail), _MAX_DETAIL)}" if detail and event.detail else ""
    return (
        f"{mrkdwn.date(event.at, '{date_short_pretty} {time_secs}')}  "
        f"{headline(event, job)}{changed_by_text(event)}{more}"
    )


def changed_by_text(event: Event) -> str:
    """Who made the change; mrkdwn with a leading space, empty if nobody in particular did."""
    if event.by == OUTSIDE:
        return " — outside Slack (console, gcloud or API)"
    return f" — by {mrkdwn.mention('@', event.by)}" if event.by else ""


def reached_cdc(event: Event) -> bool:
    """Whether this event is the end of the full dump."""
    if event.kind != "changed" or event.after != f"{State.RUNNING}/{Phase.CDC}":
        return False
    state, _, phase = event.before.partition("/")
    return state not in (State.RESUMING, State.STOPPED) and phase != Phase.CDC


def is_failed(event: Event) -> bool:
    return event.kind in ("changed", "created", "recreated") and _state(event.after) == State.FAILED


def is_completed(event: Event) -> bool:
    return event.kind == "changed" and _state(event.after) == State.COMPLETED


def is_ready(event: Event) -> bool:
    return event.kind == "changed" and event.after.endswith(f"/{Phase.READY_FOR_PROMOTE}")


def in_dump(event: Event) -> bool:
    """Whether the job is stopped in the full dump."""
    state, _, phase = event.after.partition("/")
    return state == State.STOPPED and phase == Phase.FULL_DUMP


_CLEARED = {
    "error": "the error",
    "delayed": "the high replication delay",
    "database_failed": "the failure of {}",
    "database_error": "the errors in {}",
    "stuck": "the standstill",
}


def _what_cleared(event: Event, job: Job | None) -> str:
    if event.before in _CLEARED:
        return _CLEARED[event.before].format(display.kinds_named(event.detail, job))
    return mrkdwn.verbatim(event.before) or "the warning"


def _changed(event: Event) -> str:
    signed = f"{labels.status_emoji(event.after)} {labels.status(event.after)}"
    if recovers(event):
        return f"🟢 *Continues*: {signed} (was {mrkdwn.verbatim(display.status_text(event.before))})"
    return f"{signed} (was {mrkdwn.verbatim(display.status_text(event.before))})" if event.before else signed


def _stuck(event: Event) -> str:
    if in_dump(event):
        return "🚨 *Stopped in the full dump*: it cannot resume"
    return f"🚨 *Stuck* in {labels.status(event.after)}"


def _status_text(status: str) -> str:
    return f" — {labels.status_emoji(status)} {labels.status(status)}" if status else ""


def _seconds(text: str) -> str:
    try:
        return humanize(float(text))
    except ValueError:
        return mrkdwn.verbatim(text) or "unknown"


def _measured(text: str) -> str:
    """When the figure was measured. Events from older versions do not have it."""
    try:
        return f" (measured {mrkdwn.date(datetime.fromisoformat(text))})" if text else ""
    except (ValueError, OverflowError):
        return ""


def _state(status: str) -> str:
    return status.partition("/")[0]


def _flat(text: str) -> str:
    return mrkdwn.verbatim(" · ".join(row.strip() for row in text.splitlines() if row.strip()))
