"""`dms-bot sandbox`: the bot with a Slack and a DMS of its own."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

import click


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def sandbox(options: tuple[str, ...]) -> None:
    """Try the bot with a Slack and a DMS of its own on this machine, in a browser.

    OPTIONS are those of the sandbox, for example `--slack-port 3000 --host 0.0.0.0 --projects 3`;
    `dms-bot sandbox -- --help` lists them.
    """
    missing = [each for each in ("sandbox", "uvicorn", "starlette") if find_spec(each) is None]
    if missing:
        text = f"The sandbox is not installed ({missing[0]} is missing): pip install 'dms-bot[sandbox]'."
        raise click.ClickException(text)
    python = sys.executable
    os.execv(python, [python, "-m", "sandbox", *options, "--", python, "-m", "bot"])  # noqa: S606
