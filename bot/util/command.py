"""The slash command in texts.

A sentence writes `COMMAND` where it says what to type, as each bot has its own command (`DMS_BOT_COMMAND`).
`named` puts that in where texts leave the bot: in the Slack client, in acknowledgements, in rows of the
audit, in the log and on the command line. What people and the service write stays as it is: `COMMAND` is a
character that texts from outside do not keep (`without_command`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

COMMAND = "\ufdd0"
"""The placeholder for the command. Unicode keeps it for use within a program, never for interchange.

Source: Unicode Standard, section 23.7, "Noncharacters".
"""
DEFAULT = "/dms"
MAX_LENGTH = 32
"""Characters of a command with its slash. Source: https://docs.slack.dev/reference/app-manifest"""
_REPLACEMENT = "\ufffd"
T = TypeVar("T")


def with_command(value: T, command: str) -> T:
    """A text, or a JSON value with texts, that names `command`."""
    return _replaced(value, command)  # type: ignore[return-value]  # of the same type


def without_command(value: T) -> T:
    """A text or a JSON value from outside, without the placeholder."""
    return _replaced(value, _REPLACEMENT)  # type: ignore[return-value]  # of the same type


def hidden_width(text: str) -> int:
    """How many characters a text may grow by when the longest possible command is put in."""
    return text.count(COMMAND) * (MAX_LENGTH - 1)


def _replaced(value: object, instead: str) -> object:
    if isinstance(value, str):
        return value.replace(COMMAND, instead) if COMMAND in value else value
    if isinstance(value, Mapping):
        return {name: _replaced(each, instead) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(each, instead) for each in value]
    return value
