"""The word that was probably meant by one that is not known."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

_MIN_SCORE = 75
"""Least likeness (0 to 100): by a wrong word, such as `reboot`, nothing else is to be thought meant. A hint
that is far off does harm where it names what destroys: `restore` is no `restart`."""
_MIN_LENGTH = 3
"""Characters of a word in which one may be wrong."""
_MAX_LENGTH = 100
"""Characters that are compared: what is longer is no word."""


def nearest(word: str, among: Iterable[str]) -> str:
    """The only one of `among` that begins like `word`, else the one most like it: a word misspelt, or a
    short one with one letter wrong. Upper and lower case are the same. Empty where none is near."""
    known = {each.casefold(): each for each in among}
    typed = word.casefold()
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
