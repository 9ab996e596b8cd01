"""The message that follows a job through one run, and the event details in its thread."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button, RichText
from bot.dms.error_news import ERRORS
from bot.dms.likely_causes import likely_cause
from bot.dms.model import Database, Endpoint, Job
from bot.slack.render import event_labels, job_title, labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.job_card import cause_text, error_text
from bot.slack.render.message import Message
from bot.store.records import Event, Run
from bot.util.text import count_of

_MAX_EVENTS = 12


def timeline(
    job: Job,
    events: Sequence[Event],
    buttons: Sequence[Button] = (),
    next_step: str = "",
    *,
    current: bool = True,
    with_errors: bool = False,
    databases: Sequence[Database] = (),
    menu: Sequence[Button] = (),
    failed_run: Run | None = None,
    frozen: RichText = "",
    where: str = "",
    unknown: Sequence[str] = (),
) -> Message:
    """The job's status, its events (oldest first), and the next step.

    `current` is False if the job is deleted or a later run has its own message: then this one shows only the
    past. `with_errors` says whether the job runs with errors, and `databases` are the faulty ones; `menu` are
    further buttons; `failed_run` is the last action, if it failed; `frozen` are the terms of a freeze of this
    job; `where` is its place as people call it, if it has to be told; `unknown` is what the
    store has, but nobody can read.
    """
    job_id = labels.job_code(job.name)
    last = events[-1] if events else None
    gone = last is not None and last.kind == "deleted"
    state = "🗑️ *Deleted*" if gone else labels.job_status(job, databases, with_errors=with_errors)
    past = f"*{job_id}*{labels.display_name_beside(job)} — {state if gone else 'Superseded by a newer run.'}"
    title = job_title.job_title(job, databases, with_errors=with_errors) if current and not gone else past
    blocks: list[Block] = [m.section(f"{title}\n{_ends(job, where)}")]
    blocks.extend(m.sections(_history(events, job)) if events else [])
    if current and not gone:
        troubles = (
            error_text(job),
            f"❄️ *Frozen, no changes now*: {mrkdwn.rich_text(frozen)}" if frozen else "",
            labels.failed_run_text(failed_run) if failed_run else "",
            f"⚠️ *Not known*: {' or '.join(unknown)}" if unknown else "",
        )
        blocks.extend(block for trouble in troubles if trouble for block in m.sections(trouble))
        blocks.extend([m.section(f"👉 *Next*: {mrkdwn.format_own(next_step)}")] if next_step else [])
        blocks.extend(m.buttons(buttons, menu=menu))
    summary = f"{job_id}: {event_labels.headline(last, job) if last else state}"
    return m.message(summary, blocks)


def event_detail(event: Event, job: Job | None = None) -> Message:
    """One event with its details, for the thread."""
    head = f"{event_labels.headline(event, job)}{event_labels.changed_by_text(event)}"
    lines = [f"{head}, {mrkdwn.date(event.at, '{date_short_pretty} {time_secs}')}"]
    if event.detail:
        lines.append(mrkdwn.in_readers_zone(mrkdwn.verbatim(event.detail)))
        has_error = event_labels.is_failed(event) or event.kind in ERRORS
        cause = likely_cause(event.detail, job) if has_error else None
        if cause is not None:
            lines.append(cause_text(cause, job))
    return m.message(f"{labels.job_code(event.job)}: {head}", m.sections("\n".join(lines)))


def _history(events: Sequence[Event], job: Job) -> str:
    """The newest events; the thread has all of them."""
    shown = events[-_MAX_EVENTS:]
    left = len(events) - len(shown)
    earlier = [f"… {count_of(left, 'earlier event')}, in the thread"] if left else []
    return "\n".join([*earlier, *(event_labels.line(each, job, detail=False) for each in shown)])


def _ends(job: Job, where: str) -> str:
    """Source, destination and place. Source and destination of a deleted job may be unknown."""
    known = Endpoint("") not in (job.source, job.destination)
    return " · ".join(
        [*([labels.source_and_destination(job)] if known else []), mrkdwn.verbatim(where or job.location)]
    )
