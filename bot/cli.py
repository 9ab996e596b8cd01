"""The command-line program `dms-bot`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

import click

from bot.config import loader as config
from bot.config.loader import ConfigError
from bot.config.settings import Settings, redacted
from bot.doctor.init_command import init
from bot.policy.init_command import policy
from bot.runtime import logs
from bot.runtime.sandbox_command import sandbox
from bot.util.loading import loading
from bot.util.text import count_of, first_few
from bot.version import version

if TYPE_CHECKING:
    from bot.config.webhooks import Webhook
    from bot.policy.model import Policy, PolicyError
    from bot.store import Store, UnreadableRow
    from bot.store.anchor import Anchor

EXIT_FAILED = 1
EXIT_SETTINGS = 2
_NO_ROWS = (
    "The audit has no rows. If anything was ever changed with the bot, this is not its database, or somebody "
    "has emptied it."
)
_NOTHING_EXPECTED = (
    "Somebody could have rewritten all of it: to rule that out, give a row from the log or from Slack with "
    "--expect."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version(), prog_name="dms-bot")
def main() -> None:
    """Run Google Cloud Database Migration Service from Slack.

    Settings come from the environment and from the TOML file that DMS_BOT_CONFIG names;
    `dms-bot config check` lists what is wrong with them.
    """
    logs.configure("WARNING")


@main.command("version")
def version_command() -> None:
    """Print the version."""
    click.echo(f"dms-bot {version()}")


@main.command()
def run() -> None:
    """Answer people in Slack until told to stop (SIGTERM or Ctrl-C)."""
    # Process 1 of a container ignores signals without a handler. Without this one, a stop during start-up
    # would be lost, and the container would be killed later.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))
    settings = _settings()
    logs.configure(settings.log_level, settings.log_format, settings.secrets(), command=settings.command)
    with loading():
        from bot.app import Bot  # loads all verbs and the Slack client: not for --help
        from bot.runtime import process
        from bot.slack.api.client import SlackError
    with _sentences_for_errors():
        try:
            process.run(settings, lambda settings, front: Bot(settings, front=front))
        except SlackError as error:
            raise click.ClickException(str(error)) from error


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--offline", is_flag=True, help="Check only what needs neither Slack nor Google.")
def doctor(as_json: bool, offline: bool) -> None:
    """Check tokens, scopes, channels, credentials, permissions, clock and database."""
    settings = _settings()
    # A finding says what the libraries would log of a failed call.
    logs.configure("CRITICAL", settings.log_format, settings.secrets())
    from bot.doctor.checks import run_checks
    from bot.doctor.report import report

    findings = run_checks(settings, offline=offline)
    click.echo(report(findings, as_json=as_json))
    sys.exit(EXIT_FAILED if any(each.failed for each in findings) else 0)


def _command_typed(_ctx: click.Context, _option: click.Parameter, text: str | None) -> str:
    from bot.config.values import BadValue, slash_command

    if text is None:
        try:
            return config.load_command(os.environ)
        except ConfigError as error:
            _exit_with(error)
    try:
        return slash_command(text)
    except BadValue as error:
        raise click.BadParameter(f"it {error}.") from error


def _host(_ctx: click.Context, _option: click.Parameter, text: str) -> str:
    from bot.slack.api.manifest import host_of

    try:
        return host_of(text) if text else ""
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error


def _app_name(_ctx: click.Context, _option: click.Parameter, text: str) -> str:
    from bot.slack.api.manifest import checked_name

    try:
        return checked_name(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error


@main.command("manifest")
@click.option(
    "--command",
    metavar="/NAME",
    callback=_command_typed,
    help="The slash command. Default: DMS_BOT_COMMAND, else /dms.",
)
@click.option("--name", default="DMS", show_default=True, callback=_app_name, help="The app's name.")
@click.option(
    "--http", "host", metavar="HOST", default="", callback=_host, help="For signed HTTP at this public host."
)
@click.option("--org", is_flag=True, help="For several workspaces of an organisation.")
def manifest_command(command: str, name: str, host: str, org: bool) -> None:
    """Print the manifest of the Slack app, for Socket Mode unless --http is given."""
    from bot.slack.api.manifest import ManifestOptions, manifest

    click.echo(manifest(ManifestOptions(command, name, host, org)), nl=False)


def _anchors(_ctx: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> tuple[Anchor, ...]:
    from bot.store.anchor import Anchor

    try:
        return tuple(Anchor.parse(text) for text in texts)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error


@main.group()
def audit() -> None:
    """The record of who did what."""


@audit.command()
@click.option(
    "--expect",
    "expected",
    metavar="SEQ:HASH",
    multiple=True,
    callback=_anchors,
    help="A row as the log or Slack has it; may be given several times.",
)
def verify(expected: tuple[Anchor, ...]) -> None:
    """Check the audit's hash chain, and that it has the rows that are expected.

    The exit code is 1 if it is broken, empty or cannot be read. Nothing is written to the database.
    """
    with _store(_database()) as store:
        broken = store.verify_audit(expected)
        head = store.audit_anchor() if not broken else None
    if head is None:
        click.echo(broken or _NO_ROWS, err=True)
        sys.exit(EXIT_FAILED)
    click.echo(f"The audit is intact: {count_of(head.seq, 'row')}; the last one is {head}.")
    if not expected:
        click.echo(_NOTHING_EXPECTED)


@audit.command()
@click.option("--format", "kind", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else stdout."
)
@click.option("--job", default="", help="Only this job (full resource name).")
@click.option("--project", default="", help="Only this project (its ID).")
@click.option("--by", default="", help="Only this person (Slack user id).")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]), help="UTC."
)
def export(kind: str, output: Path | None, job: str, project: str, by: str, since: datetime | None) -> None:
    """Write the audit as CSV or JSON lines, oldest row first.

    The exit code is 1 if rows had to be left out that cannot be read.
    """
    from bot.store.audit_export import FORMATS, entries

    start = since.replace(tzinfo=UTC) if since else None
    unread: list[UnreadableRow] = []
    with _store(_database()) as store:
        rows = entries(store, job=job, project=project, by=by, since=start, skip=unread.append)
        lines = FORMATS[kind](rows)
        if output is None:
            _write(lines, sys.stdout)
        else:
            with output.open("w", encoding="utf-8", newline="") as file:
                _write(lines, file)
    if unread:
        which = first_few([each.key for each in unread], 20)
        left_out = f"{count_of(len(unread), 'row')} that cannot be read ({which})"
        click.echo(f"Not in it: {left_out}. `dms-bot audit verify` says whether they were changed.", err=True)
        sys.exit(EXIT_FAILED)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
def backup(file: Path, force: bool) -> None:
    """Copy the SQLite database into FILE and check the copy; the bot may run meanwhile."""
    from bot.store import sqlite_file

    url = _database()
    with _sentences_for_errors():
        from bot.store.backup import back_up

        content = back_up(sqlite_file(url), file, force=force)
    click.echo(f"{file} is a complete backup of {url}, with {content}.")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(file: Path, yes: bool) -> None:
    """Put the backup FILE in the place of the SQLite database, which is kept under another name.

    Stop the bot first.
    """
    from bot.store import sqlite_file

    url = _database()
    with _sentences_for_errors():
        from bot.requests.restored import end_unfinished
        from bot.store.backup import restoring

        amend = partial(end_unfinished, now=datetime.now(UTC))
        with restoring(file, sqlite_file(url), amend) as ready:
            click.echo(f"The backup {file} is intact, with {ready.backup}.")
            click.echo(f"The database {url} {ready.state()}.")
            for line in ready.warnings():
                click.echo(line)
            if not yes:
                click.confirm(f"Replace {url} with the backup?", abort=True)
            kept = ready.carry_out()
    click.echo(f"Restored {url}.{f' The previous database is kept as {kept}.' if kept else ''}")


@main.group("config")
def config_group() -> None:
    """The settings."""


@config_group.command("check")
def check() -> None:
    """Check settings and policy without connecting to anything; exit code 2 where they are wrong."""
    reading = config.read(os.environ)
    settings_faults = (*reading.faults, *_unknown_kinds(reading.found.get("webhooks", ())))
    read, policy_faults = _policy_of(reading)
    _list_faults("settings", settings_faults)
    _list_faults("policy", policy_faults)
    if settings_faults or policy_faults:
        sys.exit(EXIT_SETTINGS)
    from bot.policy import loader

    assert read is not None
    for sentence in loader.remarks(read):
        click.echo(f"Warning: {sentence}", err=True)
    click.echo(redacted(config.load(os.environ)))


def _policy_of(reading: config.Reading) -> tuple[Policy | None, tuple[str, ...]]:
    """The policy and its faults. Without the projects, which it can name, it is not read."""
    from bot.app import read_policy
    from bot.policy.model import PolicyError

    if reading.projects is None:
        return None, ()
    try:
        return read_policy(reading.found.get("policy_file"), reading.projects), ()
    except PolicyError as error:
        return None, error.faults


main.add_command(policy)
main.add_command(init)
main.add_command(sandbox)


@main.command()
@click.option("--url", default="", help="Default: /healthz at the port of the settings.")
@click.option("--timeout", default=5.0, show_default=True, help="Seconds.")
def healthcheck(url: str, timeout: float) -> None:
    """Ask a running bot on this machine whether it is well (for container health checks)."""
    from bot.runtime.health import ask

    fault = ask(url or f"http://127.0.0.1:{_probes_port()}/healthz", timeout)
    if fault:
        click.echo(fault, err=True)
        sys.exit(EXIT_FAILED)
    click.echo("ok")


def _settings() -> Settings:
    reading = config.read(os.environ)
    faults = (*reading.faults, *_unknown_kinds(reading.found.get("webhooks", ())))
    if faults:
        _exit_with(ConfigError(faults))
    return config.load(os.environ)


def _unknown_kinds(webhooks: Sequence[Webhook]) -> tuple[str, ...]:
    if not webhooks:
        return ()
    from bot.webhooks.webhooks import unknown_kinds  # knows all kinds of events, which takes a while to load

    return unknown_kinds(webhooks)


def _database() -> str:
    """The database's URL alone, because these commands need no tokens."""
    try:
        return config.load_database(os.environ)
    except ConfigError as error:
        _exit_with(error)


