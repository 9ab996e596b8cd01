"""`/dms list`: jobs by status, with a button or a checkbox for each."""

from __future__ import annotations

from collections import Counter

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    CheckboxesElement,
    MarkdownTextObject,
    Option,
    PlainTextObject,
    StaticSelectElement,
)

from bot.cmdline.answers import Button, JobGroup, JobLine, JobsPage
from bot.cmdline.missing_text import grouped
from bot.dms import display
from bot.dms.missing import Why
from bot.dms.model import Job
from bot.slack.render import labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.message import Message
from bot.util.command import COMMAND
from bot.util.durations import humanize
from bot.util.text import count_of

_BOXES_PER_BLOCK = 10
_BULK = 24
"""Buttons beside the checkboxes: an actions block holds 25 elements."""
_MAX_OPTION = 75
_MAX_MENU = 100
_MAX_ERROR = 120
_LINES_PER_SECTION = 8
_DATABASES = 5
_MAX_FAILING = 10
_MAX_MISSING = 30
_WHY_MISSING = {
    Why.SILENT: "Not answering",
    Why.QUOTA: "Quota used up",
    Why.REFUSED: "Refused",
    Why.FAILED: "Failed",
}
_MAX_COUNTS = 8
"""Up to so many statuses are counted one by one; more are counted by state."""


def jobs_page(page: JobsPage) -> Message:
    """One block per job; several jobs per block if that exceeds the limits of a message."""
    text = _summary(page)
    blocks = _blocks(page, compact=False)
    if len(blocks) > m.MAX_BLOCKS or sum(map(m.text_size, blocks)) > m.MAX_TEXT:
        blocks = _blocks(page, compact=True)
    return m.message(text, blocks)


