"""The notifier against the local Slack: nothing lost, nothing doubled, everything in order."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag
from typing import Any

import pytest
from slack_sdk import WebClient
from structlog.testing import capture_logs

from bot.dms.rules import Action
from bot.outbox.limits import Limits
from bot.outbox.notifier import Notifier
from bot.requests.outcomes import enqueue_outcome
from bot.requests.queries import request_key
from bot.slack.render.request_card import request_card
from bot.store import Store
from bot.store.records import OutMessage
from sandbox.slack import SlackServer
from tests.notify.world import NOTIFY, TEAM_CHANNEL, Plain, plainly, running, texts
from tests.slack.makers import request
from tests.store.raw import Raw
from tests.waiting import PATIENCE_S, until

RANDOM = "C0RANDOM01"
"""A channel where the bot is no member."""


@pytest.fixture
def notifier(web: WebClient, store: Store) -> Notifier:
    return Notifier(web, store, plainly(store))


def put(store: Store, text: str, channel: str = NOTIFY, **values: Any) -> str:
    key = str(values.pop("key", text))
    message = OutMessage(key, channel, values.pop("kind", "text"), {"text": text}, **values)
    assert store.enqueue(message)
    return key


def drained(store: Store) -> Callable[[], bool]:
    return lambda: store.outbox_depth() == 0


def send(notifier: Notifier, store: Store, timeout: float = PATIENCE_S) -> None:
    """Let it run until the outbox is empty."""
    with running(notifier):
        until(drained(store), timeout=timeout)


def shown(slack: SlackServer, channel: str = NOTIFY) -> list[str]:
    return texts(slack.control.messages(channel))


def calls(slack: SlackServer, method: str) -> list[dict[str, Any]]:
    return slack.control.calls(method)


def test_a_message_is_posted_with_its_key(slack: SlackServer, store: Store, notifier: Notifier) -> None:
    key = put(store, "hello")
    send(notifier, store)
    (call,) = calls(slack, "chat.postMessage")
    assert call["args"]["metadata"] == {"event_type": "dms_bot", "event_payload": {"key": key, "rev": 1}}
    message = store.message(key)
    assert message is not None
    assert message.ts == slack.control.messages(NOTIFY)[0]["ts"]
    assert slack.control.violations(notices=True) == []


def test_a_message_is_updated_in_place(slack: SlackServer, store: Store, notifier: Notifier) -> None:
    key = put(store, "first")
    send(notifier, store)
    store.mark_dirty(key, {"text": "second"})
    store.mark_dirty(key, {"text": "third"})
    send(notifier, store)
    assert shown(slack) == ["third"]
    assert len(calls(slack, "chat.update")) == 1


def test_what_ends_while_its_message_is_rendered_is_told_by_a_new_message(
    slack: SlackServer, web: WebClient, store: Store
) -> None:
    """The end counts on a message that is not posted yet, and Slack notifies nobody of an update."""
    asked = replace(request(), created=datetime.now(UTC))
    key = put(store, "under way", key=request_key(asked.id))
    plain = plainly(store)

    def render(message: OutMessage) -> Plain | None:
        rendered = plain(message)
        if message.rev == 1:
            with store.transaction():
                store.mark_dirty(key, {"text": "has failed"})
                enqueue_outcome(store, asked, datetime.now(UTC))
        return rendered

    send(Notifier(web, store, render), store)
    (only,) = slack.control.messages(NOTIFY)
    assert (texts([only]), only["versions"]) == (["has failed"], [])


def test_a_second_end_is_told_by_the_message_that_is_being_rendered(
    slack: SlackServer, web: WebClient, store: Store
) -> None:
    asked, told = replace(request(), by=replace(request().by, user="U0DANA0001")), ["unclear"]
    enqueue_outcome(store, asked, datetime.now(UTC))

    def render(_message: OutMessage) -> Plain:
        rendered = Plain(told[-1])
        if told == ["unclear"]:
            told.append("done")
            enqueue_outcome(store, asked, datetime.now(UTC))
        return rendered

    send(Notifier(web, store, render), store)
    posted = [each["args"]["text"] for each in calls(slack, "chat.postMessage")]
    assert posted == ["done"]


def test_an_update_that_changes_nothing_is_not_sent(
    slack: SlackServer, store: Store, notifier: Notifier
) -> None:
    key = put(store, "same")
    with running(notifier):
        until(drained(store))
        store.mark_dirty(key)
        until(drained(store))
    assert calls(slack, "chat.update") == []


def test_a_reply_goes_into_its_thread_after_its_parent(
    slack: SlackServer, store: Store, notifier: Notifier
) -> None:
    parent = put(store, "parent", order="a")
    put(store, "reply", order="a", thread_of=parent)
    send(notifier, store)
    first, second = slack.control.messages(NOTIFY)
    assert (first["text"], second["text"]) == ("parent", "reply")
    assert second["thread_ts"] == first["ts"]


def test_messages_of_one_job_keep_their_order_when_the_first_fails(
    slack: SlackServer, store: Store, notifier: Notifier
) -> None:
    slack.control.fault("chat.postMessage", "503", times=2)
    for number in range(4):
        put(store, f"m{number}", order="orders")
    send(notifier, store)
    assert shown(slack) == ["m0", "m1", "m2", "m3"]


@pytest.mark.parametrize("kind", ["503", "connection_reset", "internal_error"])
def test_a_post_whose_answer_was_lost_is_not_posted_twice(
    slack: SlackServer, store: Store, notifier: Notifier, kind: str
) -> None:
    slack.control.fault("chat.postMessage", kind, after_apply=True)
    put(store, "once")
    send(notifier, store)
    assert shown(slack) == ["once"]
    assert len(calls(slack, "conversations.history")) == 1


def test_a_reply_whose_answer_was_lost_is_not_posted_twice(
    slack: SlackServer, store: Store, notifier: Notifier
) -> None:
    parent = put(store, "parent")
    send(notifier, store)
    slack.control.fault("chat.postMessage", "503", after_apply=True)
    put(store, "reply", thread_of=parent)
    send(notifier, store)
    assert shown(slack) == ["parent", "reply"]


def test_a_message_changed_while_its_answer_was_lost_is_found_and_updated(
    slack: SlackServer, store: Store, web: WebClient
) -> None:
    slack.control.fault("chat.postMessage", "503", after_apply=True)
    key = put(store, "early")
    Notifier(web, store, plainly(store)).send_due()
    store.mark_dirty(key, {"text": "late"})
    send(Notifier(web, store, plainly(store)), store)
    assert shown(slack) == ["late"]
    assert len(calls(slack, "chat.postMessage")) == 1


_POSTS = """
import sys
from slack_sdk import WebClient
from bot.outbox.notifier import Notifier
from bot.store import open_store
from tests.notify.world import plainly

