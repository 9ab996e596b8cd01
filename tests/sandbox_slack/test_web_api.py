"""The Web API through the unchanged slack_sdk client."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from sandbox.slack import SlackControl, SlackServer, plain
from sandbox.slack.manifest import of_the_repository
from tests.sandbox_slack.conftest import button, modal, section

DMS = "C0DMS00001"
RANDOM = "C0RANDOM01"


def refused(call: Callable[[], Any]) -> Any:
    with pytest.raises(SlackApiError) as caught:
        call()
    return caught.value.response


def test_who_am_i_and_scopes_header(web: WebClient) -> None:
    answer = web.auth_test()
    assert answer["bot_id"] == "B0DMSBOT01"
    assert "chat:write" in answer.headers["x-oauth-scopes"]


@pytest.mark.parametrize(("token", "error"), [("xoxb-other", "invalid_auth"), ("", "not_authed")])
def test_wrong_tokens(slack: SlackServer, token: str, error: str) -> None:
    answer = httpx.post(slack.api_url + "auth.test", data={"token": token}).json()
    assert answer == {"ok": False, "error": error}


def test_token_kinds_are_not_mixed(slack: SlackServer, web: WebClient) -> None:
    app_client = WebClient(slack.app_token, base_url=slack.api_url)
    assert refused(lambda: app_client.chat_postMessage(channel=DMS, text="x"))["error"] == (
        "not_allowed_token_type"
    )
    assert refused(lambda: web.apps_connections_open(app_token=slack.bot_token))["error"] == (
        "not_allowed_token_type"
    )
    opened = web.apps_connections_open(app_token=slack.app_token)
    assert opened["url"].startswith("ws://")


def test_unknown_method(web: WebClient, control: SlackControl) -> None:
    assert refused(lambda: web.api_call("no.such"))["error"] == "unknown_method"
    assert control.violations()[0]["code"] == "unknown_method"


def test_post_update_thread_history_and_metadata(web: WebClient) -> None:
    metadata = {"event_type": "dms_sent", "event_payload": {"id": "7"}}
    first = web.chat_postMessage(channel=DMS, text="one", metadata=metadata)
    web.chat_postMessage(channel=DMS, text="reply", thread_ts=first["ts"])
    loud = web.chat_postMessage(channel=DMS, text="loud", thread_ts=first["ts"], reply_broadcast=True)
    web.chat_update(channel=DMS, ts=first["ts"], text="uno", blocks=[section("uno")])
    history = web.conversations_history(channel=DMS, include_all_metadata=True)["messages"]
    assert [m["text"] for m in history] == ["loud", "uno"]
    assert history[1]["metadata"] == metadata
    assert history[1]["reply_count"] == 2
    assert history[1]["edited"]["user"] == "U0DMSBOT01"
    assert "metadata" not in web.conversations_history(channel=DMS)["messages"][1]
    thread = web.conversations_replies(channel=DMS, ts=first["ts"])["messages"]
    assert [m["text"] for m in thread] == ["uno", "reply", "loud"]
    after = web.conversations_history(channel=DMS, oldest=first["ts"])["messages"]
    assert [m["ts"] for m in after] == [loud["ts"]]
    link = web.chat_getPermalink(channel=DMS, message_ts=first["ts"])["permalink"]
    assert link.endswith(first["ts"].replace(".", ""))


def test_what_an_update_keeps(web: WebClient) -> None:
    """https://docs.slack.dev/reference/methods/chat.update: a text without blocks takes the blocks away."""
    attached = [{"text": "kept"}]
    ts = web.chat_postMessage(channel=DMS, text="t", blocks=[section("old")], attachments=attached)["ts"]
    newer = web.chat_update(channel=DMS, ts=ts, blocks=[section("new")])["message"]
    assert (newer["text"], newer["attachments"][0]["text"]) == ("t", "kept")
    newer = web.chat_update(channel=DMS, ts=ts, text="only this")["message"]
    assert "blocks" not in newer
    assert newer["attachments"][0]["text"] == "kept"
    assert "attachments" not in web.chat_update(channel=DMS, ts=ts, text="x", attachments=[])["message"]
    assert web.chat_update(channel=DMS, ts=ts, text="x" * 4000)["ok"]
    too_long = refused(lambda: web.chat_update(channel=DMS, ts=ts, text="x" * 4001))
    assert too_long["error"] == "msg_too_long"


def test_history_pages(web: WebClient, control: SlackControl) -> None:
    control.configure(rate_limits=False)
    for number in range(7):
        web.chat_postMessage(channel=DMS, text=str(number))
    seen: list[str] = []
    for answer in web.conversations_history(channel=DMS, limit=3):
        seen += [m["text"] for m in answer["messages"]]
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    ("channel", "error"), [(RANDOM, "not_in_channel"), ("C0NOWHERE1", "channel_not_found")]
)
def test_where_the_app_may_write(web: WebClient, control: SlackControl, channel: str, error: str) -> None:
    assert refused(lambda: web.chat_postMessage(channel=channel, text="x"))["error"] == error
    assert control.violations() == []
    assert control.violations(notices=True)[0]["code"] == error


