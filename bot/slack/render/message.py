"""A message for Slack, kept within its limits.

Limits: https://docs.slack.dev/reference/block-kit/blocks. The text of all blocks together is kept under
`MAX_TEXT`, because Slack refuses larger messages (`msg_blocks_too_long`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

from slack_sdk.models.basic_objects import JsonObject
from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    BlockElement,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    InteractiveElement,
    MarkdownBlock,
    MarkdownTextObject,
    Option,
    OverflowMenuElement,
    PlainTextObject,
    SectionBlock,
    TextObject,
)

from bot.cmdline.answers import Button
from bot.slack.render import mrkdwn

MAX_BLOCKS = 50
MAX_TEXT = 12_000
MAX_SECTION = 3000
MAX_FIELD = 2000
MAX_HEADER = 150
MAX_LABEL = 75
MAX_TITLE = 100
MAX_CONFIRM_TEXT = 300
MAX_CONFIRM_BUTTON = 30
"""Characters of a confirmation dialog's title, text and buttons."""
MAX_FALLBACK = 1000
"""Characters of the plain text that notifications show."""
BUTTONS_PER_ROW = 25
_MAX_IN_FOLD = 10
MENU_ENTRIES = 5
"""Source: https://docs.slack.dev/reference/block-kit/block-elements/overflow-menu-element"""
MENU_STEP = "menu"
"""The step of an overflow menu's `action_id`; the value of the chosen entry says what it does."""
_SCALARS = frozenset(
    {"type", "block_id", "action_id", "value", "style", "url", "emoji", "verbatim", "expand"}
)
_OPTION_TEXTS = ("_text", "_block_description")
"""Attributes of an option that hold its texts; the class does not list them in `attributes`."""


@dataclass(frozen=True, slots=True)
class Message:
    """The text and blocks for `chat.postMessage` and `chat.update`."""

    text: str
    blocks: list[Block]
    other: Message | Callable[[], Message] | None = None
    """What `classic` is, or what makes it."""

    @property
    def classic(self) -> Message | None:
        """The same content in classic blocks, where `blocks` has newer ones that a workspace may not know."""
        return self.other() if callable(self.other) else self.other

    def payload(self) -> dict[str, Any]:
        """The arguments as JSON values; `classic` is for `bot.slack.api.layouts`, which takes it out."""
        content = self.to_deliver()
        return content | {"classic": dict(content["classic"])} if "classic" in content else content

    def to_deliver(self) -> dict[str, Any]:
        """The same, but `classic` is made when it is first read: most workspaces never need it."""
        own: dict[str, Any] = {"text": self.text, "blocks": [block.to_dict() for block in self.blocks]}
        return own if self.other is None else own | {"classic": _OnDemand(lambda: self._classic(own))}

    def _classic(self, own: Mapping[str, Any]) -> dict[str, Any]:
        classic = self.classic
        assert classic is not None
        # Most blocks are the same in both layouts; each is written once.
        written = dict(zip(map(id, self.blocks), own["blocks"], strict=True))
        blocks = [written.get(id(block)) or block.to_dict() for block in classic.blocks]
        return {"text": classic.text, "blocks": blocks}

    def for_modal(self) -> Message:
        """What a modal can show: it takes neither charts nor tables nor containers.

        Source: https://docs.slack.dev/reference/block-kit/blocks
        """
        return self.classic or self


class _OnDemand(Mapping[str, Any]):
    """Values that are made when they are first read."""

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._made = cache(make)

    def __getitem__(self, key: str) -> Any:
        return self._made()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made())

    def __len__(self) -> int:
        return len(self._made())


class WholeBlock(Block):
    """A block that `slack_sdk` has no class for, or a part of whose it drops: sent as this JSON value."""

    def __init__(self, content: dict[str, Any]) -> None:
        super().__init__(type=content["type"])
        self.content = content

    def to_dict(self) -> dict[str, Any]:
        return self.content


def message(
    text: str, blocks: Iterable[Block], classic: Message | Callable[[], Message] | None = None
) -> Message:
    """A message within the limits. `text` is mrkdwn, for notifications and wherever blocks are not shown."""
    kept = _fit(list(blocks), MAX_BLOCKS)
    number_actions(kept)
    return Message(mrkdwn.clip(text, MAX_FALLBACK).strip() or "\u2014", kept, classic)


