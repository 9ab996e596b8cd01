"""The files below deploy/: rendered by their tools where these are there, and checked against schemas."""

from __future__ import annotations

import configparser
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import hcl2
import jsonschema
import kubernetes_validate
import pytest
import yaml

from bot.config.loader import load
from bot.config.settings import OPTIONS, Settings
from bot.doctor.google import PERMISSIONS
from bot.runtime.health import Health
from bot.runtime.routes import SLACK_PATH, Routes

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "dms-bot"
KUBERNETES = "1.31"
ENV = {each.env for each in OPTIONS} | {each.env_file for each in OPTIONS if each.secret} | {"DMS_BOT_CONFIG"}
SHUTDOWN_S = float(cast("float", Settings.__dataclass_fields__["shutdown_s"].default))
SECRETS = ("slack-bot-token", "slack-app-token", "slack-signing-secret", "db", "metrics-token")
KUBECTL = shutil.which("kubectl")
CUSTOM = {"PodMonitoring"}
"""Kinds of Google's, which are in no schema of Kubernetes."""


def documents(text: str) -> list[Any]:
    return [each for each in yaml.safe_load_all(text) if each]


def read(*parts: str) -> Any:
    return yaml.safe_load(DEPLOY.joinpath(*parts).read_text(encoding="utf-8"))


@pytest.fixture
def overlays(tmp_path: Path) -> Path:
    """The folder of overlays with the files that an operator adds."""
    copied = Path(shutil.copytree(DEPLOY / "kubernetes", tmp_path / "kubernetes"))
    for folder in (*(copied / "overlays").iterdir(), *(copied / "components").iterdir()):
        (folder / "secrets").mkdir()
        for name in SECRETS:
            (folder / "secrets" / name).write_text("secret")
        (folder / "policy.toml").write_text("[roles]\n")
    return copied / "overlays"