store = open_store(sys.argv[1])
Notifier(WebClient(token=sys.argv[3], base_url=sys.argv[2]), store, plainly(store)).send_due()
"""


def _another(slack: SlackServer, folder: Path) -> subprocess.Popen[bytes]:
    """Another bot, which sends what is due and can be killed."""
    arguments = [str(folder / "bot.db"), slack.api_url, slack.bot_token]
    return subprocess.Popen([sys.executable, "-c", _POSTS, *arguments])


def test_a_crash_between_posting_and_marking_does_not_double(
    slack: SlackServer, store: Store, web: WebClient, tmp_path: Path
) -> None:
    put(store, "once")
    slack.control.fault("chat.postMessage", "timeout", after_apply=True, seconds=30)
    process = _another(slack, tmp_path)
    until(lambda: shown(slack) == ["once"])
    process.kill()
    process.wait(60)
    send(Notifier(web, store, plainly(store)), store)
    assert shown(slack) == ["once"]
    assert len(calls(slack, "chat.postMessage")) == 1


@pytest.mark.parametrize("first", [True, False])
def test_a_call_of_a_killed_bot_that_arrives_late_does_no_harm(
    slack: SlackServer, store: Store, web: WebClient, tmp_path: Path, first: bool
) -> None:
    """Whoever takes over at once must neither post it again nor be overtaken by an older update."""
    key = put(store, "state 1")
    if not first:
        send(Notifier(web, store, plainly(store)), store)
        store.mark_dirty(key, {"text": "state 2"})
    slack.control.fault("chat.postMessage" if first else "chat.update", "slow", seconds=2)
    process = _another(slack, tmp_path)
    until(lambda: not slack.workspace.faults)
    process.kill()
    process.wait(60)
    store.mark_dirty(key, {"text": "state 3"})
    send(Notifier(web, store, plainly(store)), store)
    until(lambda: len(calls(slack, "chat.update")) == (1 if first else 2))
    assert shown(slack) == ["state 3"]


def test_who_leads_again_trusts_nothing_from_before(
    slack: SlackServer, store: Store, notifier: Notifier, web: WebClient
) -> None:
    """Another replica has posted and updated meanwhile."""
    seen = put(store, "state 1")
    send(notifier, store)
    limited = put(store, "limited", channel=TEAM_CHANNEL)
    slack.control.fault("chat.postMessage", "ratelimited", retry_after=1)
    notifier.send_due()
    store.mark_dirty(seen, {"text": "state 2"})
    slack.control.fault("chat.postMessage", "503", after_apply=True)
    other = Notifier(web, store, plainly(store))
    until(lambda: other.send_due() >= 0 and shown(slack, TEAM_CHANNEL) == ["limited"])
    assert shown(slack) == ["state 2"]
    store.mark_dirty(seen, {"text": "state 1"})
    send(notifier, store)
    assert shown(slack) == ["state 1"]
    assert shown(slack, TEAM_CHANNEL) == ["limited"]
    message = store.message(limited)
    assert message is not None
    assert message.sent_rev == message.rev


def test_a_crash_before_posting_loses_nothing(slack: SlackServer, store: Store, notifier: Notifier) -> None:
    key = put(store, "still to come")
    store.mark_attempt(key)
    send(notifier, store)
    assert shown(slack) == ["still to come"]


def test_another_installations_message_with_the_same_key_is_not_ours(
    slack: SlackServer, store: Store, notifier: Notifier, web: WebClient
) -> None:
    """Metadata that only looks alike must not be mistaken for the message."""
    web.chat_postMessage(
        channel=NOTIFY,
        text="foreign",
        metadata={"event_type": "other_bot", "event_payload": {"key": "mine", "rev": 1}},
    )
    key = put(store, "mine")
    store.mark_attempt(key)
    send(notifier, store)
    assert shown(slack) == ["foreign", "mine"]


def test_a_long_outage_loses_nothing_and_sends_only_what_is_true_at_its_end(
    slack: SlackServer, store: Store, web: WebClient
) -> None:
    notifier = Notifier(web, store, plainly(store))
    key = put(store, "state 0")
    send(notifier, store)
    slack.control.fault("*", "503", times=None)
    with running(notifier):
        for number in range(1, 30):
            store.mark_dirty(key, {"text": f"state {number}"})
        for number in range(5):
            put(store, f"news {number}", order="orders")
        until(lambda: len(calls(slack, "chat.postMessage")) + len(calls(slack, "chat.update")) >= 3)
        slack.control.clear_faults()
        until(drained(store))
    assert shown(slack) == ["state 29", *[f"news {number}" for number in range(5)]]


def test_a_rate_limit_holds_back_its_channel_and_no_other(
    slack: SlackServer, store: Store, notifier: Notifier
) -> None:
    slack.control.fault("chat.postMessage", "ratelimited", retry_after=3)
    put(store, "limited")
    put(store, "free", channel=TEAM_CHANNEL)
    with running(notifier):
        until(lambda: shown(slack, TEAM_CHANNEL) == ["free"])
        assert shown(slack) == []
        until(drained(store))
    first, *_, last = calls(slack, "chat.postMessage")
    assert last["at"] - first["at"] >= 3
    assert calls(slack, "conversations.history") == []


@pytest.mark.parametrize("lost", [False, True])
def test_what_was_refused_is_searched_for_only_if_a_call_before_may_have_got_through(
    slack: SlackServer, store: Store, notifier: Notifier, lost: bool
) -> None:
    if lost:
        slack.control.fault("chat.postMessage", "503")
    key = put(store, "late", channel=RANDOM)
    with running(notifier):
        until(lambda: (found := store.message(key)) is not None and found.error == "not_in_channel")
        before = len(calls(slack, "conversations.history"))
        slack.control.invite_bot(RANDOM)
        assert store.retry_given_up(key)
        notifier.interrupt()
        until(drained(store))
    assert shown(slack, RANDOM) == ["late"]
    assert len(calls(slack, "conversations.history")) - before == (1 if lost else 0)


def test_a_channel_gets_one_post_a_second(slack: SlackServer, store: Store, notifier: Notifier) -> None:
    slack.control.configure(rate_limits=True, tier_limits=True, post_burst=1)
    for number in range(4):
        put(store, f"m{number}")
    send(notifier, store)
    assert [call["status"] for call in calls(slack, "chat.postMessage")] == [200] * 4
    assert slack.control.violations(notices=True) == []


def test_what_people_wait_for_passes_what_tells_a_story(
    slack: SlackServer, store: Store, web: WebClient
) -> None:
    for number in range(3):
        put(store, f"story {number}", kind="story")
    put(store, "answer", kind="request")
    send(Notifier(web, store, lambda m: Plain(m.subject["text"])), store)
    assert shown(slack)[0] == "answer"


@pytest.mark.parametrize("error", ["channel_not_found", "is_archived", "restricted_action"])
def test_what_can_never_be_posted_is_given_up_and_holds_back_nothing(
    slack: SlackServer, store: Store, notifier: Notifier, error: str
) -> None:
    slack.control.fault("chat.postMessage", error)
    key = put(store, "lost", order="orders")
    put(store, "after", order="orders")
    send(notifier, store)
    message = store.message(key)
    assert message is not None
    assert message.error == error
    assert shown(slack) == ["after"]


def test_a_lost_answer_is_searched_for_even_if_a_rate_limit_delays_the_search(
    slack: SlackServer, store: Store, notifier: Notifier
) -> None:
    """That refusal says nothing of the message, which is there already."""
    slack.control.fault("chat.postMessage", "503", after_apply=True)
    slack.control.fault("conversations.history", "ratelimited")
    put(store, "once")
    send(notifier, store)
    assert shown(slack) == ["once"]


@pytest.mark.parametrize("error", ["no_permission", "access_denied", "ekm_access_denied"])
def test_a_channel_that_refuses_the_app_stops_no_other(
    slack: SlackServer, store: Store, web: WebClient, error: str
) -> None:
    """`no_permission`: "Make sure your app is a member of the conversation it's attempting to post a message
    to." `access_denied`: "Access to a resource specified in the request is denied." Nothing is lost.
    Source: https://docs.slack.dev/reference/methods/chat.postMessage"""
    slack.control.fault("chat.postMessage", error)
    key = put(store, "refused")
    put(store, "elsewhere", channel=TEAM_CHANNEL)
    with running(Notifier(web, store, plainly(store))):
        until(lambda: shown(slack, TEAM_CHANNEL) == ["elsewhere"])
        assert shown(slack) == []
        store.mark_failed(key, datetime.now(UTC))
        until(lambda: shown(slack) == ["refused"])


