"""`dms-bot init`: asks what an installation needs, checks each answer as the doctor does, and writes it."""

from __future__ import annotations

import json
import os
import secrets
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.config import loader
from bot.config.loader import ConfigError
from bot.config.settings import OPTIONS, Settings
from bot.config.values import BadValue
from bot.policy.init_command import ask_for_policy
from bot.runtime import logs
from bot.version import version

if TYPE_CHECKING:
    from bot.doctor.finding import Finding

_BY_NAME = {each.name: each for each in OPTIONS}
_NOT_ASKED_YET = {
    "SLACK_BOT_TOKEN": "xoxb-not-asked-yet",
    "SLACK_SIGNING_SECRET": "not-asked-yet",
    "DMS_NOTIFY_CHANNEL": "not-asked-yet",
    "GOOGLE_CLOUD_PROJECT": "not-asked-yet",
    "DMS_LOCATIONS": "*",
}
"""Placeholders of required settings until they are answered."""
SETTINGS, POLICY, SECRETS = "dms-bot.toml", "policy.toml", "secrets"
_EXTRAS = {"compose": "compose.yaml", "helm": "values.yaml"}
_PASSWORD, _ADDRESS = "postgres-password", "db"
"""What compose.yaml gives PostgreSQL, and the bot, to meet each other."""

Checks = Callable[[Settings], Iterator["Finding"]]


@dataclass(frozen=True, slots=True)
class Question:
    """A question whose answer is a setting, and is checked like one."""

    name: str
    """Of the setting."""
    text: str
    default: str | None = None
    """None: it has to be answered."""


_SLACK = (
    Question("slack_bot_token", "Slack's bot token (xoxb-…, on the app's page OAuth & Permissions)"),
    Question("slack_app_token", "Slack's app-level token (xapp-…; empty for signed HTTP)", ""),
    Question("notify_channel", "Channel for status changes (C…: in its details, at the bottom)"),
)
_SIGNING = (Question("slack_signing_secret", "Slack's signing secret (on the app's page Basic Information)"),)
_GOOGLE = (
    Question("project", "Google Cloud project of the migration jobs (several: with commas)"),
    Question("locations", "Locations of the jobs (with commas; * for all)", "*"),
)


@click.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option(
    "--with",
    "extra",
    type=click.Choice(["nothing", "compose", "helm"]),
    help="Write compose.yaml or the values for the Helm chart, too. Asked where it is not given.",
)
def init(folder: Path, extra: str | None) -> None:
    """Ask for tokens, projects, a channel and a policy, check each, and write them into FOLDER.

    Secrets go into files of their own that their owner alone can read.
    """
    # The check of an answer says what the libraries would log of a failed call.
    logs.configure("CRITICAL")
    _check_environment()
    _may_write(folder)
    answers: dict[str, str] = {}
    _ask(answers, _SLACK, _slack_checks)
    if _is_http(answers):
        _ask(answers, _SIGNING, None)
    _ask(answers, _GOOGLE, _google_checks)
    click.echo()
    policy = ask_for_policy(POLICY)
    chosen = extra or click.prompt(
        "Write another file", type=click.Choice(["nothing", "compose", "helm"]), default="nothing"
    )
    try:
        written = _write(folder, answers, policy, chosen)
    except OSError as error:
        # A disk that is full names no file.
        name = error.filename or folder
        raise click.ClickException(f"{name} cannot be written: {error.strerror}.") from error
    _report_groups(answers, folder / POLICY)
    where = "this folder" if folder == Path() else str(folder)
    click.echo(f"\nWrote {', '.join(written)} into {where}. Next:\n")
    click.echo(_next(folder, chosen))


def _is_http(answers: Mapping[str, str]) -> bool:
    """Whether Slack connects to the bot: there is no token for Socket Mode."""
    return not answers.get("slack_app_token")


def _check_environment() -> None:
    """No answer could mend a wrong address of Slack or DMS, which only the environment names."""
    try:
        _settings({})
    except ConfigError as error:
        raise click.ClickException(" ".join(error.faults)) from error


