"""Rich text blocks. Source: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block"""

from typing import Any

from sandbox.slack.rules.shapes import (
    Check,
    anything,
    boolean,
    by_type,
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
    }
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
                "elements": need(items(by_type({"rich_text_section": _SECTION}), 1000)),
                "indent": may(integer(0, 8)),
                "offset": may(integer(0, 100_000)),
                "border": may(integer(0, 1)),
            }
        ),
    }
)

rich_text = record(
    {
        "type": need(one_of("rich_text")),
        "block_id": may(string(255)),
        "elements": need(items(_PARTS, 1000, 0)),
    }
)