@pytest.mark.parametrize("error", ["edit_window_closed", "cant_update_message"])
def test_a_message_that_cannot_be_edited_is_posted_anew_but_ever_more_seldom(
    slack: SlackServer, store: Store, web: WebClient, error: str
) -> None:
    """What it said before stays there. Source: https://docs.slack.dev/reference/methods/chat.update"""
    notifier = Notifier(web, store, plainly(store))
    slack.control.fault("chat.update", error, times=None)
    key = put(store, "state 0")
    send(notifier, store)
    pauses = []
    for number in range(1, 4):
        store.mark_dirty(key, {"text": f"state {number}"})
        until(lambda: notifier.send_due() and store.outbox_depth() == 0)
        waiting = store.message(key)
        assert waiting is not None
        assert waiting.not_before is not None
        pauses.append(waiting.not_before - datetime.now(UTC))
        store.mark_failed(key, datetime.now(UTC))
    assert shown(slack) == [f"state {number}" for number in range(4)]
    assert pauses == sorted(pauses)
    assert pauses[-1].total_seconds() > 500


def test_a_new_post_of_what_cannot_be_edited_is_not_there_twice(
    slack: SlackServer, store: Store, web: WebClient
) -> None:
    notifier = Notifier(web, store, plainly(store), limits=Limits(in_flight_timeout_s=0.1))
    key = put(store, "state 0")
    send(notifier, store)
    slack.control.fault("chat.update", "edit_window_closed", times=None)
    slack.control.fault("chat.postMessage", "503", after_apply=True)
    store.mark_dirty(key, {"text": "state 1"})
    send(notifier, store)
    assert shown(slack) == ["state 0", "state 1"]


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
def test_an_error_that_nobody_knows_is_tried_again(
    slack: SlackServer, store: Store, web: WebClient, method: str
) -> None:
    """Errors that the pages of these methods do not list as final. Others wait for it only for some tries."""
    notifier = Notifier(web, store, plainly(store), limits=Limits(posts_per_s=50, updates_per_s=50))
    key = put(store, "first", order="orders")
    if method == "chat.update":
        send(notifier, store)
        store.mark_dirty(key, {"text": "second"})
        put(store, "after", order="orders")
    slack.control.fault(method, "strange_new_error", times=8)

    def tried_again() -> bool:
        notifier.send_due()
        if len(calls(slack, method)) < 9:
            store.mark_failed(key, datetime.now(UTC))
        return store.outbox_depth() == 0

    until(tried_again)
    message = store.message(key)
    assert message is not None
    assert (message.error, message.sent_rev) == ("", message.rev)
    if method == "chat.update":
        assert shown(slack) == ["second", "after"]
        assert calls(slack, "chat.postMessage")[-1]["at"] < calls(slack, method)[-1]["at"]


