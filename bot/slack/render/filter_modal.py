"""The modal in which the filters of a list are chosen: texts to look for, and one menu a filter.

Limits of a menu: https://docs.slack.dev/reference/block-kit/block-elements/multi-select-menu-element
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from slack_sdk.models.blocks import (
    Block,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticMultiSelectElement,
)

from bot.cmdline.answers import FilterChoice, FilterForm
from bot.cmdline.invocation import Invocation
from bot.slack.render import message as m
from bot.slack.render import mrkdwn
from bot.slack.render.view import modal

FILTER_STEP = "filter"
_TEXT_BLOCK = "text"
_MAX_OPTIONS, _MAX_LABEL, _MAX_TEXT = 100, 75, 200


def filter_form(form: FilterForm) -> dict[str, Any]:
    kept = m.context(f"Also kept: {mrkdwn.code(mrkdwn.clip_plain(form.kept, 500))}" if form.kept else "")
    typed = PlainTextInputElement(
        action_id=_action(_TEXT_BLOCK),
        initial_value=form.text[:_MAX_TEXT] or None,
        max_length=_MAX_TEXT,
        placeholder=PlainTextObject(text="A part of the ID, name, label, engine or host"),
    )
    blocks: list[Block] = [_input("Text", _TEXT_BLOCK, typed), *map(_menu, form.choices), *kept]
    callback = m.action_id("list", FILTER_STEP)
    return modal("Filter the list", blocks, submit="Show", callback_id=callback, ref=form.ref, close="Cancel")


def filtered(invocation: Invocation, values: Mapping[str, Any]) -> Invocation:
    """The list with what was chosen in the form; filters that it has no field for stay."""
    chosen = {block: _chosen(values, block) for block in values if block != _TEXT_BLOCK}
    kept = {key: value for key, value in invocation.filters.items() if key not in chosen}
    now = {key: ",".join(found) for key, found in chosen.items() if found}
    typed = values.get(_TEXT_BLOCK, {}).get(_action(_TEXT_BLOCK)) or {}
    return replace(
        invocation, flags={}, filters={**kept, **now}, words=tuple(str(typed.get("value") or "").split())
    )


def _action(block: str) -> str:
    return m.action_id("list", block)


def _chosen(values: Mapping[str, Any], block: str) -> list[str]:
    options = (values[block].get(_action(block)) or {}).get("selected_options") or ()
    return [str(each.get("value") or "") for each in options]


def _menu(choice: FilterChoice) -> Block:
    options = {value: _option(value, label) for value, label in choice.options[:_MAX_OPTIONS]}
    chosen = [options[value] for value in choice.chosen if value in options]
    menu = StaticMultiSelectElement(
        action_id=_action(choice.key),
        placeholder=PlainTextObject(text="All"),
        options=list(options.values()),
        initial_options=chosen or None,
    )
    return _input(choice.label, choice.key, menu)


def _option(value: str, label: str) -> Option:
    return Option(value=value, text=PlainTextObject(text=mrkdwn.clip_plain(label, _MAX_LABEL)))


def _input(label: str, block_id: str, element: Any) -> InputBlock:
    return InputBlock(label=PlainTextObject(text=label), element=element, block_id=block_id, optional=True)
