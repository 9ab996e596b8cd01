"""The pictures in the documentation are there, small, and taken by a story."""

from __future__ import annotations

import re
from pathlib import Path

from tests.browser.pictures import MOST_BYTES, ROOT, shown_in_documentation


def test_each_picture_is_there_and_small() -> None:
    for name in shown_in_documentation():
        assert 0 < (ROOT / "docs/pictures" / f"{name}.png").stat().st_size < MOST_BYTES, name


def test_each_picture_is_taken_by_a_story() -> None:
    stories = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    taken = set(re.findall(r'pictures\.(?:of|window)\(\w+, "([\w-]+)"\)', stories))
    assert shown_in_documentation() - taken == set()


def test_no_picture_is_left_over() -> None:
    kept = {path.stem for path in (ROOT / "docs/pictures").glob("*.png")}
    assert kept - shown_in_documentation() == set()