@pytest.mark.parametrize("code", ["invalid_blocks", "invalid_arguments"])
def test_refused_blocks_come_as_text_with_what_to_type(
    slack: SlackServer, store: Store, web: WebClient, code: str
) -> None:
    card = request_card(request(Action.STOP), (), (), datetime.now(UTC))
    store.enqueue(OutMessage("card", NOTIFY, "request", {}))
    slack.control.fault("chat.postMessage", code)
    send(Notifier(web, store, lambda _: card), store)
    (text,) = shown(slack)
    for words in ("Stop orders-db?", "Only <@U0ASKER> can confirm", "approvals` shows the open requests"):
        assert words in text
    assert not slack.control.messages(NOTIFY)[-1].get("blocks")


def test_refused_credentials_lose_nothing(slack: SlackServer, store: Store, web: WebClient) -> None:
    put(store, "patient")
    slack.control.fault("chat.postMessage", "token_revoked")
    notifier = Notifier(web, store, plainly(store))
    assert notifier.send_due() == 0
    assert notifier.send_due() > 30
    assert store.outbox_depth() == 1
    send(Notifier(web, store, plainly(store)), store)
    assert shown(slack) == ["patient"]


def test_where_the_bot_is_no_member_the_person_is_answered(
    slack: SlackServer, store: Store, notifier: Notifier
) -> None:
    slack.control.command("list", channel="random", wait=False)
    delivery = until(lambda: slack.control.deliveries("slash_commands"))[-1]
    key = put(store, "card 1", channel=RANDOM, response_url=delivery["payload"]["response_url"])
    send(notifier, store)
    store.mark_dirty(key, {"text": "in between"})
    assert store.ready_to_send(datetime.now(UTC)) == ()
    store.mark_dirty(key, {"text": "card 2"})
    store.mark_failed(key, datetime.now(UTC))
    send(notifier, store)
    found = slack.control.messages("random", "dana")
    cards = [each for each in found if each["text"].startswith("card")]
    assert [each["text"] for each in cards] == ["card 1", "card 2"]
    assert all(each["ephemeral_for"] for each in cards)
    for number in range(3, 7):
        store.mark_dirty(key, {"text": f"card {number}"})
        store.mark_failed(key, datetime.now(UTC))
        send(notifier, store)
    given_up = store.message(key)
    assert given_up is not None
    assert given_up.error
    assert slack.control.violations() == []