def header(text: str) -> HeaderBlock:
    return HeaderBlock(text=PlainTextObject(text=mrkdwn.clip_plain(text, MAX_HEADER), emoji=True))


def mrkdwn_text(text: str) -> MarkdownTextObject:
    """mrkdwn in which only explicit markup becomes a link or a mention."""
    return MarkdownTextObject(
        text=mrkdwn.clip(text, MAX_SECTION) if text.strip() else "\u2014", verbatim=True
    )


def section(text: str, accessory: BlockElement | None = None) -> SectionBlock:
    return SectionBlock(text=mrkdwn_text(text), accessory=accessory)


def sections(text: str) -> list[Block]:
    """As many sections as a long text needs, split at line ends if possible."""
    return [section(piece) for piece in _split(text, MAX_SECTION)]


def fields(texts: Sequence[str]) -> list[Block]:
    """Short texts in two columns; a section holds ten."""
    shown = [MarkdownTextObject(text=mrkdwn.clip(each, MAX_FIELD), verbatim=True) for each in texts if each]
    return [SectionBlock(fields=shown[at : at + 10]) for at in range(0, len(shown), 10)]


def context(*texts: str) -> list[Block]:
    """Small print; no block if all texts are empty."""
    shown = [mrkdwn_text(each) for each in texts if each.strip()][:10]
    return [ContextBlock(elements=shown)] if shown else []


def fold(title: str, inside: Sequence[Block]) -> WholeBlock:
    """A container that is folded until somebody opens it: sections, buttons and small print, 10 at most.

    Source: https://docs.slack.dev/reference/block-kit/blocks/container-block
    """
    return WholeBlock(
        {
            "type": "container",
            "title": PlainTextObject(text=mrkdwn.clip_plain(title, MAX_HEADER), emoji=True).to_dict(),
            "is_collapsible": True,
            "default_collapsed": True,
            "child_blocks": [block.to_dict() for block in inside[:_MAX_IN_FOLD]],
        }
    )


def divider() -> DividerBlock:
    return DividerBlock()


def button(spec: Button) -> ButtonElement:
    """A button. `message` numbers its `action_id` if there are several of its kind."""
    return ButtonElement(
        text=PlainTextObject(text=mrkdwn.clip_plain(spec.label, MAX_LABEL), emoji=True),
        action_id=action_id(spec.verb, spec.step),
        value=spec.ref or None,
        style=spec.style or None,
        url=spec.url or None,
        confirm=_confirm_dialog(spec) if spec.asks else None,
    )


def _confirm_dialog(spec: Button) -> ConfirmObject:
    """The dialog that Slack shows between a press and its delivery."""
    label = spec.label.removesuffix("…").rstrip()
    return ConfirmObject(
        title=PlainTextObject(text=mrkdwn.clip_plain(f"{label}?", MAX_TITLE)),
        text=PlainTextObject(text=mrkdwn.clip_plain(spec.asks, MAX_CONFIRM_TEXT)),
        confirm=PlainTextObject(text=mrkdwn.clip_plain(label, MAX_CONFIRM_BUTTON)),
        deny=PlainTextObject(text="Cancel"),
    )


def buttons(specs: Sequence[Button], block_id: str | None = None, menu: Sequence[Button] = ()) -> list[Block]:
    """Rows of buttons, the last with a menu (⋯) of further ones; no block if there are none."""
    made: list[InteractiveElement] = [button(spec) for spec in specs]
    made.extend([_overflow(menu)] if menu else [])
    rows = [made[at : at + BUTTONS_PER_ROW] for at in range(0, len(made), BUTTONS_PER_ROW)]
    return [
        ActionsBlock(elements=row, block_id=None if block_id is None else f"{block_id}:{index}"[:255])
        for index, row in enumerate(rows, 1)
    ]


def _overflow(entries: Sequence[Button]) -> OverflowMenuElement:
    """A menu of at most `MENU_ENTRIES`; each is a stored invocation, as the menu has one `action_id`."""
    return OverflowMenuElement(
        action_id=action_id("show", MENU_STEP),
        options=[_entry(each) for each in entries[:MENU_ENTRIES]],
    )


def _entry(spec: Button) -> Option:
    return Option(text=PlainTextObject(text=mrkdwn.clip_plain(spec.label, MAX_LABEL)), value=spec.ref)


def action_id(verb: str, step: str, number: int = 0) -> str:
    """`dms:<verb>:<step>`, and `:<n>` with a number."""
    return f"dms:{verb}:{step}:{number}" if number else f"dms:{verb}:{step}"


