"""Commands, buttons and modals of a Bolt app over Socket Mode."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from sandbox.slack import SlackControl, plain
from tests.sandbox_slack.conftest import Connect, button, modal, section, text_input
from tests.waiting import until


def test_command_is_acknowledged_and_answered_privately(
    app: App, connect: Connect, control: SlackControl
) -> None:
    @app.command("/dms")
    def dms(ack: Any, respond: Any, command: Any) -> None:
        ack()
        respond(blocks=[section(f"you said {command['text']}")], text="x")

    connect(app)
    result = control.command("list all", user="dana")
    assert result["ok"], result
    assert result["payload"]["channel_name"] == "dms"
    message = control.wait_message(channel="dms", contains="you said list all", user="dana")
    assert message["ephemeral_for"] == "dana"
    assert control.messages("dms", user="sam") == []
    assert control.violations() == []


def test_text_in_the_acknowledgement_is_shown(app: App, connect: Connect, control: SlackControl) -> None:
    @app.command("/dms")
    def dms(ack: Any) -> None:
        ack(text="hello from ack", response_type="in_channel")

    connect(app)
    assert control.command("hi")["ack"]["text"] == "hello from ack"
    assert control.messages("dms", user="sam")[-1]["text"] == "hello from ack"


def test_button_press_updates_the_message(
    app: App, connect: Connect, control: SlackControl, web: WebClient
) -> None:
    @app.action("dms:stop")
    def stop(ack: Any, body: Any, client: WebClient) -> None:
        ack()
        assert body["state"] == {"values": {}}
        client.chat_update(
            channel=body["channel"]["id"],
            ts=body["message"]["ts"],
            text="done",
            blocks=[section(f"done by <@{body['user']['id']}> {body['actions'][0]['value']}")],
        )

    connect(app)
    actions = {"type": "actions", "elements": [button("Stop", "dms:stop", "orders")]}
    web.chat_postMessage(channel="C0DMS00001", text="x", blocks=[section("Sure?"), actions])
    shown = control.wait_message(channel="dms", contains="[Stop]")
    assert control.press(shown, text="Stop", user="sam")["ok"]
    after = control.wait_message(channel="dms", contains="done by")
    assert plain(after) == "done by <@U0SAM00001> orders"
    assert after["ts"] == shown["ts"]
    assert len(after["versions"]) == 1


def test_ephemeral_message_is_replaced_through_the_response_url(
    app: App, connect: Connect, control: SlackControl
) -> None:
    bodies: list[Any] = []

    @app.command("/dms")
    def dms(ack: Any, respond: Any) -> None:
        ack()
        respond(text="ask", blocks=[{"type": "actions", "elements": [button("Go", "go")]}])

    @app.action("go")
    def go(ack: Any, respond: Any, body: Any) -> None:
        ack()
        bodies.append(body)
        respond(text="gone", replace_original=True)

    connect(app)
    control.command("x", user="sam")
    shown = control.wait_message(contains="[Go]", user="sam")
    control.press(shown, action_id="go", user="sam")
    assert control.wait_message(contains="gone", user="sam")["ts"] == shown["ts"]
    assert "message" not in bodies[0]
    assert bodies[0]["container"]["is_ephemeral"] is True


def test_modal_errors_then_update_then_close(app: App, connect: Connect, control: SlackControl) -> None:
    @app.command("/dms")
    def dms(ack: Any, body: Any, client: WebClient) -> None:
        ack()
        view = modal([text_input("name", "b1")], callback_id="edit", private_metadata="m")
        client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view("edit")
    def edit(ack: Any, view: Any) -> None:
        value = view["state"]["values"]["b1"]["name"]["value"]
        if value == "bad":
            ack(response_action="errors", errors={"b1": "not that"})
        elif value == "again":
            ack(response_action="update", view=modal([section("changed")], callback_id="edit2"))
        else:
            ack()

    @app.view("edit2")
    def edit2(ack: Any) -> None:
        ack(response_action="clear")

    connect(app)
    control.command("edit")
    view = control.wait_view(contains="Edit")
    held_back = control.submit(view)
    assert held_back["submitted"] is False
    assert held_back["errors"] == {"b1": "Please complete this required field."}
    assert control.submit(view, {"name": "bad"})["errors"] == {"b1": "not that"}
    assert control.submit(view, {"name": "again"})["response_action"] == "update"
    assert "changed" in plain(control.views()[-1])
    assert control.submit(view)["response_action"] == "clear"
    assert control.views() == []
    assert control.violations() == []


def test_type_ahead_feeds_a_multi_select(app: App, connect: Connect, control: SlackControl) -> None:
    seen: list[Any] = []

    @app.command("/dms")
    def dms(ack: Any, body: Any, client: WebClient) -> None:
        ack()
        element = {"type": "multi_external_select", "action_id": "db", "min_query_length": 0}
        block = {
            "type": "input",
            "block_id": "b",
            "label": {"type": "plain_text", "text": "Databases"},
            "element": element,
        }
        client.views_open(trigger_id=body["trigger_id"], view=modal([block], callback_id="c"))

    @app.options("db")
    def options(ack: Any, payload: Any) -> None:
        names = [f"db{n}" for n in range(200) if f"db{n}".startswith(payload["value"])]
        ack(options=[{"text": {"type": "plain_text", "text": n}, "value": n} for n in names[:100]])

    @app.view("c")
    def submitted(ack: Any, view: Any) -> None:
        seen.extend(view["state"]["values"]["b"]["db"]["selected_options"])
        ack()

    connect(app)
    control.command("x")
    view = control.wait_view()
    assert [o["value"] for o in control.suggest(view, "db", "db19")][:2] == ["db19", "db190"]
    assert control.submit(view, {"db": ["db191", "db7"]})["submitted"]
    assert [option["value"] for option in seen] == ["db191", "db7"]


def test_closing_is_told_when_asked_for(app: App, connect: Connect, control: SlackControl) -> None:
    closed: list[Any] = []

    @app.command("/dms")
    def dms(ack: Any, body: Any, client: WebClient) -> None:
        ack()
        view = modal([section("x")], callback_id="c", notify_on_close=True)
        client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.view_closed("c")
    def gone(ack: Any, body: Any) -> None:
        closed.append(body["is_cleared"])
        ack()

    connect(app)
    control.command("x")
    control.close_view(control.wait_view())
    assert closed == [False]
    assert control.views() == []


def test_home_tab(app: App, connect: Connect, control: SlackControl) -> None:
    @app.event("app_home_opened")
    def home(event: Any, client: WebClient) -> None:
        view = {"type": "home", "blocks": [section(f"hello {event['user']}")]}
        client.views_publish(user_id=event["user"], view=view)

    connect(app)
    control.open_home("sam")
    assert control.wait_home("sam", contains="hello U0SAM00001")["type"] == "home"
    assert control.home("dana") is None


def test_late_acknowledgement_is_a_violation(app: App, connect: Connect, control: SlackControl) -> None:
    control.configure(ack_seconds=0.3)
    too_late = threading.Event()

    @app.command("/dms")
    def dms(ack: Any) -> None:
        too_late.wait(30)
        ack()

    connect(app)
    result = control.command("slow")
    too_late.set()
    assert result["error"] == "timeout"
    assert [v["code"] for v in control.violations()] == ["ack_timeout"]
    assert "operation_timeout" in control.messages("dms", user="dana")[-1]["text"]


def test_what_a_dropped_connection_lost_is_no_violation_of_the_app(
    app: App, connect: Connect, control: SlackControl
) -> None:
    control.configure(ack_seconds=1.0)
    arrived, answer = threading.Event(), threading.Event()

    @app.command("/dms")
    def dms(ack: Any) -> None:
        arrived.set()
        answer.wait(30)
        ack()

    connect(app)
    with ThreadPoolExecutor(1) as pool:
        typed = pool.submit(control.command, "slow")
        assert arrived.wait(30)
        control.socket("drop")
        answered = typed.result(30)
        answer.set()
    assert (answered["error"], answered["lost"]) == ("timeout", True)
    assert control.violations() == []
    assert [each["code"] for each in control.violations(notices=True)] == ["ack_timeout"]


def test_nobody_connected_is_told_to_the_person(control: SlackControl) -> None:
    assert control.command("x")["error"] == "no_connection"
    assert "did not respond" in control.messages(user="dana")[-1]["text"]
    assert control.violations() == []


def test_dropped_and_refreshed_connections_come_back(
    app: App, connect: Connect, control: SlackControl
) -> None:
    @app.command("/dms")
    def dms(ack: Any) -> None:
        ack()

    connect(app)
    for action in ("drop", "refresh"):
        assert control.socket(action, grace=0.2) == 1
        control.wait_connections(1)
        assert control.command("x")["ok"]


def test_refused_connections(app: App, connect: Connect, control: SlackControl) -> None:
    connect(app)
    control.socket("refuse")
    assert control.command("x")["error"] == "no_connection"
    control.socket("accept")
    control.wait_connections(1)


def test_events_are_tried_again_until_acknowledged(app: App, connect: Connect, control: SlackControl) -> None:
    control.configure(ack_seconds=0.2, event_retry_delays=[0.1, 0.1])
    seen: list[Any] = []
    again = threading.Event()

    @app.middleware
    def first_hangs(next: Any, request: Any) -> None:
        seen.append(request.headers.get("x-slack-retry-num"))
        if len(seen) == 1:
            again.wait(30)
        again.set()
        next()

    @app.event("app_home_opened")
    def home() -> None:
        pass

    connect(app)
    control.open_home()
    until(lambda: len(seen) >= 2)
    assert seen[:2] == [["0"], ["1"]]


def test_duplicates_carry_the_same_payload(app: App, connect: Connect, control: SlackControl) -> None:
    triggers: list[str] = []

    @app.command("/dms")
    def dms(ack: Any, body: Any) -> None:
        triggers.append(body["trigger_id"])
        ack()

    connect(app)
    control.duplicate_deliveries(2)
    control.command("x")
    assert len(triggers) == 3
    assert len(set(triggers)) == 1