def test_joining_and_being_removed(web: WebClient, control: SlackControl) -> None:
    assert refused(lambda: web.conversations_join(channel=RANDOM))["needed"] == "channels:join"
    control.set_scopes([*of_the_repository().scopes, "channels:join"])
    web.conversations_join(channel=RANDOM)
    web.chat_postMessage(channel=RANDOM, text="x")
    control.kick_bot("random")
    assert refused(lambda: web.chat_postMessage(channel=RANDOM, text="x"))["error"] == "not_in_channel"


def test_messages_of_others_are_not_to_be_changed(web: WebClient, control: SlackControl) -> None:
    ts = control.say("mine", channel="general")["ts"]
    error = refused(lambda: web.chat_update(channel="C0GENERAL1", ts=ts, text="x"))["error"]
    assert error == "cant_update_message"


def test_ephemeral_and_direct_messages(web: WebClient, control: SlackControl) -> None:
    web.chat_postEphemeral(channel=DMS, user="U0SAM00001", text="psst")
    assert [m["text"] for m in control.messages("dms", user="sam")] == ["psst"]
    assert control.messages("dms", user="dana") == []
    assert web.conversations_history(channel=DMS)["messages"] == []
    outside = refused(lambda: web.chat_postEphemeral(channel="C0DBMIGRAT", user="U0QUINN001", text="x"))
    assert outside["error"] == "user_not_in_channel"
    web.chat_postMessage(channel="U0ALEX0001", text="for you")
    assert control.messages("dm", user="alex")[-1]["text"] == "for you"


def test_missing_scope_names_what_is_needed(web: WebClient, control: SlackControl) -> None:
    control.set_scopes(["chat:write"])
    answer = refused(lambda: web.users_list())
    assert (answer["error"], answer["needed"], answer["provided"]) == (
        "missing_scope",
        "users:read",
        "chat:write",
    )
    assert refused(lambda: web.conversations_history(channel=DMS))["needed"] == "channels:history"


def test_people_and_groups(web: WebClient) -> None:
    names = {u["name"] for u in web.users_list()["members"]}
    assert {"dana", "sam", "alex", "riley", "quinn"} <= names
    groups = {g["handle"]: g["id"] for g in web.usergroups_list()["usergroups"]}
    assert web.usergroups_users_list(usergroup=groups["leads"])["users"] == ["U0ALEX0001"]
    assert web.users_info(user="U0QUINN001")["user"]["is_restricted"] is True
    assert len(web.conversations_members(channel=DMS)["members"]) == 6
    member_of = {c["name"] for c in web.users_conversations()["channels"]}
    assert "dms" in member_of
    assert "random" not in member_of


def test_invalid_blocks_name_their_place(web: WebClient, control: SlackControl) -> None:
    answer = refused(lambda: web.chat_postMessage(channel=DMS, blocks=[section("x" * 3001)], text="x"))
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]
    assert refused(lambda: web.chat_postMessage(channel=DMS, text="x" * 40_001))["error"] == "msg_too_long"
    assert refused(lambda: web.chat_postMessage(channel=DMS, text=""))["error"] == "no_text"
    assert [v["code"] for v in control.violations()] == ["invalid_blocks", "msg_too_long", "no_text"]


def test_posting_too_fast(web: WebClient, control: SlackControl) -> None:
    control.configure(post_burst=2)
    for _ in range(2):
        web.chat_postMessage(channel=DMS, text="x")
    answer = refused(lambda: web.chat_postMessage(channel=DMS, text="x"))
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "1"
    assert control.violations() == []
    refused(lambda: web.chat_postMessage(channel=DMS, text="x"))
    assert [v["code"] for v in control.violations()] == ["ratelimited"]
    web.chat_postMessage(channel="C0GENERAL1", text="another channel")


def test_trigger_ids_are_used_once_and_in_time(web: WebClient, control: SlackControl) -> None:
    view = modal([section("x")])

    def trigger() -> str:
        return str(control.command("x")["payload"]["trigger_id"])

    first = trigger()
    web.views_open(trigger_id=first, view=view)
    again = refused(lambda: web.views_open(trigger_id=first, view=view))
    assert again["error"] == "exchanged_trigger_id"
    control.configure(trigger_seconds=0)
    late = trigger()
    assert refused(lambda: web.views_open(trigger_id=late, view=view))["error"] == "expired_trigger_id"
    unknown = refused(lambda: web.views_open(trigger_id="1.2.a", view=view))
    assert unknown["error"] == "invalid_trigger_id"


