"""Help fits the screen of a phone: 390 pixels wide, which hold about 40 characters a line."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import pytest

from bot.cmdline.answers import AnswerPage
from bot.cmdline.parser import parse
from bot.slack.render.answer import render
from bot.util.command import DEFAULT, with_command
from commands import all_verbs
from tests.policy.command_service import CommandService, words
from tests.policy.people import ADMIN, DANA, QUINN

WIDTH = 40
MAX_LINES = 24
MAX_CHARACTERS = 800
PAGES = ("", *all_verbs())


def shown(typing: CommandService, verb: str, **fields: Any) -> list[dict[str, Any]]:
    """The blocks of a page as Slack gets them."""
    payload = with_command(render(typing.type(f"help {verb}", **fields)).payload(), DEFAULT)
    blocks: list[dict[str, Any]] = payload["blocks"]
    return blocks


def lines(block: dict[str, Any]) -> list[str]:
    """What is read of a block before anything is unfolded."""
    match block["type"]:
        case "container":
            text = f"> {block['title']['text']}"
        case "actions":
            text = "  ".join(each["text"]["text"] for each in block["elements"])
        case "context":
            text = block["elements"][0]["text"]
        case _:
            text = block["text"]["text"]
    plain = re.sub(r"[`*]", "", text)
    return [row for line in plain.split("\n") for row in textwrap.wrap(line, WIDTH) or [""]]


@pytest.mark.parametrize("verb", PAGES)
def test_each_page_fits_a_phone(typing: CommandService, verb: str) -> None:
    read = [line for block in shown(typing, verb) for line in lines(block)]
    assert len(read) <= MAX_LINES, read
    assert sum(map(len, read)) <= MAX_CHARACTERS, read


@pytest.mark.parametrize("verb", all_verbs().values(), ids=lambda verb: verb.name)
def test_a_page_begins_with_an_example_that_works(typing: CommandService, verb: Any) -> None:
    syntaxes = {name: each.grammar for name, each in all_verbs().items()}
    title, does = shown(typing, verb.name)[:2]
    example = title["text"]["text"].removeprefix("/dms ")
    assert parse(example, syntaxes).verb == verb.name
    assert "orders-db" in example or verb.syntax.jobs in ("none", "optional")
    assert len(re.findall(r"[.!](?:\*? |$)", does["text"]["text"])) <= 3


def test_a_command_of_the_list_is_one_line(typing: CommandService) -> None:
    first, *folded = [each for each in shown(typing, "") if each["type"] in ("section", "container")][1:-1]
    texts = [first["text"]["text"].partition("\n")[2]]
    texts += [child["text"]["text"] for each in folded for child in each["child_blocks"]]
    rows = [row for text in texts for row in text.split("\n")]
    assert sorted(re.findall(r"^`(\w+)` ", "\n".join(rows), re.MULTILINE)) == sorted(all_verbs())
    assert [row for row in rows if len(row.replace("`", "")) > WIDTH] == []


def test_the_list_says_how_to_name_a_job(typing: CommandService) -> None:
    for page in ("help", "help restart"):
        said = words(typing.type(page))
        assert "`location/ID`" in said
        assert "`alias/location/ID`" in said


def buttons(typing: CommandService, line: str, **fields: Any) -> dict[str, str]:
    """What each button says, and the command that it runs."""
    page = typing.type(line, **fields)
    assert isinstance(page, AnswerPage)
    found = {}
    for each in page.buttons:
        ref = typing.ctx.store.ref(typing.ctx.who.team, each.ref)
        assert ref is not None
        found[with_command(each.label, DEFAULT)] = f"{ref.data['verb']} {ref.data['filters']}"
    return found


def test_a_button_begins(typing: CommandService) -> None:
    assert buttons(typing, "help restart") == {
        "Restart a job…": "list {'state': 'failed,stopped,with-errors'}",
        "All commands": "help {}",
    }
    assert list(buttons(typing, "help show")) == ["Choose a job…", "All commands"]
    assert list(buttons(typing, "help approvals")) == ["/dms approvals", "All commands"]
    assert list(buttons(typing, "help watch")) == ["All commands"]


def test_nobody_gets_a_button_for_what_they_may_not_do(typing: CommandService) -> None:
    assert list(buttons(typing, "help restart", who=QUINN)) == ["All commands"]
    for who in (DANA, ADMIN):
        assert "Restart a job…" in buttons(typing, "help restart", who=who)


def test_no_button_of_help_changes_anything(typing: CommandService) -> None:
    verbs = all_verbs()
    for name, verb in verbs.items():
        begun = {run.split()[0] for run in buttons(typing, f"help {name}").values()}
        assert all(verbs[each].read_only for each in begun), name
        assert not begun & {"watch", "unwatch", "acknowledge"}, name
        assert not verb.begins or begun > {"help"}


def test_classic_blocks_have_the_same_text(typing: CommandService) -> None:
    payload = with_command(render(typing.type("help restart")).payload(), DEFAULT)
    (folded,) = [each for each in payload["blocks"] if each["type"] == "container"]
    classic = [each["text"]["text"] for each in payload["classic"]["blocks"] if each["type"] == "section"]
    (inside,) = [child["text"]["text"] for child in folded["child_blocks"]]
    assert classic[-1] == f"*More*\n{inside}"
    assert "`/dms restart JOB --databases a,b | --failed-only | --pick`" in inside


def test_the_slash_command_before_a_verb_is_no_verb(typing: CommandService) -> None:
    assert words(typing.type("help /dms restart")) == words(typing.type("help restart"))
    assert words(typing.type("help /dms")) == words(typing.type("help"))
