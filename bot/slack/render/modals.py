"""All modals, and the input that is read back from them.

Views are JSON values for `views.open`, `views.update` and `views.publish`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.cmdline.answers import CutoverForm, EditForm, EditPreview, FilterForm, Form, PickForm
from bot.cmdline.invocation import FlagValue, UsageError
from bot.slack.render import choices, cutover_form, filter_modal, form_modals, mrkdwn
from bot.slack.render import message as m
from bot.slack.render.edit_inputs import InputError, read_fields
from bot.slack.render.home_tab import HomeContent, home
from bot.slack.render.message import Message
from bot.slack.render.request_modals import (
    REASON_BLOCK,
    TYPED_BLOCK,
    all_names,
    approval_confirmation,
    deny_reason,
    given_reason,
    reason_objections,
    reason_text,
    review,
    typed_confirmation,
    typed_objections,
    typed_text,
)
from bot.slack.render.view import modal

TITLE = "Migrations"
LOOKING = "⏳ Looking …"
"""The placeholder until the answer comes."""
COMING = "⏳ This takes a moment: the answer comes below."
"""The same where the answer cannot replace it."""


def form(answer: Form) -> dict[str, Any]:
    """The view of a form."""
    match answer:
        case EditForm():
            return form_modals.edit_form(answer)
        case EditPreview():
            return form_modals.edit_preview(answer)
        case PickForm():
            return form_modals.pick_form(answer)
        case CutoverForm():
            return cutover_form.plan_form(answer)
        case FilterForm():
            return filter_modal.filter_form(answer)


def loading() -> dict[str, Any]:
    """The view that is opened first, as a trigger lasts 3 seconds and the answer may take longer."""
    return modal(TITLE, [m.section(LOOKING)])


def message_view(message: Message, ref: str = "") -> dict[str, Any]:
    """A message as a view, for a view that waits for the answer; `ref` is its `private_metadata`."""
    return modal(TITLE, message.for_modal().blocks, ref=ref)


def error_view(text: str) -> dict[str, Any]:
    """An error in one sentence."""
    return modal(TITLE, m.sections(f"🔴 {mrkdwn.verbatim(text)}"))


def submitted_flags(step: str, values: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, FlagValue]:
    """A submitted form as the flags of a command; `data` is what is stored for the form.

    Raises:
        UsageError: a choice is missing, or the form has no such option.
    """
    match step:
        case "submit":
            closed, then = data.get("closed") is True, data.get("fields")
            choice = form_modals.read_edit(values, _source(data), closed=closed)
            fields = read_fields(values, then) if isinstance(then, Mapping) else {}
            return _edit_flags(choice) | fields
        case "pick":
            return {"databases": form_modals.read_pick(values, _source(data))}
        case cutover_form.STEP:
            return cutover_form.read_plan(values, data)
        case _:
            return {}


def form_objections(step: str, values: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the input, by `block_id`, for the acknowledgement."""
    try:
        submitted_flags(step, values, data)
    except InputError as error:
        return {_error_block(error.block, values): str(error)}
    except UsageError as error:
        wanted = form_modals.PICK_BLOCK if step == "pick" else form_modals.SELECTION_BLOCK
        return {_error_block(wanted, values): str(error)}
    return {}


def reselected(
    blocks: Sequence[Mapping[str, Any]], selected: str, data: Mapping[str, Any], ref: str
) -> dict[str, Any] | None:
    """The edit form with the menu of databases that goes with what was just selected: see `form_modals`."""
    return form_modals.reselected(blocks, selected, data, _source(data), ref)


def suggestions(typed: str, data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Options for the type-ahead menu of databases; `data` is what is stored for the form."""
    return choices.suggestions(typed, _source(data))


def _edit_flags(choice: form_modals.EditChoice) -> dict[str, FlagValue]:
    flags: dict[str, FlagValue] = {"preview": True}
    if choice.everything:
        flags |= {"all": True, "exclude": choice.databases}
    elif choice.everything is False:
        flags["only"] = choice.databases
    if choice.parallelism:
        flags["parallel"] = choice.parallelism.lower()
    return flags


def _source(data: Mapping[str, Any]) -> Sequence[str]:
    found = data.get("source")
    return [str(each) for each in found] if isinstance(found, list | tuple) else []


def _error_block(wanted: str, values: Mapping[str, Any]) -> str:
    """The block that shows the objection, which has to be an input block of the view; for a selection whose
    block is not shown yet, its menu."""
    fitting = (each for each in (wanted, form_modals.SELECTION_BLOCK) if each in values)
    return next(fitting, next(iter(values), wanted))


__all__ = [
    "COMING",
    "LOOKING",
    "REASON_BLOCK",
    "TITLE",
    "TYPED_BLOCK",
    "HomeContent",
    "all_names",
    "approval_confirmation",
    "deny_reason",
    "error_view",
    "form",
    "form_objections",
    "given_reason",
    "home",
    "loading",
    "message_view",
    "reason_objections",
    "reason_text",
    "reselected",
    "review",
    "submitted_flags",
    "suggestions",
    "typed_confirmation",
    "typed_objections",
    "typed_text",
]
