"""The page in headless Chromium, with a real Bolt app behind it."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from slack_bolt import App
from slack_sdk import WebClient

from sandbox.slack import SlackControl, SlackServer
from sandbox.slack.app import PAGE
from sandbox.slack.manifest import of_the_repository
from tests.conftest import CHROMIUM, missing
from tests.sandbox_slack.conftest import Connect, button, modal, section, text_input
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
    plain_text,
    plan,
    raw_number,
    raw_text,
)
from tests.waiting import until

if CHROMIUM is None:
    pytest.skip(missing("no Chromium on this machine"), allow_module_level=True)
if not (PAGE / "index.html").exists():
    pytest.skip(missing("the page is not built (make page)"), allow_module_level=True)
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server() -> Iterator[SlackServer]:
    with SlackServer() as running:
        yield running


@pytest.fixture
def slack(server: SlackServer) -> SlackServer:
    """One server for all tests of this file, begun anew: the browser reads the page's script once."""
    server.control.reset()
    server.control.socket("accept")
    server.control.configure(rate_limits=False, ack_seconds=10, trigger_seconds=10)
    return server


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    shared = browser.new_context()
    yield shared
    shared.close()


@pytest.fixture
def page(context: BrowserContext, slack: SlackServer) -> Iterator[Page]:
    shown = context.new_page()
    faults: list[str] = []
    outside: list[str] = []
    shown.on("pageerror", lambda fault: faults.append(str(fault)))
    shown.on("request", lambda r: outside.append(r.url) if not r.url.startswith(slack.base_url) else None)
    shown.goto(slack.page_url)
    expect(shown.get_by_test_id("composer")).to_be_visible()
    yield shown
    shown.close()
    assert faults == []
    assert [url for url in outside if not url.startswith("data:")] == []


def type_in(page: Page, words: str) -> None:
    page.get_by_test_id("composer").fill(words)
    page.get_by_test_id("composer").press("Enter")


def test_command_completion_and_private_answer(page: Page, app: App, connect: Connect) -> None:
    @app.command("/dms")
    def dms(ack: Any, respond: Any, command: Any) -> None:
        ack()
        respond(f"you said *{command['text']}*")

    connect(app)
    composer = page.get_by_test_id("composer")
    composer.fill("/d")
    expect(page.get_by_test_id("completion")).to_contain_text("/dms")
    composer.press("Tab")
    expect(composer).to_have_value("/dms ")
    composer.press_sequentially("list")
    composer.press("Enter")
    message = page.get_by_test_id("message")
    expect(message).to_contain_text("you said list")
    expect(message).to_contain_text("Only visible to you")
    page.get_by_test_id("person-switcher").select_option("U0SAM00001")
    expect(page.get_by_test_id("message")).to_have_count(0)


def test_confirmed_button_edits_the_message_in_place(
    page: Page, app: App, connect: Connect, web: WebClient
) -> None:
    @app.action("stop")
    def stop(ack: Any, body: Any, client: WebClient) -> None:
        ack()
        blocks = [section(f"stopped by <@{body['user']['id']}>")]
        client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text="s", blocks=blocks)

    connect(app)
    texts = {"title": "Stop?", "text": "Really", "confirm": "Stop it", "deny": "No"}
    confirm = {name: {"type": "plain_text", "text": text} for name, text in texts.items()}
    actions = {"type": "actions", "elements": [button("Stop", "stop") | {"confirm": confirm}]}
    web.chat_postMessage(channel="C0DMS00001", text="x", blocks=[actions])
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_test_id("confirm-deny").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("message")).to_contain_text("stopped by @dana")
    expect(page.get_by_test_id("message")).to_have_count(1)
    expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)


