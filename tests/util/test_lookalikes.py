"""Names that disguise themselves. Characters have the names of the Unicode Character Database."""

from __future__ import annotations

import pytest

from bot.util.lookalikes import visible, wrong_character


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("sales\u200b", "sales⟨U+200B⟩"),
        ("sa\u00adles", "sa⟨U+00AD⟩les"),
        ("abc\u202edcba", "abc⟨U+202E⟩dcba"),
        ("\ufeffsales", "⟨U+FEFF⟩sales"),
        ("sa\u2063les", "sa⟨U+2063⟩les"),
        ("big\u00a0data", "big⟨U+00A0⟩data"),
        ("tab\there", "tab⟨U+0009⟩here"),
        ("two\nlines", "two⟨U+000A⟩lines"),
        ("filler\u3164", "filler⟨U+3164⟩"),
        ("sales\ufe0f", "sales⟨U+FE0F⟩"),
        ("sale\u0301s", "sale⟨U+0301⟩s"),
        ("sales ", "sales␣"),
        (" sales", "␣sales"),
        ("big  data", "big␣␣data"),
        ("\u043erders-db", "\u043e⟨U+043E⟩rders-db"),
        ("db \u0430\u0440\u0440", "db \u0430⟨U+0430⟩\u0440⟨U+0440⟩\u0440⟨U+0440⟩"),
        ("\uff4frders", "\uff4f⟨U+FF4F⟩rders"),
        ("v\uff11", "v\uff11⟨U+FF11⟩"),
    ],
)
def test_what_hides_is_marked(name: str, shown: str) -> None:
    assert visible(name) == shown
    assert visible(shown) == shown


@pytest.mark.parametrize(
    "name",
    [
        "orders-db",
        "Big data (2026), copy",
        "Größe",
        "naïve café",
        "заказы",
        "Ελληνικά",
        "売上",
        "हिन्दी",
        "📦 orders",
        "❤️ sales",
        "👩‍💻",
        "",
    ],
)
def test_other_names_stay_as_they_are(name: str) -> None:
    assert visible(name) == name


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("orders-db", ""),
        ("orders-db ", "At the end there is a space too much."),
        ("orders-db\u200b", "At the end there is ZERO WIDTH SPACE (U+200B) too much."),
        ("orders-dbx", "At the end there is “x” too much."),
        (" orders-db", "Character 1 is a space, not “o”."),
        ("\u043erders-db", "Character 1 is CYRILLIC SMALL LETTER O (U+043E), not “o”."),
        ("orders\u2010db", "Character 7 is HYPHEN (U+2010), not “-”."),
        ("orders\u202e-db", "Character 7 is RIGHT-TO-LEFT OVERRIDE (U+202E), not “-”."),
        ("orders\x07-db", "Character 7 is a character without a name (U+0007), not “-”."),
        ("orders", "It ends before “-”."),
        ("", "Nothing was typed."),
    ],
)
def test_the_wrong_character_is_named(written: str, said: str) -> None:
    assert wrong_character(written, "orders-db") == said
