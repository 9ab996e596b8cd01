"""The page in headless Chromium, with a real Bolt app behind it."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from slack_bolt import App
from slack_sdk import WebClient

from sandbox.slack import SlackControl, SlackServer
from sandbox.slack.app import PAGE
from tests.conftest import CHROMIUM, missing
from tests.sandbox_slack.conftest import Connect, button, modal, section, text_input

if CHROMIUM is None:
    pytest.skip(missing("no Chromium on this machine"), allow_module_level=True)
if not (PAGE / "index.html").exists():
    pytest.skip(missing("the page is not built (make page)"), allow_module_level=True)
pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Any, slack: SlackServer) -> Iterator[Page]:
    shown = browser.new_page()
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