def test_modal_with_errors_and_type_ahead(
    page: Page, app: App, connect: Connect, control: SlackControl
) -> None:
    submitted: list[Any] = []
    menu = {"type": "multi_external_select", "action_id": "db", "min_query_length": 1}
    databases = {
        "type": "input",
        "block_id": "dbs",
        "label": {"type": "plain_text", "text": "Databases"},
        "element": menu,
    }

    @app.command("/dms")
    def dms(ack: Any, body: Any, client: WebClient) -> None:
        ack()
        view = modal([databases, text_input("Job", "job")], callback_id="edit")
        client.views_open(trigger_id=body["trigger_id"], view=view)

    @app.options("db")
    def options(ack: Any, payload: Any) -> None:
        names = [f"db{n}" for n in range(30) if f"db{n}".startswith(payload["value"])]
        ack(options=[{"text": {"type": "plain_text", "text": n}, "value": n} for n in names])

    @app.view("edit")
    def edit(ack: Any, view: Any) -> None:
        values = view["state"]["values"]
        if values["job"]["Job"]["value"] != "orders":
            ack(response_action="errors", errors={"job": "that is not the job"})
            return
        submitted.extend(option["value"] for option in values["dbs"]["db"]["selected_options"])
        ack()

    connect(app)
    type_in(page, "/dms edit")
    dialog = page.get_by_role("dialog", name="Edit")
    dialog.get_by_test_id("multi_external_select").click()
    dialog.get_by_test_id("select-query").fill("db2")
    dialog.get_by_role("option", name="db21", exact=True).click()
    dialog.get_by_label("Job").fill("other")
    dialog.get_by_test_id("modal-submit").click()
    expect(dialog.get_by_test_id("input-error")).to_have_text("that is not the job")
    dialog.get_by_label("Job").fill("orders")
    dialog.get_by_test_id("modal-submit").click()
    expect(dialog).to_have_count(0)
    assert submitted == ["db21"]
    assert control.violations() == []


def test_thread_files_and_home(page: Page, app: App, connect: Connect, web: WebClient) -> None:
    @app.event("app_home_opened")
    def home(event: Any, client: WebClient) -> None:
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [section("my jobs")]})

    connect(app)
    ts = web.chat_postMessage(channel="C0DBMIGRAT", text="orders is running")["ts"]
    web.chat_postMessage(channel="C0DBMIGRAT", text="in full dump", thread_ts=ts)
    page.get_by_test_id("channel-db-migrations").click()
    page.get_by_test_id("open-thread").click()
    expect(page.get_by_test_id("thread")).to_contain_text("in full dump")
    web.files_upload_v2(channel="C0DBMIGRAT", filename="audit.csv", content="a,b", title="Audit")
    expect(page.get_by_test_id("file")).to_contain_text("Audit")
    page.get_by_test_id("home-link").click()
    expect(page.get_by_test_id("home")).to_contain_text("my jobs")


def test_violations_are_loud(page: Page, web: WebClient) -> None:
    web.retry_handlers.clear()
    with pytest.raises(Exception, match="invalid_blocks"):
        web.chat_postMessage(channel="C0DMS00001", text="x", blocks=[section("")])
    expect(page.get_by_test_id("violations")).to_contain_text("invalid_blocks")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_test_id("violations")).to_have_count(0)


def test_names_with_markup_are_shown_as_text(page: Page, web: WebClient) -> None:
    text = "&lt;!channel&gt; &lt;b&gt;bold&lt;/b&gt; &amp; <script>alert(1)</script>"
    web.chat_postMessage(channel="C0DMS00001", text="x", blocks=[section(text)])
    message = page.get_by_test_id("message")
    expect(message).to_contain_text("<!channel> <b>bold</b> &")
    expect(message.locator("script, b")).to_have_count(0)
    expect(message.locator(".mention")).to_have_count(0)


