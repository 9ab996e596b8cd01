"""`/dms list --choose`: a checkbox for each job, and buttons for what can be done with those ticked."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    CheckboxesElement,
    MarkdownTextObject,
    Option,
    PlainTextObject,
)

from bot.cmdline.answers import JobGroup, JobLine
from bot.slack.render import job_line, labels, mrkdwn
from bot.slack.render import message as m

_BOXES_PER_BLOCK = 10
_BULK = 24
"""Buttons beside the checkboxes: an actions block holds 25 elements."""
_MAX_OPTION = 75


def boxes(groups: Sequence[JobGroup]) -> list[Block]:
    """Each group of one status with its checkboxes, ten a block. Beside the last ones are the buttons for all
    that are ticked."""
    blocks: list[Block] = []
    serial = 0
    for group in groups:
        blocks.append(m.section(_heading(group)))
        blocks.extend(_boxes(group, serial))
        serial += -(-len(group.lines) // _BOXES_PER_BLOCK)
    return blocks


def _heading(group: JobGroup) -> str:
    here = len(group.lines)
    count = f"{group.total:,}" if here == group.total else f"{here:,} of {group.total:,}"
    return f"{job_line.emoji(group.status, group.lines)} {labels.status(group.status)} — {count}"


def _boxes(group: JobGroup, serial: int) -> list[Block]:
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
    lasted = job_line.duration(line)
    about = (
        labels.source_and_destination_plain(line.job),
        job_line.where(line),
        job_line.faulty(line),
        f"duration {lasted}" if lasted else "",
    )
    name = mrkdwn.code(mrkdwn.clip_plain(job_line.called(line), 70))
    return Option(
        value=line.ref,
        text=MarkdownTextObject(text=name, verbatim=True),
        description=PlainTextObject(text=mrkdwn.clip_plain(" · ".join(filter(None, about)), _MAX_OPTION)),
    )
