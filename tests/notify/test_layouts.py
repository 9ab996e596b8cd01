"""Old workspaces get the same content in classic blocks: at once, once, and without a try for a day."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookResponse

from bot.outbox.notifier import Notifier
from bot.slack.api.layouts import Layouts
from bot.slack.api.messages import InvalidContent, TransientError, refusal_of
from bot.slack.api.replies import Replier
from bot.slack.render import message as m
from bot.store import Store
from bot.store.records import OutMessage, Person
from sandbox.slack import SlackServer
from tests.notify.world import NOTIFY, running
from tests.waiting import until

TEAM = "T0DMSTEST1"
TABLE = {
    "type": "data_table",
    "caption": "Jobs",
    "rows": [[{"type": "raw_text", "text": "Job"}], [{"type": "raw_text", "text": "orders-db"}]],
}
"""As https://docs.slack.dev/reference/block-kit/blocks/data-table-block has it."""
DAY = timedelta(days=1)


def both(words: str) -> m.Message:
    return m.message("Jobs", [m.WholeBlock(TABLE)], m.message("Jobs", [m.section(words)]))


@pytest.fixture
def send(web: WebClient, store: Store) -> Callable[[OutMessage], None]:
    notifier = Notifier(web, store, lambda message: both(message.subject["text"]), team=TEAM)

    def put(message: OutMessage) -> None:
        store.enqueue(message)
        with running(notifier):
            until(lambda: store.outbox_depth() == 0)

    return put


def types(slack: SlackServer) -> list[list[str]]:
    return [[block["type"] for block in each["blocks"]] for each in slack.control.messages(NOTIFY)]


def refused(slack: SlackServer, method: str) -> int:
    return sum(not call["ok"] for call in slack.control.calls(method))


def test_new_blocks_where_slack_knows_them(slack: SlackServer, send: Callable[[OutMessage], None]) -> None:
    send(OutMessage("a", NOTIFY, "text", {"text": "orders-db"}))
    assert types(slack) == [["data_table"]]


def test_an_old_workspace_is_asked_once(slack: SlackServer, send: Callable[[OutMessage], None]) -> None:
    slack.control.lack()
    for name in ("a", "b", "c"):
        send(OutMessage(name, NOTIFY, "text", {"text": name}))
    assert types(slack) == [["section"]] * 3
    assert refused(slack, "chat.postMessage") == 1
    assert slack.control.violations() == []


def test_an_update_falls_back_too(
    slack: SlackServer, web: WebClient, store: Store, send: Callable[[OutMessage], None]
) -> None:
    send(OutMessage("a", NOTIFY, "text", {"text": "a"}))
    slack.control.lack()
    store.mark_dirty("a")
    other = Notifier(web, store, lambda message: both("later"), team=TEAM)
    with running(other):
        until(lambda: store.outbox_depth() == 0)
    assert types(slack) == [["section"]]
    assert refused(slack, "chat.update") == 1


def test_an_ephemeral_answer_and_the_home_tab(slack: SlackServer, web: WebClient, store: Store) -> None:
    slack.control.lack(["data_table"], ["home"])
    sent: list[dict[str, Any]] = []
    layouts = Layouts(store)
    layouts.deliver(TEAM, "message", both("x").payload(), lambda shown: sent.append(shown))
    home: dict[str, Any] = {"type": "home", "blocks": [TABLE]}
    home["classic"] = {"type": "home", "blocks": [m.section("classic home").to_dict()]}
    replier = Replier(web, layouts)
    dana = Person(TEAM, "U0DANA0001")
    replier.publish_home(dana, home)
    replier.publish_home(dana, home)
    assert [call["ok"] for call in slack.control.calls("views.publish")] == [False, True, True]
    assert [block["type"] for block in sent[0]["blocks"]] == ["data_table"], "messages may have it"


