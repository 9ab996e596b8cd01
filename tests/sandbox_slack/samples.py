"""Blocks of 2025 and 2026 as plain dicts: slack_sdk drops types that it does not know."""

from typing import Any

from tests.sandbox_slack.conftest import button

Block = dict[str, Any]


def plain_text(text: str) -> Block:
    return {"type": "plain_text", "text": text}


def raw_text(text: str) -> Block:
    return {"type": "raw_text", "text": text}


def raw_number(value: float, text: str | None = None) -> Block:
    cell: Block = {"type": "raw_number", "value": value}
    return cell if text is None else cell | {"text": text}


def rich_text(text: str) -> Block:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}


def action_cell(label: str, action_id: str, value: str = "v") -> Block:
    fallback = raw_text(label)
    return {"type": "action_cell", "element": button(label, action_id, value), "fallback": fallback}


def data_table(rows: list[list[Block]], **extra: Any) -> Block:
    return {"type": "data_table", "caption": "Jobs", "rows": rows, **extra}


def table_of(rows: int, columns: int = 1, text: str = "x") -> Block:
    return data_table([[raw_text(text)] * columns for _ in range(rows)])


def chart(series: int = 1, points: int = 2, kind: str = "line", **axes: Any) -> Block:
    labels = [f"c{n}" for n in range(points)]
    data = [{"label": label, "value": index - 1.5} for index, label in enumerate(labels)]
    config = {"categories": labels, **axes}
    many = [{"name": f"s{n}", "data": data} for n in range(series)]
    return _visualization({"type": kind, "series": many, "axis_config": config})


def pie(segments: int, label: str = "l", value: float = 1) -> Block:
    many = [{"label": label, "value": value} for _ in range(segments)]
    return _visualization({"type": "pie", "segments": many})


def _visualization(inside: Block) -> Block:
    return {"type": "data_visualization", "title": "Rows per second", "chart": inside}


def container(children: list[Block], **extra: Any) -> Block:
    return {"type": "container", "title": plain_text("Details"), "child_blocks": children, **extra}


def card(**extra: Any) -> Block:
    return {"type": "card", "title": plain_text("orders-db"), **extra}


def alert(text: str = "Careful", **extra: Any) -> Block:
    return {"type": "alert", "text": plain_text(text), **extra}


def task(number: int = 1, status: str = "complete") -> Block:
    return {"task_id": f"t{number}", "title": "Dump", "status": status}


def plan(tasks: int) -> Block:
    return {"type": "plan", "title": "Migration", "tasks": [task(n) for n in range(tasks)]}


def icon_button(**extra: Any) -> Block:
    return {
        "type": "icon_button",
        "icon": "trash",
        "text": plain_text("Remove"),
        "action_id": "gone",
        **extra,
    }


def feedback() -> Block:
    return {
        "type": "feedback_buttons",
        "action_id": "opinion",
        "positive_button": {"text": plain_text("Good"), "value": "good"},
        "negative_button": {"text": plain_text("Bad"), "value": "bad"},
    }


def context_actions(*elements: Block) -> Block:
    return {"type": "context_actions", "elements": list(elements)}
