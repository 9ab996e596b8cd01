"""The modal in which a job is picked by typing a part of its name.

Sources: https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element#external_select and
…/reference/block-kit/composition-objects/option-object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ExternalDataSelectElement,
    InputBlock,
    Option,
    PlainTextObject,
)

from bot.cmdline.answers import Button
from bot.dms.display import status_text
from bot.dms.model import Job, parse_name
from bot.requests.job_names import JobNamer
from bot.slack.render import message as m
from bot.slack.render import mrkdwn
from bot.slack.render.view import modal

VERB, FIND_STEP = "show", "find"
FIND = m.action_id(VERB, FIND_STEP)
FIND_BLOCK = "find_job"
MAX_OPTIONS = 100
"""Slack's maximum of options in a menu."""
_MAX_TEXT = 75
_MAX_VALUE = 150
_TITLE = "Migrations"


def job_picker(
    ref: str = "",
    note: str = "",
    found: Sequence[Button] = (),
    below: Sequence[Block] = (),
    verb: str = VERB,
) -> dict[str, Any]:
    """The modal, with `found` jobs to choose from if there are several, and `below` under the menu. `ref`
    is its `private_metadata`, and `verb` is done with the job."""
    blocks: list[Block] = [*(m.sections(mrkdwn.format_own(note)) if note else []), *m.buttons(found)]
    menu = _menu("A part of the ID, name or location", focus=True)
    blocks.append(InputBlock(label=PlainTextObject(text="Job"), element=menu, block_id=FIND_BLOCK))
    blocks.extend(below)
    return modal(_TITLE, blocks, submit=verb.capitalize(), callback_id=FIND, ref=ref)


def menu_row() -> Block:
    """The menu for a message or the Home tab, where what is picked is shown at once."""
    return ActionsBlock(elements=[_menu("Find a job …")])


def _menu(placeholder: str, *, focus: bool = False) -> ExternalDataSelectElement:
    return ExternalDataSelectElement(
        action_id=FIND,
        placeholder=PlainTextObject(text=placeholder),
        min_query_length=0,
        focus_on_load=focus or None,
    )


def job_options(jobs: Iterable[Job], calls: JobNamer) -> list[dict[str, Any]]:
    """At most 100 options for the menu. A value is what people would type, and is treated like that."""
    named = ((job, _typed(job.name)) for job in jobs)
    shown = [(job, value) for job, value in named if len(value) <= _MAX_VALUE]
    return [_option(job, value, calls(job.name)).to_dict() for job, value in shown[:MAX_OPTIONS]]


def picked(values: Mapping[str, Any]) -> str:
    """The value of the option that was chosen; empty without one."""
    chosen = (values.get(FIND_BLOCK, {}).get(FIND) or {}).get("selected_option") or {}
    return str(chosen.get("value") or "")


def _typed(name: str) -> str:
    project, location, job_id = parse_name(name)
    return f"{project}/{location}/{job_id}"


def _option(job: Job, value: str, called: str) -> Option:
    title = f" · {job.display_name}" if job.display_name and job.display_name != job.id else ""
    about = f"{status_text(job.status)} · {job.location}{title}"
    return Option(
        value=value,
        text=PlainTextObject(text=mrkdwn.clip_plain(called, _MAX_TEXT), emoji=False),
        description=PlainTextObject(text=mrkdwn.clip_plain(about, _MAX_TEXT), emoji=False),
    )