def _blocks(page: JobsPage, *, compact: bool) -> list[Block]:
    blocks: list[Block] = [m.header(_title(page))]
    blocks.extend(m.context(_position(page)))
    frozen = "\n".join(f"❄️ {mrkdwn.rich_text(each)}" for each in page.freezes)
    blocks.extend(m.sections(frozen) if frozen else [])
    blocks.extend(_counts(page))
    blocks.extend(_missing(page))
    blocks.extend(_with_errors(page))
    if not page.groups:
        blocks.append(m.section(_nothing(page)))
    serial = 0
    for group in page.groups:
        blocks.append(m.section(_heading(group)))
        if page.choosing:
            blocks.extend(_boxes(group, serial))
            serial += -(-len(group.lines) // _BOXES_PER_BLOCK)
        else:
            blocks.extend(_compact(group) if compact else map(_job, group.lines))
    blocks.extend(m.buttons(page.buttons))
    return blocks


def _title(page: JobsPage) -> str:
    if page.missing and not page.total:
        return "Migration jobs not known"
    return f"{count_of(page.total, 'migration job')}{' that you may see' if page.may_hide else ''}"


def _summary(page: JobsPage) -> str:
    totals = page.counts or {group.status: group.total for group in page.groups}
    counts = ", ".join(f"{count:,} {display.status_text(status)}" for status, count in totals.items())
    away = f" ({count_of(len(page.missing), 'location')} missing)" if page.missing else ""
    return mrkdwn.verbatim(f"{_title(page)}{f': {counts}' if counts else ''}{away}")


def _position(page: JobsPage) -> str:
    parts = []
    if page.pages > 1:
        parts.append(f"Page {page.page} of {page.pages}")
    if page.filters:
        parts.append(f"Filter: {mrkdwn.code(page.filters)}")
    if page.choosing:
        only = " (ticks count on this page only)" if page.pages > 1 else ""
        parts.append(f"Tick jobs of one status, then press what to do with them{only}")
    return " · ".join(parts)


def _counts(page: JobsPage) -> list[Block]:
    """How many jobs of each status there are on all pages; by state if there are many statuses."""
    counts = Counter(page.counts)
    if len(counts) > _MAX_COUNTS:
        counts = Counter()
        for status, count in page.counts.items():
            counts[status.partition("/")[0]] += count
    shown = [f"{labels.status(status)}: {count:,}" for status, count in counts.items()]
    return m.sections(" · ".join(shown)) if shown else []


def _missing(page: JobsPage) -> list[Block]:
    if not page.missing:
        return []
    lines = []
    for (why, reason), places in grouped(page.missing).items():
        because = f" ({mrkdwn.verbatim(reason)})" if reason else ""
        lines.append(f"⚠️ *{_WHY_MISSING[why]}*: {labels.names(places, _MAX_MISSING)}{because}.")
    return m.sections("\n".join([*lines, "Jobs there are missing from this list, not gone."]))


def _with_errors(page: JobsPage) -> list[Block]:
    if not page.with_errors:
        return []
    jobs = labels.names(page.with_errors, _MAX_FAILING)
    return [
        m.section(f"🟠 *Not FAILED, but RUNNING with errors*: {jobs}. `{COMMAND} list state=with-errors`")
    ]


def _nothing(page: JobsPage) -> str:
    seen = " that you may see" if page.may_hide else ""
    if page.missing:
        return f"No location that answered has a job{seen} that fits. Try again in a minute."
    if page.filters:
        return f"No job{seen} matches. `{COMMAND} list` without filters shows all{seen}."
    if page.may_hide:
        return "There is no migration job that you may see."
    return "There is no migration job yet. Create one in the console or with `gcloud`; it shows up here."


def _heading(group: JobGroup) -> str:
    here = len(group.lines)
    count = f"{group.total:,}" if here == group.total else f"{here:,} of {group.total:,}"
    return f"{labels.status_emoji(group.status)} {labels.status(group.status)} — {count}"


def _job(line: JobLine) -> Block:
    return m.section(_line(line), m.button(Button("Show", "show", "run", line.ref)))


def _compact(group: JobGroup) -> list[Block]:
    """Several jobs per section, and one menu to show any of them."""
    blocks: list[Block] = []
    for at in range(0, len(group.lines), _LINES_PER_SECTION):
        lines = group.lines[at : at + _LINES_PER_SECTION]
        blocks.append(m.section("\n".join(mrkdwn.clip(_with_faults(line), 350) for line in lines)))
    for at in range(0, len(group.lines), _MAX_MENU):
        blocks.append(_menu(group.lines[at : at + _MAX_MENU]))
    return blocks


def _menu(lines: tuple[JobLine, ...]) -> ActionsBlock:
    seen: dict[str, Option] = {}
    for line in lines:
        label = mrkdwn.clip_plain(f"{_id(line)} ({_where(line)})", _MAX_OPTION)
        seen.setdefault(line.ref, Option(value=line.ref, text=PlainTextObject(text=label)))
    return ActionsBlock(
        elements=[
            StaticSelectElement(
                placeholder="Show a job",
                action_id=m.action_id("show", "run"),
                options=list(seen.values()),
            )
        ]
    )


def _line(line: JobLine) -> str:
    rows = [_short_line(line), _details(line)]
    if line.job.error is not None:
        rows.append(f"🔴 {mrkdwn.clip(mrkdwn.verbatim(_first_line(line.job.error.message)), _MAX_ERROR)}")
    if line.faulty_databases:
        rows.append(f"🔴 {_count_faulty(line)}: {labels.names(line.faulty_databases, _DATABASES)}")
    if line.run is not None:
        rows.append(labels.in_progress_text(line.run))
    return "\n".join(row for row in rows if row)


def _short_line(line: JobLine) -> str:
    name = line.job.display_name
    shown = f" {mrkdwn.clip(mrkdwn.name(name), 120)}" if name and name != _id(line) else ""
    return f"{'❄️ ' if line.frozen else ''}*{mrkdwn.code(_id(line))}*{shown}"


def _with_faults(line: JobLine) -> str:
    faulty = f" · 🔴 {_count_faulty(line)}" if line.faulty_databases else ""
    return f"{_short_line(line)}{faulty}"


def _count_faulty(line: JobLine) -> str:
    return f"{count_of(len(line.faulty_databases), 'database')} with errors"


def _details(line: JobLine) -> str:
    job = line.job
    parts = [labels.source_and_destination(job), mrkdwn.verbatim(_where(line))]
    if job.duration_s > 0:
        parts.append(_duration(job))
    return mrkdwn.clip(" · ".join(parts), 300)


def _duration(job: Job) -> str:
    return f"duration {humanize(job.duration_s)}"


def _boxes(group: JobGroup, serial: int) -> list[Block]:
    """Checkboxes, ten per block; beside the last ones the buttons for all that are ticked."""
    blocks: list[Block] = []
    for index, at in enumerate(range(0, len(group.lines), _BOXES_PER_BLOCK), 1):
        options = {line.ref: _box(line) for line in group.lines[at : at + _BOXES_PER_BLOCK]}
        element = CheckboxesElement(
            action_id=m.action_id("list", "pick", serial + index), options=list(options.values())
        )
        last = at + _BOXES_PER_BLOCK >= len(group.lines)
        buttons = [m.button(each) for each in group.bulk[:_BULK]] if last else []
        blocks.append(ActionsBlock(elements=[element, *buttons]))
    return blocks


def _box(line: JobLine) -> Option:
    job = line.job
    about = " · ".join(
        part
        for part in (
            labels.source_and_destination_plain(job),
            _where(line),
            _count_faulty(line) if line.faulty_databases else "",
            _duration(job) if job.duration_s > 0 else "",
        )
        if part
    )
    return Option(
        value=line.ref,
        text=MarkdownTextObject(text=mrkdwn.code(mrkdwn.clip_plain(_id(line), 70)), verbatim=True),
        description=PlainTextObject(text=mrkdwn.clip_plain(about, _MAX_OPTION)),
    )


def _id(line: JobLine) -> str:
    return line.job.name.rpartition("/")[2]


def _where(line: JobLine) -> str:
    parts = line.job.name.split("/")
    return line.where or (parts[3] if len(parts) > 3 else "")


def _first_line(text: str) -> str:
    return next((row.strip() for row in text.splitlines() if row.strip()), "failed without a reason")