@pytest.mark.parametrize("kind", ["503", "ratelimited"])
def test_a_response_url_that_fails_for_now_is_tried_again(
    slack: SlackServer, store: Store, notifier: Notifier, kind: str
) -> None:
    slack.control.command("list", channel="random", wait=False)
    delivery = until(lambda: slack.control.deliveries("slash_commands"))[-1]
    slack.control.fault("response_url", kind, retry_after=0)
    key = put(store, "card", channel=RANDOM, response_url=delivery["payload"]["response_url"])
    send(notifier, store)
    message = store.message(key)
    assert message is not None
    assert not message.error
    assert "card" in texts(slack.control.messages("random", "dana"))


def test_a_response_url_that_goes_on_failing_holds_up_nothing(
    slack: SlackServer, store: Store, web: WebClient
) -> None:
    notifier = Notifier(web, store, plainly(store), limits=Limits(posts_per_s=50))
    slack.control.command("list", channel="random", wait=False)
    delivery = until(lambda: slack.control.deliveries("slash_commands"))[-1]
    slack.control.fault("response_url", "503", times=None)
    key = put(store, "card", channel=RANDOM, response_url=delivery["payload"]["response_url"])

    def given_up() -> bool:
        notifier.send_due()
        store.mark_failed(key, datetime.now(UTC))
        message = store.message(key)
        return message is not None and message.error == "not_in_channel"

    until(given_up)


