"""Views with forms: the edit form, its preview, and the choice of databases to restart or promote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    Option,
    PlainTextObject,
    RadioButtonsElement,
    StaticSelectElement,
)

from bot.cmdline.answers import EditForm, EditPreview, PickForm
from bot.dms.engines import is_postgresql
from bot.dms.model import PARALLELISM, Job, ObjectState, Options, Selection, State, short_name
from bot.dms.rules import Action, is_unlisted
from bot.slack.render import choices, labels, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.edit_inputs import InputError, field_inputs
from bot.slack.render.request_modals import name_rows
from bot.slack.render.view import modal
from bot.util.command import COMMAND
from bot.util.text import count_of

SELECTION_BLOCK = "selection"
CHOSEN_BLOCK = "chosen"
EXCLUDED_BLOCK = "excluded"
PARALLELISM_BLOCK = "parallelism"
PICK_BLOCK = "databases"
_ALL, _CHOSEN, _LEAVE = "all", "chosen", "leave"
_PARALLELISM_LABELS = {
    "MIN": "MIN — gentle on the source, slowest",
    "OPTIMAL": "OPTIMAL — balanced",
    "MAX": "MAX — fastest, most load on the source",
}


@dataclass(frozen=True, slots=True)
class EditChoice:
    """The input of the edit form."""

    everything: bool | None
    """None if the form has no databases."""
    databases: tuple[str, ...]
    """The excluded databases if `everything`, else the chosen ones."""
    parallelism: str
    """MIN, OPTIMAL, MAX, or empty to leave it."""


def edit_form(form: EditForm) -> dict[str, Any]:
    """The form for databases, dump parallelism, display name, labels and dump path."""
    known = "" if form.closed else f" {_current_selection(form)}"
    blocks: list[Block] = [m.section(f"{labels.job_emoji(form.job)} {labels.job_code(form.job.name)}{known}")]
    blocks.extend(m.context(f"⚠️ {mrkdwn.format_own(form.note)}" if form.note else ""))
    if not form.closed:
        blocks.extend(_database_inputs(form))
    blocks.extend((*_parallelism(form), *field_inputs(form.job)))
    return _edit_view(form.job.id, blocks, form.ref)


def _edit_view(job_id: str, blocks: Sequence[Block], ref: str) -> dict[str, Any]:
    return modal(
        f"Edit {job_id}",
        blocks,
        submit="Preview",
        callback_id=m.action_id("edit", "submit"),
        ref=ref,
        close="Cancel",
    )


def _database_inputs(form: EditForm) -> list[Block]:
    everything = form.config.selection != Selection.SPECIFIED
    picked = form.config.excluded if everything else form.config.chosen
    return [_selection(form.job, everything), *_picker(everything, form.source, _names(picked))]


def _picker(everything: bool, source: Sequence[str], picked: Sequence[str]) -> list[InputBlock]:
    """The menu that goes with what is selected: only this one is shown."""
    label, block = ("Exclude", EXCLUDED_BLOCK) if everything else ("Databases", CHOSEN_BLOCK)
    return choices.inputs(label, block, "edit", source, picked)


def reselected(
    blocks: Sequence[Mapping[str, Any]],
    selected: str,
    data: Mapping[str, Any],
    source: Sequence[str],
    ref: str,
) -> dict[str, Any] | None:
    """The edit form as it is shown, with the menu of databases that goes with what was just selected; None
    if the view is no such form. `data` is what is stored for the form, and `ref` its token.

    Blocks that keep their IDs keep what was typed. Source: https://docs.slack.dev/surfaces/modals
    """
    kept = [each for each in blocks if not _is_picker(str(each.get("block_id")))]
    at = next((n for n, each in enumerate(kept, 1) if each.get("block_id") == SELECTION_BLOCK), 0)
    jobs = data.get("jobs") or [""]
    if not at or selected not in (_ALL, _CHOSEN):
        return None
    everything = selected == _ALL
    picked = data.get("excluded" if everything else "chosen") or ()
    shown: list[Block] = [m.WholeBlock(dict(each)) for each in kept]
    shown[at:at] = _picker(everything, source, [str(each) for each in picked])
    return _edit_view(short_name(str(jobs[0])), shown, ref)


def _is_picker(block_id: str) -> bool:
    return block_id.partition(":")[0] in (CHOSEN_BLOCK, EXCLUDED_BLOCK)


def edit_preview(preview: EditPreview) -> dict[str, Any]:
    """What an edit adds, removes and keeps, and what takes effect only after a restart."""
    before, after = preview.selection
    rows = [f"{labels.job_emoji(preview.job)} {labels.job_code(preview.job.name)}"]
    if before != after:
        rows.append(f"*Selection*: {_selection_words(before)} → *{_selection_words(after)}*")
    blocks: list[Block] = m.sections("\n".join(rows))
    for label, found in (
        ("➕ *Added*", preview.added),
        ("➖ *Removed*, no longer migrated", preview.removed),
        ("*Kept*", preview.kept),
    ):
        if found:
            head = f"{label} — {count_of(len(found), 'database')}"
            blocks.extend(m.sections("\n".join([head, *name_rows(found)])))
    old, new = preview.parallelism
    if old != new:
        blocks.append(
            m.section(f"*Dump parallelism*: {mrkdwn.verbatim(old or 'not set')} → *{mrkdwn.verbatim(new)}*")
        )
    if preview.fields:
        blocks.extend(m.sections("\n".join(map(mrkdwn.format_own, preview.fields))))
    if preview.warning:
        blocks.extend(m.sections("\n".join(f"⚠️ {mrkdwn.format_own(line)}" for line in preview.warning)))
    return modal(
        f"Save {preview.job.id}?",
        blocks,
        submit="Save",
        callback_id=m.action_id("edit", "save"),
        ref=preview.ref,
        close="Cancel",
    )


def pick_form(form: PickForm) -> dict[str, Any]:
    """The choice of a job's databases to restart or promote."""
    verb = str(form.action)
    names = [str(each.id) for each in form.databases]
    blocks: list[Block] = [
        m.section(
            f"{labels.job_emoji(form.job, form.databases)} {labels.job_code(form.job.name)} {_warning(form)}"
        )
    ]
    failed = [str(each.id) for each in form.databases if each.state == ObjectState.FAILED]
    if failed:
        blocks.extend(m.context(f"🔴 Failed: {labels.names(failed)}"))
    if not names:
        blocks.append(m.section(f"There is no database to {verb} by itself now."))
        return modal(f"{verb.capitalize()} databases", blocks)
    blocks.extend(
        choices.inputs(
            f"Databases to {verb}",
            PICK_BLOCK,
            verb,
            names,
            failed if form.action is Action.RESTART else (),
            optional=False,
        )
    )
    return modal(
        f"{verb.capitalize()} databases",
        blocks,
        submit="Continue",
        callback_id=m.action_id(verb, "pick"),
        ref=form.ref,
        close="Cancel",
    )


