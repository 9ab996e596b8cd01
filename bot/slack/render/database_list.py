"""`/dms databases`: one page of a job's databases."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import DatabasesPage
from bot.dms import display
from bot.dms.model import Database, DelayPoint, ObjectState
from bot.dms.running_errors import shown_status
from bot.slack.render import labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.dump import dump_text, percent_text
from bot.slack.render.gauge import gauge
from bot.slack.render.message import Message
from bot.slack.render.progress import bar
from bot.util.text import count_of

_MAX_ERROR = 220


def databases_page(page: DatabasesPage) -> Message:
    """One line per database, with its error below."""
    job = labels.job_code(page.job.name)
    everything = sum(page.counts.values())
    title = f"{display.counted_objects(everything, page.databases)} of {page.job.id}"
    counts = ", ".join(
        f"{labels.object_emoji(state)} {labels.counted(count, state)}"
        for state, count in sorted(page.counts.items(), key=lambda each: -each[1])[:20]
    )
    blocks: list[Block] = [m.header(title)]
    status = shown_status(page.job, with_errors=page.with_errors)
    emoji = labels.worst_emoji(status, failed=bool(page.counts.get(ObjectState.FAILED)))
    head = [f"{emoji} {job} {labels.status(status)}", counts, *_dumped(page)]
    blocks.append(m.section("\n".join(each for each in head if each)))
    blocks.extend(m.context(_position(page), _measured(page), mrkdwn.verbatim(page.note)))
    lines = [_line(each, page.percent.get(each.name)) for each in page.databases]
    blocks.extend(m.sections("\n".join(lines) or _nothing(page)))
    blocks.extend(m.buttons(page.buttons))
    return m.message(f"{mrkdwn.verbatim(title)}: {counts or 'none listed yet'}", blocks)


def _position(page: DatabasesPage) -> str:
    parts = []
    if page.filters:
        parts.append(f"Filter: {mrkdwn.code(page.filters)} ({count_of(page.total, 'match', 'matches')})")
    if page.pages > 1:
        parts.append(f"Page {page.page} of {page.pages}")
    return " · ".join(parts)


def _dumped(page: DatabasesPage) -> list[str]:
    """How far the whole dump is, and how many databases are through."""
    whole = [f"Full dump: {dump_text(page.dump)}"] if page.dump is not None else []
    if page.dumped is None:
        return whole
    loaded, total = page.dumped
    kind = display.kind_of(page.databases)
    through = f"{bar(loaded, total)} {kind if total == 1 else kind + 's'} done"
    return [*whole, through if whole else f"Full dump: {through}"]


def _measured(page: DatabasesPage) -> str:
    oldest = min((each.time for each in page.percent.values()), default=None)
    return f"Oldest percentage measured {mrkdwn.date(oldest, '{ago}')}" if oldest else ""


def _line(database: Database, percent: DelayPoint | None) -> str:
    phase = f" · {mrkdwn.verbatim(display.phase_text(database.phase))}" if database.phase else ""
    done = f" · {gauge(percent.value)} {percent_text(percent)}" if percent is not None else ""
    state = f"{mrkdwn.verbatim(display.state_text(database.state))}{phase}{done}"
    line = f"{labels.database_emoji(database)} {mrkdwn.code(str(database.id))} {state}"
    if database.error is None:
        return line
    reason = " ".join(database.error.message.split()) or "no reason given"
    return f"{line}\n        {mrkdwn.clip(mrkdwn.verbatim(reason), _MAX_ERROR)}"


def _nothing(page: DatabasesPage) -> str:
    if page.filters:
        to_type = mrkdwn.to_type(f"databases {page.called or page.job.id}")
        return f"No database matches. {to_type} shows all of them."
    return "The service lists no databases for this job yet."
