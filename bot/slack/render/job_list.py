"""`/dms list`: what needs attention first, one line a job, then all others in a data table.

Where Slack has no data table, or the list is in a modal, the others are lines, too.
Limits of a data table: 201 rows, 20,000 characters in all cells of a message
(https://docs.slack.dev/reference/block-kit/blocks/data-table-block).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from slack_sdk.models.blocks import ActionsBlock, Block, ExternalDataSelectElement, PlainTextObject

from bot.cmdline.answers import Button, JobLine, JobsPage
from bot.cmdline.missing_text import grouped
from bot.dms import display
from bot.dms.attention import Part, part_of
from bot.dms.missing import Why
from bot.slack.render import job_choices, job_line, labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.job_picker import FIND
from bot.slack.render.message import Message
from bot.util.command import COMMAND
from bot.util.text import count_of

MOST_LINES = 15
"""So many jobs that need attention have a line and a button each; the table begins with the others."""
_FEW = 8
"""So many jobs need no table: each has its line."""
_PAGE_SIZE = 10
_FIRST_NUMBER = 100
"""Of the buttons in the table, whose `action_id`s must differ from those of the lines."""
_MAX_NAME, _MAX_CELL = 90, 70
_MAX_LINE, _MAX_SHORT = 250, 150
"""Characters of texts: a page of 50 jobs stays below the limits of a message and of a table."""
_MAX_FILTERS = 200
_NONE = "–"
_MAX_FAILING = 10
_MAX_MISSING = 30
_WHY_MISSING = {
    Why.SILENT: "Not answering",
    Why.QUOTA: "Quota used up",
    Why.REFUSED: "Refused",
    Why.FAILED: "Failed",
}
_Cell = dict[str, object]


class _Listed(NamedTuple):
    line: JobLine
    status: str
    """As people see it."""
    wrong: str
    """What is wrong with it, or empty."""


def jobs_page(page: JobsPage) -> Message:
    """The list; the classic layout differs only where a table is used."""
    text, top = _summary(page), _top(page)
    if page.choosing:
        return m.message(text, [*top, *job_choices.boxes(page.groups), *m.buttons(page.buttons)])
    lines, rest = _parted(page)
    shown = [*top, *map(_job, lines)]
    bottom = _bottom(page, find=bool(rest or page.filters))
    if not rest:
        return m.message(text, [*shown, *bottom])
    classic = cache(lambda: m.message(text, [*shown, *_as_lines(rest), *bottom]))
    # The first line has the numbers by status already.
    caption = count_of(len(rest), "other job" if lines else "job")
    return m.message(text, [*shown, _table(rest, caption), *bottom], classic)


def _parted(page: JobsPage) -> tuple[list[_Listed], list[_Listed]]:
    """The jobs with a line and a button of their own, and the rest."""
    listed = [
        _Listed(line, group.status, job_line.what_is_wrong(line))
        for group in page.groups
        for line in group.lines
    ]
    if len(listed) <= _FEW:
        return listed, []
    urgent = [each for each in listed if part_of(each.status) is Part.ATTENTION]
    calm = [each for each in listed if part_of(each.status) is not Part.ATTENTION]
    return urgent[:MOST_LINES], [*urgent[MOST_LINES:], *calm]


def _top(page: JobsPage) -> list[Block]:
    """How many jobs there are, and what keeps the list from being complete or the jobs from changing."""
    blocks: list[Block] = [m.section(_first_line(page))]
    blocks.extend(m.context(_position(page)))
    frozen = "\n".join(f"❄️ {mrkdwn.rich_text(each)}" for each in page.freezes)
    blocks.extend(m.sections(frozen) if frozen else [])
    blocks.extend(_missing(page))
    blocks.extend(_with_errors(page))
    return blocks


def _first_line(page: JobsPage) -> str:
    """`*32 migration jobs*: 3 need attention, 17 running, 8 changing`; counted are the jobs of all pages."""
    if not page.total:
        return _nothing(page)
    seen = " that you may see" if page.may_hide else ""
    counts = parts_text(page.counts or {group.status: group.total for group in page.groups})
    return f"*{count_of(page.total, 'migration job')}{seen}*{_fitting(page)}{_away(page)}: {counts}"


def _summary(page: JobsPage) -> str:
    """The first line, for notifications."""
    if page.missing and not page.total:
        return f"Migration jobs not known{_away(page)}"
    return _first_line(page)


def _fitting(page: JobsPage) -> str:
    return f" for {mrkdwn.code(mrkdwn.clip_plain(page.filters, _MAX_FILTERS))}" if page.filters else ""


def _away(page: JobsPage) -> str:
    return f" ({count_of(len(page.missing), 'location')} missing)" if page.missing else ""


def parts_text(counts: Mapping[str, int]) -> str:
    """How many jobs there are in each part of the list, from their number by status."""
    totals: Counter[Part] = Counter()
    for status, count in counts.items():
        totals[part_of(status)] += count
    words = {part: str(part) for part in Part}
    if totals[Part.ATTENTION] == 1:
        words[Part.ATTENTION] = "needs attention"
    return ", ".join(f"{totals[part]:,} {words[part]}" for part in Part if totals[part])


def _position(page: JobsPage) -> str:
    parts = []
    if page.pages > 1:
        parts.append(f"Page {page.page:,} of {page.pages:,}")
    if page.choosing:
        only = " (ticks count on this page only)" if page.pages > 1 else ""
        parts.append(f"Tick jobs of one status, then press what to do with them{only}")
    return " · ".join(parts)


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
        m.section(f"🟠 *Not failed, but running with errors*: {jobs}. `{COMMAND} list state=with-errors`")
    ]


def _nothing(page: JobsPage) -> str:
    seen = " that you may see" if page.may_hide else ""
    if page.missing:
        fits = " that fits" if page.filters else ""
        again = " Try again in a minute." if any(each.passes for each in page.missing) else ""
        return f"No location that answered has a job{seen}{fits}{_fitting(page)}.{again}"
    if page.filters:
        return f"No job{seen} matches{_fitting(page).removeprefix(' for')}. `{COMMAND} list` shows all{seen}."
    if page.may_hide:
        return "There is no migration job that you may see."
    return "There is no migration job yet. Create one in the console or with `gcloud`; it shows up here."


def _bottom(page: JobsPage, *, find: bool) -> list[Block]:
    """The menu that finds a job by a part of its name, and the buttons."""
    menu = ExternalDataSelectElement(
        action_id=FIND, placeholder=PlainTextObject(text="Find a job"), min_query_length=0
    )
    buttons = [m.button(each) for each in page.buttons[: m.BUTTONS_PER_ROW - 1]]
    elements = [menu, *buttons] if find else buttons
    return [ActionsBlock(elements=elements)] if elements else []


# ---- lines


def _job(each: _Listed) -> Block:
    return m.section(_line(each), m.button(Button("Show", "show", "run", each.line.ref)))


def _line(each: _Listed) -> str:
    """`🔴 *inventory-db* · Failed · full dump · no free replication slots`."""
    line, status, wrong = each
    parts = (
        f"{job_line.emoji(status, [line])} {_name(line)}",
        display.status_text(status),
        job_line.doing(line),
        *([wrong] if wrong else [job_line.duration(line), _place(line)]),
    )
    return _joined(parts, _MAX_LINE)


def _joined(parts: Iterable[str], limit: int) -> str:
    """The name, which is mrkdwn, and plain texts behind it."""
    name, *texts = parts
    return mrkdwn.clip(" · ".join([name, *(_verbatim(text) for text in texts if text)]), limit)


def _place(line: JobLine) -> str:
    """The job's place, unless its name says it."""
    return "" if "/" in job_line.called(line) else job_line.where(line)


