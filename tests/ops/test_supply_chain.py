"""What ships with the bot may be shipped, and the same sources make the same wheel."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PERMITS = re.compile(
    r"MIT|Apache|BSD|PSF|MPL|Mozilla Public License|Python Software Foundation|Public Domain|Unlicense|ISC"
)
LIBRARIES = {"psycopg", "psycopg-binary", "psycopg-pool"}
"""Under the LGPL 3: used as they are, as libraries that can be replaced, which it permits."""
NAMES = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE)


def licence(name: str) -> str:
    """As the package says it: SPDX expression, else classifiers, else free text."""
    found = metadata.metadata(name)
    classifiers = [each for each in found.get_all("Classifier") or () if each.startswith("License ::")]
    said = (found.get_all("License-Expression"), classifiers, found.get_all("License"))
    return " ".join(next((each for each in said if each), ()))


def test_there_are_packages_to_look_at() -> None:
    assert len(set(NAMES)) > 40


@pytest.mark.parametrize("name", sorted(set(NAMES)))
def test_a_package_may_be_shipped(name: str) -> None:
    found = licence(name)
    if name in LIBRARIES:
        assert "LGPL" in found
    else:
        assert PERMITS.search(found), f"{name}: {found!r}"
        assert "GPL" not in found