def test_a_stack_has_three_modals(web: WebClient, control: SlackControl) -> None:
    """https://docs.slack.dev/surfaces/modals: pushed with a trigger from a modal, three at most."""
    deeper = {"type": "actions", "elements": [button("Deeper", "deeper")]}
    view = modal([deeper])
    from_command = control.command("x")["payload"]["trigger_id"]
    assert refused(lambda: web.views_push(trigger_id=from_command, view=view))["error"] == "view_not_found"
    web.views_open(trigger_id=from_command, view=view)

    def trigger() -> str:
        return str(control.press(control.views()[-1], "deeper")["payload"]["trigger_id"])

    for depth in (2, 3):
        pushed = web.views_push(trigger_id=trigger(), view=view)["view"]
        assert len(control.views()) == depth
        assert pushed["root_view_id"] == control.views()[0]["id"]
    assert refused(lambda: web.views_push(trigger_id=trigger(), view=view))["error"] == "push_limit_reached"


def test_views_update_checks_the_hash(web: WebClient, control: SlackControl) -> None:
    trigger = control.command("x")["payload"]["trigger_id"]
    opened = web.views_open(trigger_id=trigger, view=modal([section("x")]))["view"]
    newer = web.views_update(view_id=opened["id"], hash=opened["hash"], view=modal([section("y")]))["view"]
    assert newer["hash"] != opened["hash"]
    stale = refused(
        lambda: web.views_update(view_id=opened["id"], hash=opened["hash"], view=modal([section("z")]))
    )
    assert stale["error"] == "hash_conflict"
    assert "y" in plain(control.views()[-1])


def test_faulty_view(web: WebClient, control: SlackControl) -> None:
    trigger = control.command("x")["payload"]["trigger_id"]
    title = {"type": "plain_text", "text": "far too long a title for a modal"}
    answer = refused(lambda: web.views_open(trigger_id=trigger, view=modal([section("x")], title=title)))
    assert answer["error"] == "invalid_arguments"
    assert "json-pointer:/view/title/text" in answer["response_metadata"]["messages"][0]
    web.views_open(trigger_id=trigger, view=modal([section("x")]))


def test_upload(web: WebClient, control: SlackControl) -> None:
    answer = web.files_upload_v2(channel=DMS, filename="a.csv", content="a,b\n1,2", initial_comment="here")
    assert answer["file"]["name"] == "a.csv"
    shared = control.messages("dms")[-1]
    assert shared["text"] == "here"
    assert control.download(shared["files"][0]) == b"a,b\n1,2"
    assert [f["name"] for f in control.files()] == ["a.csv"]


def test_response_url_works_five_times(slack: SlackServer, control: SlackControl) -> None:
    hook = WebhookClient(control.command("x")["payload"]["response_url"])
    for _ in range(5):
        assert hook.send(text="again").status_code == 200
    used = hook.send(text="again")
    assert (used.status_code, "used_url" in used.body) == (404, True)
    assert [v["code"] for v in control.violations()] == ["used_url"]


def test_the_response_url_of_a_command_replaces_nothing(control: SlackControl) -> None:
    """Source: issue 1268 of slackapi/bolt-python."""
    hook = WebhookClient(control.command("x")["payload"]["response_url"])
    hook.send(text="working")
    hook.send(text="done", replace_original=True)
    hook.send(text="", delete_original=True)
    assert [m["text"] for m in control.messages("dms", user="dana")][-2:] == ["working", "done"]


@pytest.mark.parametrize("kind", ["500", "503", "connection_reset", "fatal_error", "ratelimited"])
def test_faults_hit_once(web: WebClient, control: SlackControl, kind: str) -> None:
    web.retry_handlers.clear()
    control.fault("chat.postMessage", kind, times=1)
    with pytest.raises(Exception):  # noqa: B017, PT011 - each kind breaks in its own way
        web.chat_postMessage(channel=DMS, text="lost")
    web.chat_postMessage(channel=DMS, text="kept")
    assert [m["text"] for m in control.messages("dms")] == ["kept"]


def test_fault_after_the_call_took_effect(web: WebClient, control: SlackControl) -> None:
    web.retry_handlers.clear()
    control.fault("chat.postMessage", "connection_reset", after_apply=True)
    with pytest.raises(OSError):  # noqa: PT011 - a reset shows as several kinds of OSError
        web.chat_postMessage(channel=DMS, text="sent, but who knows")
    assert [m["text"] for m in control.messages("dms")] == ["sent, but who knows"]


def test_calls_are_logged_without_tokens(slack: SlackServer, web: WebClient, control: SlackControl) -> None:
    web.chat_postMessage(channel=DMS, text="x", blocks=[{"type": "actions", "elements": [button("a", "b")]}])
    (call,) = control.calls("chat.postMessage")
    assert call["ok"] is True
    assert slack.bot_token not in str(call)


def test_reset(web: WebClient, control: SlackControl) -> None:
    web.chat_postMessage(channel=DMS, text="x")
    control.configure(post_burst=1)
    control.reset()
    assert control.messages() == []
    assert control.status()["settings"]["post_burst"] == 5