def _may_write(folder: Path) -> None:
    """Checked before the first question: so that no answers are lost."""
    nearest = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        raise click.ClickException(f"{nearest} cannot be written to: name another folder.")
    there = [each for each in (SETTINGS, POLICY, SECRETS, *_EXTRAS.values()) if (folder / each).exists()]
    if there:
        click.confirm(f"{folder} has {' and '.join(there)}. Replace what is there?", abort=True)


def _ask(answers: dict[str, str], questions: tuple[Question, ...], checks: Checks | None) -> None:
    """Ask until the checks pass, or whoever answers wants to go on."""
    while True:
        for each in questions:
            answers[each.name] = _answer(each, answers)
        findings = tuple(checks(_settings(answers))) if checks else ()
        if not findings:
            return
        from bot.doctor.report import report

        click.echo(report(findings))
        if not any(each.failed for each in findings):
            return
        if not click.confirm("Answer again? (No: go on, and fix it later)", default=True):
            return


def _answer(question: Question, answers: Mapping[str, str]) -> str:
    """Ask until the answer has the right form. Of a secret, Click itself would not say what is wrong."""
    while True:
        answer: str = click.prompt(
            question.text,
            default=question.default,
            show_default=bool(question.default),
            hide_input=_BY_NAME[question.name].secret,
            value_proc=str.strip,
        )
        fault = _fault(question, answer, answers)
        if not fault:
            return answer
        click.echo(f"Error: {fault}", err=True)


def _fault(question: Question, answer: str, answers: Mapping[str, str]) -> str:
    """What is wrong with an answer; empty if nothing is. A secret is not repeated in it."""
    if not answer:
        return "" if question.default is not None else "It must not be empty."
    try:
        _BY_NAME[question.name].read(answer)
        _settings({**answers, question.name: answer})
    except BadValue as error:
        return f"It {error}."
    except ConfigError as error:
        return " ".join(error.faults)
    return ""


def _settings(answers: Mapping[str, str]) -> Settings:
    """The settings as far as they have been answered. Where the services are comes from the environment."""
    ours = {each.env for each in OPTIONS if each.name in ("slack_api_url", "dms_emulator_host")}
    ours.add("DMS_EMULATOR_REST_HOST")
    given = {name: os.environ[name] for name in ours if name in os.environ}
    asked = {_BY_NAME[name].env: value for name, value in answers.items() if value}
    return loader.load({**_NOT_ASKED_YET, **given, **asked})


def _slack_checks(settings: Settings) -> Iterator[Finding]:
    from bot.doctor import slack

    yield from slack.run_checks(settings)


def _google_checks(settings: Settings) -> Iterator[Finding]:
    from bot.doctor import google

    yield from google.run_checks(settings)


def _report_groups(answers: Mapping[str, str], policy: Path) -> None:
    """A handle that Slack does not know grants nothing, without an error."""
    from bot.doctor import slack, user_groups
    from bot.doctor.report import report

    settings = replace(_settings(answers), policy_file=policy)
    found = [each for each in slack.run_checks(settings) if each.check == user_groups.CHECK]
    if found:
        click.echo(f"\n{report(found)}")


def _write(folder: Path, answers: Mapping[str, str], policy: str, extra: str) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SECRETS).mkdir(mode=0o700, exist_ok=True)
    # Also if it was there before: what is in it may be open to all.
    (folder / SECRETS).chmod(0o700)
    # Compose shows files themselves to the container, whose user is another; the secrets' folder is closed.
    secret_mode = 0o644 if extra == "compose" else 0o600
    for name, value in answers.items():
        path = folder / SECRETS / name.replace("_", "-")
        if _BY_NAME[name].secret:
            path.unlink(missing_ok=True)
        if _BY_NAME[name].secret and value:
            _write_secret(path, value, secret_mode)
    settings = _settings_file(answers)
    for name, text in ((SETTINGS, settings), (POLICY, policy)):
        (folder / name).write_text(text, encoding="utf-8")
        if extra == "compose":
            (folder / name).chmod(0o644)
    if extra == "compose":
        _write_database(folder / SECRETS, secret_mode)
        (folder / "compose.yaml").write_text(_compose(answers), encoding="utf-8")
    if extra == "helm":
        (folder / "values.yaml").write_text(_values(settings, policy, answers), encoding="utf-8")
    written = [SETTINGS, POLICY, f"{SECRETS}/"]
    return written + [name for kind, name in _EXTRAS.items() if kind == extra]


