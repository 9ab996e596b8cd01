"""Blocks of 2025 and 2026: limits and surfaces, and what `slackblocks` says of the same.

Sources: the blocks' pages below https://docs.slack.dev/reference/block-kit/blocks. `slackblocks` knows no
action cells, and takes files, inputs and rich text into containers, which others met refusals for.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
import slackblocks as sb
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack import SlackControl
from sandbox.slack.rules import NEW, check_message_blocks, check_view
from tests.sandbox_slack.conftest import button, modal, section, text_input
from tests.sandbox_slack.samples import (
    action_cell,
    alert,
    card,
    chart,
    container,
    context_actions,
    data_table,
    feedback,
    icon_button,
    pie,
    plain_text,
    plan,
    raw_number,
    raw_text,
    rich_text,
    table_of,
    task,
)

Block = dict[str, Any]
Build = Callable[[int], Any]


def _series(count: int, points: int = 1) -> list[Any]:
    data = [sb.DataPoint(f"c{n}", n) for n in range(points)]
    return [sb.DataSeries(f"s{n}", data) for n in range(count)]


def _axes(points: int = 1, **labels: str) -> Any:
    return sb.AxisConfig([f"c{n}" for n in range(points)], **labels)


def _viz(inside: Any, title: str = "t") -> Any:
    return sb.DataVisualizationBlock(title, inside)


def _tasks(count: int) -> Any:
    return sb.PlanBlock("p", [sb.TaskCardBlock(f"t{n}", "x", status="complete") for n in range(count)])


def _cells(rows: int, columns: int = 1, text: str = "x") -> Any:
    return sb.DataTableBlock([[sb.RawText(text)] * columns for _ in range(rows)], caption="c")


def _card_buttons(count: int) -> list[Any]:
    return [sb.Button("b", f"a{n}") for n in range(count)]


LIMITS: dict[str, tuple[Build, Build, int]] = {
    "rows": (table_of, _cells, 201),
    "columns": (lambda n: table_of(2, n), lambda n: _cells(2, n), 20),
    "text of a table": (
        lambda n: table_of(2, 1, "x" * (n // 2)),
        lambda n: _cells(2, 1, "x" * (n // 2)),
        20_001,
    ),
    "page size": (
        lambda n: table_of(2) | {"page_size": n},
        lambda n: sb.DataTableBlock([[sb.RawText("x")]] * 2, "c", page_size=n),
        100,
    ),
    "segments": (pie, lambda n: _viz(sb.PieChart([sb.ChartSegment("l", 1)] * n)), 12),
    "segment": (lambda n: pie(1, "x" * n), lambda n: _viz(sb.PieChart([sb.ChartSegment("x" * n, 1)])), 20),
    "series": (chart, lambda n: _viz(sb.LineChart(_series(n), _axes())), 12),
    "points": (lambda n: chart(1, n), lambda n: _viz(sb.BarChart(_series(1, n), _axes(n))), 20),
    "axis": (
        lambda n: chart(x_label="x" * n),
        lambda n: _viz(sb.AreaChart(_series(1), _axes(y_label="x" * n))),
        50,
    ),
    "chart title": (
        lambda n: chart() | {"title": "x" * n},
        lambda n: _viz(sb.LineChart(_series(1), _axes()), "x" * n),
        50,
    ),
    "children": (
        lambda n: container([section("x")] * n),
        lambda n: sb.ContainerBlock([sb.SectionBlock("x") for _ in range(n)], title="t"),
        10,
    ),
    "container title": (
        lambda n: container([section("x")]) | {"title": plain_text("x" * n)},
        lambda n: sb.ContainerBlock([sb.SectionBlock("x")], title="x" * n),
        150,
    ),
    "card title": (lambda n: card(title=plain_text("x" * n)), lambda n: sb.CardBlock(title="x" * n), 150),
    "card body": (lambda n: card(body=plain_text("x" * n)), lambda n: sb.CardBlock(body="x" * n), 200),
    "card buttons": (
        lambda n: card(actions=[button("b", f"a{i}") for i in range(n)]),
        lambda n: sb.CardBlock(title="t", actions=_card_buttons(n)),
        3,
    ),
    "cards": (
        lambda n: {"type": "carousel", "elements": [card()] * n},
        lambda n: sb.CarouselBlock([sb.CardBlock(title="t") for _ in range(n)]),
        10,
    ),
    "tasks": (plan, _tasks, 50),
    "context actions": (
        lambda n: context_actions(*(icon_button(action_id=f"a{i}") for i in range(n))),
        lambda n: sb.ContextActionsBlock([sb.IconButton("x")] * n),
        5,
    ),
    "who sees an icon": (
        lambda n: context_actions(icon_button(visible_to_user_ids=["U1"] * n)),
        lambda n: sb.ContextActionsBlock([sb.IconButton("x", visible_to_user_ids=["U1"] * n)]),
        10,
    ),
}


@pytest.mark.parametrize(("ours", "theirs", "most"), LIMITS.values(), ids=LIMITS)
def test_limits_are_those_of_slackblocks(ours: Build, theirs: Build, most: int) -> None:
    assert check_message_blocks([ours(most)]) == []
    assert check_message_blocks([json.loads(repr(theirs(most)))]) == [], "what slackblocks builds is taken"
    assert check_message_blocks([ours(most + 1)]) != []
    with pytest.raises(sb.InvalidUsageError):
        theirs(most + 1)


SURFACES: dict[str, tuple[Block, Any]] = {
    "data_table": (table_of(2), _cells(2)),
    "data_visualization": (chart(), _viz(sb.LineChart(_series(1), _axes()))),
    "container": (container([section("x")]), sb.ContainerBlock([sb.SectionBlock("x")], title="t")),
    "alert": (alert(level="warning"), sb.AlertBlock("x", level="warning")),
    "card": (card(), sb.CardBlock(title="t")),
    "carousel": (
        {"type": "carousel", "elements": [card()]},
        sb.CarouselBlock([sb.CardBlock(title="t")]),
    ),
    "table": ({"type": "table", "rows": [[raw_text("x")]]}, sb.TableBlock([[sb.RawText("x")]])),
    "context_actions": (
        context_actions(icon_button(), feedback()),
        sb.ContextActionsBlock([sb.IconButton("x")]),
    ),
    "plan": (plan(2), _tasks(2)),
    "task_card": (task() | {"type": "task_card"}, sb.TaskCardBlock("t", "x", status="error")),
    "markdown": ({"type": "markdown", "text": "x"}, sb.MarkdownBlock("x")),
    "header": ({"type": "header", "text": plain_text("x")}, sb.HeaderBlock("x")),
}


@pytest.mark.parametrize(("ours", "theirs"), SURFACES.values(), ids=SURFACES)
def test_surfaces_are_those_of_slackblocks(ours: Block, theirs: Any) -> None:
    def takes(build: Callable[[], Any]) -> bool:
        try:
            build()
        except sb.InvalidUsageError:
            return False
        return True

    assert (check_message_blocks([ours]) == []) == takes(lambda: sb.Message("C1", blocks=[theirs]))
    assert (check_view(modal([ours]), "modal") == []) == takes(lambda: sb.ModalView("t", [theirs]))
    home = {"type": "home", "blocks": [ours]}
    assert (check_view(home, "home") == []) == takes(lambda: sb.HomeTabView([theirs]))


REFUSED: dict[str, Block] = {
    "header with rich text": data_table([[rich_text("x")], [raw_text("x")]]),
    "header alone": table_of(1),
    "rows of different length": data_table([[raw_text("x")], [raw_text("x")] * 2]),
    "empty cell": table_of(2, 1, ""),
    "no caption": table_of(2) | {"caption": ""},
    "row header beyond the columns": table_of(2) | {"row_header_column_index": 1},
    "same action id in two cells": data_table(
        [[raw_text("x")] * 2, [action_cell("Open", "open"), action_cell("Stop", "open")]]
    ),
    "menu in a cell": data_table(
        [[raw_text("x")], [{"type": "action_cell", "element": {"type": "overflow", "options": []}}]]
    ),
    "pie of nothing": pie(1, value=0),
    "series with the same name": chart()
    | {"chart": chart(2)["chart"] | {"series": chart(1)["chart"]["series"] * 2}},
    "gap in a series": chart()
    | {"chart": chart()["chart"] | {"axis_config": {"categories": ["c0", "c1", "c2"]}}},
    "table in a table": container([table_of(2)]),
    "card in a container": container([card()]),
    "chart in a container": container([chart()]),
    "container in a container": container([container([section("x")])]),
    "input in a container": container([text_input("a", "b")]),
    "no title": {"type": "container", "child_blocks": [section("x")]},
    "collapsed and not collapsible": container([section("x")], default_collapsed=True),
    "card of a bare string": card(title="orders-db"),
    "empty card": {"type": "card", "subtitle": plain_text("x")},
    "two icons": card(
        icon={"type": "image", "image_url": "https://x.test/a", "alt_text": "x"},
        slack_icon={"type": "icon", "name": "bug"},
    ),
    "plan with a text object": plan(1) | {"title": plain_text("x")},
    "same task twice": plan(0) | {"tasks": [task(), task()]},
    "pending outside of a plan": task(status="pending") | {"type": "task_card"},
    "unknown icon": context_actions(icon_button(icon="rocket")),
    "alert in a message": alert(),
}


@pytest.mark.parametrize("block", REFUSED.values(), ids=REFUSED)
def test_refused(block: Block) -> None:
    assert check_message_blocks([block])


def test_alert_in_a_modal() -> None:
    assert check_view(modal([alert("x" * 200, level="error")]), "modal") == []
    assert check_view(modal([alert("x" * 201)]), "modal")
    assert check_view(modal([alert(level="loud")]), "modal")


def test_sums_over_a_message() -> None:
    half = table_of(2, 1, "x" * 5000)
    assert check_message_blocks([half, half]) == []
    assert check_message_blocks([half, half, table_of(2)])
    numbers = data_table([[raw_text("n")], [raw_number(1.5)], [raw_number(7, "seven")]])
    assert check_message_blocks([numbers]) == []
    assert check_message_blocks([chart(), pie(2)]) == []
    assert check_message_blocks([chart(), pie(2), chart()])


def test_sums_go_over_attachments_too(web: WebClient) -> None:
    many = [{"blocks": [chart()]}, {"blocks": [chart()]}]
    assert web.chat_postMessage(channel="C0DMS00001", text="x", attachments=many)["ok"]
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        web.chat_postMessage(channel="C0DMS00001", text="x", blocks=[chart()], attachments=many)


def test_unknown_types_are_refused_in_slacks_words(web: WebClient) -> None:
    with pytest.raises(SlackApiError) as refused:
        web.chat_postMessage(channel="C0DMS00001", text="x", blocks=[alert()])
    answer = refused.value.response
    fault = "unsupported type: alert [json-pointer:/blocks/0/type]"
    assert (answer["error"], answer["errors"]) == ("invalid_blocks", [fault])
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {fault}"]
    with pytest.raises(SlackApiError) as refused:
        web.views_publish(user_id="U0DANA0001", view={"type": "home", "blocks": [alert()]})
    assert refused.value.response["error"] == "invalid_arguments"
    wanted = ["[ERROR] unsupported type: alert [json-pointer:/view/blocks/0/type]"]
    assert refused.value.response["response_metadata"]["messages"] == wanted


def test_blocks_validate(web: WebClient, control: SlackControl) -> None:
    def errors(**what: Any) -> tuple[str, list[Block]]:
        with pytest.raises(SlackApiError) as refused:
            web.api_call("blocks.validate", json=what)
        return refused.value.response["error"], refused.value.response.get("errors", [])

    assert web.blocks_validate(blocks=[table_of(2)])["ok"]
    error, (found,) = errors(blocks=[section("x"), container([chart()])])
    assert (error, found["pointer"], found["code"]) == (
        "invalid_blocks",
        "/blocks/1/child_blocks/0/type",
        "failed_constraint",
    )
    assert "data_visualization" in found["message"]
    assert errors(view=modal([table_of(2)]))[0] == "invalid_view"
    assert errors(message={"blocks": [alert()]})[0] == "invalid_message"
    assert control.violations() == [], "to ask breaks no rule"
    assert errors(blocks=[], view={})[0] == "invalid_arguments"


def test_an_old_workspace_refuses_new_blocks(web: WebClient, control: SlackControl) -> None:
    def refusal(**call: Any) -> str:
        with pytest.raises(SlackApiError) as refused:
            web.chat_postMessage(channel="C0DMS00001", text="x", **call)
        return str(refused.value.response["error"])

    home = {"type": "home", "blocks": [table_of(2)]}
    control.lack(NEW)
    assert refusal(blocks=[section("x"), table_of(2)]) == "invalid_blocks"
    assert refusal(attachments=[{"blocks": [card()]}]) == "invalid_blocks"
    assert web.chat_postMessage(channel="C0DMS00001", text="x", blocks=[section("x")])["ok"]
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        web.views_publish(user_id="U0DANA0001", view=home)
    control.lack(())
    control.lack(["data_table"], ["home"])
    assert web.chat_postMessage(channel="C0DMS00001", text="x", blocks=[table_of(2)])["ok"]
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        web.views_publish(user_id="U0DANA0001", view=home)
    assert control.violations() == [], "a correct app may meet an old workspace"
