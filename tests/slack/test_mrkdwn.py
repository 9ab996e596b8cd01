"""Text from outside, and where long text is cut."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cmdline.answers import Channel, Group, TextLink, Time, User, Verbatim
from bot.cmdline.quoted import quoted
from bot.slack.render import mrkdwn
from bot.slack.render.mrkdwn import rich_text, to_plain_text
from tests.slack.checks import speaks_alone
from tests.slack.makers import NASTY, texts


@pytest.mark.parametrize("text", NASTY)
def test_outside_text_formats_nothing(text: str) -> None:
    shown = mrkdwn.verbatim(text)
    speaks_alone(shown)
    assert not set("*`~") & set(shown)
    assert ":fire:" not in shown


def test_names_with_underscores_stay_as_they_are() -> None:
    assert mrkdwn.verbatim("orders_db") == "orders_db"
    assert mrkdwn.verbatim("_private_") != "_private_"
    assert mrkdwn.code("_private_") == "`_private_`"


def test_code_cannot_be_left() -> None:
    assert mrkdwn.code("a`b\nc <!here>").count("`") == 2


def test_our_own_sentences_keep_code_and_bold_alone() -> None:
    assert mrkdwn.format_own("*bold* `co_de <x>` _it_ ~no~ <!here>") == (
        "*bold* `co_de &lt;x&gt;` \u02cdit\u02cd \u223cno\u223c &lt;!here&gt;"
    )


def test_times_in_our_own_sentences_are_in_the_readers_zone() -> None:
    """They are stored as text, and the audit has them in UTC."""
    said = "`restart` (`operation-1`), since 2026-11-20 10:00 UTC, not `2026-11-20 10:00 UTC`; due 10:00 UTC"
    assert mrkdwn.format_own(said) == (
        "`restart` (`operation-1`), since "
        "<!date^1795168800^{date_short_pretty} {time}|2026-11-20 10:00 UTC>, "
        "not `2026-11-20 10:00 UTC`; due 10:00 UTC"
    )
    assert rich_text(quoted("*frozen* until 2026-11-20 10:00 UTC")) == (
        "\u2217frozen\u2217 until <!date^1795168800^{date_short_pretty} {time}|2026-11-20 10:00 UTC>"
    )


def test_the_direction_of_text_cannot_be_turned() -> None:
    assert mrkdwn.verbatim("abc\u202edcba") == "abcdcba"


def test_nothing_hides_in_a_name() -> None:
    assert mrkdwn.name("*Sales*\u202e ") == "\u2217Sales\u2217⟨U+202E⟩␣"
    assert mrkdwn.code("sales\u200b ") == "`sales⟨U+200B⟩␣`"
    assert mrkdwn.format_own("Drop `s\u0430les`\u202e now") == "Drop `s\u0430⟨U+0430⟩les` now"


def test_parts() -> None:
    at = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    rich = (User("U1"), " ", Group("S1"), " ", Channel("C1"), " ", Time(at), " ", Verbatim("<!here>"))
    assert rich_text(rich) == (
        f"<@U1> <!subteam^S1> <#C1> <!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|"
        "2026-11-20 10:00 UTC> &lt;!here&gt;"
    )
    assert to_plain_text(("*a* `b` ", Time(at))) == "a b 2026-11-20 10:00 UTC"


@pytest.mark.parametrize("id", ["!channel", "U1> <!here", "", "u1"])
def test_ids_that_are_none_mention_nobody(id: str) -> None:
    assert "<" not in rich_text((User(id), Group(id), Channel(id)))


def test_links() -> None:
    assert rich_text((TextLink("https://x.example/a?b=1&c|d", "see <it>|now"),)) == (
        "<https://x.example/a?b=1&amp;c%7Cd|see &lt;it&gt;/now>"
    )
    assert rich_text((TextLink("javascript:alert(1)", "click"),)) == "click"


@given(texts, st.integers(2, 40))
def test_cut_text_is_short_and_whole(text: str, most: int) -> None:
    whole = f"{mrkdwn.verbatim(text)} {mrkdwn.code(text)} {mrkdwn.mention('@', 'U1')}"
    cut = mrkdwn.clip(whole, most)
    assert mrkdwn.utf16_length(cut) <= most
    speaks_alone(cut)
    assert cut.count("`") % 2 == 0


@given(texts, st.integers(1, 40))
def test_cut_plain_text_is_one_short_line(text: str, most: int) -> None:
    cut = mrkdwn.clip_plain(text, most)
    assert 1 <= mrkdwn.utf16_length(cut) <= most
    assert "\n" not in cut
