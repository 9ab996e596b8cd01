"""What is installed where it is missing: the real script, with an apt-get that only writes down."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import missing

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


@pytest.mark.parametrize(("system", "asked"), [("ubuntu", False), ("debian", True)])
def test_where_chromium_is_a_snap_apt_get_is_not_asked_for_it(
    machine: Path, monkeypatch: pytest.MonkeyPatch, system: str, asked: bool
) -> None:
    (machine / "os-release").write_text(f'NAME="{system}"\nID={system}\n')
    for name in ("bash", "dirname", "grep", "id", "env"):
        (machine / name).symlink_to(shutil.which(name) or "")
    monkeypatch.setenv("OS_RELEASE", str(machine / "os-release"))
    monkeypatch.setenv("PATH", "")
    install(machine, "chromium")
    assert (machine / "asked").exists() is asked


def test_what_apt_get_brings_is_installed_at_once(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is there: `emoji` comes with the first call, and `jq`, which does not come, is tried alone."""
    for name in ("bash", "cat", "dirname", "env", "id", "tr"):
        (machine / name).symlink_to(shutil.which(name) or "")
    monkeypatch.setenv("PATH", "")
    done = install(machine, "emoji", "jq")
    assert "jq is missing and could not be installed here" in done.stderr
    asked = [line for line in (machine / "asked").read_text().splitlines() if "install" in line]
    assert [line.partition("recommends ")[2] for line in asked] == [
        "fontconfig fonts-noto-color-emoji jq",
        "jq",
    ]


PYTHON = r"""#!/bin/bash
echo "$@" >>pip
case "$*" in
    *"config get"*) echo https://packages.example/simple ;;
    *--target*) [ "$FAILS" != pip ] || exit 1; mkdir -p build/uv/bin; cp uv build/uv/bin/uv ;;
esac
"""
UV = """#!/bin/bash
echo "$UV_DEFAULT_INDEX $@" >>asked
[ "$FAILS" != uv ]
"""


@pytest.mark.parametrize("fails", ["", "uv", "pip"])
def test_packages_come_with_uv_and_else_with_pip(tmp_path: Path, fails: str) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name, lines in ((".venv/bin/python", PYTHON), ("uv", UV)):
        (tmp_path / name).write_text(lines)
        (tmp_path / name).chmod(0o755)
    environ = {"PATH": os.environ["PATH"], "FAILS": fails}
    program: list[Path | str] = [ROOT / ".ci" / "packages", "a.lock", "b.lock"]
    subprocess.run(program, cwd=tmp_path, env=environ, timeout=60, check=True)
    asked = tmp_path / "asked"
    with_uv = asked.read_text() if asked.exists() else ""
    wanted = "https://packages.example/simple pip install --quiet --python .venv/bin/python --require-hashes"
    assert with_uv == ("" if fails == "pip" else f"{wanted} -r a.lock -r b.lock\n")
    *_, last = (tmp_path / "pip").read_text().splitlines()
    with_pip = last == "-m pip install --quiet --require-hashes -r a.lock -r b.lock"
    assert with_pip is bool(fails)


PACKAGE = r"""
const { execSync } = require("child_process"), { mkdirSync, writeFileSync } = require("fs");
const { brotliCompressSync } = require("zlib");
const to = process.argv[2] + "/node_modules/@sparticuz/chromium/bin/";
mkdirSync(to, { recursive: true });
writeFileSync(to + "chromium.br", brotliCompressSync("#!/bin/sh\necho Chromium $1\n"));
writeFileSync(to + "al2023.tar.br", brotliCompressSync(execSync("tar -cf - lib", { cwd: process.argv[3] })));
"""
"""Writes what the package of that name has in it."""


