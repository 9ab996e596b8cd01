"""Text is counted on the objects as it counts in their JSON."""

from __future__ import annotations

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.cmdline.answers import Answer
from bot.slack.render import mrkdwn
from bot.slack.render.answer import render
from bot.slack.render.message import text_size
from tests.slack import makers
from tests.slack.checks import texts

tried = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@tried
@given(makers.answers)
def test_a_block_is_as_long_as_its_json(answer: Answer) -> None:
    for block in render(answer).blocks:
        assert text_size(block) == sum(map(mrkdwn.utf16_length, texts(block.to_dict())))


@tried
@given(st.text(st.characters()))
@example("a\ud800\udfffb \U0001f600")
def test_characters_beyond_the_basic_plane_count_twice(text: str) -> None:
    assert mrkdwn.utf16_length(text) == len(text) + sum(1 for each in text if each > "\uffff")
