"""The text that people read, and whom a message alerts."""

from sandbox.slack import pings, plain
from tests.sandbox_slack.conftest import button, modal, section, text_input


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