def _probes_port() -> int:
    try:
        return config.load_probes_port(os.environ)
    except ConfigError as error:
        _exit_with(error)


def _exit_with(error: ConfigError | PolicyError) -> NoReturn:
    _list_faults("settings" if isinstance(error, ConfigError) else "policy", error.faults)
    sys.exit(EXIT_SETTINGS)


def _list_faults(what: str, faults: Sequence[str]) -> None:
    if faults:
        click.echo(f"Correct the {what}:", err=True)
    for fault in faults:
        click.echo(f"  - {fault}", err=True)


@contextmanager
def _sentences_for_errors() -> Iterator[None]:
    """End the program with a sentence, not a traceback, for errors that people can fix."""
    from bot.dms.errors import DmsError
    from bot.policy.model import PolicyError
    from bot.store import StoreError

    try:
        yield
    except (ConfigError, PolicyError) as error:
        _exit_with(error)
    except (StoreError, DmsError, OSError) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _store(url: str) -> Iterator[Store]:
    """The database of an installation, for reading alone."""
    from bot.store import open_for_reading

    with _sentences_for_errors():
        store = open_for_reading(url)
    with _sentences_for_errors(), closing(store):
        yield store


def _write(lines: Iterable[str], out: TextIO) -> None:
    try:
        for line in lines:
            out.write(line)
        out.flush()
    except BrokenPipeError:
        # The reader has closed the pipe (`| head`). Keep the interpreter from flushing into it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
