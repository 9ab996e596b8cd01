"""Renders a verb's answer as a message: `render(answer)`."""

from __future__ import annotations

from collections.abc import Callable

from slack_sdk.models.blocks import Block

from bot.cmdline.answers import (
    AlreadyQueued,
    Answer,
    AnswerPage,
    ChartPage,
    CutoverForm,
    DatabasesPage,
    EditForm,
    EditPreview,
    FilterForm,
    Form,
    JobCard,
    JobsPage,
    Note,
    PickForm,
    RichText,
    Section,
    Tone,
    Upload,
)
from bot.slack.render import charts, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.database_list import databases_page
from bot.slack.render.job_card import job_card
from bot.slack.render.job_list import jobs_page
from bot.slack.render.message import Message
from bot.util.command import COMMAND

_TONES: dict[Tone, str] = {"info": "", "good": "✅ ", "warn": "⚠️ ", "bad": "🔴 "}


def render(answer: Answer) -> Message:
    """Any answer as a message within Slack's limits, whatever texts it holds.

    Forms belong in a view (`bot.slack.render.modals.form`). Here they become a sentence that asks to try
    again, as their view could not be opened.
    """
    match answer:
        case Note():
            return note(answer)
        case AnswerPage():
            return page(answer)
        case JobsPage():
            return jobs_page(answer)
        case JobCard():
            return job_card(answer)
        case DatabasesPage():
            return databases_page(answer)
        case EditForm() | EditPreview() | PickForm() | CutoverForm() | FilterForm():
            return _form(answer)
        case Upload():
            return note(Note(answer.comment or answer.title))
        case ChartPage():
            return charts.chart_page(answer)
        case AlreadyQueued():
            return note(Note("This continues in a message of its own.", tone="good"))


def rich(value: RichText) -> str:
    """Rich text as mrkdwn."""
    return mrkdwn.rich_text(value)


def note(answer: Note) -> Message:
    """A few sentences, with an emoji for their tone and with buttons."""
    shown = f"{_TONES[answer.tone]}{mrkdwn.rich_text(answer.text)}"
    return m.message(shown, [*m.sections(shown), *m.buttons(answer.buttons)])


def page(answer: AnswerPage) -> Message:
    """A title, sections, and small print."""
    summary = _summary(answer)
    classic = m.message(summary, _page_blocks(answer, _section))
    if not any(each.fold for each in answer.sections):
        return classic
    return m.message(summary, _page_blocks(answer, _folded), classic)


def _page_blocks(answer: AnswerPage, section: Callable[[Section], list[Block]]) -> list[Block]:
    blocks: list[Block] = [m.header(answer.title)]
    for each in answer.sections:
        blocks.extend(section(each))
    blocks.extend(m.buttons(answer.buttons))
    blocks.extend(m.context(mrkdwn.rich_text(answer.footer)))
    return blocks


def _folded(part: Section) -> list[Block]:
    if not part.fold:
        return _section(part)
    inside = [*m.sections(mrkdwn.rich_text(part.text)), *m.buttons(part.buttons)]
    return [m.fold(part.fold, inside)]


def _section(part: Section) -> list[Block]:
    title = f"*{mrkdwn.verbatim(part.fold)}*\n" if part.fold else ""
    shown = f"{title}{mrkdwn.rich_text(part.text)}"
    if len(part.buttons) == 1 and mrkdwn.utf16_length(shown) <= m.MAX_SECTION:
        return [m.section(shown, m.button(part.buttons[0]))]
    return [*m.sections(shown), *m.buttons(part.buttons)]


def _summary(answer: AnswerPage) -> str:
    """The title and the first line, if any, for notifications."""
    title = f"*{mrkdwn.verbatim(answer.title)}*"
    first = mrkdwn.rich_text(answer.sections[0].text).partition("\n")[0] if answer.sections else ""
    return f"{title}: {mrkdwn.clip(first, 300)}" if first else title


def _form(answer: Form) -> Message:
    match answer:
        case FilterForm():
            again = f"{COMMAND} list --filter"
        case PickForm():
            again = f"{COMMAND} {answer.action} {answer.job.id} --pick"
        case CutoverForm():
            again = f"{COMMAND} cutover {answer.jobs[0]}"
        case EditForm() | EditPreview():
            again = f"{COMMAND} edit {answer.job.id}"
    return note(Note(f"The form could not be opened: type `{again}` again.", tone="warn"))
