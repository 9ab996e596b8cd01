"""Which files are verbs."""

from __future__ import annotations

import importlib
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import commands
from commands import VERBS, all_verbs

FOLDER = Path(commands.__file__).parent


def test_every_file_with_a_verb_is_named() -> None:
    modules = [
        importlib.import_module(f"commands.{each.name}") for each in pkgutil.iter_modules([str(FOLDER)])
    ]
    found = {module.VERB.name for module in modules if hasattr(module, "VERB")}
    assert found == set(VERBS) == set(all_verbs())


def test_a_file_that_an_upgrade_left_behind_is_no_verb(tmp_path: Path) -> None:
    """As `pip install .` does: setuptools packs what an earlier build left in `build/lib`."""
    left = tmp_path / "commands"
    shutil.copytree(FOLDER, left, ignore=shutil.ignore_patterns("__pycache__"))
    text = (FOLDER / "verify.py").read_text(encoding="utf-8")
    (left / "wipe.py").write_text(text.replace('name="verify"', 'name="wipe"'), encoding="utf-8")
    code = "import commands; print(commands.__file__, *commands.all_verbs())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{tmp_path}:{FOLDER.parent}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    where, *verbs = done.stdout.split()
    assert where == str(left / "__init__.py")
    assert verbs == list(VERBS)