def kustomized(folder: Path) -> list[Any]:
    assert KUBECTL is not None
    done = subprocess.run([KUBECTL, "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return documents(done.stdout)


def charted(**values: Any) -> list[Any]:
    """What the chart makes of these values."""
    import go_template

    given = merged(yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8")), values)
    jsonschema.validate(given, json.loads((CHART / "values.schema.json").read_text(encoding="utf-8")))
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    context = {
        "Values": given,
        "Release": {"Name": "dms-bot", "Namespace": "dms-bot"},
        "Chart": {"AppVersion": chart["appVersion"]},
    }
    rendered = [go_template.render(each, context).decode() for each in sorted(CHART.glob("templates/*"))]
    return [each for text in rendered[1:] for each in documents(text)]


def merged(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return base | {
        key: merged(base[key], value)
        if isinstance(value, dict) and isinstance(base.get(key), dict)
        else value
        for key, value in more.items()
    }


def check_shape(found: list[Any]) -> None:
    for each in found:
        if each["kind"] not in CUSTOM:
            kubernetes_validate.validate(each, KUBERNETES, strict=True)


def check(found: list[Any]) -> None:
    """All are what Kubernetes takes, and the pods are as locked down as they can be."""
    check_shape(found)
    (deployment,) = (each for each in found if each["kind"] == "Deployment")
    check_pod(deployment["spec"]["template"]["spec"])
    (account,) = (each for each in found if each["kind"] == "ServiceAccount")
    assert account["automountServiceAccountToken"] is False
    (policy,) = (each for each in found if each["kind"] == "NetworkPolicy")
    assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    named = {each["metadata"]["name"] for each in found if each["kind"] in ("ConfigMap", "Secret")}
    pod = deployment["spec"]["template"]["spec"]
    config = next(each["configMap"]["name"] for each in pod["volumes"] if "configMap" in each)
    assert config in named


def check_pod(pod: dict[str, Any]) -> None:
    user = re.search(r"^USER (\d+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user is not None
    assert pod["securityContext"]["runAsUser"] == int(user[1])
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert pod["terminationGracePeriodSeconds"] > SHUTDOWN_S
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    check_container(container)


def check_container(container: dict[str, Any]) -> None:
    pages = set(Routes(Health())._pages) | {SLACK_PATH}
    probes = [value for name, value in container.items() if name.endswith("Probe")]
    assert len(probes) >= 2
    assert {probe["httpGet"]["path"] for probe in probes} <= pages
    names = [each["name"] for each in container["env"]]
    assert set(names) <= ENV | {"GOOGLE_CLOUD_PROJECT"}
    assert len(names) == len(set(names))


def env(found: list[Any]) -> dict[str, Any]:
    (deployment,) = (each for each in found if each["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not in a clone")
@pytest.mark.parametrize(
    "path",
    [
        *("secrets/slack-bot-token", "dms-bot.env"),  # `dms-bot init`, and Docker
        *("deploy/secrets/db", "deploy/policy.toml"),  # Compose
        *(f"deploy/kubernetes/overlays/{each}/secrets/db" for each in ("postgres", "sqlite")),
        "deploy/kubernetes/components/google-managed-prometheus/secrets/metrics-token",
    ],
)
def test_what_the_guides_write_in_a_clone_is_not_committed(path: str) -> None:
    done = subprocess.run(["git", "check-ignore", "--quiet", path], cwd=ROOT, check=False)
    assert done.returncode == 0


@pytest.mark.skipif(KUBECTL is None, reason="kubectl renders the overlays")
@pytest.mark.parametrize(("overlay", "replicas"), [("sqlite", 1), ("postgres", 2)])
def test_an_overlay(overlays: Path, overlay: str, replicas: int) -> None:
    found = kustomized(overlays / overlay)
    check(found)
    (deployment,) = (each for each in found if each["kind"] == "Deployment")
    assert deployment["spec"]["replicas"] == replicas
    assert ("DMS_BOT_DB_FILE" in env(found)) is (overlay == "postgres")
    volumes = {each["name"]: each for each in deployment["spec"]["template"]["spec"]["volumes"]}
    assert ("persistentVolumeClaim" in volumes["data"]) is (overlay == "sqlite")
    kinds = {each["kind"] for each in found}
    assert ("PodDisruptionBudget" in kinds) is (replicas > 1)


@pytest.mark.skipif(KUBECTL is None, reason="kubectl renders the overlays")
@pytest.mark.parametrize("overlay", ["sqlite", "postgres"])
def test_an_overlay_in_http_mode(overlays: Path, overlay: str) -> None:
    """As the guide for GKE says."""
    path = overlays / overlay / "kustomization.yaml"
    text = path.read_text(encoding="utf-8").replace("slack-app-token", "slack-signing-secret")
    changed = yaml.safe_load(text)
    changed["components"] = [*changed.get("components", ()), "../../components/http"]
    path.write_text(yaml.safe_dump(changed), encoding="utf-8")
    check_http(kustomized(overlays / overlay))


def check_http(found: list[Any]) -> None:
    """Slack's requests reach the port that the bot listens on for them, and nothing else is needed."""
    check(found)
    assert {"SLACK_SIGNING_SECRET_FILE", "SLACK_APP_TOKEN_FILE"} & set(env(found)) == {
        "SLACK_SIGNING_SECRET_FILE"
    }
    by_kind = {each["kind"]: each for each in found}
    (container,) = by_kind["Deployment"]["spec"]["template"]["spec"]["containers"]
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert ports == {"probes": 8081, "slack": Settings.__dataclass_fields__["port"].default}
    (served,) = by_kind["Service"]["spec"]["ports"]
    let_in = [
        {port["port"] for port in rule["ports"]}
        for rule in by_kind["NetworkPolicy"]["spec"]["ingress"]
        if any("ipBlock" in each for each in rule["from"])
    ]
    assert let_in == [{ports[served["targetPort"]], ports["probes"]}]
    _sleep, pause_s = container["lifecycle"]["preStop"]["exec"]["command"]
    pod = by_kind["Deployment"]["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] > SHUTDOWN_S + int(pause_s)
    labels = by_kind["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert by_kind["Service"]["spec"]["selector"].items() <= labels.items()


@pytest.mark.skipif(KUBECTL is None, reason="kubectl renders the overlays")
def test_new_secrets_start_the_pods_anew(overlays: Path) -> None:
    def secret_of(found: list[Any]) -> str:
        (deployment,) = (each for each in found if each["kind"] == "Deployment")
        volumes = deployment["spec"]["template"]["spec"]["volumes"]
        return str(next(each["secret"]["secretName"] for each in volumes if "secret" in each))

    before = secret_of(kustomized(overlays / "sqlite"))
    (overlays / "sqlite" / "secrets" / "slack-bot-token").write_text("another")
    assert secret_of(kustomized(overlays / "sqlite")) != before


def test_plain_files_are_what_kubernetes_takes() -> None:
    """Also where no kubectl is there to render them."""
    found = [
        each
        for path in sorted(DEPLOY.glob("kubernetes/**/*.yaml"))
        if path.name != "kustomization.yaml" and "overlays" not in path.parts[:-2]
        for each in documents(path.read_text(encoding="utf-8"))
    ]
    assert len(found) >= 6
    for each in found:
        if each["kind"] not in CUSTOM:
            kubernetes_validate.validate(each, KUBERNETES, strict=True)


def test_the_pod_in_which_a_backup_is_restored() -> None:
    """On the claim that the bot has with SQLite, at the same path, and with no more rights than the bot."""
    pod = read("kubernetes", "restore.yaml")["spec"]
    bot = read("kubernetes", "base", "deployment.yaml")["spec"]["template"]["spec"]
    claim = read("kubernetes", "overlays", "sqlite", "volume-claim.yaml")["metadata"]["name"]
    assert pod["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
    (container,), (of_bot,) = pod["containers"], bot["containers"]
    assert container["volumeMounts"] == [each for each in of_bot["volumeMounts"] if each["name"] == "data"]
    assert (container["name"], container["image"]) == (of_bot["name"], of_bot["image"])
    for key in ("securityContext", "automountServiceAccountToken"):
        assert pod[key] == bot[key]
    assert container["securityContext"] == of_bot["securityContext"]


@pytest.mark.skipif(KUBECTL is None, reason="kubectl puts the image into the pod")
def test_the_pod_to_restore_in_takes_the_image_of_the_bot() -> None:
    """The command of the guide for GKE."""
    assert KUBECTL is not None
    given = ("set", "image", "--local", "--filename=deploy/kubernetes/restore.yaml", "--output=yaml")
    assert all(each in (ROOT / "docs" / "deploy-gke.md").read_text(encoding="utf-8") for each in given)
    done = subprocess.run(
        [KUBECTL, *given, "dms-bot=host/bot:1"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert yaml.safe_load(done.stdout)["spec"]["containers"][0]["image"] == "host/bot:1"


@pytest.mark.skipif(sys.platform != "linux", reason="the template engine is built for Linux alone")
@pytest.mark.parametrize(
    "values",
    [
        {},
        {"replicas": 1, "database": "sqlite", "storage": {"className": "fast"}},
        {"metrics": {"secret": "dms-bot-metrics", "podMonitoring": True}, "policy": "[roles]\n"},
    ],
)
def test_the_chart(values: dict[str, Any]) -> None:
    found = charted(**values)
    check(found)
    kinds = {each["kind"] for each in found}
    sqlite = values.get("database") == "sqlite"
    assert ("PersistentVolumeClaim" in kinds, "PodDisruptionBudget" in kinds) == (sqlite, not sqlite)
    assert ("PodMonitoring" in kinds, "DMS_BOT_METRICS_TOKEN" in env(found)) == (("metrics" in values,) * 2)
    assert ("DMS_BOT_POLICY" in env(found)) is ("policy" in values)


@pytest.mark.skipif(sys.platform != "linux", reason="the template engine is built for Linux alone")
def test_the_chart_in_http_mode() -> None:
    check_http(charted(connection="http"))


@pytest.mark.skipif(sys.platform != "linux", reason="the template engine is built for Linux alone")
def test_what_the_chart_lets_in_and_out_can_be_changed() -> None:
    ports = {"ports": [3128], "postgresPort": 6432}
    proxy = {"name": "HTTPS_PROXY", "value": "http://proxy:3128"}
    found = charted(metrics={"namespaces": []}, networkPolicy=ports, env=[proxy])
    check_shape(found)
    policy = {each["kind"]: each for each in found}["NetworkPolicy"]["spec"]
    assert policy.get("ingress") is None, "nobody at all"
    assert {3128, 6432} <= {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    assert env(found)[proxy["name"]] == proxy["value"]


@pytest.mark.skipif(sys.platform != "linux", reason="the template engine is built for Linux alone")
def test_the_chart_takes_a_digest_in_place_of_a_tag() -> None:
    digest = f"sha256:{'0' * 64}"
    for image, end in (({"digest": digest, "tag": "1.0"}, f"@{digest}"), ({"tag": "1.0"}, ":1.0")):
        named = {**image, "repository": "europe-docker.pkg.dev/acme/bot"}
        deployment = {each["kind"]: each for each in charted(image=named)}["Deployment"]
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        assert container["image"] == f"europe-docker.pkg.dev/acme/bot{end}"


def test_the_chart_refuses_what_is_left_to_be_put_in() -> None:
    """Kubernetes would take it, and no pod would ever start, or have any rights."""
    values = (CHART / "values.yaml").read_text(encoding="utf-8")
    account = re.search(r"iam.gke.io/gcp-service-account: (\S+)", values)
    image = re.search(r"such as (\S+/dms-bot);", values)
    assert account is not None
    assert image is not None
    for wrong in (
        {"image": {"repository": image[1]}},
        {"serviceAccount": {"annotations": {"iam.gke.io/gcp-service-account": account[1]}}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            charted(**wrong)


def test_the_chart_is_of_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert {chart["version"], chart["appVersion"]} == {project["version"]}


def test_the_chart_refuses_two_bots_on_one_file() -> None:
    with pytest.raises(jsonschema.ValidationError):
        charted(database="sqlite", replicas=2)


def test_the_chart_collects_no_metrics_without_their_token() -> None:
    """Its objects would name a secret without a name, which Kubernetes refuses."""
    with pytest.raises(jsonschema.ValidationError):
        charted(metrics={"podMonitoring": True})


def test_the_chart_and_the_overlays_make_the_same_pod() -> None:
    chart = {each["kind"]: each for each in charted()}["Deployment"]["spec"]["template"]["spec"]
    base = read("kubernetes", "base", "deployment.yaml")["spec"]["template"]["spec"]
    for name in ("securityContext", "terminationGracePeriodSeconds", "serviceAccountName"):
        assert chart[name] == base[name]
    skipped = {"image", "env"}
    ours, theirs = chart["containers"][0], base["containers"][0]
    assert {name: ours[name] for name in ours.keys() - skipped} == {
        name: theirs[name] for name in theirs.keys() - skipped
    }


CONTENT = {
    "slack-bot-token": "xoxb-1",
    "slack-app-token": "xapp-1",
    "slack-signing-secret": "signing",
    "db": "postgresql://bot:password@10.0.0.5/dmsbot",
    "dms-bot-db": "postgresql://bot:password@10.0.0.5/dmsbot",
    "dms-bot-metrics-token": "token",
    "token": "token",
    "dms-bot.toml": 'project = "acme"\nlocations = ["europe-west3"]\nnotify_channel = "C0123ABCDEF"\n',
    "policy.toml": "[roles]\n",
}
"""By the name of a file or a secret."""


def started(environ: dict[str, Any], folder: Path) -> Settings:
    """The settings of a bot in the image with this environment, and with all files that it names."""
    for name, content in CONTENT.items():
        (folder / name).write_text(content)
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8").rpartition("\nFROM ")[2]
    of_image = dict(re.findall(r"^ +((?:DMS_BOT_|PORT)\w*)=(\S+)", dockerfile, re.MULTILINE))
    assert {"DMS_BOT_DB", "PORT"} <= set(of_image)
    given = {}
    for name, value in {**of_image, **environ}.items():
        if isinstance(value, dict):
            secret = value["secretKeyRef"]
            given[name] = CONTENT[secret["key"] if secret["key"] in CONTENT else secret["name"]]
        else:
            given[name] = re.sub(r"^(/run/secrets|/etc/dms-bot)/(.*/)?", f"{folder}/", value)
    return load(given)


@pytest.mark.skipif(sys.platform != "linux", reason="the template engine is built for Linux alone")
@pytest.mark.parametrize("connection", ["socket", "http"])
@pytest.mark.parametrize("database", ["postgres", "sqlite"])
def test_the_bot_reads_what_the_chart_gives_it(tmp_path: Path, connection: str, database: str) -> None:
    values = {"replicas": 1, "policy": "[roles]\n", "metrics": {"secret": "dms-bot-metrics"}}
    check_settings(
        env(charted(**values, connection=connection, database=database)), tmp_path, connection, database
    )


@pytest.mark.skipif(KUBECTL is None, reason="kubectl renders the overlays")
@pytest.mark.parametrize("overlay", ["sqlite", "postgres"])
def test_the_bot_reads_what_an_overlay_gives_it(overlays: Path, tmp_path: Path, overlay: str) -> None:
    check_settings(env(kustomized(overlays / overlay)), tmp_path, "socket", overlay)


def test_the_bot_reads_what_compose_and_cloud_run_give_it(tmp_path: Path) -> None:
    check_settings(read("compose.yaml")["services"]["bot"]["environment"], tmp_path, "socket", "postgres")
    (container,) = read("cloud-run", "service.yaml")["spec"]["template"]["spec"]["containers"]
    given = {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}
    check_settings({**given, "GOOGLE_CLOUD_PROJECT": "acme"}, tmp_path, "http", "postgres")


def check_settings(environ: dict[str, Any], folder: Path, connection: str, database: str) -> None:
    settings = started(environ, folder)
    assert settings.socket_mode is (connection == "socket")
    assert settings.db == (CONTENT["db"] if database == "postgres" else "/var/lib/dms-bot/bot.db")
    assert settings.policy_file == folder / "policy.toml"


@pytest.mark.parametrize("path", sorted(DEPLOY.glob("kubernetes/overlays/*/dms-bot.toml")))
def test_settings_are_read(path: Path) -> None:
    settings = load({"DMS_BOT_CONFIG": str(path), "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"})
    assert settings.project == "acme-databases"


def test_the_unit_of_systemd() -> None:
    unit = (DEPLOY / "systemd" / "dms-bot.service").read_text(encoding="utf-8")
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit)
    assert int(parser["Service"]["TimeoutStopSec"]) > SHUTDOWN_S
    assert parser["Service"]["RestartPreventExitStatus"] == "2"
    assert parser["Service"]["CapabilityBoundingSet"] == "", "as in a container"
    given = dict(re.findall(r"^Environment=(\w+)=(\S+)$", unit, re.MULTILINE))
    assert set(given) <= ENV | {"MPLCONFIGDIR"}
    credentials = set(re.findall(r"^LoadCredential=([\w-]+):", unit, re.MULTILINE))
    assert {each.removeprefix("%d/") for name, each in given.items() if name.endswith("_FILE")} == credentials


def test_cloud_run() -> None:
    service = read("cloud-run", "service.yaml")
    (container,) = service["spec"]["template"]["spec"]["containers"]
    check_container(container)
    assert list(versions(service)) == ["1"] * 5, (
        "a version of a secret, so that a roll-back is one as a whole"
    )


def versions(value: Any) -> Iterator[str]:
    """The versions of all secrets that are named."""
    if isinstance(value, list):
        for each in value:
            yield from versions(each)
    if isinstance(value, dict):
        yield from (value["key"],) if "key" in value else ()
        for each in value.values():
            yield from versions(each)


def test_compose() -> None:
    """The parts that a wrong word would break; Compose itself is in no package here."""
    made = read("compose.yaml")
    bot, postgres = made["services"]["bot"], made["services"]["postgres"]
    assert set(bot["environment"]) <= ENV
    assert set(bot["secrets"]) | set(postgres["secrets"]) == set(made["secrets"])
    files = {name for name, value in bot["environment"].items() if str(value).startswith("/run/secrets/")}
    assert {bot["environment"][name].rpartition("/")[2] for name in files} == set(bot["secrets"])
    assert bot["depends_on"]["postgres"] == {"condition": "service_healthy"}
    assert int(bot["stop_grace_period"].rstrip("s")) > SHUTDOWN_S
    assert bot["ports"] == ["127.0.0.1:8080:8080"], "nothing is open to the network"


def test_terraform() -> None:
    made: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(DEPLOY.glob("terraform/*.tf")):
        for kind, blocks in hcl2.loads(path.read_text(encoding="utf-8")).items():
            made.setdefault(kind, []).extend(blocks)
    text = "\n".join(path.read_text(encoding="utf-8") for path in DEPLOY.glob("terraform/*.tf"))
    declared = set(re.findall(r'^variable "(\w+)"', text, re.MULTILINE))
    assert set(re.findall(r"\bvar\.(\w+)", text)) == declared
    assert len(made["resource"]) == 5
    assert "../google/role.yaml" in text, "the role is in one place"


def test_terraform_needs_no_cluster() -> None:
    """The pool of a project is there once a cluster of it has Workload Identity, and not before."""
    variables = (DEPLOY / "terraform" / "variables.tf").read_text(encoding="utf-8")
    account = variables.partition('variable "kubernetes_service_account" {')[2].partition("\n}")[0]
    assert re.search(r'^  default +=\s+""$', account, re.MULTILINE)


def test_verbs_that_terraform_leaves_out_lose_their_permissions() -> None:
    """By the bot's names of them: `demote` and `edit` are no names of permissions."""
    main = (DEPLOY / "terraform" / "main.tf").read_text(encoding="utf-8")
    block = main.partition("permissions_of = {")[2].partition("}")[0]
    found = {
        verb: set(re.findall(r'"([\w.]+)"', listed))
        for verb, listed in re.findall(r"(\w+) += \[(.*)\]", block)
    }
    look = {"list", "show", "databases", "delay", "cutover"}
    assert set(found) == set(PERMISSIONS) - look
    others = {
        verb: {each for other in PERMISSIONS if other != verb for each in PERMISSIONS[other]}
        for verb in found
    }
    for verb, permissions in found.items():
        assert permissions == set(PERMISSIONS[verb]) - others[verb], verb
    variables = (DEPLOY / "terraform" / "variables.tf").read_text(encoding="utf-8")
    assert set(re.findall(r'"(\w+)"', variables.partition("contains([")[2].partition("]")[0])) == set(found)


def test_the_custom_role_holds_what_the_bot_calls_and_no_more() -> None:
    """The page of each method names it: "Method: projects.locations.migrationJobs.promote" and so on."""
    needed = {each for wanted in PERMISSIONS.values() for each in wanted}
    granted = read("google", "role.yaml")["includedPermissions"]
    assert set(granted) == needed
    assert len(granted) == len(set(granted))


def test_the_dashboard_fits_together() -> None:
    board = json.loads((DEPLOY / "grafana" / "dms-bot.json").read_text(encoding="utf-8"))
    panels = board["panels"]
    assert len({each["id"] for each in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells


def test_the_dashboard_colours_what_is_bad() -> None:
    """Without steps of its own, Grafana paints each value below 80 green."""
    board = json.loads((DEPLOY / "grafana" / "dms-bot.json").read_text(encoding="utf-8"))
    coloured = [each for each in board["panels"] if each.get("options", {}).get("colorMode") == "background"]
    assert coloured
    for panel in coloured:
        colours = {step["color"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]}
        assert colours == {"green", "red"}, panel["title"]
