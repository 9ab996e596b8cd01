"""What counts as the answer to a command: what the bot says of it, and not that it is looking."""

from __future__ import annotations

from pathlib import Path

from slack_sdk import WebClient

from benchmarks import env
from benchmarks.generator import Generator
from benchmarks.webapi import ANSWER
from bot.cmdline.answers import Note
from bot.slack.api.layouts import Layouts
from bot.slack.api.replies import Replier, ReplyTarget
from bot.store import open_store
from bot.store.records import Person

_WHO = Person("T0BENCH001", "U0DANA0001", "C0DMS00001")


def test_an_announcement_is_no_answer(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "bot.db"))
    with Generator() as generator, env.slack(generator) as webapi:
        replier = Replier(WebClient("xoxb-bot", base_url=f"{webapi}/api/"), Layouts(store))
        target = ReplyTarget(_WHO, response_url=f"{webapi}{ANSWER}7", typed=True)
        assert replier.show_looking(target) == ""
        assert env.answered(webapi) == {}
        replier.answer(target, Note("`orders-db` is running."))
        first = env.answered(webapi)
        assert list(first) == ["7"]
        replier.answer(target, Note("Once more."))
        assert env.answered(webapi) == first
    store.close()