def test_a_chromium_from_npm_is_put_into_the_environment_where_none_runs(machine: Path) -> None:
    """As on Ubuntu without snapd, whose `chromium-browser` only says that it is a snap."""
    binaries = machine / "venv" / "bin"
    binaries.mkdir(parents=True)
    (machine / "pack.js").write_text(PACKAGE)
    (machine / "lib").mkdir()
    (machine / "lib" / "libnss3.so").touch()
    programs = {
        "npm": f'echo "$@" >>{machine}/asked; node {machine}/pack.js "$2" {machine}',
        "chromium-headless-shell": "exit 127",
        "chromium": "exit 127",
        "chromium-browser": "echo this is a snap >&2; exit 10",
        "google-chrome": "exit 127",
    }
    for name, lines in programs.items():
        (machine / name).write_text(f"#!/bin/bash\n{lines}\n")
        (machine / name).chmod(0o755)
    environ = {**os.environ, "PATH": f"{machine}:{os.environ['PATH']}", "BIN": str(binaries)}
    for _ in range(2):
        subprocess.run([ROOT / ".ci" / "chromium"], env=environ, timeout=60, check=True)
        # From now on it is the one that runs.
        (machine / "chromium").unlink(missing_ok=True)
        environ["PATH"] = f"{machine}:{binaries}:{os.environ['PATH']}"
    done = subprocess.run(
        [binaries / "chromium", "7"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "Chromium 7\n"
    assert (machine / "venv" / "browser" / "lib" / "libnss3.so").exists()
    assert len((machine / "asked").read_text().splitlines()) == 1


def test_in_ci_nothing_that_a_test_needs_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert missing("no Chromium") == "no Chromium"
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.UsageError, match="no Chromium: CI runs every test"):
        missing("no Chromium")


def test_pictures_are_taken_with_that_font() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "screenshots"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    steps = done.stdout.splitlines()
    font = next(at for at, step in enumerate(steps) if step.startswith(".ci/system") and "emoji" in step)
    pictures = next(at for at, step in enumerate(steps) if "tests/browser" in step)
    assert font < pictures


def chosen(machine: Path, first: str, system: str) -> str:
    """Which Python is taken, where these two answer the questions about them."""
    for name, answers in (("python3", first), ("system", system)):
        (machine / name).write_text(
            f"#!/bin/bash\nversion={answers.split()[0]} fast={answers.split()[1]}\n"
            'case "$2" in *enable-optimizations*) exit $fast ;; *) echo $version ;; esac\n'
        )
        (machine / name).chmod(0o755)
    environ = {"PATH": f"{machine}:/usr/bin:/bin", "SYSTEM_PYTHON": str(machine / "system")}
    done = subprocess.run(
        [ROOT / ".ci" / "python"], env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip().removeprefix(f"{machine}/")


@pytest.mark.parametrize(
    ("first", "system", "taken"),
    [
        pytest.param("3.11 1", "3.11 1", "python3", id="compiled-with-optimisations"),
        pytest.param("3.11 0", "3.11 1", "system", id="without"),
        pytest.param("3.13 0", "3.11 1", "python3", id="of-another-version"),
    ],
)
def test_a_python_without_optimisations_gives_way_to_the_system_s(
    machine: Path, first: str, system: str, taken: str
) -> None:
    assert chosen(machine, first, system) == taken


def script(lines: str, path: Path) -> None:
    path.write_text(f"#!/bin/bash\n{lines}\n")
    path.chmod(0o755)


def asked_for_python(machine: Path, program: str, *needs: str, **environ: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [ROOT / ".ci" / program, *needs],
        env={"PATH": f"{machine}:/usr/bin:/bin", "SYSTEM_PYTHON": "none", **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.strip(), done.stderr.strip()


@pytest.mark.parametrize(("second", "taken"), [(0, "python3.14"), (1, "python3")])
def test_a_python_that_makes_environments_comes_first(machine: Path, second: int, taken: str) -> None:
    """Debian's has no `ensurepip` without a further package, which .ci/system installs where no other has."""
    for name, makes in (("python3", 1), ("python3.14", second), ("python3.13", 1), ("python3.12", 1),
                        ("python3.11", 1)):  # fmt: skip
        script(
            f'case "$2" in *ensurepip*) exit {makes} ;; *enable-opt*) exit 1 ;; *) echo 3.14 ;; esac',
            machine / name,
        )
    assert asked_for_python(machine, "python") == (0, taken, "")


def test_a_python_that_is_named_is_taken_or_refused(machine: Path) -> None:
    script("echo 3.10; exit 1", machine / "old")
    script("echo 3.13", machine / "new")
    said = "is no Python 3.11 or newer: name another, or leave it out."
    assert asked_for_python(machine, "python", PYTHON="new") == (0, "new", "")
    for name in ("old", "none"):
        assert asked_for_python(machine, "python", PYTHON=name) == (1, "", f"PYTHON={name} {said}")
        assert asked_for_python(machine, "system", "python", PYTHON=name) == (1, "", f"PYTHON={name} {said}")
    assert not (machine / "asked").exists(), "nothing is installed in its place"
    script('case "$2" in *enable-opt*) exit 1 ;; *) echo 3.14 ;; esac', machine / "python3")
    assert asked_for_python(machine, "python", PYTHON="") == (0, "python3", "")
