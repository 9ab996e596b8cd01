"""What the pages about the code name is there: files, rooms, and walks that can be followed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURE = ROOT / "docs" / "architecture.md"
GLOSSARY = ROOT / "docs" / "glossary.md"
PAGES = (ARCHITECTURE, GLOSSARY, ROOT / "CONTRIBUTING.md")
_LONGEST_WALK = 15
_FILE = re.compile(
    r"`((?:bot|commands|sandbox|tests|benchmarks|docs)/[\w./-]+\.\w+|[\w.]+\.(?:md|yml|toml))`"
)


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def part(page: Path, heading: str) -> str:
    """What stands between this heading and the next of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    found = re.search(
        rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{level}}} |\Z)", text(page), re.MULTILINE | re.DOTALL
    )
    assert found is not None, heading
    return found[1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_files_that_are_named_exist(page: Path) -> None:
    named = set(_FILE.findall(text(page)))
    assert len(named) > 10
    assert sorted(name for name in named if not (ROOT / name).is_file()) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_folders_that_are_named_exist(page: Path) -> None:
    named = set(re.findall(r"`((?:bot|commands|sandbox|tests)(?:/[a-z_]+)*)/?`", text(page)))
    assert sorted(name for name in named if not (ROOT / name).is_dir()) == []


def test_the_diagram_has_every_room_and_no_other() -> None:
    (diagram,) = re.findall(r"^```mermaid\n(.*?)^```", text(ARCHITECTURE), re.MULTILINE | re.DOTALL)
    shown = set(re.findall(r"\[\"(\w+(?:/\w+)*)(?:<br>[^\"]*)?\"\]$", diagram, re.MULTILINE))
    below = {room if room.startswith("commands") else f"bot/{room}" for room in shown}
    assert below == rooms()


def rooms() -> set[str]:
    """All packages, less `bot` and `bot/slack`, which hold rooms and nothing else, and parts of a room."""
    packages = {
        str(path.parent.relative_to(ROOT))
        for top in ("bot", "commands")
        for path in (ROOT / top).rglob("__init__.py")
    }
    return packages - {"bot", "bot/slack", "bot/store/tables"}


@pytest.mark.parametrize("walk", ["### A typed restart", "### A pressed Approve", "### A status change"])
def test_a_walk_names_a_file_at_each_step_and_is_short(walk: str) -> None:
    _, *steps = re.split(r"^\d+\. ", part(ARCHITECTURE, walk), flags=re.MULTILINE)
    assert 5 < len(steps) <= _LONGEST_WALK
    assert [step for step in steps if not _FILE.search(step)] == []


def test_each_term_is_explained_once_and_has_a_place() -> None:
    seen: set[str] = set()
    for line in text(GLOSSARY).splitlines():
        if not line.startswith("| ") or line.startswith("| term |"):
            continue
        term, meaning, place = (cell.strip() for cell in line.strip("|").split(" | "))
        assert term not in seen, term
        assert meaning, term
        assert _FILE.search(place), term
        seen.add(term)
    assert len(seen) > 50


def test_terms_are_in_order() -> None:
    for heading in re.findall(r"^## .*$", text(GLOSSARY), re.MULTILINE):
        rows = re.findall(r"^\| ((?!term \|).*?) \|", part(GLOSSARY, heading), re.MULTILINE)
        keys = [re.sub(r"[`-]", " ", row).strip().lower() for row in rows]
        assert keys == sorted(keys), heading
