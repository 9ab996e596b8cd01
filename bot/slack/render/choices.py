"""Databases as the options of a menu.

An option's value is the database's index in the list that is stored with the form: names may be longer than
Slack allows in a value, and a submitted value is not to be trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rapidfuzz import fuzz, process, utils
from slack_sdk.models.blocks import (
    ExternalDataMultiSelectElement,
    InputBlock,
    InteractiveElement,
    Option,
    PlainTextObject,
    StaticMultiSelectElement,
)

from bot.cmdline.invocation import UsageError
from bot.slack.render import message as m
from bot.slack.render import mrkdwn
from bot.util.lookalikes import visible

MAX_OPTIONS = 100
"""Slack's maximum of options in a menu; with more, the menu has type-ahead."""
_MAX_TEXT = 75
_MAX_PICKED = 10_000
_MIN_SCORE = 60


def option(index: int, name: str) -> Option:
    """The option for the database at `index`. A long name is shortened in the middle."""
    return Option(value=str(index), text=PlainTextObject(text=_shown(name), emoji=False))


def inputs(
    label: str,
    block_id: str,
    verb: str,
    source: Sequence[str],
    picked: Iterable[str] = (),
    *,
    hint: str = "",
    optional: bool = True,
) -> list[InputBlock]:
    """A multi-select of `source`, with all options in it, or with type-ahead if there are more than 100.

    A menu holds at most 100 initial options, so more `picked` ones get further menus: a submission would lose
    them otherwise.
    """
    places = {name: index for index, name in enumerate(source)}
    chosen = [option(places[name], name) for name in dict.fromkeys(picked) if name in places]
    if not source:
        return []
    if len(source) <= MAX_OPTIONS:
        menu: InteractiveElement = _static(block_id, verb, source, chosen)
        return [_input(label, block_id, menu, hint, optional)]
    groups = [chosen[at : at + MAX_OPTIONS] for at in range(0, len(chosen), MAX_OPTIONS)] or [[]]
    if len(groups[-1]) == MAX_OPTIONS:
        groups.append([])
    return [
        _input(
            label if number == 1 else f"{label} ({number})",
            block_id if number == 1 else f"{block_id}:{number}",
            _external(verb, group, number),
            hint if number == 1 else "",
            optional or len(groups) > 1,
        )
        for number, group in enumerate(groups, 1)
    ]


def suggestions(typed: str, source: Sequence[str]) -> list[dict[str, Any]]:
    """At most 100 options for what was typed: names that contain it first, then similar ones."""
    needle = typed.strip().casefold()[:200]
    found = [index for index, name in enumerate(source) if needle in name.casefold()]
    found.sort(key=lambda index: (not source[index].casefold().startswith(needle), index))
    if needle and len(found) < MAX_OPTIONS:
        near = process.extract(
            needle,
            source,
            scorer=fuzz.WRatio,
            processor=utils.default_process,
            limit=20,
            score_cutoff=_MIN_SCORE,
        )
        found.extend(index for _, _, index in near if index not in found)
    return [option(index, source[index]).to_dict() for index in found[:MAX_OPTIONS]]


def picked(values: Mapping[str, Any], block_id: str, source: Sequence[str]) -> tuple[str, ...]:
    """The databases picked in the menus of `block_id`, in the source's order.

    Raises:
        UsageError: the menu has no such option.
    """
    indexes: set[int] = set()
    for name, block in values.items():
        if name == block_id or name.startswith(f"{block_id}:"):
            indexes.update(_index(each, len(source)) for each in _selected(block))
    if len(indexes) > _MAX_PICKED:
        raise UsageError(f"Too many databases at once: at most {_MAX_PICKED:,}.")
    return tuple(source[index] for index in sorted(indexes))


def chosen_option(values: Mapping[str, Any], block_id: str, allowed: Sequence[str], default: str) -> str:
    """The chosen option of a radio group or menu.

    Raises:
        UsageError: it is not among `allowed`.
    """
    for element in _elements(values.get(block_id)):
        chosen = element.get("selected_option")
        value = chosen.get("value") if isinstance(chosen, Mapping) else None
        if value is None:
            continue
        if value not in allowed:
            raise UsageError("That choice is not in this form: open it again.")
        return str(value)
    return default


def typed_as_is(values: Mapping[str, Any], block_id: str) -> str:
    """The text of an input, unchanged."""
    found = (element.get("value") for element in _elements(values.get(block_id)))
    return next((value for value in found if isinstance(value, str)), "")


def typed(values: Mapping[str, Any], block_id: str, limit: int) -> str:
    """The text of an input, cut at `limit` characters."""
    for element in _elements(values.get(block_id)):
        value = element.get("value")
        if isinstance(value, str):
            return mrkdwn.clean(value).strip()[:limit]
    return ""


def written(values: Mapping[str, Any], block_id: str) -> str | None:
    """The text of an input exactly as it was written; None if the view has no such input."""
    for element in _elements(values.get(block_id)):
        value = element.get("value")
        return value if isinstance(value, str) else ""
    return None


def _static(
    block_id: str, verb: str, source: Sequence[str], chosen: list[Option]
) -> StaticMultiSelectElement:
    return StaticMultiSelectElement(
        action_id=m.action_id(verb, block_id),
        placeholder=PlainTextObject(text="Databases"),
        options=[option(index, name) for index, name in enumerate(source)],
        initial_options=chosen or None,
    )


def _external(verb: str, chosen: list[Option], number: int) -> ExternalDataMultiSelectElement:
    return ExternalDataMultiSelectElement(
        action_id=m.action_id(verb, "suggest", 0 if number == 1 else number),
        placeholder=PlainTextObject(text="Type a part of the name"),
        min_query_length=0,
        initial_options=chosen or None,
    )


def _input(label: str, block_id: str, element: InteractiveElement, hint: str, optional: bool) -> InputBlock:
    return InputBlock(
        block_id=block_id,
        label=PlainTextObject(text=label),
        element=element,  # type: ignore[arg-type]  # selects are allowed in input blocks
        hint=PlainTextObject(text=hint) if hint else None,
        optional=optional,
    )


def _shown(name: str) -> str:
    shown = visible(name)
    line = mrkdwn.clip_plain(shown, len(shown) + 1)
    if mrkdwn.utf16_length(line) <= _MAX_TEXT:
        return line
    return mrkdwn.clip_plain(f"{line[:40]}…{line[-20:]}", _MAX_TEXT)


def _selected(block: object) -> list[object]:
    found: list[object] = []
    for element in _elements(block):
        options = element.get("selected_options")
        if isinstance(options, list):
            found.extend(each.get("value") for each in options if isinstance(each, Mapping))
    return found


def _elements(block: object) -> list[Mapping[str, Any]]:
    if not isinstance(block, Mapping):
        return []
    return [each for each in block.values() if isinstance(each, Mapping)]


def _index(value: object, length: int) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 6:
        index = int(value)
        if index < length:
            return index
    raise UsageError("One of those databases is not in this form: open it again.")