class Clock:
    now = datetime(2026, 11, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def refusal(code: str, *faults: str) -> SlackApiError:
    answer = {"ok": False, "error": code, "errors": list(faults)}
    return SlackApiError("no", answer)  # type: ignore[no-untyped-call]


def refuse(*faults: str) -> Callable[[dict[str, Any]], str]:
    """Slack's answer where it does not know the table; as `errors`, as chat.postMessage has it."""

    def send(shown: dict[str, Any]) -> str:
        if shown["blocks"] == [TABLE]:
            raise refusal("invalid_blocks", *faults)
        return "classic"

    return send


def test_a_layout_that_nobody_needs_is_not_made(store: Store) -> None:
    made: list[m.Message] = []

    def classic() -> m.Message:
        made.append(m.message("classic", m.sections("lines")))
        return made[-1]

    layouts = Layouts(store)
    message = m.message("full", [*m.sections("lines"), m.WholeBlock(TABLE)], classic)
    layouts.deliver(TEAM, "message", message.to_deliver(), lambda shown: shown)
    assert made == []
    sent: list[dict[str, Any]] = []

    def send(shown: dict[str, Any]) -> None:
        sent.append(shown)
        if TABLE in shown["blocks"]:
            raise refusal("invalid_blocks", "unsupported type: data_table [x]")

    content = message.to_deliver()
    layouts.deliver(TEAM, "message", content, send)
    layouts.deliver(TEAM, "message", content, send)
    assert [TABLE in each["blocks"] for each in sent] == [True, False, False]
    assert sent[1] == sent[2] == made[0].payload() == message.payload()["classic"]
    json.dumps([sent, message.payload()])


def test_the_lack_is_forgotten_after_a_day(store: Store) -> None:
    clock = Clock()
    layouts = Layouts(store, clock)
    content = both("x").payload()
    assert layouts.deliver(TEAM, "message", content, refuse("unsupported type: data_table [x]")) == "classic"
    assert Layouts(store, clock).chosen(TEAM, "message", content)["blocks"] != [TABLE], "kept in the store"
    assert layouts.chosen("T2", "message", content)["blocks"] == [TABLE], "of another team"
    assert layouts.chosen(TEAM, "home", content)["blocks"] == [TABLE], "elsewhere"
    clock.now += DAY
    assert layouts.chosen(TEAM, "message", content)["blocks"] == [TABLE]


def test_a_fault_of_the_content_is_no_lack(store: Store) -> None:
    layouts = Layouts(store)
    content = both("x").payload()
    assert layouts.deliver(TEAM, "message", content, refuse("must be shorter")) == "classic"
    assert layouts.chosen(TEAM, "message", content)["blocks"] == [TABLE]


def test_a_response_url_does_not_say_what_is_lacking(store: Store) -> None:
    def send(shown: dict[str, Any]) -> None:
        if shown["blocks"] == [TABLE]:
            raise InvalidContent("invalid_blocks")

    layouts = Layouts(store)
    content = both("x").payload()
    layouts.deliver(TEAM, "message", content, send)
    assert layouts.chosen(TEAM, "message", content)["blocks"] != [TABLE]


@pytest.mark.parametrize(
    ("status", "body", "code", "said"),
    [
        (400, "invalid_blocks", "invalid_blocks", ()),
        (400, '{"ok":false,"error":"invalid_blocks"}', "invalid_blocks", ()),
        (
            *(200, '{"ok": false, "error": "invalid_blocks", "errors": ["unsupported type: data_table"]}'),
            *("invalid_blocks", ("unsupported type: data_table",)),
        ),
        (400, '{"ok":false,"error":"invalid_blocks","errors":null}', "invalid_blocks", ()),
        (400, '{"ok":false,"error":"invalid_blocks","response_metadata":"x"}', "invalid_blocks", ()),
        (
            400,
            '{"ok":false,"error":"invalid_blocks","response_metadata":{"messages":null}}',
            "invalid_blocks",
            (),
        ),
        (400, "[" * 100_000, "[" * 100, None),
        (404, '{"ok":false,"error":"used_url"}', "used_url", None),
        (400, "invalid_arguments", "invalid_arguments", ()),
        (404, "expired_url", "expired_url", None),
        (500, "", "refused", None),
        (400, "[]", "[]", None),
    ],
)
def test_a_response_url_says_why_as_text_or_as_json(
    status: int, body: str, code: str, said: tuple[str, ...] | None
) -> None:
    refused = refusal_of(WebhookResponse(url="", status_code=status, body=body, headers={}))
    assert str(refused) == code
    assert (refused.said if isinstance(refused, InvalidContent) else None) == said


@pytest.mark.parametrize("code", ["ratelimited", "internal_error", "org_login_required"])
def test_what_passes_by_itself_is_tried_again(code: str) -> None:
    body = f'{{"ok":false,"error":"{code}"}}'
    found = refusal_of(WebhookResponse(url="", status_code=200, body=body, headers={}))
    assert isinstance(found, TransientError)


def test_a_response_url_takes_a_message_with_ok() -> None:
    assert refusal_of(WebhookResponse(url="", status_code=200, body="ok", headers={})) is None


def test_what_a_response_url_names_is_remembered(store: Store) -> None:
    def send(shown: dict[str, Any]) -> None:
        if shown["blocks"] == [TABLE]:
            raise InvalidContent("invalid_blocks", ("unsupported type: data_table",))

    layouts = Layouts(store)
    layouts.deliver(TEAM, "message", both("x").payload(), send)
    assert layouts.chosen(TEAM, "message", {"blocks": [TABLE], "classic": {}}) == {}
    other = {"blocks": [{"type": "carousel"}], "classic": {}}
    assert layouts.chosen(TEAM, "message", other) != {}


def test_other_refusals_are_none_of_blocks(store: Store) -> None:
    def send(shown: dict[str, Any]) -> None:
        raise refusal("channel_not_found")

    with pytest.raises(SlackApiError, match="no"):
        Layouts(store).deliver(TEAM, "message", both("x").payload(), send)
