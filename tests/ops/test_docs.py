"""What the guides show must be what the code understands."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics_core import Metric

from bot.config.loader import load
from bot.config.settings import OPTIONS, Settings
from bot.dms import rules_page
from bot.doctor.google import PERMISSIONS
from bot.runtime import metrics
from bot.runtime.health import Health
from bot.runtime.routes import SLACK_PATH, Routes

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


def containers(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.get("containers", ())
        for each in value.values():
            yield from containers(each)
    if isinstance(value, list):
        for each in value:
            yield from containers(each)


@pytest.mark.parametrize("guide", GUIDES)
def test_settings_that_are_named_exist(guide: str) -> None:
    assert set(_OURS.findall(text(guide))) <= ENV


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


@pytest.mark.parametrize("guide", ["deploy-cloud-run", "deploy-gke"])
def test_containers_ask_paths_that_are_answered(guide: str) -> None:
    found = [each for document in documents(guide) for each in containers(document)]
    assert found
    pages = set(Routes(Health())._pages) | {SLACK_PATH}
    for container in found:
        probes = [value for name, value in container.items() if name.endswith("Probe")]
        assert len(probes) >= 2
        assert {probe["httpGet"]["path"] for probe in probes} <= pages
        assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
        assert {each["name"] for each in container["env"]} <= ENV | {"GOOGLE_CLOUD_PROJECT"}


def test_containers_are_not_root_and_have_time_to_stop() -> None:
    (pod,) = (
        each["spec"]["template"]["spec"] for each in documents("deploy-gke") if each["kind"] == "Deployment"
    )
    assert pod["securityContext"]["runAsNonRoot"] is True
    user = re.search(r"^USER (\d+)", (DOCS.parent / "Dockerfile").read_text(), re.MULTILINE)
    assert user is not None
    assert pod["securityContext"]["runAsUser"] == int(user[1])
    assert pod["terminationGracePeriodSeconds"] > default("shutdown_s")


def test_the_unit_of_systemd() -> None:
    (unit,) = blocks("deploy-vm", "ini")
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit)
    assert int(parser["Service"]["TimeoutStopSec"]) > default("shutdown_s")
    assert parser["Service"]["RestartPreventExitStatus"] == "2"
    given = dict(re.findall(r"^Environment=(\w+)=(\S+)$", unit, re.MULTILINE))
    credentials = set(re.findall(r"^LoadCredential=([\w-]+):", unit, re.MULTILINE))
    assert {each.removeprefix("%d/") for name, each in given.items() if name.endswith("_FILE")} == credentials


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


def test_the_custom_role_holds_what_the_verbs_need() -> None:
    (role,) = (each for each in documents("install") if "includedPermissions" in each)
    needed = {each for wanted in PERMISSIONS.values() for each in wanted}
    assert needed <= set(role["includedPermissions"])


def test_every_metric_is_in_the_table() -> None:
    told = set(re.findall(r"^\| `(dms_bot_\w+)` \|", text("operations"), re.MULTILINE))
    found = {shown(each) for each in metrics.REGISTRY.collect() if each.name.startswith("dms_bot_")}
    assert told == found


def shown(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def test_alerts_use_metrics_that_exist() -> None:
    (rules,) = documents("operations")
    known = {shown(each) for each in metrics.REGISTRY.collect()}
    used = {
        name.removesuffix("_bucket")
        for rule in rules["groups"][0]["rules"]
        for name in re.findall(r"dms_bot_\w+", rule["expr"])
    }
    assert used <= known


def test_the_table_of_log_events_is_true() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", text("operations").partition("## Logs")[2], re.MULTILINE)
    assert len(rows) > 10
    assert set(rows) <= log_events()


def test_log_events_that_are_named_exist() -> None:
    pages = [path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))]
    named = {event for page in pages for event in re.findall(r"\blogs?\b[^`|\n]*`(\w+)`", page)}
    assert named >= {"message_given_up", "policy_remark", "stopped_with_work_left"}
    assert named <= {event for event, _ in log_events()}


def log_events() -> set[tuple[str, str]]:
    """The name and the severity of each event that the code logs."""
    call = re.compile(r'\blog\.(debug|info|warning|error|exception)\(\s*"(\w+)"')
    paths = [path for room in ("bot", "commands") for path in (DOCS.parent / room).rglob("*.py")]
    found = [each for path in paths for each in call.findall(path.read_text(encoding="utf-8"))]
    return {(event, "error" if level == "exception" else level) for level, event in found}
