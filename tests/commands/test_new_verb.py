"""The verb that the guide adds is one."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.cmdline.answers import AnswerPage
from bot.cmdline.parser import parse
from commands.support.base import Verb
from tests.policy.command_service import CommandService, words

GUIDE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"


def test_the_guides_verb_answers_and_is_helped_with(typing: CommandService) -> None:
    (code,) = re.findall(
        r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    module: dict[str, Any] = {}
    exec(code, module)
    verb = module["VERB"]
    assert isinstance(verb, Verb)
    at = CommandService(replace(typing.ctx, verbs={**typing.ctx.verbs, verb.name: verb}))
    assert re.fullmatch(r"`orders` was created .+ ago\.", words(at.type("age orders")))
    helped = at.type("help age")
    assert isinstance(helped, AnswerPage)
    assert "/dms age orders-db" in words(helped)
    assert parse("age a", {verb.name: verb.grammar}).jobs == ("a",)