def number_actions(blocks: Iterable[Block]) -> None:
    """Make the `action_id`s of a message or view unique: the second of a kind gets `:2`, and so on."""
    seen: Counter[str] = Counter()
    for element in elements(blocks):
        name = element.action_id or ""
        seen[name] += 1
        if name and seen[name] > 1:
            element.action_id = f"{name}:{seen[name]}"


def elements(blocks: Iterable[Block]) -> Iterator[InteractiveElement]:
    """The interactive elements of blocks, in order."""
    for block in blocks:
        inside: list[Any] = [getattr(block, "accessory", None), *(getattr(block, "elements", None) or ())]
        yield from (each for each in inside if isinstance(each, InteractiveElement))
        yield from elements(getattr(block, "child_blocks", None) or ())


def text_size(block: Block) -> int:
    """Characters of text in a block, as they count towards `MAX_TEXT`."""
    return _text_size(block)


def _text_size(value: Any) -> int:
    """Read from the objects' attributes: to write each as JSON first would double the time of a message."""
    if isinstance(value, list | tuple):
        return sum([_text_size(each) for each in value])
    if value is None or isinstance(value, str):
        return 0
    own, parts = _texts(type(value))  # type: ignore[arg-type]  # a class has a hash
    size = mrkdwn.utf16_length(value.text) if own else 0
    return size + sum([_text_size(getattr(value, name, None)) for name in parts])


@lru_cache(maxsize=256)
def _texts(kind: type) -> tuple[bool, tuple[str, ...]]:
    """Whether objects of this class have a `text`, and which of their attributes may hold texts."""
    if issubclass(kind, TextObject):
        return True, ()
    if issubclass(kind, Option):
        return False, _OPTION_TEXTS
    if not issubclass(kind, JsonObject):
        return False, ()
    held = tuple(sorted(kind.__new__(kind).attributes - _SCALARS))
    return issubclass(kind, MarkdownBlock), held


def _fit(blocks: list[Block], limit: int) -> list[Block]:
    """Drop blocks before the final buttons if there is too much, with a note that says so."""
    if len(blocks) <= limit and sum(map(text_size, blocks)) <= MAX_TEXT:
        return blocks
    tail = _tail(blocks)
    room = MAX_TEXT - 200 - sum(map(text_size, tail))
    kept: list[Block] = []
    for block in blocks[: len(blocks) - len(tail)]:
        room -= text_size(block)
        if room < 0 or len(kept) + len(tail) + 1 >= limit:
            break
        kept.append(block)
    return [*kept, *context("… shortened: this is more than one message can hold."), *tail]


def _tail(blocks: list[Block]) -> list[Block]:
    """The buttons and small print at the end, which are kept."""
    start = len(blocks)
    while (
        start > 0 and len(blocks) - start < 4 and isinstance(blocks[start - 1], ActionsBlock | ContextBlock)
    ):
        start -= 1
    tail = blocks[start:]
    return tail if sum(map(text_size, tail)) <= MAX_TEXT // 2 else []


def _split(text: str, limit: int) -> list[str]:
    pieces: list[str] = []
    piece = ""
    for line in text.split("\n"):
        joined = f"{piece}\n{line}" if piece else line
        if piece and mrkdwn.utf16_length(joined) > limit:
            pieces.append(piece)
            joined = line
        piece = joined
    pieces.append(piece)
    return [mrkdwn.clip(each, limit) for each in pieces if each.strip()] or ["\u2014"]


def with_texts(shown: Message, change: Callable[[str], str]) -> Message:
    """The message with each of its mrkdwn texts changed, and kept within the limits."""
    for block in shown.blocks:
        _change_texts(block, change)
    classic = shown.classic
    other = None if classic is None else with_texts(classic, change)
    return replace(shown, text=mrkdwn.clip(change(shown.text), MAX_FALLBACK), other=other)


def _change_texts(value: Any, change: Callable[[str], str]) -> None:
    if isinstance(value, list | tuple):
        for each in value:
            _change_texts(each, change)
    elif isinstance(value, MarkdownTextObject):
        value.text = mrkdwn.clip(change(value.text), MAX_SECTION)
    elif isinstance(value, JsonObject):
        for name in _texts(type(value))[1]:
            _change_texts(getattr(value, name, None), change)
