"""`dms-bot init` against a local Slack and DMS: what it asks, checks and writes."""

from __future__ import annotations

import os
import shlex
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bot.config.loader import load, load_database
from sandbox.dms import DmsServer
from sandbox.slack import SlackServer
from tests.ops.program import run_program
from tests.ops.test_deploy import charted, check_settings, env

NOTIFY = "C0DMS00001"
POLICY = ("@dba-team", "@leads", "env=prod")


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[SlackServer, DmsServer]]:
    with SlackServer() as slack, DmsServer(port=0, seed="empty") as dms:
        dms.control.add_job("orders", phase="CDC")
        yield slack, dms


def init(servers: tuple[SlackServer, DmsServer], folder: Path, answers: list[str], *words: str) -> Any:
    slack, dms = servers
    environ = {
        "PATH": os.environ["PATH"],
        "SLACK_API_URL": slack.api_url,
        "DMS_EMULATOR_HOST": dms.grpc_host,
        "DMS_EMULATOR_REST_HOST": dms.rest_host,
    }
    return run_program(["init", folder, *words], environ, typed="\n".join(answers) + "\n")


def good(servers: tuple[SlackServer, DmsServer]) -> list[str]:
    slack, dms = servers
    return [slack.bot_token, slack.app_token, NOTIFY, dms.project, "europe-west1", *POLICY]


def test_right_answers_make_an_installation(servers: Any, tmp_path: Path) -> None:
    done = init(servers, tmp_path / "new", good(servers), "--with", "helm")
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "new"
    slack, dms = servers
    secrets = {each.name: each.read_text() for each in (folder / "secrets").iterdir()}
    assert secrets == {"slack-bot-token": slack.bot_token, "slack-app-token": slack.app_token}
    assert {stat.S_IMODE(each.stat().st_mode) for each in (folder / "secrets").iterdir()} == {0o600}
    settings = load(
        {
            "DMS_BOT_CONFIG": str(folder / "dms-bot.toml"),
            "DMS_BOT_POLICY": str(folder / "policy.toml"),
            "SLACK_BOT_TOKEN_FILE": str(folder / "secrets" / "slack-bot-token"),
            "SLACK_APP_TOKEN_FILE": str(folder / "secrets" / "slack-app-token"),
        }
    )
    assert (settings.project, settings.notify_channel) == (dms.project, NOTIFY)
    values = yaml.safe_load((folder / "values.yaml").read_text())
    assert values["settings"] == (folder / "dms-bot.toml").read_text()
    assert values["policy"] == (folder / "policy.toml").read_text()
    assert slack.bot_token not in done.stdout + (folder / "values.yaml").read_text()
    commands = [
        line.split()[:3] for line in done.stdout.splitlines() if line.startswith(("  kubectl", "  helm"))
    ]
    assert commands == [
        ["kubectl", "create", "namespace"],
        ["kubectl", "-n", "dms-bot"],
        ["helm", "upgrade", "--install"],
    ]
    if sys.platform == "linux":  # for which the template engine is built
        with pytest.raises(jsonschema.ValidationError, match="REGION"):
            charted(**values)
        values["image"]["repository"] = values["image"]["repository"].replace("REGION", "europe-west1")
        assert charted(**values)


def test_a_token_that_slack_refuses_is_asked_for_again(servers: Any, tmp_path: Path) -> None:
    slack, _dms = servers
    wrong = ["xoxb-0-wrong", slack.app_token, NOTIFY, "y", *good(servers)]
    done = init(servers, tmp_path, wrong, "--with", "nothing")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Slack refused it (invalid_auth)" in done.stdout
    assert (tmp_path / "secrets" / "slack-bot-token").read_text() == slack.bot_token


def test_an_answer_of_the_wrong_form_says_what_would_be_right(servers: Any, tmp_path: Path) -> None:
    done = init(servers, tmp_path, ["xapp-1-hello", *good(servers)], "--with", "compose")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "what is there starts with xapp-" in done.stderr
    assert "xapp-1-hello" not in done.stdout + done.stderr
    made = yaml.safe_load((tmp_path / "compose.yaml").read_text())
    assert "build" not in made["services"]["bot"]
    modes = {stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "secrets").iterdir()}
    assert modes == {0o644}, "the container's user reads them, and the folder is closed"
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    names = {Path(each["file"]).name for each in made["secrets"].values()}
    assert {each.name for each in (tmp_path / "secrets").iterdir()} <= names


