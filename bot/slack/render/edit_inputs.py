"""The inputs of the edit form for display name, labels and dump path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_sdk.models.blocks import Block, InputBlock, PlainTextInputElement, PlainTextObject

from bot.cmdline.field_values import dump_path_fault, label_fault
from bot.cmdline.invocation import FlagValue, UsageError
from bot.cmdline.lexer import short
from bot.dms.model import Job
from bot.slack.render import choices, mrkdwn
from bot.slack.render import message as m
from bot.util.command import COMMAND

NAME_BLOCK = "name"
LABELS_BLOCK = "labels"
DUMP_PATH_BLOCK = "dump_path"
_MAX_TEXT = 3000
"""Characters of a text input. Source: https://docs.slack.dev/reference/block-kit/block-elements"""


class InputError(UsageError):
    """What is wrong with the input in one block."""

    def __init__(self, block: str, text: str) -> None:
        super().__init__(text)
        self.block = block


def field_inputs(job: Job) -> list[Block]:
    """Inputs with the present values. A value that is too long for one has a line instead."""
    blocks = _input(NAME_BLOCK, "Display name", job.display_name)
    labels = "\n".join(f"{key}={value}" for key, value in job.labels)
    blocks += _input(LABELS_BLOCK, "Labels", labels, hint="One key=value a line.", multiline=True)
    if job.source.engine == "MYSQL" or job.dump_path:
        hint = "Where a dump made by hand is: gs://bucket/object."
        blocks += _input(DUMP_PATH_BLOCK, "Dump path", job.dump_path, hint=hint)
    return blocks


def read_fields(values: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, FlagValue]:
    """The flags for what differs from `then`, the values when the form was opened.

    Raises:
        InputError: a line is no label, or a value is not what its field takes.
    """
    flags: dict[str, FlagValue] = {}
    for block, stored, flag in ((NAME_BLOCK, "name", "name"), (DUMP_PATH_BLOCK, "dump_path", "dump-path")):
        text = choices.written(values, block)
        if text is not None and " ".join(text.split()) != " ".join(str(then.get(stored, "")).split()):
            flags[flag] = " ".join(text.split())
    _object(DUMP_PATH_BLOCK, dump_path_fault(str(flags.get("dump-path", "")), "gs://bucket/orders.sql"))
    labels = choices.written(values, LABELS_BLOCK)
    if labels is not None and (changed := _changed_labels(labels, then)):
        flags["label"] = changed
    return flags


def _changed_labels(text: str, then: Mapping[str, Any]) -> tuple[str, ...]:
    before = then.get("labels")
    old = {str(key): str(value) for key, value in before.items()} if isinstance(before, Mapping) else {}
    new = dict(_label(line) for line in text.splitlines() if line.strip())
    changes = [(key, value) for key, value in new.items() if old.get(key) != value]
    for key, value in changes:
        _object(LABELS_BLOCK, label_fault(key, value, "env=prod"))
    changed = [f"{key}={value}" for key, value in changes]
    return (*changed, *(f"{key}=" for key in old if key not in new))


def _object(block: str, fault: str) -> None:
    """Refuse the input of a block, if there is a fault.

    Raises:
        InputError.
    """
    if fault:
        raise InputError(block, fault.replace("`", ""))


def _label(line: str) -> tuple[str, str]:
    key, equals, value = line.partition("=")
    if not equals or not key.strip():
        raise InputError(LABELS_BLOCK, f"Write each label as key=value, such as env=prod, not {short(line)}.")
    return key.strip(), value.strip()


def _input(block: str, label: str, value: str, *, hint: str = "", multiline: bool = False) -> list[Block]:
    if mrkdwn.utf16_length(value) > _MAX_TEXT:
        return m.context(f"{label}: too long for this view; `{COMMAND} edit` changes it.")
    return [
        InputBlock(
            block_id=block,
            label=PlainTextObject(text=label),
            element=PlainTextInputElement(
                action_id=m.action_id("edit", block),
                initial_value=value or None,
                multiline=multiline,
                max_length=_MAX_TEXT,
            ),
            hint=PlainTextObject(text=hint) if hint else None,
            optional=True,
        )
    ]
