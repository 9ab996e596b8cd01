"""Slack's own types (`@slack/types` on npm) know the blocks that the sandbox takes, but for their known gaps.

The gaps of version 3.2.0: no action cells, no `data_visualization`, no `level` of a header, and cards that
take mrkdwn alone, without `subtext`.
"""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack.app import PAGE
from sandbox.slack.rules import check_message_blocks, check_view
from tests.conftest import missing
from tests.sandbox_slack.conftest import button, modal, section
from tests.sandbox_slack.samples import (
    action_cell,
    alert,
    card,
    chart,
    container,
    context_actions,
    data_table,
    feedback,
    icon_button,
    plain_text,
    plan,
    raw_number,
    raw_text,
    rich_text,
    table_of,
    task,
)

MODULES = PAGE.parent / "node_modules"
COMPILER = MODULES / ".bin" / "tsc"
TYPES = MODULES / "@slack" / "types" / "dist" / "index.d.ts"
MRKDWN = {"type": "mrkdwn", "text": "orders-db"}
PLAIN_CARD = {"type": "card", "title": MRKDWN, "subtitle": MRKDWN, "body": MRKDWN}

KNOWN: dict[str, dict[str, Any]] = {
    "data_table": table_of(3, 2),
    "cells": data_table([[raw_text("a")] * 2, [raw_number(1, "1"), rich_text("x")]], page_size=5),
    "container": container([section("x")], is_collapsible=True, default_collapsed=True, width="wide"),
    "card": PLAIN_CARD | {"actions": [button("Open", "open")]},
    "carousel": {"type": "carousel", "elements": [PLAIN_CARD]},
    "context_actions": context_actions(feedback(), icon_button()),
    "plan": plan(0),
    "task_card": task() | {"type": "task_card"},
    "table": {"type": "table", "rows": [[raw_text("x"), rich_text("y")]]},
    "markdown": {"type": "markdown", "text": "x"},
}
GAPS: dict[str, dict[str, Any]] = {
    "action_cell": data_table([[raw_text("a")], [action_cell("Open", "open")]]),
    "chart": chart(),
    "level": {"type": "header", "text": plain_text("x"), "level": 2},
    "plain_card": card(),
    "subtext": PLAIN_CARD | {"subtext": MRKDWN},
}


def compiled(folder: Path, samples: dict[str, Any]) -> set[str]:
    """The samples that the types refuse."""
    lines = [f"export const {name}: KnownBlock = {json.dumps(block)};" for name, block in samples.items()]
    source = folder / "samples.ts"
    source.write_text("\n".join(['import type { KnownBlock } from "@slack/types";', *lines]))
    options = {"strict": True, "noEmit": True, "moduleResolution": "bundler", "module": "esnext", "types": []}
    config = {
        "compilerOptions": {**options, "skipLibCheck": True, "paths": {"@slack/types": [str(TYPES)]}},
        "files": [str(source)],
    }
    (folder / "tsconfig.json").write_text(json.dumps(config))
    done = subprocess.run(
        [COMPILER, "--pretty", "false", "-p", folder], capture_output=True, text=True, timeout=60, check=False
    )
    at = {int(number) for number in re.findall(r"samples\.ts\((\d+),", done.stdout)}
    assert done.stdout == "" or at, done.stdout
    return {name for line, name in enumerate(samples, 2) if line in at}


def test_slacks_types_and_the_sandbox_take_the_same_blocks(tmp_path: Path) -> None:
    if not (COMPILER.exists() and TYPES.exists()):
        pytest.skip(missing("the page's packages are not installed (make page)"))
    assert [check_message_blocks([block]) for block in (*KNOWN.values(), *GAPS.values())] == [[]] * 15
    assert check_view(modal([alert(level="error")]), "modal") == []
    wrong = {
        "wrong_level": alert() | {"level": "loud"},
        "wrong_width": container([section("x")], width="huge"),
        "wrong_caption": {key: value for key, value in table_of(2).items() if key != "caption"},
        "wrong_status": task(status="done") | {"type": "task_card"},
    }
    samples = {**KNOWN, "alert": alert(level="error"), **GAPS, **wrong}
    assert compiled(tmp_path, samples) == {*GAPS, *wrong}