def test_data_table_sorts_turns_pages_and_has_buttons(
    page: Page, app: App, connect: Connect, web: WebClient
) -> None:
    pressed: list[Any] = []

    @app.action("show7")
    def show(ack: Any, body: Any) -> None:
        pressed.append((body["type"], body["actions"][0]["value"], body["actions"][0]["block_id"]))
        ack()

    connect(app)
    head = [raw_text("Job"), raw_text("Delay"), raw_text("Act")]
    # As texts, "9 s" would come after "70 s".
    delays = [30, 9, 70, 8, 60, 5, 40, 1]
    rows = [
        [raw_text(f"job-{n}"), raw_number(delay, f"{delay} s"), action_cell("Show", f"show{n}", f"job-{n}")]
        for n, delay in enumerate(delays)
    ]
    table = data_table([head, *rows], page_size=3, block_id="jobs")
    web.chat_postMessage(channel="C0DMS00001", text="x", blocks=[table])
    box = page.get_by_test_id("block-data_table")
    shown = box.get_by_test_id("table-row")
    expect(shown).to_contain_text(["job-0", "job-1", "job-2"])
    box.get_by_role("button", name="Next page").click()
    expect(page.get_by_test_id("table-pages")).to_contain_text("4–6 of 8")
    box.get_by_role("button", name="Delay").click()
    expect(shown).to_contain_text(["1 s", "5 s", "8 s"])
    box.get_by_role("button", name="Delay").click()
    expect(shown).to_contain_text(["70 s", "60 s", "40 s"])
    expect(page.get_by_role("columnheader", name="Delay")).to_have_attribute("aria-sort", "descending")
    box.get_by_role("button", name="Delay").click()
    expect(shown).to_contain_text(["job-0", "job-1", "job-2"])
    box.get_by_role("button", name="Job").click()
    box.get_by_role("button", name="Next page").click()
    box.get_by_role("button", name="Next page").click()
    last = shown.filter(has_text="job-7").get_by_role("button")
    last.click()
    expect(last).to_be_enabled()
    assert until(lambda: pressed) == [("block_actions", "job-7", "jobs")]


def test_container_folds_and_holds_a_confirmed_button_and_a_menu(
    page: Page, app: App, connect: Connect, web: WebClient, control: SlackControl
) -> None:
    pressed: list[Any] = []

    @app.action("stop")
    @app.action("more")
    def note(ack: Any, body: Any) -> None:
        action = body["actions"][0]
        pressed.append(action.get("value") or action["selected_option"]["value"])
        ack()

    connect(app)
    texts = {"title": "Stop?", "text": "It replicates", "confirm": "Stop it", "deny": "No"}
    confirm = {name: plain_text(text) for name, text in texts.items()}
    more = {
        "type": "overflow",
        "action_id": "more",
        "options": [{"text": plain_text("Edit"), "value": "edit"}],
    }
    inside = {"type": "actions", "elements": [button("Stop", "stop") | {"confirm": confirm}, more]}
    folded = container([inside], is_collapsible=True, default_collapsed=True)
    web.chat_postMessage(channel="C0DMS00001", text="x", blocks=[folded, container([section("open")])])
    stop = page.get_by_role("button", name="Stop", exact=True)
    expect(page.get_by_text("open", exact=True)).to_be_visible()
    expect(stop).to_be_hidden()
    page.get_by_test_id("fold").click()
    stop.click()
    expect(page.get_by_test_id("confirm")).to_contain_text("It replicates")
    page.get_by_test_id("confirm-yes").click()
    expect(stop).to_be_enabled()
    page.get_by_test_id("overflow").click()
    page.get_by_role("menuitem", name="Edit").click()
    page.get_by_test_id("fold").click()
    expect(stop).to_be_hidden()
    assert until(lambda: pressed, lambda found: len(found) > 1) == ["v", "edit"]
    assert len(control.deliveries("interactive")) == 2, "folding is not told to the app"


def test_charts_cards_plans_and_opinions(page: Page, app: App, connect: Connect, web: WebClient) -> None:
    pressed: list[str] = []

    @app.action("pause")
    @app.action("opinion")
    @app.action("gone")
    def note(ack: Any, action: Any) -> None:
        pressed.append(action["value"])
        ack()

    connect(app)
    cards = [card(body=plain_text("62%"), actions=[button("Pause", "pause", "job")]), card()]
    blocks = [
        chart(2, 3),
        {"type": "carousel", "elements": cards},
        plan(2),
        context_actions(feedback(), icon_button(value="bin")),
    ]
    web.chat_postMessage(channel="C0DMS00001", text="x", blocks=blocks)
    figures = page.get_by_test_id("chart-figures").get_by_role("row")
    expect(figures).to_have_text(["s0s1", "c0-1.5-1.5", "c1-0.5-0.5", "c20.50.5"])
    drawn = "box => box.getContext('2d').getImageData(0, 0, box.width, box.height).data.some(Boolean)"
    assert page.get_by_role("img", name="line chart: Rows per second").evaluate(drawn)
    expect(page.get_by_test_id("block-card")).to_have_count(2)
    expect(page.get_by_test_id("block-plan")).to_contain_text("Dump")
    for name in ("Pause", "Bad", "Remove"):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("button", name=name)).to_be_enabled()
    assert until(lambda: pressed, lambda found: len(found) > 2) == ["job", "bad", "bin"]