def read_edit(values: Mapping[str, Any], source: Sequence[str], *, closed: bool = False) -> EditChoice:
    """The input of `edit_form`; `closed` as in `EditForm`.

    Raises:
        UsageError: no database is left, or the form has no such option.
    """
    if closed:
        return EditChoice(None, (), _read_parallelism(values))
    everything = choices.chosen_option(values, SELECTION_BLOCK, (_ALL, _CHOSEN), _ALL) == _ALL
    databases = choices.picked(values, EXCLUDED_BLOCK if everything else CHOSEN_BLOCK, source)
    if not everything and not databases:
        raise InputError(CHOSEN_BLOCK, "Choose at least one database, or take all of them.")
    if everything and source and len(databases) == len(source):
        raise InputError(EXCLUDED_BLOCK, "Keep at least one database: these exclude all of them.")
    return EditChoice(everything, databases, _read_parallelism(values))


def _read_parallelism(values: Mapping[str, Any]) -> str:
    pace = choices.chosen_option(values, PARALLELISM_BLOCK, (_LEAVE, *PARALLELISM), _LEAVE)
    return "" if pace == _LEAVE else pace


def read_pick(values: Mapping[str, Any], source: Sequence[str]) -> tuple[str, ...]:
    """The databases picked in `pick_form`.

    Raises:
        UsageError: none is picked, or the form has no such option.
    """
    found = choices.picked(values, PICK_BLOCK, source)
    if not found:
        raise InputError(PICK_BLOCK, "Pick at least one database.")
    return found


