"""Who is notified of what: direct messages, mentions, threads that one follows; and what makes no sound."""

import time

import pytest
from slack_sdk import WebClient

from sandbox.slack import SlackControl
from tests.sandbox_slack.conftest import section

DMS, NOTIFY = "C0DMS00001", "C0DBMIGRAT"
PEOPLE = ("dana", "sam", "alex", "riley", "quinn")


def told(control: SlackControl, after: str = "0") -> dict[str, list[str]]:
    """By person, the kinds of what notified them."""
    found = {name: control.notifications(name, after=after) for name in PEOPLE}
    return {name: [each["kind"] for each in kinds] for name, kinds in found.items() if kinds}


def test_direct_messages_and_mentions_notify(control: SlackControl, web: WebClient) -> None:
    web.chat_postMessage(channel=NOTIFY, text="orders-db failed")
    web.chat_postEphemeral(channel=DMS, user="U0SAM00001", text="<@U0SAM00001> only you")
    assert told(control) == {}
    web.chat_postMessage(channel="U0DANA0001", text="done")
    web.chat_postMessage(channel=NOTIFY, text="<@U0SAM00001>: it failed")
    # A user group reaches those of its members who are in the channel: Sam and Dana.
    web.chat_postMessage(channel=NOTIFY, text="x", blocks=[section("<!subteam^S0DBATEAM1> look")])
    assert told(control) == {"dana": ["dm", "group"], "sam": ["mention", "group"]}
    last = control.messages("db-migrations")[-1]["ts"]
    web.chat_postMessage(channel=NOTIFY, text="<!here> `<@U0ALEX0001>`")
    assert told(control, last) == {name: ["channel"] for name in ("dana", "sam", "alex", "riley")}
    assert control.wait_notification("sam", "it failed", "mention")["channel_name"] == "db-migrations"
    with pytest.raises(TimeoutError):
        control.wait_notification("riley", kind="mention", timeout=0)
    # A guest who is not in the channel.
    web.chat_postMessage(channel=NOTIFY, text="<@U0QUINN001>")
    assert control.notifications("quinn") == []


def test_edits_and_channel_messages_make_no_sound(control: SlackControl, web: WebClient) -> None:
    ts = web.chat_postMessage(channel=NOTIFY, text="running")["ts"]
    web.chat_update(channel=NOTIFY, ts=ts, text="failed <@U0DANA0001> <!channel>")
    web.chat_update(channel=NOTIFY, ts=ts, text="failed again")
    assert told(control) == {}
    assert control.silent("dana") == {"messages": 1, "edits": 2}
    assert control.silent("quinn") == {"messages": 0, "edits": 0}


def test_replies_notify_those_who_follow_the_thread(control: SlackControl, web: WebClient) -> None:
    own = control.say("restart it", user="dana")["ts"]
    web.chat_postMessage(channel=DMS, thread_ts=own, text="who approves?")
    control.say("I do", user="sam", thread_ts=own)
    web.chat_postMessage(channel=DMS, thread_ts=own, text="thanks, and <@U0ALEX0001>")
    web.chat_postMessage(channel=DMS, thread_ts=own, text="done")
    assert told(control) == {
        "dana": ["thread", "thread", "thread", "thread"],
        "sam": ["thread", "thread"],
        "alex": ["mention", "thread"],
    }
    apps = web.chat_postMessage(channel=NOTIFY, text="orders-db runs")["ts"]
    web.chat_postMessage(channel=NOTIFY, thread_ts=apps, text="in full dump")
    web.chat_postMessage(channel=NOTIFY, thread_ts=apps, text="in CDC", reply_broadcast=True)
    assert told(control, apps) == {}, "nobody follows a thread that the app alone wrote in"


def test_who_is_not_to_be_disturbed_gets_it_later(control: SlackControl, web: WebClient) -> None:
    control.quiet("dana", 600)
    web.chat_postMessage(channel="U0DANA0001", text="x", blocks=[section("y")])
    (held,) = control.notifications("dana")
    assert (held["held"], held["text"], held["channel_name"]) == (True, "x", "dm-dana")
    control.quiet("dana", 0)
    control.configure(post_burst=50)
    web.chat_postMessage(channel="U0DANA0001", text="z")
    assert [each["held"] for each in control.notifications("dana")] == [True, False]
    assert float(control.notifications("dana")[-1]["ts"]) <= time.time() + 1
