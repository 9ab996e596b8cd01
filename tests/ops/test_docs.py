"""What the guides show must be what the code understands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from prometheus_client.metrics_core import Metric

from bot.cli import main
from bot.cmdline.parser import parse
from bot.config.loader import load
from bot.config.settings import OPTIONS, Settings
from bot.cutover.ledger import _UNAUDITED
from bot.cutover.wording import EVENT_TEXT
from bot.dms import rules_page
from bot.policy.draft import _GUARDED
from bot.policy.permissions import DESTROYS, Permission
from bot.runtime import metrics
from commands import all_verbs

DOCS = Path(__file__).resolve().parents[2] / "docs"
GUIDES = (
    *("install", "deploy-vm", "deploy-cloud-run", "deploy-gke", "operations", "reliability"),
    *("security", "audit", "webhooks"),
)
ENV = {each.env for each in OPTIONS} | {each.env_file for each in OPTIONS if each.secret} | {"DMS_BOT_CONFIG"}
_OURS = re.compile(r"\b(?:DMS_[A-Z_]+|SLACK_[A-Z_]+)\b")


def text(guide: str) -> str:
    return (DOCS / f"{guide}.md").read_text(encoding="utf-8")


def blocks(guide: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text(guide), re.MULTILINE | re.DOTALL)


def documents(guide: str) -> list[Any]:
    return [each for block in blocks(guide, "yaml") for each in yaml.safe_load_all(block)]


@pytest.mark.parametrize("guide", GUIDES)
def test_settings_that_are_named_exist(guide: str) -> None:
    assert set(_OURS.findall(text(guide))) <= ENV


_TYPED = re.compile(r"`/dms ([^`]+)`|^/dms (.+?)(?:\s{2,}.*)?$", re.MULTILINE)
PAGES = [*(DOCS.parent / name for name in ("README.md", "CHANGELOG.md")), *sorted(DOCS.glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda each: each.stem)
def test_commands_that_are_shown_can_be_typed(page: Path) -> None:
    """A verb alone names the verb; `JOB` and `…` stand for what people type."""
    syntaxes = {name: verb.grammar for name, verb in all_verbs().items()}
    for found in _TYPED.finditer(page.read_text(encoding="utf-8")):
        shown = " ".join((found[1] or found[2]).split())
        line = shown.replace("[JOB …]", "").replace('"…"', '"x"').replace("…", "").replace("JOB", "orders-db")
        if line.strip() not in syntaxes:
            assert parse(line, syntaxes).verb, shown


def test_the_page_of_actions_is_that_of_the_rules() -> None:
    assert text("actions") == rules_page.render(), "`make docs` writes it anew"


def test_every_fault_has_a_promise_and_a_test_that_exists() -> None:
    table = text("reliability").partition("## Faults")[2].partition("##")[0]
    rows = [line.strip("|").split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    for fault, promise, shown in rows:
        paths = re.findall(r"`(tests/[^`]+)`", shown)
        assert paths, fault
        assert all((DOCS.parent / each).exists() for each in paths), fault
        assert promise.strip(), fault


@pytest.mark.parametrize("guide", GUIDES)
def test_links_lead_somewhere(guide: str) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", text(guide)):
        name, _, anchor = target.partition("#")
        path = (DOCS / name).resolve() if name else DOCS / f"{guide}.md"
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("guide", ["install", "deploy-vm"])
def test_settings_files_are_read(guide: str, tmp_path: Path) -> None:
    (example,) = blocks(guide, "toml")
    for name in re.findall(r'^(\w+_file) = "', example, re.MULTILINE):
        (tmp_path / name).write_text({"slack_app_token_file": "xapp-1"}.get(name, "xoxb-1"))
        example = re.sub(rf'^{name} = ".*"', f'{name} = "{tmp_path / name}"', example, flags=re.MULTILINE)
    path = tmp_path / "dms-bot.toml"
    path.write_text(example)
    more = {} if "slack_" in example else {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}
    settings = load({"DMS_BOT_CONFIG": str(path), **more})
    assert settings.project == tomllib.loads(example)["project"]


def test_defaults_are_told_as_they_are() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| `([^`]+)` \|", text("install"), re.MULTILINE)
    told = dict(rows)
    for option in OPTIONS:
        if option.env in told:
            assert option.read(told[option.env]) == default(option.name), option.env
    assert len(told) > 10


def default(name: str) -> Any:
    return Settings.__dataclass_fields__[name].default


def test_every_metric_is_in_the_table() -> None:
    told = set(re.findall(r"^\| `(dms_bot_\w+)` \|", text("operations"), re.MULTILINE))
    found = {shown(each) for each in metrics.REGISTRY.collect() if each.name.startswith("dms_bot_")}
    assert told == found


def shown(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def of_group(group: click.Group, before: str = "dms-bot") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from of_group(command, f"{before} {name}")
        else:
            yield f"{before} {name}", command


COMMANDS = dict(of_group(main))


@pytest.mark.parametrize("typed", COMMANDS)
def test_every_command_of_the_program_is_in_the_table(typed: str) -> None:
    table = text("operations").partition("## The program")[2].partition("##")[0]
    told = re.findall(rf"^\| `({typed}(?: [^`]*)?)` \|", table, re.MULTILINE)
    assert len(told) == 1, typed
    options = [each for each in COMMANDS[typed].params if isinstance(each, click.Option)]
    missing = [each.opts[0] for each in options if not re.search(rf"\[{each.opts[0]}\b", told[0])]
    assert missing == [], told[0]


@pytest.mark.parametrize(
    ("role", "wanted"),
    [
        ("viewer", {Permission.VIEW}),
        ("operator", {Permission.CHANGE, Permission.FREEZE, Permission.OPERATE}),
    ],
)
def test_what_a_role_may_names_each_verb(role: str, wanted: set[Permission]) -> None:
    row = re.search(rf"^\| `{role}` \| (.*) \|$", text("policy"), re.MULTILINE)
    assert row is not None
    verbs = {name for name, verb in all_verbs().items() if verb.permission in wanted}
    assert verbs <= set(re.findall(r"\w+", row[1]))


def test_what_a_first_policy_asks_approval_of_is_told() -> None:
    told = re.search(r"In production, (.*?) need a second person", text("policy"), re.DOTALL)
    assert told is not None
    assert set(re.findall(r"`(\w+)`", told[1])) == set(_GUARDED) - DESTROYS


def test_what_the_audit_has_of_a_cutover_is_told() -> None:
    """The budget is a line of its log alone, as what is in `_UNAUDITED`."""
    told = set(
        re.findall(r"`(\w+)`", text("audit").partition("With the action `cutover`")[2].partition(" |\n")[0])
    )
    assert told == set(EVENT_TEXT) - _UNAUDITED - {"budget"}
