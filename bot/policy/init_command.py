"""`dms-bot policy`: writes a first policy file."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.config import loader as config
from bot.util.command import COMMAND, DEFAULT, with_command

if TYPE_CHECKING:
    from bot.policy.draft import Draft

_WHO = "Users (U…: in their profile, “Copy member ID”), user groups (S… or @handle) and channels (C…)"


@click.group()
def policy() -> None:
    """Who may do what."""


@policy.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="policy.toml")
@click.option(
    "--operator", multiple=True, help="Who operates: U…, S…, @handle or C…; several times for more."
)
@click.option("--approver", multiple=True, help="Who approves the requests of others; written the same way.")
@click.option(
    "--production",
    multiple=True,
    help="A label of production jobs, such as env=prod, or a project, such as project:prod; several times "
    "for more; none: every job.",
)
def init(
    file: Path, operator: tuple[str, ...], approver: tuple[str, ...], production: tuple[str, ...]
) -> None:
    """Ask who operates, who approves and what is production, and write a policy FILE (policy.toml).

    With any of the options, nothing is asked.
    """
    asks = not (operator or approver or production)
    replace = _may_replace(file, asks)
    draft = _asked() if asks else _given(operator, approver, production)
    _write(file, _checked(draft, file, asks), replace)
    click.echo(f"Wrote {file}. It takes effect once the bot is started with:\n")
    click.echo(f"  export DMS_BOT_POLICY={shlex.quote(str(file.absolute()))}\n")
    click.echo("or with policy_file in the settings file. dms-bot config check checks it after each change;")
    shown = f"in Slack, {COMMAND} policy shows it. docs/policy.md explains what else it can say."
    click.echo(with_command(shown, _command()))


def ask_for_policy(name: str) -> str:
    """Ask what `dms-bot policy init` asks; the text of the policy file `name`, which is checked."""
    return _checked(_asked(), Path(name), asks=True)


def _command() -> str:
    try:
        return config.load_command(os.environ)
    except config.ConfigError:
        # The file is written; the settings are checked at the start.
        return DEFAULT


def _may_replace(file: Path, asks: bool) -> bool:
    """Whether there is a file to replace. Ends the program if it may not be replaced."""
    if not file.exists():
        return False
    if not asks:
        raise click.ClickException(f"{file} exists: name another file, or remove it first.")
    click.confirm(f"{file} exists. Replace it?", abort=True)
    return True


def _asked() -> Draft:
    from bot.policy.draft import Draft, labels, people

    click.echo(f"{_WHO}, with commas between them.\n")
    return Draft(
        operators=_prompt(
            "Who operates: starts, stops, restarts, promotes, edits and deletes jobs",
            lambda text: people(text, "operator"),
        ),
        approvers=_prompt(
            "Who approves the requests of others (nobody approves their own)",
            lambda text: people(text, "approver"),
        ),
        production=_prompt(
            "Which labels or projects mark production, such as env=prod or project:prod "
            "(a job with any of them; empty: every job)",
            labels,
            default="",
        ),
    )


def _prompt(
    question: str, read: Callable[[str], tuple[str, ...]], default: str | None = None
) -> tuple[str, ...]:
    """Ask until the answer is valid."""
    answer: tuple[str, ...] = click.prompt(
        question, default=default, show_default=False, value_proc=lambda text: _read(read, text)
    )
    return answer


def _read(read: Callable[[str], tuple[str, ...]], text: str) -> tuple[str, ...]:
    from bot.policy.model import PolicyError

    try:
        return read(text)
    except PolicyError as error:
        raise click.UsageError(str(error)) from None


def _given(operator: tuple[str, ...], approver: tuple[str, ...], production: tuple[str, ...]) -> Draft:
    from bot.policy.draft import Draft, labels, people

    if not operator or not approver:
        raise click.UsageError(
            "Give both --operator and --approver, or no option at all to be asked; "
            "for example: --operator @dba-team --approver @leads"
        )
    return Draft(
        _read(lambda text: people(text, "operator"), " ".join(operator)),
        _read(lambda text: people(text, "approver"), " ".join(approver)),
        _read(labels, " ".join(production)),
    )


def _checked(draft: Draft, file: Path, asks: bool) -> str:
    """The text of the file, checked in the same way as at the bot's start."""
    from bot.policy.draft import written
    from bot.policy.loader import parse
    from bot.policy.model import PolicyError

    text = written(draft)
    try:
        warnings = parse(text, file.name, projects=draft.projects).warnings
    except PolicyError as error:
        raise click.ClickException(str(error)) from error
    for sentence in warnings:
        click.echo(f"Warning: {sentence}", err=True)
    if warnings and asks:
        click.confirm("Write it anyway?", abort=True)
    return text


def _write(file: Path, text: str, replace: bool) -> None:
    try:
        with file.open("w" if replace else "x", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from error
