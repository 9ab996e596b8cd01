"""How one person gets an answer where Slack does not take it the first way."""

from __future__ import annotations

from slack_sdk import WebClient

from bot.cmdline.answers import Note
from bot.slack.api.layouts import Layouts
from bot.slack.api.replies import Replier, ReplyTarget
from bot.store import Store
from bot.store.records import Person
from sandbox.slack import SlackServer
from tests.notify.world import NOTIFY

DANA = "U0DANA0001"


def test_an_answer_in_a_thread_is_tried_once_in_each_way(
    slack: SlackServer, web: WebClient, store: Store
) -> None:
    """A channel that takes no ephemeral message takes none a moment later, either."""
    slack.control.fault("chat.postEphemeral", "not_in_channel", times=None)
    target = ReplyTarget(
        Person("T0DMSTEST1", DANA, NOTIFY), response_url=f"{slack.base_url}/commands/none", thread="1.1"
    )
    Replier(web, Layouts(store)).answer(target, Note("Here it is."))
    assert [each["ok"] for each in slack.control.calls("chat.postEphemeral")] == [False]
    (posted,) = slack.control.calls("chat.postMessage")
    assert (posted["ok"], posted["args"]["channel"]) == (True, DANA)
