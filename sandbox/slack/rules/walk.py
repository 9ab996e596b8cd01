"""Going through blocks: those within others, and what can be pressed or filled in."""

from collections.abc import Iterable, Iterator
from typing import Any

Block = dict[str, Any]


def flat(blocks: Iterable[Any]) -> Iterator[Block]:
    """Each block, and after it those that it holds: the children of a container, the cards of a carousel."""
    for block in blocks:
        if isinstance(block, dict):
            yield block
            yield from flat(_within(block))


def _within(block: Block) -> list[Any]:
    held = {"container": "child_blocks", "carousel": "elements"}.get(str(block.get("type")))
    return list(block.get(held) or []) if held else []


def elements_in(block: Block) -> Iterator[Block]:
    """The elements of a block itself, without those of blocks within it."""
    if isinstance(block.get("accessory"), dict):
        yield block["accessory"]
    if isinstance(block.get("element"), dict):
        yield block["element"]
    kind = block.get("type")
    if kind in ("actions", "context_actions"):
        yield from _dicts(block.get("elements"))
    elif kind == "card":
        yield from _dicts(block.get("actions"))
    elif kind == "data_table":
        yield from (
            cell["element"] for row in block["rows"] for cell in row if cell.get("type") == "action_cell"
        )


def _dicts(listed: Any) -> Iterator[Block]:
    return (item for item in listed or [] if isinstance(item, dict))
