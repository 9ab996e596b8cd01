"""Packages that the bot is built on: CONTRIBUTING.md, *Packages it is built on*, says who may replace one."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SOURCES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "bot").rglob("*.py"))]


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=~! ;]", requirement, maxsplit=1)[0]


@pytest.mark.parametrize(
    ("package", "module"),
    [
        ("slack-bolt", "slack_bolt"),
        ("google-cloud-dms", "google.cloud.clouddms_v1"),
        ("google-auth", "google.auth"),
        ("sqlite-utils", "sqlite_utils"),
    ],
)
def test_the_bot_is_built_on_it(package: str, module: str) -> None:
    assert package in map(_name, PROJECT["dependencies"])
    parent, _, last = module.rpartition(".")
    imported = re.compile(
        rf"^\s*(?:from|import) {module}\b|^\s*from {parent or '-'} import .*\b{last}\b", re.M
    )
    assert any(imported.search(each) for each in SOURCES)


def test_tests_run_on_pytest() -> None:
    assert "pytest" in map(_name, PROJECT["optional-dependencies"]["dev"])
