"""Blocks come out as slack_sdk itself would write them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import ButtonElement

from bot.cmdline.answers import Answer
from bot.slack.render.block_json import as_json
from bot.slack.render.render import render
from tests.slack import makers


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(makers.answers)
def test_as_the_models_write_themselves(answer: Answer) -> None:
    blocks = render(answer).blocks
    assert as_json(blocks) == [block.to_dict() for block in blocks]


def test_what_the_models_refuse_is_refused() -> None:
    with pytest.raises(SlackObjectFormationError, match="255"):
        as_json(ButtonElement(text="Stop", action_id="a" * 256))
