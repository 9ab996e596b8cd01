"""No view opens in which somebody would fill in something for nothing."""

from __future__ import annotations

import pytest

from bot.cmdline.answers import EditForm, Note, PickForm
from tests.policy.command_service import CommandService, words
from tests.policy.people import DANA, QUINN


@pytest.mark.parametrize("line", ["edit orders", "promote orders --pick", "restart orders --pick"])
def test_who_may_not_act_gets_no_form(typing: CommandService, line: str) -> None:
    answer = typing.type(line, who=QUINN)
    assert isinstance(answer, Note)
    assert f"use `{line.split()[0]}`" in words(answer)


def test_who_may_act_gets_the_form(typing: CommandService) -> None:
    assert isinstance(typing.type("edit orders", who=DANA), EditForm)
    assert isinstance(typing.type("promote orders --pick", who=DANA), PickForm)
