"""The slash command in texts: each bot's own where it says what to type, and the rest stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.cmdline.answers import Button, CodeBlock, Note, Upload, Verbatim
from bot.cmdline.invocation import Invocation, UsageError
from bot.cmdline.parser import parse
from bot.config.values import BadValue, slash_command
from bot.dms.error_mapping import one_line
from bot.slack.api.client import answer_client, outbox_client, slack_client, view_client, webhook
from bot.slack.api.plain_text import text_only
from bot.slack.api.uploads import file_content
from bot.slack.inbound.payloads import parse_command, parse_submission
from bot.slack.render import message as m
from bot.slack.render import mrkdwn
from bot.slack.render.answer import note
from bot.util.command import COMMAND, DEFAULT, MAX_LENGTH, with_command, without_command
from commands import all_verbs
from sandbox.slack import SlackServer, plain
from sandbox.slack.seed import NOTIFY_CHANNEL
from tests.faults.loglines import log_lines

STAGING = "/dms-staging"
LONGEST = "/" + "d" * (MAX_LENGTH - 1)


@pytest.fixture(scope="module")
def slack() -> Iterator[SlackServer]:
    with SlackServer(port=0) as server:
        server.control.configure(rate_limits=False, ack_seconds=10, trigger_seconds=10)
        yield server


@pytest.mark.parametrize("text", ["/dms", "/dms-staging", "/d", LONGEST, "/données", "/dms_2.0"])
def test_names_that_slack_takes(text: str) -> None:
    assert slash_command(text) == text


@pytest.mark.parametrize(
    "text", ["dms", "/", "/DMS", "/dms staging", LONGEST + "d", "/dms`x", "/a/b", "/<!here>"]
)
def test_names_that_slack_does_not_take(text: str) -> None:
    with pytest.raises(BadValue, match="for example: /dms-staging"):
        slash_command(text)


@pytest.mark.parametrize("text", ["dms-staging list", "/dms-staging list", "/DMS-Staging list", "list"])
def test_the_command_typed_twice_is_meant_once(text: str) -> None:
    syntaxes = {name: verb.grammar for name, verb in all_verbs().items()}
    assert parse(text, syntaxes, STAGING) == Invocation("list")


def test_the_command_of_another_bot_is_no_verb_of_this_one() -> None:
    syntaxes = {name: verb.grammar for name, verb in all_verbs().items()}
    with pytest.raises(UsageError, match="Unknown command `/dms`"):
        parse("/dms list", syntaxes, STAGING)


def test_a_command_that_is_called_like_a_verb_hides_none() -> None:
    syntaxes = {name: verb.grammar for name, verb in all_verbs().items()}
    assert parse("list", syntaxes, "/list") == Invocation("list")


@pytest.mark.parametrize("command", [DEFAULT, STAGING])
def test_what_clients_send_names_the_command_and_leaves_the_rest(slack: SlackServer, command: str) -> None:
    client = slack_client(slack.bot_token, slack.api_url, command=command)
    said = note(Note((f"Type `{COMMAND} list`. Dana says: ", Verbatim("never /dms, use /dms-staging"))))
    for made in (client, answer_client(client), outbox_client(client), view_client(client)):
        made.chat_postMessage(channel=NOTIFY_CHANNEL, **said.payload())
        shown = plain(slack.control.messages(channel=NOTIFY_CHANNEL, limit=1)[0])
        assert f"Type `{command} list`. Dana says: never /dms, use /dms-staging" in shown


def test_so_do_answers_to_a_response_url(slack: SlackServer) -> None:
    client = slack_client(slack.bot_token, slack.api_url, command=STAGING)
    slack.control.command("list")
    url = slack.control.deliveries("slash_commands")[-1]["payload"]["response_url"]
    assert webhook(client, url).send_dict({"text": f"`{COMMAND} help`"}).status_code == 200
    slack.control.wait_message(user="dana", contains="`/dms-staging help`")


@given(st.lists(st.sampled_from([COMMAND, "a", "`", " ", "\n", "é"]), max_size=400).map("".join))
def test_limits_hold_with_the_longest_command(text: str) -> None:
    for shown, limit in (
        (mrkdwn.clip(mrkdwn.format_own(text), 300), 300),
        (mrkdwn.clip_plain(text, m.MAX_LABEL), m.MAX_LABEL),
        *((block.to_dict()["text"]["text"], m.MAX_SECTION) for block in m.sections(text * 8)),
    ):
        assert len(with_command(shown, LONGEST).encode("utf-16-le")) // 2 <= limit


def test_nothing_from_outside_stands_for_the_command() -> None:
    sneaky = f"a{COMMAND}b"
    body = {"team_id": "T1", "user_id": "U1", "text": f"show {sneaky}"}
    assert COMMAND not in parse_command(body).text
    view = {"state": {"values": {"b": {"dms:a:b": {"type": "plain_text_input", "value": sneaky}}}}}
    submitted = parse_submission({"view": view, "user": {"id": "U1", "team_id": "T1"}})
    assert COMMAND not in json.dumps(submitted.values, ensure_ascii=False)
    assert COMMAND not in one_line(f"Not found: {sneaky}")
    for shown in (mrkdwn.name(sneaky), mrkdwn.code(sneaky)):
        assert COMMAND not in shown
        assert "⟨U+FDD0⟩" in shown


def test_own_code_may_hide_nothing_besides() -> None:
    assert mrkdwn.format_own(f"`{COMMAND} show о\u200b`") == f"`{COMMAND} show о⟨U+043E⟩⟨U+200B⟩`"
    assert mrkdwn.to_type("list") == f"`{COMMAND} list`"


def test_values_of_all_kinds() -> None:
    value = {"text": f"{COMMAND} a", "n": 1, "in": [f"{COMMAND}", ("x", None)]}
    assert with_command(value, STAGING) == {
        "text": "/dms-staging a",
        "n": 1,
        "in": ["/dms-staging", ["x", None]],
    }
    assert without_command(f"a{COMMAND}") == "a\ufffd"


def test_the_log_names_the_command() -> None:
    with log_lines(STAGING) as lines:
        structlog.get_logger("test").warning("remark", remark=f"see `{COMMAND} policy`, not /dms")
    assert json.loads(lines.stream.getvalue())["remark"] == "see `/dms-staging policy`, not /dms"


def test_code_from_outside_stays() -> None:
    said = note(Note((f"{COMMAND} list", CodeBlock("/dms list"))))
    assert "/dms list" in with_command(said.payload(), STAGING)["blocks"][0]["text"]["text"]


def test_a_text_file_names_the_command_and_a_picture_stays_as_it_is() -> None:
    said = f"`{COMMAND} promote orders`".encode()
    for name, content in (("report.md", b"`/db promote orders`"), ("delay.png", said)):
        assert file_content(Upload(name, said, ""), "/db") == content


def test_a_text_in_place_of_blocks_fits_an_update_with_the_longest_command() -> None:
    """4,000 characters. Source: https://docs.slack.dev/reference/methods/chat.update"""
    row = m.section(f"`{COMMAND} show orders-db` " * 50)
    content = m.message("x", [row, row, row, *m.buttons([Button("Show", "show", "run", "ref")])]).payload()
    assert len(with_command(text_only(content), LONGEST)["text"]) <= 4000
