"""`dms-bot init`: asks what an installation needs, checks each answer as the doctor does, and writes it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.config.settings import OPTIONS, Settings
from bot.config.values import BadValue
from bot.policy.init_command import ask_for_policy
from bot.runtime import logs

if TYPE_CHECKING:
    from bot.doctor.finding import Finding

_BY_NAME = {each.name: each for each in OPTIONS}
_NOT_ASKED_YET = "not-asked-yet"
"""Stands for what has to be set, while Slack alone is checked."""
SETTINGS, POLICY, SECRETS = "dms-bot.toml", "policy.toml", "secrets"
_EXTRAS = {"compose": "compose.yaml", "helm": "values.yaml"}

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
    # What the libraries log of a failed call, the check of an answer says.
    logs.configure("CRITICAL")
    _may_write(folder)
    answers: dict[str, str] = {}
    _ask(answers, _SLACK, _slack_checks)
    if not answers.get("slack_app_token"):
        if extra not in (None, "nothing"):
            raise click.ClickException(f"--with {extra} is for Socket Mode, which takes an app-level token.")
        extra = "nothing"
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
        raise click.ClickException(f"{error.filename} cannot be written: {error.strerror}.") from error
    click.echo(f"\nWrote {', '.join(written)} into {folder}. Next:\n")
    click.echo(_next(folder, chosen))


def _may_write(folder: Path) -> None:
    there = [each for each in (SETTINGS, POLICY, SECRETS, *_EXTRAS.values()) if (folder / each).exists()]
    if there:
        click.confirm(f"{folder} has {' and '.join(there)}. Replace what is there?", abort=True)


def _ask(answers: dict[str, str], questions: tuple[Question, ...], checks: Checks | None) -> None:
    """Ask until the checks pass, or whoever answers wants to go on."""
    while True:
        for each in questions:
            answers[each.name] = _answer(each)
        findings = tuple(checks(_settings(answers))) if checks else ()
        if not findings:
            return
        from bot.doctor.report import report

        click.echo(report(findings))
        if not any(each.failed for each in findings):
            return
        if not click.confirm("Answer again? (No: go on, and fix it later)", default=True):
            return


def _answer(question: Question) -> str:
    option = _BY_NAME[question.name]

    def checked(text: str) -> str:
        if text.strip() or question.default is None:
            try:
                option.read(text.strip())
            except BadValue as error:
                raise click.UsageError(f"It {error}.") from error
        return text.strip()

    answer: str = click.prompt(
        question.text,
        default=question.default,
        show_default=bool(question.default),
        hide_input=option.secret,
        value_proc=checked,
    )
    return answer


def _settings(answers: Mapping[str, str]) -> Settings:
    """The settings as far as they have been answered. Where the services are comes from the environment."""
    from bot.config import loader

    asked = {_BY_NAME[name].env: value for name, value in answers.items() if value}
    if "slack_app_token" in answers and not answers["slack_app_token"]:
        asked.setdefault("SLACK_SIGNING_SECRET", _NOT_ASKED_YET)
    ours = {each.env for each in OPTIONS if each.name in ("slack_api_url", "dms_emulator_host")}
    ours.add("DMS_EMULATOR_REST_HOST")
    given = {name: os.environ[name] for name in ours if name in os.environ}
    later = {"GOOGLE_CLOUD_PROJECT": _NOT_ASKED_YET, "DMS_LOCATIONS": "*"}
    return loader.load({**later, **given, **asked})


def _slack_checks(settings: Settings) -> Iterator[Finding]:
    from bot.doctor import slack

    yield from slack.run_checks(settings)


def _google_checks(settings: Settings) -> Iterator[Finding]:
    from bot.doctor import google

    yield from google.run_checks(settings)


def _write(folder: Path, answers: Mapping[str, str], policy: str, extra: str) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SECRETS).mkdir(mode=0o700, exist_ok=True)
    for name, value in answers.items():
        path = folder / SECRETS / name.replace("_", "-")
        if _BY_NAME[name].secret:
            path.unlink(missing_ok=True)
        if _BY_NAME[name].secret and value:
            # Compose shows the file itself to the container, whose user is another; the folder is closed.
            _write_secret(path, value, 0o644 if extra == "compose" else 0o600)
    settings = _settings_file(answers)
    (folder / SETTINGS).write_text(settings, encoding="utf-8")
    (folder / POLICY).write_text(policy, encoding="utf-8")
    written = [SETTINGS, POLICY, f"{SECRETS}/"]
    if extra == "compose":
        text = files("bot.doctor").joinpath("compose.yaml").read_text(encoding="utf-8")
        (folder / "compose.yaml").write_text(text, encoding="utf-8")
    if extra == "helm":
        (folder / "values.yaml").write_text(_values(settings, policy), encoding="utf-8")
    return written + [name for kind, name in _EXTRAS.items() if kind == extra]


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


def _values(settings: str, policy: str) -> str:
    return f"settings: |\n{_indented(settings)}\npolicy: |\n{_indented(policy)}\nsecret: dms-bot-1\n"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.rstrip().splitlines())


def _next(folder: Path, extra: str) -> str:
    if extra == "compose":
        return (
            "  add secrets/db and secrets/postgres-password (see docs/deploy-vm.md), then\n"
            "  BOT_IMAGE=… docker compose up -d"
        )
    if extra == "helm":
        return (
            "  put the address of PostgreSQL into secrets/db (or set database: sqlite, replicas: 1), then\n"
            "  kubectl create secret generic dms-bot-1 --from-file=secrets/\n"
            "  helm upgrade --install dms-bot deploy/helm/dms-bot --values values.yaml"
        )
    shown = folder.absolute()
    tokens = "".join(
        f" \\\n  {each.env_file}={shown}/{SECRETS}/{each.name.replace('_', '-')}"
        for each in OPTIONS
        if each.secret and (folder / SECRETS / each.name.replace("_", "-")).exists()
    )
    return f"  DMS_BOT_CONFIG={shown}/{SETTINGS} DMS_BOT_POLICY={shown}/{POLICY}{tokens} \\\n  dms-bot run"
