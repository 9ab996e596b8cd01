"""Text from outside, and where long text is cut."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cmdline.answers import Channel, Group, Link, Outside, Time, User
from bot.slack.render import mrkdwn as escape
from bot.slack.render.rich_text import mrkdwn, plain
from tests.slack.checks import speaks_alone
from tests.slack.makers import NASTY, texts


@pytest.mark.parametrize("text", NASTY)
def test_outside_text_formats_nothing(text: str) -> None:
    shown = escape.outside(text)
    speaks_alone(shown)
    assert not set("*`~") & set(shown)
    assert ":fire:" not in shown


def test_names_with_underscores_stay_as_they_are() -> None:
    assert escape.outside("orders_db") == "orders_db"
    assert escape.outside("_private_") != "_private_"
    assert escape.code("_private_") == "`_private_`"


def test_code_cannot_be_left() -> None:
    assert escape.code("a`b\nc <!here>").count("`") == 2


def test_our_own_sentences_keep_code_and_bold_alone() -> None:
    assert escape.own("*bold* `co_de <x>` _it_ ~no~ <!here>") == (
        "*bold* `co_de &lt;x&gt;` \u02cdit\u02cd \u223cno\u223c &lt;!here&gt;"
    )


def test_the_direction_of_text_cannot_be_turned() -> None:
    assert escape.outside("abc\u202edcba") == "abcdcba"


def test_parts() -> None:
    at = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    rich = (User("U1"), " ", Group("S1"), " ", Channel("C1"), " ", Time(at), " ", Outside("<!here>"))
    assert mrkdwn(rich) == (
        f"<@U1> <!subteam^S1> <#C1> <!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|"
        "2026-11-20 10:00 UTC> &lt;!here&gt;"
    )
    assert plain(("*a* `b` ", Time(at))) == "a b 2026-11-20 10:00 UTC"


@pytest.mark.parametrize("id", ["!channel", "U1> <!here", "", "u1"])
def test_ids_that_are_none_mention_nobody(id: str) -> None:
    assert "<" not in mrkdwn((User(id), Group(id), Channel(id)))


def test_links() -> None:
    assert mrkdwn((Link("https://x.example/a?b=1&c|d", "see <it>|now"),)) == (
        "<https://x.example/a?b=1&amp;c%7Cd|see &lt;it&gt;/now>"
    )
    assert mrkdwn((Link("javascript:alert(1)", "click"),)) == "click"


@given(texts, st.integers(2, 40))
def test_cut_text_is_short_and_whole(text: str, most: int) -> None:
    whole = f"{escape.outside(text)} {escape.code(text)} {escape.mention('@', 'U1')}"
    cut = escape.clip(whole, most)
    assert escape.size(cut) <= most
    speaks_alone(cut)
    assert cut.count("`") % 2 == 0


@given(texts, st.integers(1, 40))
def test_cut_plain_text_is_one_short_line(text: str, most: int) -> None:
    cut = escape.clip_plain(text, most)
    assert 1 <= escape.size(cut) <= most
    assert "\n" not in cut