def test_a_message_that_somebody_deleted_is_posted_anew_when_it_changes(
    slack: SlackServer, store: Store, notifier: Notifier, web: WebClient
) -> None:
    key = put(store, "first")
    send(notifier, store)
    message = store.message(key)
    assert message is not None
    web.chat_delete(channel=NOTIFY, ts=message.ts)
    store.mark_dirty(key, {"text": "second"})
    send(notifier, store)
    assert [m["text"] for m in slack.control.messages(NOTIFY) if not m.get("deleted")] == ["second"]
    store.mark_dirty(key, {"text": "third"})
    send(notifier, store)
    assert [m["text"] for m in slack.control.messages(NOTIFY) if not m.get("deleted")] == ["third"]


def test_a_person_is_written_to_directly(slack: SlackServer, store: Store, notifier: Notifier) -> None:
    key = put(store, "for you", channel="U0DANA0001")
    send(notifier, store)
    store.mark_dirty(key, {"text": "for you, again"})
    send(notifier, store)
    message = store.message(key)
    assert message is not None
    assert message.channel.startswith("D")
    assert texts(slack.control.messages("dm", "dana")) == ["for you, again"]


def test_a_person_is_written_to_and_updated_where_no_conversation_can_be_opened(
    slack: SlackServer, store: Store, notifier: Notifier
) -> None:
    """`chat.update` takes the ID of the conversation alone: the answer to the post names it."""
    slack.control.fault("conversations.open", "missing_scope", times=None)
    key = put(store, "for you", channel="U0DANA0001")
    send(notifier, store)
    store.mark_dirty(key, {"text": "for you, again"})
    send(notifier, store)
    assert texts(slack.control.messages("dm", "dana")) == ["for you, again"]