def test_an_alert_stands_in_a_modal(page: Page, app: App, connect: Connect) -> None:
    @app.command("/dms")
    def dms(ack: Any, body: Any, client: WebClient) -> None:
        ack()
        view = modal([alert("Replica lag is above 30 s.", level="warning"), text_input("Job", "job")])
        client.views_open(trigger_id=body["trigger_id"], view=view)

    connect(app)
    type_in(page, "/dms edit")
    shown = page.get_by_role("dialog").get_by_role("note")
    expect(shown).to_contain_text("Replica lag")
    expect(shown).to_have_attribute("data-level", "warning")


SHORTCUTS = [
    {"name": "Open the job", "type": "message", "callback_id": "open", "description": "of this message"},
    {"name": "Migrations", "type": "global", "callback_id": "launch", "description": "everything"},
]


def test_shortcuts_of_a_message_and_of_all(
    page: Page, app: App, connect: Connect, control: SlackControl
) -> None:
    @app.shortcut("open")
    def on_message(ack: Any, body: Any, respond: Any) -> None:
        ack()
        respond(f"about *{body['message']['text']}*")

    @app.shortcut("launch")
    def anywhere(ack: Any, body: Any, client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal([section("all jobs")]))

    connect(app)
    bare = copy.deepcopy(of_the_repository().source)
    del bare["features"]["shortcuts"]
    control.install(bare)
    type_in(page, "orders-db is slow")
    message = page.get_by_test_id("message").first
    expect(message).to_contain_text("orders-db is slow")
    expect(page.get_by_test_id("message-menu")).to_have_count(0)
    expect(page.get_by_test_id("shortcuts")).to_have_count(0)
    control.add_to_manifest(shortcuts=SHORTCUTS)
    message.hover()
    message.get_by_test_id("message-menu").click()
    page.get_by_role("menuitem", name="Open the job").click()
    expect(page.get_by_test_id("message").last).to_contain_text("about orders-db is slow")
    page.get_by_test_id("shortcuts").click()
    page.get_by_role("menuitem", name="Migrations").click()
    expect(page.get_by_role("dialog")).to_contain_text("all jobs")


def test_replies_and_what_notifies(page: Page, control: SlackControl, web: WebClient) -> None:
    ts = web.chat_postMessage(channel="C0DBMIGRAT", text="orders-db runs")["ts"]
    web.chat_update(channel="C0DBMIGRAT", ts=ts, text="orders-db failed")
    page.get_by_test_id("channel-db-migrations").click()
    web.chat_postMessage(channel="C0DBMIGRAT", text="a reply", thread_ts=ts)
    replies = page.get_by_test_id("open-thread")
    expect(replies).to_have_attribute("data-unread", "true")
    replies.click()
    expect(replies).to_have_attribute("data-unread", "false")
    composer = page.get_by_test_id("thread-composer")
    composer.fill("/dms list")
    composer.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("not supported in threads")
    composer.fill("on it")
    page.get_by_test_id("broadcast").check()
    composer.press("Enter")
    sent = page.get_by_test_id("messages").first.get_by_test_id("message").filter(has_text="on it")
    expect(sent.get_by_test_id("to-thread")).to_contain_text("orders-db failed")
    page.get_by_test_id("close-thread").click()
    page.get_by_test_id("notifications").click()
    panel = page.get_by_test_id("notifications-panel")
    expect(panel).to_contain_text("Nothing has notified you")
    expect(panel).to_contain_text("2 messages, 1 edit")
    page.keyboard.press("Escape")
    web.chat_postMessage(channel="C0DBMIGRAT", text="<@U0DANA0001> approve?", thread_ts=ts)
    expect(page.get_by_test_id("notifications")).to_contain_text("1")
    page.get_by_test_id("channel-general").click()
    page.get_by_test_id("notifications").click()
    page.get_by_test_id("notification").click()
    expect(page.get_by_test_id("thread")).to_contain_text("approve?")