def _current_selection(form: EditForm) -> str:
    count = count_of(len(form.source), "database")
    return f"The source has {count}." if form.source else "No database of the source is known yet."


def _selection(job: Job, everything: bool) -> InputBlock:
    whole = Option(
        value=_ALL,
        text=PlainTextObject(text="All databases"),
        description=PlainTextObject(text=_later(job)),
    )
    some = Option(
        value=_CHOSEN,
        text=PlainTextObject(text="Chosen databases"),
        description=PlainTextObject(text="Only those that you pick"),
    )
    return InputBlock(
        block_id=SELECTION_BLOCK,
        label=PlainTextObject(text="Which databases are migrated?"),
        dispatch_action=True,
        element=RadioButtonsElement(
            action_id=m.action_id("edit", "selection"),
            options=[whole, some],
            initial_option=whole if everything else some,
        ),
    )


def _later(job: Job) -> str:
    """Source: "Manage migration jobs" (PostgreSQL, AlloyDB): a restart replicates new databases, too."""
    return "New ones at the next restart" if is_postgresql(job) else "Except those excluded below"


def _parallelism(form: EditForm) -> list[Block]:
    """The input for the dump parallelism, where a source says that it can be changed."""
    job, current = form.job, form.job.parallelism
    if is_unlisted(Action.EDIT, job, Options(parallelism=PARALLELISM[-1])):
        shown = f" It is {mrkdwn.verbatim(current)} now." if current else ""
        return m.context(
            "The dump parallelism is offered here only for a draft and for a running PostgreSQL job; "
            f"`{COMMAND} edit {form.called or job.id} --parallel max` sends it anyway, and the "
            f"service decides.{shown}"
        )
    stay = Option(
        value=_LEAVE,
        text=PlainTextObject(text=mrkdwn.clip_plain(f"Leave it ({current or 'not set'})", 75)),
    )
    paces = [Option(value=each, text=PlainTextObject(text=_PARALLELISM_LABELS[each])) for each in PARALLELISM]
    return [
        InputBlock(
            block_id=PARALLELISM_BLOCK,
            label=PlainTextObject(text="Dump parallelism"),
            element=StaticSelectElement(
                action_id=m.action_id("edit", "parallelism"), options=[stay, *paces], initial_option=stay
            ),
            hint=PlainTextObject(text=_effective_when(job)),
        )
    ]


def _effective_when(job: Job) -> str:
    if job.state == State.DRAFT:
        return "For the full dump that a start begins."
    return "Takes effect only after a restart, which wipes data on the destination."


def _names(found: Sequence[object]) -> tuple[str, ...]:
    return tuple(str(each) for each in found)


def _selection_words(selection: str) -> str:
    return "chosen databases" if selection == Selection.SPECIFIED else "all databases"


def _warning(form: PickForm) -> str:
    if form.action is Action.RESTART:
        return (
            "The databases that you pick are *wiped on the destination* and migrated again from the full "
            "dump."
        )
    if form.action is Action.PROMOTE:
        return (
            "Replication of the databases that you pick stops; they become primary. This *cannot be undone*."
        )
    return ""
