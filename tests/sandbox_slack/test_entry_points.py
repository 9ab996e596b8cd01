"""Mentions, direct messages, links, shortcuts and scheduled messages, with the raw client.

Sources: https://docs.slack.dev/reference/events, …/reference/interaction-payloads, …/reference/methods
"""

import time
from typing import Any

import pytest
from slack_bolt import App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack import SandboxError, SlackControl, plain
from tests.sandbox_slack.conftest import Connect, button, section
from tests.sandbox_slack.samples import action_cell, container, data_table, raw_text
from tests.waiting import until

GENERAL, DMS, APP = "C0GENERAL1", "C0DMS00001", "U0DMSBOT01"
CONSOLE = "https://console.cloud.google.com/dbmigration/migrations/locations/x/orders-db?project=p&y=1"
ALL: dict[str, Any] = {
    "scopes": [
        "app_mentions:read",
        "im:history",
        "links:read",
        "links:write",
        "dnd:read",
        "channels:history",
    ],
    "events": ["app_mention", "message.im", "message.channels", "link_shared"],
    "domains": ["cloud.google.com"],
    "shortcuts": [
        {"name": "Open the job", "type": "message", "callback_id": "open", "description": "d"},
        {"name": "Migrations", "type": "global", "callback_id": "launch", "description": "d"},
    ],
}


def events(control: SlackControl) -> list[dict[str, Any]]:
    sent = [each["payload"] for each in control.deliveries("events_api") if each["retry_num"] == 0]
    return [payload["event"] for payload in sent]


def kinds(control: SlackControl) -> list[str]:
    return [event["type"] for event in events(control)]


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        call(**arguments)
    return str(refused.value.response["error"])


def manifest(events: list[str], scopes: list[str], **features: Any) -> dict[str, Any]:
    return {
        "features": features,
        "oauth_config": {"scopes": {"bot": scopes}},
        "settings": {"event_subscriptions": {"bot_events": events}},
    }


def test_only_what_the_manifest_subscribes_to_is_sent(control: SlackControl) -> None:
    control.install(manifest([], ["app_mentions:read", "im:history"]))
    control.say("@dms show orders-db")
    control.say("help", channel="dm")
    assert kinds(control) == []
    control.install(manifest(["app_mention"], ["im:history"]))
    control.say("@dms show orders-db")
    assert kinds(control) == [], "without its scope, an event is not sent either"
    control.install(manifest(["app_mention", "message.im"], ["app_mentions:read", "im:history"]))
    control.say("@dms show orders-db")
    control.say("help", channel="dm")
    assert kinds(control) == ["app_mention", "message"]
    assert control.status()["scopes"] == ["app_mentions:read", "im:history"]
    with pytest.raises(SandboxError, match="a manifest is an object"):
        control.install("features: [")
    control.install(manifest([], [], app_home={"messages_tab_read_only_enabled": True}))
    with pytest.raises(SandboxError, match="read-only"):
        control.say("help", channel="dm")


def test_a_mention_in_a_channel_and_in_a_thread(control: SlackControl) -> None:
    control.add_to_manifest(events=["app_mention"], scopes=["app_mentions:read"])
    control.say("@dms show orders-db in #general & <b>")
    ts = control.say("look")["ts"]
    control.say(f"<@{APP}> again", thread_ts=ts)
    control.say("@dms in a channel without the app", channel="random")
    first, second = events(control)
    assert first["text"] == f"<@{APP}> show orders-db in <#{GENERAL}|general> &amp; &lt;b&gt;"
    assert {"user", "ts", "channel", "event_ts", "team"} <= set(first)
    assert "thread_ts" not in first
    assert (second["thread_ts"], second["parent_user_id"]) == (ts, "U0DANA0001")
    wrapped = control.deliveries("events_api")[0]["payload"]
    assert wrapped["authorizations"][0]["user_id"] == APP
    assert wrapped["event"]["channel"] == DMS


def test_messages_by_type_of_conversation(control: SlackControl, web: WebClient) -> None:
    control.add_to_manifest(**ALL)
    control.say("@dms list", channel="dm")
    dm = events(control)
    assert [(each["type"], each["channel_type"]) for each in dm] == [("message", "im")], (
        "a mention is no more"
    )
    ts = control.say("hello")["ts"]
    reply = control.say("and to all", thread_ts=ts, broadcast=True)
    assert reply["subtype"] == "thread_broadcast"
    control.edit(reply, "changed")
    channel = events(control)[1:]
    assert [each.get("subtype") for each in channel] == [None, "thread_broadcast", "message_changed"]
    assert all(each["channel_type"] == "channel" for each in channel)
    changed = channel[-1]
    assert (changed["previous_message"]["text"], changed["message"]["text"]) == ("and to all", "changed")
    own = web.chat_postMessage(channel=DMS, text="mine")["ts"]
    web.chat_delete(channel=DMS, ts=own)
    heard = until(lambda: events(control)[4:][1:] and events(control)[4:])
    assert heard[0]["bot_id"], "an app hears its own messages, and has to ignore them"
    assert heard[1]["subtype"] == "message_deleted"


