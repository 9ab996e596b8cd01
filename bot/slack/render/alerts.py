"""Alerts, and digests of many changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button
from bot.dms import display, source_writes
from bot.dms.advice import errors_step, next_step, source_log_growth
from bot.dms.engines import reads_backup_files
from bot.dms.error_news import (
    ERRORS,
    brings_errors,
    ends_errors,
    goes_on_with_errors,
    may_be_restarted,
    recovers,
)
from bot.dms.likely_causes import docs_url, likely_cause
from bot.dms.model import Database, Job, ObjectState, State, short_name
from bot.dms.rules import Action, allowed
from bot.dms.running_errors import runs_with_errors
from bot.requests.job_names import JobNamer
from bot.slack.render import event_labels, labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.job_card import cause_text
from bot.slack.render.message import Message
from bot.store.records import Event, Run
from bot.util.command import COMMAND
from bot.util.text import count_of, rest_line

_MAX_DETAIL = 1500
_MAX_NAMES = 15
_MAX_GROUPS = 15
_STOP_WRITES = "🛑 *Stop the writes to the source now*"
_MAY_RESUME = "▶️ *Writes to the source may resume*"
_MINUTES = frozenset({State.STARTING, State.STOPPING})
"""Steps of some minutes at most ("Migration job statuses" of each guide); no page says it of others."""


def alert(
    event: Event,
    job: Job | None,
    buttons: Sequence[Button] = (),
    *,
    over: bool = False,
    databases: Sequence[Database] = (),
    during: Run | None = None,
    where: str = "",
    again: int = 0,
    menu: Sequence[Button] = (),
) -> Message:
    """One event, with what it means and what to do next. `job` and its `databases` are the present ones.
    `during` is the action that did not succeed as the job failed; `where` is the job's place as people call
    it, if it has to be told; `again` is how often the error came back.

    With `over`, the job has moved on: the event is shown as past, without a warning.
    """
    head = f"{_past_title(event) if over else _title(event, job)} {labels.job_code(event.job)}"
    name = labels.display_name_beside(job) if job else ""
    if where:
        head += f" in {mrkdwn.verbatim(where)}"
    blocks: list[Block] = [m.section(f"{head}{name}{event_labels.changed_by_text(event)}")]
    for text in _since(event, job, databases) if over else _body(event, job, databases):
        blocks.extend(m.sections(text))
    blocks.extend(m.sections(labels.failed_run_text(during)) if during else [])
    blocks.extend(
        m.sections(f"🔁 *Flapped {again + 1} times*: the error cleared and came back") if again else []
    )
    blocks.extend(m.buttons(buttons, menu=menu))
    place = [] if where or job is None else [mrkdwn.verbatim(job.location)]
    about = [labels.source_and_destination(job), *place] if job else []
    blocks.extend(m.context(" · ".join([*about, mrkdwn.date(event.at)])))
    return m.message(f"{head}{_why(event)}", blocks)


def is_over(event: Event, job: Job | None, databases: Sequence[Database] = ()) -> bool:
    """Whether what the event reported has ended; `job` and its `databases` are the present ones."""
    if brings_errors(event) and job is not None and goes_on_with_errors(job.state):
        return job.state == State.RUNNING and not runs_with_errors(job, databases)
    if brings_errors(event):
        return True
    if ends_errors(event):
        return job is None or runs_with_errors(job, databases)
    if source_writes.must_stop(event):
        return job is None or not source_writes.waits_for_stop(job.status)
    if source_writes.may_resume(event) and not _has_ended(event):
        return job is None or not source_writes.may_resume_text(job)
    return may_clear(event) and (job is None or job.status != event.after)


def may_clear(event: Event) -> bool:
    """Whether the event reports something that ends when the job moves on."""
    writes = source_writes.must_stop(event) or (source_writes.may_resume(event) and not _has_ended(event))
    errors = brings_errors(event) or ends_errors(event)
    return writes or errors or event.kind == "stuck" or event_labels.is_failed(event)


def _has_ended(event: Event) -> bool:
    """Whether the job failed or was deleted, which is what the event is about first of all."""
    return event.kind == "deleted" or event_labels.is_failed(event)


def digest(events: Sequence[Event], over: Container[int] = (), calls: JobNamer = short_name) -> Message:
    """Many changes in one message, grouped by what happened, with the newest state of each job.

    `over` has the ids of events whose jobs have moved on: they are shown as past. `calls` names the jobs.
    """
    groups: dict[str, list[str]] = {}
    for event in _latest_per_job(events):
        past = f"{_past_title(event).removesuffix(':')} (resolved)"
        headline = past if event.id in over else _present(event)
        groups.setdefault(headline, []).append(event.job)
    jobs = {event.job for event in events}
    ordered = sorted(groups.items(), key=lambda group: -len(group[1]))
    title = f"{count_of(len(jobs), 'job')} changed"
    lines = [_group(headline, names, calls) for headline, names in ordered[:_MAX_GROUPS]]
    form = f"… and {{}} more kinds of changes; `{COMMAND} list` shows all jobs"
    lines.extend(rest_line(len(ordered), _MAX_GROUPS, form))
    authors = {event.by for event in events}
    who = f"{event_labels.changed_by_text(events[0])}" if len(authors) == 1 and events else ""
    counts = ", ".join(f"{len(names)} × {headline}" for headline, names in ordered[:3])
    return m.message(f"*{title}*: {counts}", [m.section(f"*{title}*{who}"), *m.sections("\n".join(lines))])


def _present(event: Event) -> str:
    """The line in a digest; what people must do goes before the change that calls for it."""
    if source_writes.must_stop(event):
        return _STOP_WRITES
    headline = event_labels.headline(event)
    return f"{_MAY_RESUME}: {headline}" if source_writes.may_resume(event) else headline


def _title(event: Event, job: Job | None) -> str:
    if source_writes.must_stop(event):
        return f"{_STOP_WRITES}:"
    if _has_ended(event) and source_writes.may_resume(event):
        what = "🔴 *Failed*" if event.kind != "deleted" else event_labels.headline(event)
        return f"{what}, and the *writes to the source may resume*:"
    if event_labels.is_failed(event):
        return "🔴 *Failed*:"
    if event_labels.is_completed(event):
        return "✅ *Completed*:"
    if event_labels.is_ready(event):
        return "🟢 *Ready for promote*:"
    if source_writes.may_resume(event):
        return f"{_MAY_RESUME}{_because(event)}:"
    if recovers(event):
        return (
            "🟢 *Continues without a restart from here*:"
            if may_be_restarted(event)
            else "🟢 *Continues by itself*:"
        )
    if event_labels.reached_cdc(event):
        return "🟢 *CDC reached*, the full dump is done:"
    return f"{event_labels.headline(event, job)}:"


def _because(event: Event) -> str:
    """What else has happened, in a few words."""
    if event_labels.reached_cdc(event):
        return ", CDC reached"
    state = event.after.partition("/")[0]
    return {State.STOPPING: ", the job is being stopped", State.STOPPED: ", the job was stopped"}.get(
        State(state) if state in set(State) else State.UNSPECIFIED, ""
    )


def _past_title(event: Event) -> str:
    if event_labels.is_failed(event):
        return "▫️ *Had failed*:"
    if event_labels.in_dump(event):
        return "▫️ *Was stopped in the full dump*:"
    if source_writes.must_stop(event):
        return "▫️ *Was waiting for the writes to the source to stop*:"
    if source_writes.may_resume(event):
        return "▫️ *The writes to its source could resume*:"
    if brings_errors(event):
        return "▫️ *Had errors*:"
    if ends_errors(event):
        return "▫️ *Its errors had cleared*:"
    return f"▫️ *Was stuck* in {labels.status(event.after)}:"


def _since(event: Event, job: Job | None, databases: Sequence[Database]) -> list[str]:
    """The error that it reported, and the state that the job went on to."""
    reported = event.detail and (event_labels.is_failed(event) or brings_errors(event))
    error = [f"*Error*: {_clipped(event.detail)}"] if reported else []
    # What ends because the job fails is not resolved by that.
    resolved = "" if job is not None and job.state == State.FAILED else "*Resolved*: "
    return [*error, *_writes_by_now(event, job), f"➡️ {resolved}{_now(event, job, databases)}"]


def _now(event: Event, job: Job | None, databases: Sequence[Database]) -> str:
    if job is None:
        return "🗑️ *Deleted*"
    if brings_errors(event) and job.state == State.RUNNING:
        return f"it runs without errors now, {labels.job_status(job)}"
    status = labels.job_status(job, databases)
    return f"errors came back, {status}" if ends_errors(event) else f"now {status}"


def _writes_by_now(event: Event, job: Job | None) -> list[str]:
    """Whether the writes, which people were told to stop, must stay stopped."""
    if not source_writes.must_stop(event):
        return []
    if job is None:
        return [f"▶️ {source_writes.MAY_RESUME_UNTIL_NEXT}"]
    if source_writes.forbids_writes(job.status):
        return [f"🛑 {source_writes.next_step(job)}"]
    resumed = source_writes.may_resume_text(job)
    return [f"▶️ {resumed}"] if resumed else []


def _body(event: Event, job: Job | None, databases: Sequence[Database]) -> list[str]:
    found = []
    if event_labels.is_failed(event) or event.kind in ERRORS:
        found.append(_error(event, job))
    elif event.kind == "stuck" and event_labels.in_dump(event):
        growth = source_log_growth(job)
        until_then = f" Until then, {growth}." if growth else ""
        return [f"🚨 *Act now*: restart or delete it.{until_then}"]
    elif event.detail:
        found.append(mrkdwn.in_readers_zone(mrkdwn.verbatim(event.detail)))
    if recovers(event):
        found.append(_recovered(event))
    step = _next_step(event, job, databases)
    if source_writes.may_resume(event) and "may resume" not in step:
        resumed = source_writes.may_resume_text(job) if job else source_writes.MAY_RESUME_UNTIL_NEXT
        found.extend([f"▶️ {resumed}"] if resumed else [])
    return [*found, f"👉 *Next*: {mrkdwn.format_own(step)}"] if step else found


def _error(event: Event, job: Job | None) -> str:
    text = event.detail or (job.error.message if job and job.error else "")
    if not text:
        return f"The service gave no reason. {mrkdwn.link(docs_url(job), 'Known errors and what helps')}"
    return f"*Error*: {_clipped(text)}\n{cause_text(likely_cause(text, job), job)}"


def _clipped(text: str) -> str:
    return mrkdwn.clip(mrkdwn.verbatim(text), _MAX_DETAIL)


def _recovered(event: Event) -> str:
    """Source: "Migration job statuses" (AlloyDB, PostgreSQL, Oracle), Failed."""
    if may_be_restarted(event):
        return (
            "It continues by itself, as the cause seems fixed, unless somebody restarted it outside "
            "Slack: a restart wipes data on the destination."
        )
    return "The cause seems fixed: it continues where it failed, without a restart."


def _next_step(event: Event, job: Job | None, databases: Sequence[Database]) -> str:
    name = short_name(event.job)
    match event.kind:
        case "deleted":
            return ""
        case "stuck" if not event_labels.in_dump(event):
            return _unstick(event, job)
        case "delayed":
            return f"Check `{COMMAND} delay {name}`: {_why_delayed(job)}. Do not promote now."
        case "database_failed" if job is not None and job.state == State.RUNNING:
            failed = max(1, sum(each.state == ObjectState.FAILED for each in databases))
            return errors_step(job, failed, display.kind_of(databases))
        case _:
            return next_step(job, databases) if job else ""


def _why_delayed(job: Job | None) -> str:
    """For SQL Server, the delay counts from the time in a backup file's name ("Migration job metrics")."""
    if job is not None and reads_backup_files(job):
        return "the last transaction log may be old, or DMS restores more slowly than logs arrive"
    return "the source may write more than DMS can replay, or the network is slow"


