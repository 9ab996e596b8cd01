"""What people read of an error: whether something was sent is said only where it is certain."""

from __future__ import annotations

import pytest

from bot.dms.errors import Unavailable, Unclear
from bot.slack.inbound.workers import error_note
from bot.store import StoreError


@pytest.mark.parametrize(
    ("error", "verb", "said"),
    [
        (Unavailable("DMS could not be reached."), "restart", True),
        (Unavailable("DMS could not be reached."), "show", False),
        # It may have failed once the run was queued, which then sends.
        (StoreError("The database does not answer."), "restart", False),
        (Unclear("It may have arrived."), "restart", False),
    ],
)
def test_nothing_was_sent_is_said_where_it_is_certain(error: Exception, verb: str, said: bool) -> None:
    assert ("Nothing was sent." in str(error_note(error, verb).text)) is said


def test_it_is_said_once() -> None:
    text = str(error_note(Unavailable("DMS is away. Nothing was sent."), "restart").text)
    assert text.count("Nothing was sent.") == 1
