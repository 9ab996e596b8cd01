"""The daily summary: how many jobs by status, what waits for somebody, and what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import Button
from bot.cmdline.unreadable_text import unreadable_text
from bot.dms.error_news import brings_errors, recovers
from bot.dms.model import short_name
from bot.requests.job_names import JobNamer
from bot.slack.render import event_labels, labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.message import Message
from bot.store.records import Event
from bot.util.command import COMMAND
from bot.util.text import count_of, first_few

_MAX_NAMES = 15


@dataclass(frozen=True, slots=True)
class NeedsAttention:
    """What needs attention in the daily summary: full job names, and the number of requests to approve."""

    failed: Sequence[str] = ()
    stuck: Sequence[str] = ()
    approvals: int = 0
    with_errors: Sequence[str] = ()
    """Jobs that run with errors."""
    writes: Sequence[str] = ()
    """Jobs that wait until somebody stops the writes to their sources."""
    unreadable: Mapping[str, int] = field(default_factory=dict)
    """How many of what cannot be read from the store, by its name in the singular."""
    unread: Mapping[str, str] = field(default_factory=dict)
    """Places whose jobs nobody has read lately, each with its last poll (ISO 8601; empty for none)."""


def summary(
    day: date | str,
    counts: Mapping[str, int],
    events: Sequence[Event] = (),
    buttons: Sequence[Button] = (),
    needs: NeedsAttention | None = None,
    projects: Mapping[str, int] | None = None,
    calls: JobNamer = short_name,
) -> Message:
    """The daily summary: how many jobs by status, what waits for somebody, and what happened.

    `counts` is by `Job.status`; `events` are those of the last day. `projects` are the jobs by project, where
    that has to be said; `calls` names the jobs.
    """
    needs = needs or NeedsAttention()
    total = sum(counts.values())
    alone = next(iter(projects)) if projects and len(projects) == 1 else ""
    title = f"Migrations of {alone} on {day}" if alone else f"Migrations on {day}"
    ordered = sorted(counts.items(), key=lambda each: -each[1])
    lines = [f"{labels.status_emoji(status)} {labels.status(status)}: {count:,}" for status, count in ordered]
    blocks: list[Block] = [m.header(title)]
    if lines or not (needs.unreadable or needs.unread):
        blocks.extend(m.sections("\n".join(lines) or "There are no migration jobs."))
    if projects and not alone:
        named = (f"{mrkdwn.verbatim(name)} {count:,}" for name, count in projects.items())
        blocks.extend(m.sections(f"*By project*: {' · '.join(named)}"))
    for line in _waiting(needs, calls):
        blocks.extend(m.sections(line))
    for label, found in _day(events):
        names = sorted({calls(event.job) for event in found})
        blocks.append(m.section(f"{label}: {labels.names(names, _MAX_NAMES)}"))
    blocks.extend(m.buttons(buttons))
    shown = ", ".join(labels.counted(count, status) for status, count in ordered[:6])
    lacking = f", and not counted: {unreadable_text(needs.unreadable)}" if needs.unreadable else ""
    if needs.unread:
        places = mrkdwn.verbatim(first_few(list(needs.unread), _MAX_NAMES))
        lacking = f", and not read lately: {places}{lacking}"
    return m.message(
        f"{mrkdwn.verbatim(title)}: {count_of(total, 'job')}{f' ({shown})' if shown else ''}{lacking}",
        blocks,
    )


def _waiting(waiting: NeedsAttention, calls: JobNamer) -> list[str]:
    lines = []
    if waiting.unread:
        polls = [(place, datetime.fromisoformat(at) if at else None) for place, at in waiting.unread.items()]
        lines.append(f"⚠️ *Not read lately*: {labels.last_read(polls)}. Jobs there may be out of date.")
    if waiting.unreadable:
        lines.append(f"⚠️ *Not counted*: {unreadable_text(waiting.unreadable)}")
    if waiting.writes:
        names = _names(waiting.writes, calls)
        lines.append(f"🛑 *Waiting for the writes to their sources to stop*: {names}")
    if waiting.failed:
        lines.append(f"🔴 *Still failed*: {_names(waiting.failed, calls)}")
    if waiting.with_errors:
        lines.append(f"🟠 *Running with errors*: {_names(waiting.with_errors, calls)}")
    if waiting.stuck:
        lines.append(f"🚨 *Stuck*: {_names(waiting.stuck, calls)}")
    if waiting.approvals:
        lines.append(
            f"✋ *{count_of(waiting.approvals, 'request')} waiting for approval*: `{COMMAND} approvals`"
        )
    return lines


def _names(names: Sequence[str], calls: JobNamer) -> str:
    return labels.names([calls(name) for name in names], _MAX_NAMES)


def _day(events: Sequence[Event]) -> list[tuple[str, list[Event]]]:
    groups = (
        ("🔴 *Failed*", [each for each in events if event_labels.is_failed(each)]),
        ("🟠 *Had errors while running*", [each for each in events if brings_errors(each)]),
        ("🟢 *Recovered after a failure*", [each for each in events if recovers(each)]),
        ("🚨 *Stuck*", [each for each in events if each.kind == "stuck"]),
        ("🟢 *Reached CDC*", [each for each in events if event_labels.reached_cdc(each)]),
        ("✅ *Completed*", [each for each in events if event_labels.is_completed(each)]),
        ("🗑️ *Deleted*", [each for each in events if each.kind == "deleted"]),
    )
    return [(label, found) for label, found in groups if found]