def test_links_are_shared_and_unfurled(control: SlackControl, web: WebClient) -> None:
    control.add_to_manifest(**ALL)
    control.say("see https://example.com/x and https://notcloud.google.com.example/")
    assert "link_shared" not in kinds(control)
    said = control.say(f"see {CONSOLE}, please", channel="random")
    (shared,) = [each for each in events(control) if each["type"] == "link_shared"]
    assert shared["links"] == [{"domain": "console.cloud.google.com", "url": CONSOLE}]
    assert shared["is_bot_user_member"] is False
    assert shared["source"] == "conversations_history"
    where = {"channel": shared["channel"], "ts": shared["message_ts"]}
    unfurls = {CONSOLE: {"blocks": [section("*orders-db* runs")]}}
    assert web.chat_unfurl(**where, unfurls=unfurls)["ok"]
    again = {CONSOLE: {"blocks": [section("*orders-db* failed")]}}
    assert web.chat_unfurl(unfurl_id=shared["unfurl_id"], source=shared["source"], unfurls=again)["ok"]
    message = control.messages("random")[-1]
    assert len(message["attachments"]) == 1, "the second call changes what the first one showed"
    assert message["ts"] == said["ts"]
    assert message["attachments"][0]["app_unfurl_url"] == CONSOLE
    assert "failed" in plain(message)
    other = {"https://console.cloud.google.com/other": {"blocks": [section("x")]}}
    assert refusal(web.chat_unfurl, **where, unfurls=other) == "cannot_unfurl_message"
    foreign = {"https://example.com/x": {"blocks": [section("x")]}}
    assert refusal(web.chat_unfurl, **where, unfurls=foreign) == "cannot_unfurl_url"
    gone = {"channel": shared["channel"], "ts": "1.000000"}
    assert refusal(web.chat_unfurl, **gone, unfurls=unfurls) == "cannot_find_message"
    control.set_scopes(["links:read"])
    assert refusal(web.chat_unfurl, **where, unfurls=unfurls) == "missing_scope"


def test_a_button_in_an_unfurled_link(control: SlackControl, web: WebClient) -> None:
    control.add_to_manifest(**ALL)
    said = control.say(CONSOLE)
    show = {"type": "actions", "elements": [button("Show", "show", "orders-db")]}
    web.chat_unfurl(channel=DMS, ts=said["ts"], unfurls={CONSOLE: {"blocks": [show]}})
    pressed = control.press(control.messages("dms")[-1], "show", user="sam")["payload"]
    assert pressed["type"] == "block_actions"
    assert pressed["container"] == {
        "type": "message_attachment",
        "message_ts": said["ts"],
        "attachment_id": 1,
        "channel_id": DMS,
        "is_ephemeral": False,
        "is_app_unfurl": True,
        "app_unfurl_url": CONSOLE,
    }
    assert pressed["channel"]["id"] == DMS
    assert pressed["response_url"]


def test_shortcuts(app: App, connect: Connect, control: SlackControl) -> None:
    seen: list[dict[str, Any]] = []

    @app.shortcut("open")
    def on_message(ack: Any, body: dict[str, Any], respond: Any) -> None:
        ack()
        seen.append(body)
        respond(f"about {body['message']['text']}")

    @app.shortcut("launch")
    def anywhere(ack: Any, body: dict[str, Any], client: WebClient) -> None:
        ack()
        seen.append(body)
        view = {
            "type": "modal",
            "title": {"type": "plain_text", "text": "Migrations"},
            "blocks": [section("x")],
        }
        client.views_open(trigger_id=body["trigger_id"], view=view)

    connect(app)
    control.add_to_manifest(**ALL)
    parent = control.say("orders-db is slow")
    reply = control.say("indeed", thread_ts=parent["ts"], user="sam")
    assert control.shortcut("open", reply, user="sam")["ok"]
    answer = control.wait_message("dms", "about indeed", user="sam")
    assert answer["ephemeral_for"] == "sam"
    assert control.shortcut("launch", user="riley")["ok"]
    assert control.wait_view("riley", "Migrations")
    of_message, of_all = seen
    assert of_message["type"] == "message_action"
    assert of_message["message"]["thread_ts"] == parent["ts"]
    assert (of_message["channel"]["id"], of_message["message_ts"]) == (DMS, reply["ts"])
    assert of_all["type"] == "shortcut"
    assert {"channel", "message", "response_url"} & set(of_all) == set()
    with pytest.raises(SandboxError, match="only one person sees"):
        control.shortcut("open", answer, user="sam")
    with pytest.raises(SandboxError, match=r"there is: .*launch"):
        control.shortcut("open")


