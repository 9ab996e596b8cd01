"""What is installed where it is missing: the real script, with an apt-get that only writes down."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Programs that come before the machine's own: a font is there once apt-get was to install it."""
    installs = f"echo 'Noto Color Emoji' >{tmp_path}/fonts"
    programs = {
        "sudo": 'exec "$@"',
        "apt-get": f'echo "$@" >>{tmp_path}/asked; [ "$2" = update ] || {installs}',
        "fc-list": f"cat {tmp_path}/fonts",
    }
    for name, lines in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{lines}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "fonts").touch()
    return tmp_path


def install(machine: Path, *needs: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PATH": f"{machine}:{os.environ['PATH']}"}
    return subprocess.run(
        [ROOT / ".ci" / "system", *needs],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_font_of_the_pictures_is_installed_once(machine: Path) -> None:
    for _ in range(2):
        done = install(machine, "emoji")
        assert (done.returncode, done.stderr) == (0, "")
    updated, installed = (machine / "asked").read_text().splitlines()
    assert updated.endswith("update")
    assert installed.endswith("fontconfig fonts-noto-color-emoji")


def test_what_could_not_be_installed_is_said(machine: Path) -> None:
    (machine / "apt-get").write_text("#!/bin/sh\nexit 100\n")
    done = install(machine, "emoji")
    assert done.returncode == 0
    assert "fonts-noto-color-emoji is missing and could not be installed here" in done.stderr


def test_pictures_are_taken_with_that_font() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "screenshots"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    steps = done.stdout.splitlines()
    font = next(at for at, step in enumerate(steps) if step.startswith(".ci/system") and "emoji" in step)
    pictures = next(at for at, step in enumerate(steps) if "tests/browser" in step)
    assert font < pictures
