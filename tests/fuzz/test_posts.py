"""Signed HTTP: what Slack has not signed just now is refused unread; the same request again does nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import posts, strategies
from tests.fuzz.env import FuzzEnv, open_fuzz_env
from tests.fuzz.posts import Wire
from tests.fuzz.profile import BATCH, count, limits

pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")
READ = ("command", "button", "view", "duplicate_delivery", "request_malformed")
"""What the bot logs of a request that it has read."""
_ANSWERING = (
    "views.open",
    "views.push",
    "views.update",
    "chat.postEphemeral",
    "files.completeUploadExternal",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FuzzEnv]:
    with open_fuzz_env(tmp_path_factory.mktemp("bot"), http=True) as ready:
        yield ready


@pytest.fixture(scope="module")
def wire(made: FuzzEnv) -> Iterator[Wire]:
    with posts.wire(made) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _nothing_done(made: FuzzEnv) -> Iterator[None]:
    yield
    made.nothing_was_done()


@limits(8, 1_200)
@given(st.data())
def test_what_is_not_signed_now_is_refused_unread(made: FuzzEnv, wire: Wire, data: st.DataObject) -> None:
    answers = []
    for _ in range(BATCH):
        body, kind = posts.encoded(made.filled(data.draw(posts.wishes(made))))
        headers = data.draw(posts.forgeries(made, body, kind))
        answer = wire.post(body, headers)
        assert answer.status == 401, (headers, answer)
        answers.append(answer.text)
    count("HTTP requests unsigned, badly signed, or stale", BATCH)
    made.settle()
    assert [each for event in READ for each in made.log.named(event)] == []
    made.is_sound("forged", answers)


@limits(6, 700)
@given(st.data())
def test_what_is_signed_is_answered_whatever_it_is(made: FuzzEnv, wire: Wire, data: st.DataObject) -> None:
    answers = []
    for _ in range(BATCH):
        body, kind = data.draw(st.one_of(posts.bodies(), _deliveries(made).map(posts.encoded)))
        answer = wire.post(body, posts.headers(made, body, kind))
        assert answer.status in (200, 400, 404), (body, kind, answer)
        answers.append(answer.text)
    count("HTTP requests signed, with any body", BATCH)
    made.settle()
    made.is_sound("signed", answers)


@limits(4, 300)
@given(st.data())
def test_a_replay_does_nothing(made: FuzzEnv, wire: Wire, data: st.DataObject) -> None:
    """The same bytes under the same signature: what they carry is done once."""
    whole = st.one_of(strategies.commands(made), strategies.presses(made), strategies.submissions(made))
    requests = []
    for _ in range(BATCH):
        body, kind = posts.encoded(made.filled(data.draw(whole)))
        requests.append((body, posts.headers(made, body, kind)))
    first = [wire.post(*each) for each in requests]
    made.settle()
    made.is_sound(requests, [each.text for each in first])
    asked = _asked(made)
    again = [wire.post(*each) for each in requests for _ in range(2)]
    count("HTTP requests replayed", len(again))
    made.settle()
    assert {each.status for each in again} <= {200, 400, 404}
    # Who watches a job may be told of it meanwhile.
    assert [each for each in made.taken() if each.ephemeral_for] == []
    assert _asked(made) == asked
    made.is_sound(requests, [each.text for each in again])


def _deliveries(made: FuzzEnv) -> st.SearchStrategy[Any]:
    whole = st.one_of(
        strategies.commands(made),
        strategies.presses(made),
        strategies.submissions(made),
        strategies.events(made),
    )
    return st.one_of(whole, strategies.spoilt(whole)).map(made.filled)


def _asked(made: FuzzEnv) -> Counter[str]:
    """How often people have been answered in each way; a Home tab is shown as often as it is opened."""
    called = Counter(each["method"] for each in list(made.slack.workspace.calls))
    return Counter({method: called[method] for method in _ANSWERING})