def _write_database(folder: Path, mode: int) -> None:
    """The password of compose.yaml's PostgreSQL. One that is there stays: its volume may be, too."""
    if not any((folder / each).exists() for each in (_PASSWORD, _ADDRESS)):
        password = secrets.token_hex(24)
        _write_secret(folder / _PASSWORD, password, mode)
        _write_secret(folder / _ADDRESS, f"postgresql://bot:{password}@postgres/dmsbot", mode)


def _write_secret(path: Path, value: str, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(value)
    path.chmod(mode)


def _settings_file(answers: Mapping[str, str]) -> str:
    """TOML; secrets are in files of their own, whose place depends on where the bot runs."""
    lines = ["# Every setting is in docs/install.md. Secrets are files of their own."]
    for name, value in answers.items():
        if value and not _BY_NAME[name].secret:
            lines.append(f"{_BY_NAME[name].key} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def _compose(answers: Mapping[str, str]) -> str:
    text = files("bot.doctor").joinpath("compose.yaml").read_text(encoding="utf-8")
    if not _is_http(answers):
        return text
    of_variable = text.replace("SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")
    return of_variable.replace("slack-app-token", "slack-signing-secret")


def _values(settings: str, policy: str, answers: Mapping[str, str]) -> str:
    project = answers["project"].partition(",")[0].strip()
    return (
        "# Put your own values in: docs/deploy-gke.md says where they come from.\n"
        "image:\n"
        f"  repository: REGION-docker.pkg.dev/{project}/dms-bot/dms-bot\n"
        f"  tag: {json.dumps(version())}\n"
        "serviceAccount:\n"
        "  annotations:\n"
        f"    iam.gke.io/gcp-service-account: dms-bot@{project}.iam.gserviceaccount.com\n"
        f"connection: {'http' if _is_http(answers) else 'socket'}\n"
        "secret: dms-bot-1\n"
        f"settings: |\n{_indented(settings)}\n"
        f"policy: |\n{_indented(policy)}\n"
    )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.rstrip().splitlines())


def _next(folder: Path, extra: str) -> str:
    if extra == "compose":
        there = "" if folder == Path() else f"  cd {_quoted(folder)}\n"
        return (
            f"{there}"
            "  BOT_IMAGE=… docker compose up -d  # the image's name, unless it is dms-bot\n"
            "  docker compose exec bot dms-bot doctor"
        )
    if extra == "helm":
        return (
            f"  put your own values into {folder / 'values.yaml'}, and the address of PostgreSQL into\n"
            f"  {folder / SECRETS / _ADDRESS} (or set database: sqlite and replicas: 1), then\n"
            "  kubectl create namespace dms-bot  # unless it is there\n"
            f"  kubectl -n dms-bot create secret generic dms-bot-1 --from-file={_quoted(folder / SECRETS)}\n"
            "  helm upgrade --install dms-bot deploy/helm/dms-bot --namespace dms-bot "
            f"--values {_quoted(folder / 'values.yaml')}"
        )
    # Each by its whole path: another folder to start in would mean another, empty database.
    shown = folder.absolute()
    given = {"DMS_BOT_CONFIG": SETTINGS, "DMS_BOT_POLICY": POLICY, "DMS_BOT_DB": "dms-bot.db"}
    for each in OPTIONS:
        name = f"{SECRETS}/{each.name.replace('_', '-')}"
        if each.secret and each.name != "db" and (folder / name).exists():
            given[each.env_file] = name
    return "".join(f"  {name}={_quoted(shown / path)} \\\n" for name, path in given.items()) + "  dms-bot run"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