@pytest.mark.parametrize("extra", ["compose", "helm"])
def test_without_an_app_level_token_it_is_signed_http(servers: Any, tmp_path: Path, extra: str) -> None:
    slack, _dms = servers
    token, _app_token, channel, *others = good(servers)
    done = init(servers, tmp_path, [token, "", channel, slack.signing_secret, *others], "--with", extra)
    assert done.returncode == 0, done.stdout + done.stderr
    secrets = {each.name for each in (tmp_path / "secrets").iterdir()}
    assert secrets - {"db", "postgres-password"} == {"slack-bot-token", "slack-signing-secret"}
    if extra == "compose":
        made = yaml.safe_load((tmp_path / "compose.yaml").read_text())
        assert {Path(each["file"]).name for each in made["secrets"].values()} == secrets
        check_settings(made["services"]["bot"]["environment"], tmp_path, "http", "postgres")
    elif sys.platform == "linux":  # for which the template engine is built
        values = yaml.safe_load((tmp_path / "values.yaml").read_text())
        values["image"]["repository"] = "dms-bot"
        check_settings(env(charted(**values)), tmp_path, "http", "postgres")


def test_nothing_is_replaced_unasked(servers: Any, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("mine")
    done = init(servers, tmp_path, ["n"])
    assert done.returncode == 1
    assert (tmp_path / "policy.toml").read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == ["policy.toml"]


def test_a_blank_answer_is_none(servers: Any, tmp_path: Path) -> None:
    done = init(servers, tmp_path, ["  ", *good(servers)], "--with", "nothing")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.count("It must not be empty.") == 1


def test_slacks_own_tokens_begin_as_they_do(tmp_path: Path) -> None:
    done = run_program(["init", tmp_path], {"PATH": os.environ["PATH"]}, typed="hello\n")
    assert done.returncode == 1
    assert "SLACK_BOT_TOKEN must start with xoxb-" in done.stderr
    assert "hello" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("place", "environ", "said"),
    [
        ("file/new", {}, "file cannot be written to"),
        ("new", {"SLACK_API_URL": "slack"}, "SLACK_API_URL must be an http(s) URL"),
    ],
)
def test_what_no_answer_mends_is_said_before_the_first_question(
    tmp_path: Path, place: str, environ: dict[str, str], said: str
) -> None:
    (tmp_path / "file").write_text("")
    done = run_program(["init", tmp_path / place], {"PATH": os.environ["PATH"], **environ})
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stdout == ""


def test_the_command_to_start_it_means_the_same_from_everywhere(servers: Any, tmp_path: Path) -> None:
    done = init(servers, tmp_path / "my bot", good(servers), "--with", "nothing")
    assert done.returncode == 0, done.stdout + done.stderr
    *given, program, verb = shlex.split(done.stdout.partition("Next:")[2].replace("\\\n", ""))
    assert (program, verb) == ("dms-bot", "run")
    environ = dict(each.split("=", 1) for each in given)
    assert load({**environ, "SLACK_API_URL": servers[0].api_url}).slack_bot_token == servers[0].bot_token
    assert Path(environ["DMS_BOT_DB"]).parent == tmp_path / "my bot"


def test_a_group_that_slack_does_not_know_is_told(servers: Any, tmp_path: Path) -> None:
    answers = good(servers)
    assert "Slack knows all that the policy names: @dba-team, @leads." in (
        init(servers, tmp_path / "right", answers, "--with", "nothing").stdout
    )
    answers[answers.index("@dba-team")] = "@dba-taem"
    done = init(servers, tmp_path / "wrong", answers, "--with", "nothing")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARN  user groups            Slack knows no @dba-taem" in done.stdout


def test_compose_gets_a_password_that_stays(servers: Any, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir(mode=0o755)
    for _ in range(2):
        done = init(servers, tmp_path, ["y", *good(servers)], "--with", "compose")
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"cd {tmp_path}\n" in done.stdout
        password, url = ((tmp_path / "secrets" / each).read_text() for each in ("postgres-password", "db"))
        assert load_database({"DMS_BOT_DB": url}) == f"postgresql://bot:{password}@postgres/dmsbot"
        (tmp_path / "secrets" / "db").write_text(url.replace(password, "mine"))
        (tmp_path / "secrets" / "postgres-password").write_text("mine")
    assert password == "mine"
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700, "it was open to all"
