"""The text that people read, and whom a message alerts."""

from sandbox.slack import pings, plain
from tests.sandbox_slack.conftest import button, modal, section, text_input
from tests.sandbox_slack.samples import (
    action_cell,
    card,
    chart,
    container,
    context_actions,
    data_table,
    feedback,
    plain_text,
    plan,
    raw_number,
    raw_text,
)


def test_everything_readable_is_there() -> None:
    message = {
        "text": "fallback, not shown",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Head"}},
            section("Body")
            | {"fields": [{"type": "mrkdwn", "text": "*F*"}], "accessory": button("Acc", "a")},
            {"type": "actions", "elements": [button("Go", "b")]},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "ctx"}]},
            {
                "type": "table",
                "rows": [[{"type": "raw_text", "text": "l"}, {"type": "raw_text", "text": "r"}]],
            },
        ],
        "files": [{"name": "a.png", "title": "Chart"}],
    }
    assert plain(message).split("\n") == ["Head", "Body", "*F*", "[Acc]", "[Go]", "ctx", "l | r", "Chart"]
    assert plain({"text": "only this"}) == "only this"


def test_a_view() -> None:
    shown = plain(modal([text_input("Name", "b", initial_value="x")]) | {"errors": {"b": "wrong"}})
    assert shown.split("\n") == ["Edit", "Save", "Name", "x", "wrong"]


def test_pings() -> None:
    text = "<!channel> <@U1> &lt;!here&gt; `<@U2>` ```<@U3>``` <!subteam^S1|@dbas>"
    assert pings({"blocks": [section(text)]}) == ["!channel", "@U1", "!subteam^S1"]


def test_new_blocks() -> None:
    table = data_table([[raw_text("Job"), raw_text("Act")], [raw_number(7), action_cell("Open", "open")]])
    shown = plain(
        {
            "blocks": [
                table,
                container([section("within")]),
                chart(1, 2),
                plan(1),
                card(subtext=plain_text("s")),
            ]
        }
    )
    for words in (
        "Jobs",
        "7 | [Open]",
        "Details",
        "within",
        "s0: c0 -1.5, c1 -0.5",
        "Dump (complete)",
        "orders-db\ns",
    ):
        assert words in shown
    assert "[Good]" in plain({"blocks": [context_actions(feedback())]})
