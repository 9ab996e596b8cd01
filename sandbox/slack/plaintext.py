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
    if block.get("type") in ("rich_text", "table", "data_table"):
        yield str(block.get("caption") or "")
        yield _joined(block)
        return
    if block.get("type") == "data_visualization":
        yield from _chart(block)
        return
    for part in ("label", "hint", "title", "subtitle", "text", "body", "subtext"):
        yield from _text(block.get(part))
    yield _joined(block.get("rich_text_title"))
    for field in block.get("fields") or []:
        yield from _text(field)
    for task in block.get("tasks") or [block]:
        yield from _task(task)
    for child in _within(block):
        yield from _block(child)
    for element in [block.get("accessory"), block.get("element"), *_elements(block)]:
        yield from _element(element)


def _within(block: dict[str, Any]) -> list[Any]:
    return list(block.get("child_blocks") or (block["elements"] if block.get("type") == "carousel" else []))


def _elements(block: dict[str, Any]) -> list[Any]:
    own = block.get("actions") if block.get("type") == "card" else block.get("elements")
    return [] if block.get("type") == "carousel" else list(own or [])


def _chart(block: dict[str, Any]) -> Iterator[str]:
    """Its title, its axes, and each series with its points."""
    chart = block["chart"]
    yield str(block["title"])
    for label in ("x_label", "y_label"):
        yield str((chart.get("axis_config") or {}).get(label) or "")
    for series in chart.get("series") or [{"name": "", "data": chart.get("segments")}]:
        points = ", ".join(f"{point['label']} {point['value']}" for point in series["data"] or [])
        yield f"{series['name']}: {points}" if series["name"] else points


def _task(task: dict[str, Any]) -> Iterator[str]:
    if "task_id" in task:
        yield f"{task['title']} ({task['status']})" if task.get("type") is None else f"({task['status']})"
        yield _joined(task.get("details"))
        yield _joined(task.get("output"))


def _text(text: Any) -> Iterator[str]:
    if isinstance(text, dict):
        yield str(text.get("text", ""))
    elif isinstance(text, str):
        yield text


def _element(element: Any) -> Iterator[str]:
    if not isinstance(element, dict):
        return
    kind = element.get("type")
    if kind in ("button", "icon_button"):
        yield f"[{element['text']['text']}]"
    elif kind == "feedback_buttons":
        yield from (f"[{element[each]['text']['text']}]" for each in ("positive_button", "negative_button"))
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
    if node.get("type") in ("text", "link", "raw_text", "raw_number"):
        return str(node.get("text") or node.get("url") or node.get("value") or "")
    if node.get("type") == "action_cell":
        return "".join(_element(node["element"]))
    if "rows" in node:
        return "\n".join(_joined(row) for row in node["rows"])
    parts = [_joined(item) for item in node.get("elements") or []]
    inline = node.get("type") in ("rich_text_section", "rich_text_preformatted", "rich_text_quote")
    return ("" if inline else "\n").join(parts)
