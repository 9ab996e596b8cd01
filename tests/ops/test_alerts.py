"""The documented alerts in Prometheus' own tool, and the documented log commands on real log lines."""

from __future__ import annotations

import json
import logging
import re
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from bot.dms.rules import Action
from bot.runtime import logs, metrics
from tests.conftest import missing, program
from tests.faults.loglines import log_lines

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "operations.md"
RULES = ROOT / "deploy" / "prometheus" / "rules.yaml"
PROMTOOL, JQ = program("promtool"), program("jq")
NORMAL = {
    'dms_bot_leader{instance="a"}': "1x60",
    'dms_bot_leader{instance="b"}': "0x60",
    'dms_bot_watcher_lag_seconds{instance="a",project="acme",location="europe-west3"}': "30x60",
    'dms_bot_outbox_depth{instance="a"}': "3x60",
    'dms_bot_outbox_age_seconds{instance="a"}': "20x60",
    'dms_bot_ack_seconds_bucket{instance="a",le="0.5"}': "0+10x60",
    'dms_bot_ack_seconds_bucket{instance="a",le="2"}': "0+10x60",
    'dms_bot_ack_seconds_bucket{instance="a",le="+Inf"}': "0+10x60",
    'dms_bot_runs_total{instance="a",project="acme",action="restart",outcome="unclear"}': "0x60",
    'dms_bot_runs_total{instance="a",project="acme",action="restart",outcome="succeeded"}': "0+1x60",
    'dms_bot_errors_total{instance="a"}': "0x60",
    'dms_bot_healthy{instance="a"}': "0x4 1x56",
}
"""A minute between two values: an hour in which all is well."""
WRONG: dict[str, dict[str, str | None]] = {
    "DmsBotNobodyWatches": {'dms_bot_leader{instance="a"}': "0x60"},
    "DmsBotNobodyWatches, nobody is there": dict.fromkeys(NORMAL),
    "DmsBotTwoWatch": {'dms_bot_leader{instance="b"}': "1x60"},
    "DmsBotHangs": {'dms_bot_healthy{instance="a"}': "1x50 0x10"},
    "DmsBotWatchIsOld": {
        'dms_bot_watcher_lag_seconds{instance="a",project="acme",location="europe-west3"}': "400x60",
    },
    "DmsBotWatchIsOld, where the location of the cluster has the label": {
        'dms_bot_watcher_lag_seconds{project="acme",location="eu",exported_location="us-east1"}': "400x60",
    },
    "DmsBotMessagesWait": {'dms_bot_outbox_depth{instance="a"}': "51x60"},
    "DmsBotMessageIsLate": {'dms_bot_outbox_age_seconds{instance="a"}': "1850+60x60"},
    "DmsBotSlowAck": {'dms_bot_ack_seconds_bucket{instance="a",le="0.5"}': "0x60"},
    "DmsBotUnclearRun": {
        'dms_bot_runs_total{instance="a",project="acme",action="restart",outcome="unclear"}': "0x55 1x5",
    },
    "DmsBotFault": {'dms_bot_errors_total{instance="a"}': "0x55 1x5"},
    "DmsBotWebhookWaits": {'dms_bot_webhook_queue_age_seconds{instance="a",webhook="siem"}': "1000x60"},
}