def test_scheduled_messages(control: SlackControl, web: WebClient) -> None:
    control.configure(tier_limits=False)
    now = int(time.time())

    def schedule(at: int, **more: Any) -> Any:
        return web.chat_scheduleMessage(channel=DMS, post_at=at, text=f"at {at}", **more)

    def listed(**more: Any) -> list[str]:
        return [each["id"] for each in web.chat_scheduledMessages_list(**more)["scheduled_messages"]]

    assert refusal(schedule, at=now - 5) == "time_in_past"
    assert refusal(schedule, at=now + 121 * 86_400) == "time_too_far"
    first = schedule(now + 3600)["scheduled_message_id"]
    soon = schedule(now + 50)["scheduled_message_id"]
    assert listed() == [soon, first]
    assert listed(channel=GENERAL) == []
    assert listed(oldest=str(now + 600)) == [first]
    assert refusal(web.chat_scheduledMessages_list, channel="C0NOWHERE") == "invalid_channel"
    unschedule = web.chat_deleteScheduledMessage
    assert refusal(unschedule, channel=DMS, scheduled_message_id=soon) == "invalid_scheduled_message_id"
    assert unschedule(channel=DMS, scheduled_message_id=first)["ok"]
    assert refusal(unschedule, channel=DMS, scheduled_message_id=first) == "invalid_scheduled_message_id"
    for _ in range(30):
        schedule(now + 9000)
    assert refusal(schedule, at=now + 9100) == "restricted_too_many"
    assert control.messages("dms") == []
    assert control.post_scheduled() == 31
    assert len(control.messages("dms")) == 31
    schedule(int(time.time()) + 3)  # in at least two seconds
    control.wait_for(lambda found: len(found) == 32, channel="dms")


def test_do_not_disturb(control: SlackControl, web: WebClient) -> None:
    control.install(manifest([], ["chat:write"]))
    assert refusal(web.dnd_info, user="U0DANA0001") == "missing_scope"
    control.add_to_manifest(scopes=["dnd:read"])
    assert web.dnd_info(user="U0DANA0001")["dnd_enabled"] is False
    control.quiet("dana", 600)
    quiet = web.dnd_info(user="U0DANA0001")
    assert quiet["dnd_enabled"] is True
    assert quiet["next_dnd_end_ts"] - quiet["next_dnd_start_ts"] == 600
    assert refusal(web.dnd_info, user="U0NOBODY") == "user_not_found"


def test_the_tabs_of_the_app(control: SlackControl, web: WebClient) -> None:
    web.views_publish(user_id="U0DANA0001", view={"type": "home", "blocks": [section("x")]})
    control.open_home("dana")
    control.open_home("dana", "messages")
    home, messages = events(control)
    assert (home["tab"], messages["tab"]) == ("home", "messages")
    assert "view" in home
    assert "view" not in messages


def test_pickers_and_cells_in_messages_and_on_home(
    app: App, connect: Connect, control: SlackControl, web: WebClient
) -> None:
    """https://docs.slack.dev/reference/interaction-payloads: a message brings its channel, a view itself, and
    neither the other."""
    asked: list[dict[str, Any]] = []

    @app.options("job")
    def options(ack: Any, body: dict[str, Any]) -> None:
        asked.append(body)
        names = [name for name in ("orders-db", "ledger") if body["value"] in name]
        ack(options=[{"text": {"type": "plain_text", "text": name}, "value": name} for name in names])

    @app.action("job")
    @app.action("show")
    def chosen(ack: Any) -> None:
        ack()

    connect(app)
    picker = {"type": "external_select", "action_id": "job", "min_query_length": 0}
    table = data_table([[raw_text("Job")], [action_cell("Show", "show", "orders-db")]], block_id="jobs")
    blocks = [
        section("Which?") | {"accessory": picker},
        container([section("x") | {"accessory": picker}]),
        table,
    ]
    web.chat_postMessage(channel=DMS, text="x", blocks=blocks)
    web.views_publish(user_id="U0DANA0001", view={"type": "home", "blocks": blocks})
    message, home = control.messages("dms")[-1], control.home("dana")
    assert home
    for where in (message, home):
        assert [each["value"] for each in control.suggest(where, "job", "led")] == ["ledger"]
    in_message, on_home = asked
    assert (in_message["container"]["type"], in_message["channel"]["id"]) == ("message", DMS)
    assert on_home["container"] == {"type": "view", "view_id": home["id"]}
    assert "channel" not in on_home
    picked = control.press(message, "job", value="orders-db")["payload"]["actions"][0]
    assert picked["selected_option"]["value"] == "orders-db"
    child = blocks_within(message)[0]["block_id"]
    inner = control.press(message, "job", value="ledger", block_id=child)["payload"]
    assert inner["actions"][0]["block_id"] == child
    from_cell = control.press(home, "show")["payload"]
    assert from_cell["actions"][0] | {"action_ts": "", "text": ""} == {
        "type": "button",
        "action_id": "show",
        "block_id": "jobs",
        "value": "orders-db",
        "action_ts": "",
        "text": "",
    }
    assert from_cell["view"]["id"] == home["id"]
    assert {"channel", "message", "response_url"} & set(from_cell) == set()


def blocks_within(message: dict[str, Any]) -> list[dict[str, Any]]:
    (found,) = [each["child_blocks"] for each in message["blocks"] if each["type"] == "container"]
    return list(found)
