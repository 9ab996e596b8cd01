"""Did you mean: the known word that an unknown one probably stands for."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

_MIN_SCORE = 75
"""Minimum similarity score (0 to 100). High enough that `reboot` and `restore` never suggest `restart`: a
wrong hint does harm where the suggested verb destroys data."""
_MIN_LENGTH = 3
"""Shorter words are too easily mistaken for another to allow one wrong letter."""
_DENIALS = ("not", "no", "un", "dont", "never", "without", "skip", "ex")
"""What a word begins with that denies the rest of it."""
_NEGATIONS = frozenset({"no", "not", "never", "without", "keep"})
"""The same as words between hyphens: `with-no-destination`."""
_MAX_LENGTH = 100
"""Longer texts are not compared: comparing takes time, and they are no word."""


def did_you_mean(word: str, among: Iterable[str], form: str = "{}") -> str:
    """` Did you mean `restart`?`, to follow a sentence; empty where no word is near.

    `form` is how the word is typed, for example `--{}` or `{}`.
    """
    near = nearest(word, among)
    return f" Did you mean `{form.format(near)}`?" if near else ""


def or_similar(word: str, among: Iterable[str]) -> str:
    """` (did you mean `restart`?)`, to follow the word in a sentence; empty where no word is near."""
    near = nearest(word, among)
    return f" (did you mean `{near}`?)" if near else ""


def nearest(word: str, among: Iterable[str]) -> str:
    """The word of `among` that `word` probably means; empty where none is near. Case is ignored.

    It is the only one that begins with `word`, else the most similar one, else (short words) one that
    differs in a single letter: `hist` gives `history`, `restrat` gives `restart`.
    """
    typed = word.casefold()
    known = {
        each.casefold(): each
        for each in among
        if not (_is_opposite(typed, each.casefold()) or _begins_otherwise(typed, each.casefold()))
    }
    if not typed or len(typed) > _MAX_LENGTH:
        return ""
    begun = [each for each in known if each.startswith(typed)]
    if len(begun) == 1:
        return known[begun[0]]
    alike = process.extractOne(typed, list(known), scorer=fuzz.ratio, score_cutoff=_MIN_SCORE)
    if alike is not None:
        return known[alike[0]]
    slips = [each for each in known if OSA.distance(typed, each) == 1]
    return known[slips[0]] if slips and len(typed) >= _MIN_LENGTH else ""


def _is_opposite(typed: str, known: str) -> bool:
    """Whether one of the words denies the other, as `undelete` and `delete` or `no-destination` and
    `with-destination`: alike, and never meant."""
    return bool(_NEGATIONS.intersection(typed.split("-")).difference(known.split("-"))) or any(
        (typed.startswith(each) and not known.startswith(each))
        or (known.startswith(each) and known.removeprefix(each).lstrip("-_")[:3] == typed[:3])
        for each in _DENIALS
    )


def _begins_otherwise(typed: str, known: str) -> bool:
    """Whether only what follows a hyphen is alike, as in `keep-destination` and `with-destination`."""
    first, hyphen, _ = typed.partition("-")
    meant, also, _ = known.partition("-")
    slips = 1 + len(meant) // 6
    return bool(hyphen and also) and not meant.startswith(first) and OSA.distance(first, meant) > slips
