"""Everything that can be delivered, from everybody who may do nothing: nothing is done, nothing breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import strategies
from tests.fuzz.env import FuzzEnv
from tests.fuzz.profile import BATCH, count, limits

pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")
"""The bot's own threads do, meanwhile."""


@pytest.fixture(autouse=True)
def _nothing_done(made: FuzzEnv) -> Iterator[None]:
    yield
    made.nothing_was_done()


def batch(made: FuzzEnv, kind: str, data: st.DataObject, whole: st.SearchStrategy[Any]) -> None:
    """A few of these, whole or spoilt."""
    either = st.one_of(whole, whole, strategies.spoilt(whole))
    bodies = data.draw(st.lists(either, min_size=BATCH, max_size=BATCH))
    count(kind, BATCH)
    made.deliver_all(bodies)


@limits(6, 1_000)
@given(st.data())
def test_presses(made: FuzzEnv, data: st.DataObject) -> None:
    batch(made, "presses", data, strategies.presses(made))


@limits(8, 900)
@given(st.data())
def test_submissions(made: FuzzEnv, data: st.DataObject) -> None:
    batch(made, "view submissions", data, strategies.submissions(made))


@limits(5, 700)
@given(st.data())
def test_suggestions(made: FuzzEnv, data: st.DataObject) -> None:
    batch(made, "suggestions", data, strategies.suggestions(made))


@limits(5, 500)
@given(st.data())
def test_events(made: FuzzEnv, data: st.DataObject) -> None:
    batch(made, "events", data, strategies.events(made))


@limits(5, 900)
@given(st.data())
def test_commands(made: FuzzEnv, data: st.DataObject) -> None:
    batch(made, "slash commands", data, strategies.commands(made))


@limits(6, 1_000)
@given(st.data())
def test_anything(made: FuzzEnv, data: st.DataObject) -> None:
    """No shape at all."""
    bodies = data.draw(st.lists(strategies.odd, min_size=BATCH, max_size=BATCH))
    count("things without shape", BATCH)
    made.deliver_all(bodies)