def _name(line: JobLine) -> str:
    return f"❄️ {_bold(job_line.called(line))}" if line.frozen else _bold(job_line.called(line))


# The same texts come again and again: in each line, in both layouts, in every list.
_verbatim = lru_cache(maxsize=4096)(mrkdwn.verbatim)
_plain = lru_cache(maxsize=4096)(mrkdwn.clip_plain)


@lru_cache(maxsize=4096)
def _bold(called: str) -> str:
    return f"*{mrkdwn.name(mrkdwn.clip_plain(called, _MAX_NAME))}*"


def _as_lines(rest: Sequence[_Listed]) -> list[Block]:
    """A short line for each job, below a heading for each status of several."""
    by_status: dict[str, list[_Listed]] = {}
    for each in rest:
        by_status.setdefault(each.status, []).append(each)
    texts = [_status(status, found) for status, found in by_status.items()]
    return m.sections("\n".join(texts)) if texts else []


def _status(status: str, found: Sequence[_Listed]) -> str:
    if len(found) == 1:
        return _only_line(found[0])
    head = f"{job_line.emoji(status, [each.line for each in found])} {labels.status(status)} — {len(found):,}"
    return "\n".join([head, *map(_short_line, found)])


def _only_line(each: _Listed) -> str:
    name = f"{job_line.emoji(each.status, [each.line])} {_name(each.line)}"
    about = (display.status_text(each.status), job_line.doing(each.line), each.wrong)
    return _joined((name, *about), _MAX_SHORT)


def _short_line(each: _Listed) -> str:
    line, _, wrong = each
    about = (job_line.rough_duration(line), job_line.doing(line), wrong or _place(line))
    return _joined((f"• {_name(line)}", *about), _MAX_SHORT)


# ---- the table


def _table(rest: Sequence[_Listed], caption: str) -> m.WholeBlock:
    wrong = any(each.wrong for each in rest)
    head = ("Job", "State", "Show", *(("What is wrong",) if wrong else ()), "Duration", "Place", "Migration")
    rows = [_row(each, number, wrong=wrong) for number, each in enumerate(rest, _FIRST_NUMBER)]
    return m.WholeBlock(
        {
            "type": "data_table",
            "caption": caption,
            "page_size": _PAGE_SIZE,
            "rows": [[_cell(each) for each in head], *rows],
        }
    )


def _row(each: _Listed, number: int, *, wrong: bool) -> list[_Cell]:
    line, status, said = each
    doing = f" · {job_line.doing(line)}" if line.run is not None else ""
    lasted = {"type": "raw_number", "value": job_line.seconds(line), "text": job_line.duration(line) or _NONE}
    return [
        _cell(f"{'❄️ ' if line.frozen else ''}{job_line.called(line)}", _MAX_NAME),
        _cell(f"{job_line.emoji(status, [line])} {display.status_text(status)}{doing}"),
        _show(line.ref, number),
        *([_cell(said, _MAX_LINE)] if wrong else []),
        lasted,
        _cell(job_line.where(line)),
        _cell(labels.source_and_destination_plain(line.job)),
    ]


def _cell(text: str, limit: int = _MAX_CELL) -> _Cell:
    return {"type": "raw_text", "text": _plain(text, limit) if text else _NONE}


def _show(ref: str, number: int) -> _Cell:
    """A button; clients that know none in tables show a dash."""
    element = {
        "type": "button",
        "text": {"type": "plain_text", "text": "Show"},
        "action_id": m.action_id("show", "run", number),
        "value": ref,
    }
    return {"type": "action_cell", "element": element, "fallback": _cell(_NONE)}
