"""Two bots with two commands in one workspace and one process: each answers its own, and names no other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bot.cmdline.invocation import UsageError
from bot.cmdline.parser import parse
from bot.util.command import COMMAND
from commands import all_verbs
from sandbox.dms import DmsServer
from sandbox.slack import SlackServer, plain
from sandbox.slack.seed import APPROVAL_CHANNEL, NOTIFY_CHANNEL
from tests.e2e.env import UNHURRIED, Env, running, settings, unique_id
from tests.slack.test_parser import WRONG

STAGING = "/dms-staging"
_DMS = re.compile(r"(?<![\w/.])/dms(?![\w/.-])")
_STAGED = re.compile(r"/dms-staging(?![\w/.-])")
QUOTED = "never with /dms, and never with /dms-staging"


@dataclass
class Pair:
    first: Env
    second: Env
    second_user: str

    def each(self) -> tuple[Env, Env]:
        return self.first, self.second


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("bots")
    (folder / "second").mkdir()
    with (
        SlackServer(port=0) as slack,
        DmsServer(port=0, seed="empty", clock_factor=60.0, operation_seconds=6.0) as dms,
    ):
        slack.control.configure(**UNHURRIED)
        channels = ["dms", NOTIFY_CHANNEL, APPROVAL_CHANNEL]
        app = slack.control.add_app("dms-staging", STAGING, channels)
        tokens = {"slack_bot_token": app["bot_token"], "slack_app_token": app["app_token"]}
        own = settings(slack, dms, folder / "second", command=STAGING, **tokens)
        with running(settings(slack, dms, folder)) as one, running(own) as two:
            slack.control.wait_connections()
            slack.control.of_app(app["id"]).wait_connections()
            yield Pair(
                Env(slack.control, dms.control, one),
                Env(slack.control.of_app(app["id"]), dms.control, two, STAGING),
                app["bot_user"],
            )
        assert slack.control.violations() == []


def authors(pair: Pair, message: dict[str, Any]) -> re.Pattern[str]:
    """The command that must not be in this message."""
    return _DMS if message["user"] == pair.second_user else _STAGED


def named_wrongly(pair: Pair) -> list[str]:
    """What was posted or shown by one bot and names the other's command, or the mark of none."""
    wrong = []
    for message in pair.first.slack.messages():
        said = plain(message).replace(QUOTED, "")
        if message.get("app_id") and (authors(pair, message).search(said) or COMMAND in said):
            wrong.append(said)
    for call in pair.first.slack.calls():
        said = json.dumps(call["args"], ensure_ascii=False).replace(QUOTED, "")
        other = _STAGED if call["app"] == "A0DMSBOT01" else _DMS
        if other.search(said) or COMMAND in said:
            wrong.append(said)
    return wrong


def test_each_answers_its_own_command_alone(pair: Pair) -> None:
    for at, command in ((pair.first, "/dms"), (pair.second, STAGING)):
        before = at.now()
        assert f"`{command} help restart` explains one command" in plain(at.type("help"))
        (said,) = at.slack.messages(channel="dms", user="dana", after=before)
        assert (said["user"] == pair.second_user) == (at is pair.second)
    assert named_wrongly(pair) == []


def refused(verb: str) -> list[str]:
    """Lines that the parser refuses, each with an example of what would be right."""
    syntaxes = {name: each.grammar for name, each in all_verbs().items()}
    found = []
    for tail in WRONG:
        try:
            parse(f"{verb} {tail}", syntaxes)
        except UsageError:
            found.append(f"{verb} {tail}")
    return found


@pytest.mark.parametrize("verb", sorted(all_verbs()))
def test_help_and_refusals_name_it(pair: Pair, verb: str) -> None:
    lines = refused(verb)
    assert lines
    assert f"{STAGING} {verb}" in plain(pair.second.type(f"help {verb}"))
    for line in lines:
        pair.second.type(line)
    assert named_wrongly(pair) == []


def test_what_people_look_at_names_it(pair: Pair) -> None:
    job = unique_id("shown")
    pair.first.dms.add_job(job, state="RUNNING", phase="CDC", frozen=True, databases=[])
    for at in pair.each():
        for line in (
            "list",
            "list state=failed",
            f"show {job}",
            f"databases {job} state=failed",
            f"delay {job}",
            "approvals",
            "history",
            f"history {job}",
            "policy",
            f"policy {job}",
            "watches",
            f"watch {job} --dm",
            "watch state=nothing",
            f"freeze {job} --until 2h --reason '{QUOTED}'",
            f"stop {job}",
            f"unfreeze {job}",
            "show nowhere-db",
            "stop --all state=starting",
            "lst",
        ):
            at.type(line)
        at.slack.open_home("dana")
        at.slack.wait_home("dana", "All jobs")
    assert named_wrongly(pair) == []


def test_what_people_quote_stays(pair: Pair) -> None:
    for at in pair.each():
        job = at.add_job("quoted", state="RUNNING", phase="CDC")
        assert QUOTED in plain(at.type(f'freeze {job} --until 2h --reason "{QUOTED}"'))
        assert QUOTED in plain(at.type(f"stop {job}"))
        rows = [each.detail for each in at.bot.store.audit() if each.event == "frozen"]
        assert QUOTED in rows[-1]
    failed = pair.first.add_job("broken", state="FAILED", phase="CDC", error=QUOTED)
    for at in pair.each():
        assert QUOTED in plain(at.type(f"show {failed}"))


def test_requests_notifications_and_the_audit_name_it(pair: Pair) -> None:
    at = pair.second
    job = at.add_job("moved", state="RUNNING", phase="CDC", databases=["sales"])
    card = at.type(f"promote {job}")
    at.type("approvals")
    at.confirm(card, typed=job)
    at.shows_done(card, "promote")
    stopped = at.add_job("halted", state="RUNNING", phase="FULL_DUMP")
    stop = at.type(f"stop {stopped}")
    at.press(stop, "confirm")
    at.shows_done(stop, "stop")  # else its operation ends later, and the job is stopped after it failed
    at.slack.command(f"{STAGING} edit {job}")
    view = at.slack.wait_view("dana")
    assert view["app_id"] != "A0DMSBOT01"
    at.slack.close_view(view, everything=True)
    at.dms.set_job(stopped, state="FAILED", phase="CDC", error="disk full")
    at.slack.wait_message(channel=NOTIFY_CHANNEL, contains=["disk full"])
    assert named_wrongly(pair) == []
    for each in pair.each():
        rows = "\n".join(row.detail for row in each.bot.store.audit(limit=1000))
        assert COMMAND not in rows