def blocks(language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def rules() -> dict[str, Any]:
    return dict(yaml.safe_load(RULES.read_text(encoding="utf-8")))


def alerts() -> list[str]:
    return [each["alert"] for each in rules()["groups"][0]["rules"]]


def test_each_alert_says_how_bad_it_is_and_what_to_do() -> None:
    headings = re.findall(r"^### (\w+)$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    for rule in rules()["groups"][0]["rules"]:
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["description"].endswith(".")
        path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert path == "REPOSITORY/docs/operations.md"
        assert (rule["alert"] in headings, anchor) == (True, rule["alert"].lower())


def check_with_promtool(path: Path) -> None:
    done = subprocess.run(
        [str(PROMTOOL), "check", "rules", str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(PROMTOOL is None, reason=PROMTOOL or missing("no promtool on this machine"))
def test_the_rules_and_the_expressions_of_the_dashboard_are_read(tmp_path: Path) -> None:
    check_with_promtool(RULES)
    board = json.loads((ROOT / "deploy" / "grafana" / "dms-bot.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    recorded = [{"record": f"panel:{at}", "expr": each} for at, each in enumerate(asked)]
    path = tmp_path / "board.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": recorded}]}))
    check_with_promtool(path)


def shown(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def test_rules_and_dashboard_use_metrics_that_exist() -> None:
    known = {shown(each) for each in metrics.REGISTRY.collect()}
    board = (ROOT / "deploy" / "grafana" / "dms-bot.json").read_text(encoding="utf-8")
    exprs = " ".join(rule["expr"] for rule in rules()["groups"][0]["rules"])
    used = {each.removesuffix("_bucket") for each in re.findall(r"dms_bot_\w+", exprs + board)}
    assert len(used) > 10
    assert used <= known


@pytest.mark.skipif(PROMTOOL is None, reason=PROMTOOL or missing("no promtool on this machine"))
def test_each_alert_fires_when_it_should_and_not_before(tmp_path: Path) -> None:
    assert {name.partition(",")[0] for name in WRONG} == set(alerts())
    plain = rules()
    for rule in plain["groups"][0]["rules"]:
        del rule["annotations"], rule["labels"]  # they would have to be repeated below
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(plain), encoding="utf-8")
    tests = [_story("all is well", {}, None)]
    tests += [_story("two bots", {'dms_bot_leader{instance="b",job="another"}': "1x60"}, None)]
    tests += [_story(name, changed, name.partition(",")[0]) for name, changed in WRONG.items()]
    whole = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
    done = subprocess.run(
        [str(PROMTOOL), "test", "rules", "test.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _story(name: str, changed: dict[str, str | None], fires: str | None) -> dict[str, Any]:
    series = {each: values for each, values in {**NORMAL, **changed}.items() if values is not None}
    expected = [
        {
            "eval_time": "58m",
            "alertname": each,
            "exp_alerts": [_labels(each, changed)] if each == fires else [],
        }
        for each in alerts()
    ]
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": each, "values": values} for each, values in series.items()],
        "alert_rule_test": expected,
    }


def _labels(alert: str, changed: dict[str, str | None]) -> dict[str, Any]:
    """An alert has the labels that its expression keeps."""
    kept = {
        "DmsBotWatchIsOld": ("project", "location"),
        "DmsBotWebhookWaits": ("webhook",),
        "DmsBotUnclearRun": ("instance", "project", "action", "outcome"),
    }
    of_replica = dict.fromkeys(("DmsBotFault", "DmsBotHangs"), ("instance",))
    wanted = {**kept, **of_replica}.get(alert, ())
    found = dict(re.findall(r'(\w+)="([^"]+)"', next(iter(changed))))
    found["location"] = found.get("exported_location", found.get("location", ""))
    return {"exp_labels": {name: found[name] for name in wanted}}


def test_runs_of_every_action_and_outcome_start_at_0_in_every_project() -> None:
    """Else the first unclear run begins its series with 1, which `increase` does not see."""
    metrics.begin("1.2.3", ["m-one", "m-two"])
    found = {
        (sample.labels["project"], sample.labels["action"], sample.labels["outcome"])
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
        if sample.name == "dms_bot_runs_total"
    }
    outcomes = ("succeeded", "failed", "refused", "unclear")
    assert set(product(("m-one", "m-two"), (each.value for each in Action), outcomes)) <= found


def log_commands() -> list[str]:
    """What follows the pipe of each documented command."""
    lines = "".join(blocks("sh")).splitlines()
    return [line.partition(" | ")[2] for line in lines if " | jq " in line]


@pytest.mark.skipif(JQ is None, reason=JQ or missing("no jq on this machine"))
def test_the_documented_commands_read_real_log_lines() -> None:
    with log_lines() as log:
        with logs.request_context("k7m2p9xw"):
            logging.getLogger("bot").error("of a request")
        logging.getLogger("bot").info("audit_row", extra={"anchor": f"3:{'0' * 64}"})
    journal = f"Started dms-bot.service - DMS bot.\n42\n{log.stream.getvalue()}Stopping dms-bot.service …\n"
    of_request, errors, anchors = (
        subprocess.run(
            ["/bin/bash", "-o", "pipefail", "-c", command],
            input=journal,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        for command in log_commands()
    )
    assert json.loads(of_request)["message"] == "of a request"
    assert json.loads(errors)["request"] == "k7m2p9xw"
    assert anchors == f"3:{'0' * 64}\n"