def _unstick(event: Event, job: Job | None) -> str:
    if job is not None and source_writes.waits_for_stop(event.after):
        return next_step(job)
    look = "Check the job and its operation in the console."
    if event.after.partition("/")[0] in _MINUTES:
        look = f"{look} DMS usually needs minutes for this step, not longer."
    if job is None or Action.DELETE not in allowed(job):
        return look
    return f"{look} If nothing else helps, delete the job."


def _why(event: Event) -> str:
    first = next((row.strip() for row in event.detail.splitlines() if row.strip()), "")
    return f" — {mrkdwn.clip(mrkdwn.verbatim(first), 300)}" if first else ""


def _latest_per_job(events: Sequence[Event]) -> list[Event]:
    """The last event of each job, for changes of its state and for other events apart."""
    last: dict[tuple[str, bool], Event] = {}
    for event in events:
        last[event.job, event.kind in ("changed", "created", "recreated", "deleted")] = event
    return list(last.values())


def _group(headline: str, names: Sequence[str], calls: JobNamer) -> str:
    found = sorted({calls(name) for name in names})
    return f"{headline} — {count_of(len(found), 'job')}: {labels.names(found, _MAX_NAMES)}"


def by_status(jobs: Sequence[Job]) -> dict[str, int]:
    """How many jobs there are of each status."""
    return dict(Counter(job.status for job in jobs))
