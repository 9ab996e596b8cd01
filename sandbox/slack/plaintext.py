"""The readable text of a message or view, for assertions."""

import re
from collections.abc import Iterator
from typing import Any

_PING = re.compile(r"<(!channel|!here|!everyone|!subteam\^\w+|@\w+)(?:\|[^>]*)?>")


def plain(shown: dict[str, Any]) -> str:
    """Every text that a person reads, one a line: titles, texts, fields, labels, `[buttons]`, options,
    what is filled in, file names. The fallback text of a message counts only where it has no blocks."""
    return "\n".join(line for line in _lines(shown) if line)


def pings(shown: dict[str, Any]) -> list[str]:
    """Who is alerted by a message: `!channel`, `!here`, `!everyone`, `!subteam^ID` or `@USER`. Escaped
    mentions alert nobody, and neither do those within code."""
    without_code = re.sub(r"```.*?```|`[^`\n]*`", "", plain(shown), flags=re.DOTALL)
    return _PING.findall(without_code)


def _lines(shown: dict[str, Any]) -> Iterator[str]:
    for part in ("title", "submit", "close"):
        if isinstance(shown.get(part), dict) and shown.get("type") == "modal":
            yield str(shown[part]["text"])
    if not shown.get("blocks"):
        yield str(shown.get("text") or "")
    for block in shown.get("blocks") or []:
        yield from _block(block)
    for attachment in shown.get("attachments") or []:
        yield from _attachment(attachment)
    for file in shown.get("files") or []:
        yield str(file.get("title") or file["name"])
    yield from (str(words) for words in (shown.get("errors") or {}).values())


def _attachment(attachment: dict[str, Any]) -> Iterator[str]:
    for part in ("pretext", "title", "text", "footer"):
        yield str(attachment.get(part) or "")
    for block in attachment.get("blocks") or []:
        yield from _block(block)


def _block(block: dict[str, Any]) -> Iterator[str]:
    if block.get("type") == "image":
        yield str((block.get("title") or {}).get("text") or block["alt_text"])
        return
    if block.get("type") in ("rich_text", "table"):
        yield _joined(block)
        return
    for part in ("label", "hint"):
        yield from _text(block.get(part))
    yield from _text(block.get("text"))
    for field in block.get("fields") or []:
        yield from _text(field)
    for element in [block.get("accessory"), block.get("element"), *(block.get("elements") or [])]:
        yield from _element(element)


def _text(text: Any) -> Iterator[str]:
    if isinstance(text, dict):
        yield str(text.get("text", ""))
    elif isinstance(text, str):
        yield text


def _element(element: Any) -> Iterator[str]:
    if not isinstance(element, dict):
        return
    kind = element.get("type")
    if kind == "button":
        yield f"[{element['text']['text']}]"
    elif kind == "image":
        yield str(element.get("alt_text", ""))
    elif kind in ("mrkdwn", "plain_text"):
        yield str(element["text"])
    else:
        yield from _text(element.get("placeholder"))
        yield str(element.get("initial_value") or "")
        for option in element.get("options") or []:
            yield f"({option['text']['text']})"


def _joined(node: Any) -> str:
    """All texts within rich text or a table: cells of a row are parted by ` | `."""
    if isinstance(node, list):
        return " | ".join(filter(None, (_joined(item) for item in node)))
    if not isinstance(node, dict):
        return ""
    if node.get("type") in ("text", "link", "raw_text"):
        return str(node.get("text") or node.get("url") or "")
    if "rows" in node:
        return "\n".join(_joined(row) for row in node["rows"])
    parts = [_joined(item) for item in node.get("elements") or []]
    inline = node.get("type") in ("rich_text_section", "rich_text_preformatted", "rich_text_quote")
    return ("" if inline else "\n").join(parts)
