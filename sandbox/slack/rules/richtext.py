"""Rich text blocks and tables, whose cells may hold rich text.
Source: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block and …/table-block"""

from typing import Any

from sandbox.slack.rules.shapes import (
    Check,
    Faults,
    anything,
    boolean,
    by_type,
    fault,
    integer,
    items,
    may,
    need,
    one_of,
    record,
    string,
)

_STYLE = may(
    record(
        {
            name: may(boolean)
            for name in (
                "bold",
                "italic",
                "strike",
                "code",
                "underline",
                "highlight",
                "client_highlight",
                "unlink",
            )
        }
    )
)


def _inline(kind: str, **fields: Any) -> Check:
    return record({"type": need(one_of(kind)), "style": _STYLE, **fields})


_INLINE = by_type(
    {
        "text": _inline("text", text=need(string(4000))),
        "link": _inline("link", url=need(string(3000)), text=may(string(4000)), unsafe=may(boolean)),
        "emoji": _inline("emoji", name=need(string(255)), unicode=may(string(255)), skin_tone=may(anything)),
        "user": _inline("user", user_id=need(string(255))),
        "channel": _inline("channel", channel_id=need(string(255))),
        "usergroup": _inline("usergroup", usergroup_id=need(string(255))),
        "broadcast": _inline("broadcast", range=need(one_of("here", "channel", "everyone"))),
        "color": _inline("color", value=need(string(255))),
        "date": _inline(
            "date",
            timestamp=need(integer(0, 9_999_999_999)),
            format=need(string(255)),
            url=may(string(3000)),
            fallback=may(string(255)),
        ),
    },
    "rich text element",
)


def _part(kind: str, **fields: Any) -> Check:
    return record({"type": need(one_of(kind)), "elements": need(items(_INLINE, 1000, 0)), **fields})


_SECTION = _part("rich_text_section")
_PARTS = by_type(
    {
        "rich_text_section": _SECTION,
        "rich_text_preformatted": _part(
            "rich_text_preformatted", border=may(integer(0, 1)), language=may(string(255))
        ),
        "rich_text_quote": _part("rich_text_quote", border=may(integer(0, 1))),
        "rich_text_list": record(
            {
                "type": need(one_of("rich_text_list")),
                "style": need(one_of("bullet", "ordered")),
                "elements": need(items(by_type({"rich_text_section": _SECTION}, "list item"), 1000)),
                "indent": may(integer(0, 8)),
                "offset": may(integer(0, 100_000)),
                "border": may(integer(0, 1)),
            }
        ),
    },
    "rich text part",
)

rich_text = record(
    {
        "type": need(one_of("rich_text")),
        "block_id": may(string(255)),
        "elements": need(items(_PARTS, 1000, 0)),
    }
)

_CELL = by_type(
    {
        "raw_text": record({"type": need(one_of("raw_text")), "text": need(string(10_000, 0))}),
        "rich_text": rich_text,
    },
    "table cell",
)
_COLUMN = record({"align": may(one_of("left", "center", "right")), "is_wrapped": may(boolean)})


def _total_text(value: Any, pointer: str, faults: Faults) -> None:
    total = sum(len(cell.get("text", "")) for row in value["rows"] for cell in row if isinstance(cell, dict))
    if total > 10_000:
        fault(faults, f"{pointer}/rows", "must be less than 10001 characters in all cells together")


table = record(
    {
        "type": need(one_of("table")),
        "block_id": may(string(255)),
        "rows": need(items(items(_CELL, 20), 100)),
        "column_settings": may(items(_COLUMN, 20, 0)),
    },
    _total_text,
)
