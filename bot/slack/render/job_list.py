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
from bot.dms import model
from bot.dms.model import Job
from bot.slack.render import labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.message import Message

_BOXES = 10
_BULK = 24
"""Buttons beside the boxes: a block holds 25 elements."""
_OPTION = 75
_MENU = 100
_ERROR = 120
_LINES_A_SECTION = 8
_DATABASES = 5
_AILING = 10
_COUNTS = 8
"""So many statuses are counted one by one at the top of the first page."""


def jobs_page(page: JobsPage) -> Message:
    """The page; where one block a job is too much for a message, jobs share blocks."""
    text = _summary(page)
    blocks = _whole(page, compact=False)
    if len(blocks) > m.MOST_BLOCKS or sum(map(m.text_size, blocks)) > m.MOST_TEXT:
        blocks = _whole(page, compact=True)
    return m.message(text, blocks)


def _whole(page: JobsPage, *, compact: bool) -> list[Block]:
    blocks: list[Block] = [m.header(_title(page))]
    blocks.extend(m.context(_place_in(page)))
    blocks.extend(_counts(page))
    blocks.extend(_unreachable(page))
    blocks.extend(_ailing(page))
    if not page.groups:
        blocks.append(m.section(_nothing(page)))
    serial = 0
    for group in page.groups:
        blocks.append(m.section(_heading(group)))
        if page.choosing:
            blocks.extend(_boxes(group, serial))
            serial += -(-len(group.lines) // _BOXES)
        else:
            blocks.extend(_compact(group) if compact else _lines(group))
    blocks.extend(m.buttons(page.buttons))
    return blocks


def _title(page: JobsPage) -> str:
    return labels.many(page.total, "migration job")


def _summary(page: JobsPage) -> str:
    totals = page.counts or {group.status: group.total for group in page.groups}
    counts = ", ".join(f"{count:,} {model.status_plain(status)}" for status, count in totals.items())
    places = labels.many(len(page.unreachable), "location")
    silent = f" ({places} did not answer)" if page.unreachable else ""
    return mrkdwn.outside(f"{_title(page)}{f': {counts}' if counts else ''}{silent}")


def _place_in(page: JobsPage) -> str:
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
    """What there is on all pages, where this one cannot show it; by state alone where that is a lot."""
    counts = Counter(page.counts)
    if len(counts) > _COUNTS:
        counts = Counter()
        for status, count in page.counts.items():
            counts[status.partition("/")[0]] += count
    shown = [f"{labels.status(status)}: {count:,}" for status, count in counts.items()]
    return m.sections(" · ".join(shown)) if shown else []


def _unreachable(page: JobsPage) -> list[Block]:
    if not page.unreachable:
        return []
    places = labels.names(page.unreachable)
    return [m.section(f"⚠️ *Not answering*: {places}. Jobs there are missing from this list, not gone.")]


def _ailing(page: JobsPage) -> list[Block]:
    if not page.ailing:
        return []
    jobs = labels.names(page.ailing, _AILING)
    return [
        m.section(f"🔴 *Not FAILED as a whole, but with failed databases*: {jobs}. `/dms show` tells which.")
    ]


def _nothing(page: JobsPage) -> str:
    if page.unreachable:
        return "No location that answered has a job that fits. Try again in a minute."
    if page.filters:
        return "No job matches. `/dms list` without filters shows all jobs."
    return "There is no migration job yet. Create one in the console or with `gcloud`; it shows up here."


def _heading(group: JobGroup) -> str:
    here = len(group.lines)
    count = f"{group.total:,}" if here == group.total else f"{here:,} of {group.total:,}"
    return f"{labels.status_sign(group.status)} {labels.status(group.status)} — {count}"


def _lines(group: JobGroup) -> list[Block]:
    return [m.section(_line(line), m.button(_show(line))) for line in group.lines]


def _show(line: JobLine) -> Button:
    return Button("Show", "show", "run", line.ref)


def _compact(group: JobGroup) -> list[Block]:
    """Several jobs a section, and one menu to show any of them."""
    blocks: list[Block] = []
    for at in range(0, len(group.lines), _LINES_A_SECTION):
        lines = group.lines[at : at + _LINES_A_SECTION]
        blocks.append(m.section("\n".join(mrkdwn.clip(_with_failures(line), 350) for line in lines)))
    for at in range(0, len(group.lines), _MENU):
        blocks.append(_menu(group.lines[at : at + _MENU]))
    return blocks


def _menu(lines: tuple[JobLine, ...]) -> ActionsBlock:
    seen: dict[str, Option] = {}
    for line in lines:
        label = mrkdwn.clip_plain(f"{_id(line)} ({_location(line)})", _OPTION)
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
        rows.append(f"🔴 {mrkdwn.clip(mrkdwn.outside(_first_line(line.job.error.message)), _ERROR)}")
    if line.failed_databases:
        rows.append(_failed_databases(line))
    if line.run is not None:
        rows.append(labels.under_way(line.run))
    return "\n".join(row for row in rows if row)


def _failed_databases(line: JobLine) -> str:
    return f"🔴 {_count_failed(line)}: {labels.names(line.failed_databases, _DATABASES)}"


def _short_line(line: JobLine) -> str:
    name = line.job.display_name
    shown = f" {mrkdwn.clip(mrkdwn.outside(name), 120)}" if name and name != _id(line) else ""
    return f"*{mrkdwn.code(_id(line))}*{shown}"


def _with_failures(line: JobLine) -> str:
    failed = f" · 🔴 {_count_failed(line)}" if line.failed_databases else ""
    return f"{_short_line(line)}{failed}"


def _count_failed(line: JobLine) -> str:
    return f"{labels.many(len(line.failed_databases), 'database')} failed"


def _details(line: JobLine) -> str:
    job = line.job
    parts = [labels.way(job), mrkdwn.outside(_location(line))]
    if job.duration_s > 0:
        parts.append(_lasts(job))
    return mrkdwn.clip(" · ".join(parts), 300)


def _lasts(job: Job) -> str:
    return f"duration {labels.duration(job.duration_s)}"


def _boxes(group: JobGroup, serial: int) -> list[Block]:
    """Checkboxes, ten a block; beside the last what can be done with those that are ticked."""
    blocks: list[Block] = []
    for index, at in enumerate(range(0, len(group.lines), _BOXES), 1):
        options = {line.ref: _box(line) for line in group.lines[at : at + _BOXES]}
        element = CheckboxesElement(
            action_id=m.action_id("list", "pick", serial + index), options=list(options.values())
        )
        last = at + _BOXES >= len(group.lines)
        buttons = [m.button(each) for each in group.bulk[:_BULK]] if last else []
        blocks.append(ActionsBlock(elements=[element, *buttons]))
    return blocks


def _box(line: JobLine) -> Option:
    job = line.job
    about = " · ".join(
        part
        for part in (
            labels.way_plain(job),
            _location(line),
            _count_failed(line) if line.failed_databases else "",
            _lasts(job) if job.duration_s > 0 else "",
        )
        if part
    )
    return Option(
        value=line.ref,
        text=MarkdownTextObject(text=mrkdwn.code(mrkdwn.clip_plain(_id(line), 70)), verbatim=True),
        description=PlainTextObject(text=mrkdwn.clip_plain(about, _OPTION)),
    )


def _id(line: JobLine) -> str:
    return line.job.name.rpartition("/")[2]


def _location(line: JobLine) -> str:
    parts = line.job.name.split("/")
    return parts[3] if len(parts) > 3 else ""


def _first_line(text: str) -> str:
    return next((row.strip() for row in text.splitlines() if row.strip()), "failed without a reason")
