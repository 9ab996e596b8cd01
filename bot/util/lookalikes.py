"""Characters that hide in a name or look like others: made visible, and named.

Source: Unicode Technical Standard 39, "Unicode Security Mechanisms": its table of confusable characters, from
`confusable_homoglyphs`. It is read on the first name that is not ASCII, as it takes 10 MB.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_WORD = re.compile(r"\w+")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
"""General categories of characters that show nothing, or turn the direction of text."""
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
"""Characters of other categories that show nothing: default ignorable ones, and an empty braille pattern."""
_JOINERS = frozenset("\u200d\ufe0f")
"""What holds an emoji together."""
_SPACE = "\u2423"
"""␣ stands for a space that could be overlooked."""


@lru_cache(maxsize=4096)
def visible(name: str, keep: str = "") -> str:
    """`name` with everything marked that could disguise it, as in `о⟨U+043E⟩rders` or `sales⟨U+200B⟩`.

    Marked are characters that show nothing or turn the direction, spaces at an end or in a row, marks on an
    ASCII character, and each letter that looks like ASCII in a word that looks like nothing else. What is
    marked already stays as it is, and so do the characters of `keep`.
    """
    if _PLAIN.fullmatch(name):
        return name
    alike = {at for word in _WORD.finditer(name) for at in _lookalikes(word)}
    return "".join(char if char in keep else _shown(name, at, at in alike) for at, char in enumerate(name))


def wrong_character(written: str, expected: str) -> str:
    """Where `written` first differs from `expected`, in a sentence; empty if they are equal."""
    if written == expected:
        return ""
    pairs = enumerate(zip(written, expected, strict=False))
    at = next((at for at, (one, other) in pairs if one != other), min(len(written), len(expected)))
    if at == len(expected):
        return f"At the end there is {_named(written[at])} too much."
    if at == len(written):
        return f"It ends before {_named(expected[at])}." if written else "Nothing was typed."
    return f"Character {at + 1} is {_named(written[at])}, not {_named(expected[at])}."


def _shown(name: str, at: int, alike: bool) -> str:
    char = name[at]
    if char == " ":
        return _SPACE if " " in (name[at - 1 : at] or " ", name[at + 1 : at + 2] or " ") else char
    if alike and not name.startswith(_mark(char), at + 1):
        return f"{char}{_mark(char)}"
    return _mark(char) if _is_hidden(name, at) else char


def _is_hidden(name: str, at: int) -> bool:
    char, before = name[at], name[at - 1 : at]
    if char in _JOINERS and before and (before in _JOINERS or unicodedata.category(before) == "So"):
        return False
    if unicodedata.category(char).startswith("M"):
        return char in _BLANK or "VARIATION SELECTOR" in unicodedata.name(char, "") or before.isascii()
    return char in _BLANK or unicodedata.category(char) in _HIDDEN


def _lookalikes(word: re.Match[str]) -> list[int]:
    """Places of the letters of a word that is not ASCII and looks as if it were."""
    text = word.group()
    if text.isascii() or not all(each.isascii() or _looks_like_ascii(each) for each in text):
        return []
    return [word.start() + at for at, each in enumerate(text) if not each.isascii()]


@lru_cache(maxsize=4096)
def _looks_like_ascii(char: str) -> bool:
    if unicodedata.normalize("NFKC", char).isascii():
        return True
    from confusable_homoglyphs import confusables

    found = confusables.is_confusable(char, greedy=True, preferred_aliases=[])
    return bool(found) and any(each["c"].isascii() for each in found[0]["homoglyphs"])


def _mark(char: str) -> str:
    return f"⟨U+{ord(char):04X}⟩"


def _named(char: str) -> str:
    """`“a”`, `a space`, or `CYRILLIC SMALL LETTER A (U+0430)`."""
    if char == " ":
        return "a space"
    if char.isascii() and char.isprintable():
        return f"“{char}”"
    return f"{unicodedata.name(char, 'a character without a name')} (U+{ord(char):04X})"
