"""What is loaded only by what needs it, as each of it delays what does not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CLIENTS = {"google.auth", "grpc", "requests", "psycopg", "matplotlib", "numpy", "cloudevents"}
"""What takes long to load: clients of Google and PostgreSQL, what draws charts, what only webhooks need."""


@pytest.mark.parametrize(
    ("module", "unneeded"), [("bot.cli", CLIENTS | {"slack_sdk", "sqlite3"}), ("bot.app", CLIENTS)]
)
def test_what_a_start_does_not_load(module: str, unneeded: set[str]) -> None:
    code = f"import json, sys, {module}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert not unneeded & set(json.loads(done.stdout))