def test_on_a_phone_wide_tables_scroll_and_menus_stay_on_the_screen(page: Page, web: WebClient) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    rows = [[raw_text("a long heading") for _ in range(8)] for _ in range(3)]
    more = {"type": "overflow", "options": [{"text": plain_text("Stop"), "value": "s"}]}
    menus = [more | {"action_id": f"more{n}"} for n in range(5)]
    blocks = [data_table(rows), {"type": "actions", "elements": menus}]
    web.chat_postMessage(channel="C0DMS00001", text="x", blocks=blocks)
    expect(page.get_by_test_id("overflow")).to_have_count(5)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.get_by_test_id("messages").evaluate("box => box.scrollWidth - box.clientWidth") == 0
    for each in page.get_by_test_id("overflow").all():
        each.click()
        box = page.get_by_role("menu").bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        page.keyboard.press("Escape")


def test_every_block_is_drawn(page: Page, web: WebClient) -> None:
    words = [
        {"type": "text", "text": "bold", "style": {"bold": True}},
        {"type": "user", "user_id": "U0DANA0001"},
        {"type": "emoji", "name": "tada"},
        {"type": "date", "timestamp": 1_790_000_000, "format": "{date_num}"},
        {"type": "color", "value": "#ff0000"},
        {"type": "link", "url": "https://example.com", "text": "link"},
    ]
    rich = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": words}]}
    picture = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
    video = {
        "type": "video",
        "title": plain_text("How to"),
        "alt_text": "how to",
        "thumbnail_url": picture,
        "video_url": "data:text/html,video",
    }
    icon = {"type": "image", "image_url": picture, "alt_text": "icon"}
    blocks: list[dict[str, Any]] = [
        rich,
        video,
        {"type": "file", "external_id": "F1", "source": "remote"},
        {"type": "markdown", "text": "# Title\n- [x] done\n\n|a|b|\n|-|-|\n|1|2|"},
        data_table([[raw_text("a")] * 2, [rich, raw_number(2)]]),
        {"type": "table", "rows": [[raw_text("a")] * 2, [rich, raw_number(2)]], "column_settings": [None]},
        container(
            [icon | {"title": plain_text("t")}], icon=icon, rich_text_title=rich, has_header_divider=True
        ),
        card(hero_image=icon, icon=icon),
        *(chart(2, 2, kind) for kind in ("area", "bar")),
        {"type": "header", "text": plain_text("x"), "level": 1},
    ]
    web.chat_postMessage(channel="C0DMS00001", text="x", blocks=blocks)
    message = page.get_by_test_id("message")
    for each in blocks:
        expect(message.get_by_test_id(f"block-{each['type']}").first).to_be_visible()
    expect(message).not_to_contain_text("cannot draw")
    expect(message.get_by_role("rowheader", name="bold@dana")).to_be_visible()


def test_links_to_messages_lead_there(page: Page, slack: SlackServer, web: WebClient) -> None:
    ts = web.chat_postMessage(channel="C0DBMIGRAT", text="orders-db runs")["ts"]
    reply = web.chat_postMessage(channel="C0DBMIGRAT", text="in full dump", thread_ts=ts)["ts"]
    for number in range(30):
        web.chat_postMessage(channel="C0DBMIGRAT", text=f"more {number}\n\n")
    first = web.chat_getPermalink(channel="C0DBMIGRAT", message_ts=ts)["permalink"]
    second = web.chat_getPermalink(channel="C0DBMIGRAT", message_ts=reply)["permalink"]
    go = {"type": "actions", "elements": [button("Go", "go") | {"url": first}]}
    web.chat_postMessage(channel="C0DMS00001", text="x", blocks=[section(f"<{second}|the reply>"), go])
    page.get_by_role("button", name="Go", exact=True).click()
    expect(page.get_by_test_id("title")).to_contain_text("db-migrations")
    expect(page.get_by_test_id("message").filter(has_text="orders-db runs")).to_be_in_viewport()
    page.get_by_test_id("channel-dms").click()
    page.get_by_role("link", name="the reply").click()
    expect(page.get_by_test_id("thread")).to_contain_text("in full dump")
    page.goto(first)
    expect(page.get_by_test_id("message").filter(has_text="orders-db runs")).to_be_in_viewport()
    expect(page.get_by_test_id("thread")).to_have_count(0)