def test_blocks_that_slack_refuses_are_sent_as_text(
    slack: SlackServer, store: Store, notifier: Notifier
) -> None:
    slack.control.fault("chat.postMessage", "invalid_blocks")
    put(store, "plain")
    send(notifier, store)
    assert shown(slack) == ["plain"]


def test_a_message_that_cannot_be_drawn_holds_back_no_other(
    slack: SlackServer, store: Store, web: WebClient
) -> None:
    def render(message: OutMessage) -> Plain | None:
        return Plain(f"{1 / message.subject['divisor']}")

    store.enqueue(OutMessage("bad", NOTIFY, "text", {"divisor": 0}, order="a"))
    store.enqueue(OutMessage("good", NOTIFY, "text", {"divisor": 2}, order="b"))
    with running(Notifier(web, store, render)):
        until(lambda: shown(slack) == ["0.5"])
    assert store.outbox_depth() == 1


def test_nothing_to_show_any_more_is_no_message(slack: SlackServer, store: Store, web: WebClient) -> None:
    key = put(store, "vanishes")
    send(Notifier(web, store, lambda _: None), store)
    message = store.message(key)
    assert message is not None
    assert message.error
    assert shown(slack) == []


def test_new_messages_are_sent_when_it_is_woken(slack: SlackServer, store: Store, web: WebClient) -> None:
    wake = Flag()
    with running(Notifier(web, store, plainly(store), wake=wake)):
        put(store, "now")
        wake.set()
        until(lambda: shown(slack) == ["now"])


def test_failed_calls_are_counted(slack: SlackServer, store: Store, web: WebClient) -> None:
    errors: list[tuple[str, str]] = []
    slack.control.fault("chat.postMessage", "is_archived")
    put(store, "lost")
    notifier = Notifier(
        web, store, plainly(store), on_error=lambda method, error: errors.append((method, error))
    )
    send(notifier, store)
    assert errors == [("chat.postMessage", "is_archived")]


def test_a_message_that_cannot_be_understood_holds_up_no_other_of_its_job(
    slack: SlackServer, web: WebClient, store: Store, tmp_path: Path
) -> None:
    """As a newer version may have written it, which sends it when it runs again."""
    for text in ("first", "second", "third"):
        put(store, text, order="orders")
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE outbox SET subject = '[' WHERE key = 'first'")
    notifier = Notifier(web, store, plainly(store))
    with capture_logs() as lines, running(notifier):
        until(lambda: len(shown(slack)) == 2)
    assert shown(slack) == ["second", "third"]
    assert store.outbox_depth() == 1, "it is not given up"
    assert [each["event"] for each in lines].count("row_not_read") == 1


def test_a_reply_to_what_cannot_be_understood_holds_up_no_other_message(
    slack: SlackServer, web: WebClient, store: Store, tmp_path: Path
) -> None:
    notifier = Notifier(web, store, plainly(store))
    put(store, "parent")
    send(notifier, store)
    put(store, "reply", thread_of="parent")
    put(store, "other")
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE outbox SET subject = '[' WHERE key = 'parent'")
    with running(notifier):
        until(lambda: "other" in shown(slack))


def test_messages_behind_many_that_cannot_be_understood_are_sent(
    slack: SlackServer, web: WebClient, store: Store, tmp_path: Path
) -> None:
    with store.transaction():
        for number in range(200):
            put(store, f"bad {number}")
        put(store, "good")
    with Raw(str(tmp_path / "bot.db")) as raw:
        raw.execute("UPDATE outbox SET subject = '[' WHERE key <> 'good'")
    Notifier(web, store, plainly(store)).send_due()
    assert shown(slack) == ["good"]
