"""What a wrong command was probably meant to be, as an invocation that a button can run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.cmdline.invocation import FlagValue, Invocation
from bot.cmdline.lexer import Token

APPEND = ""
"""The key of what is added at the end."""


def corrected_tokens(tokens: Sequence[Token], correction: Mapping[str, str]) -> tuple[Token, ...] | None:
    """The tokens with each wrong one replaced, or removed if it has none; None if one is missing."""
    found = list(tokens)
    for wrong, right in correction.items():
        if wrong == APPEND:
            found.append(Token(right, right, False))
            continue
        at = next((index for index, each in enumerate(found) if _is(each, wrong)), None)
        if at is None:
            return None
        whole = found[at].text == wrong
        shown = right if whole else f"{found[at].text.partition('=')[0]}={right}"
        found[at : at + 1] = [_replaced(found[at], shown, whole=whole)] if right else []
    return tuple(found)


def corrected(invocation: Invocation, correction: Mapping[str, str]) -> Invocation | None:
    """The invocation with wrong jobs, words and values replaced; None if one is not there."""
    found = invocation
    for wrong, right in correction.items():
        changed = _with(found, wrong, right)
        if changed == found:
            return None
        found = changed
    return found


def as_typed(invocation: Invocation) -> str:
    """How the command is typed, after the slash command."""
    parts = [invocation.verb, *(_job(each) for each in invocation.jobs), *invocation.words]
    parts += [f"{key}={_quoted(value)}" for key, value in invocation.filters.items()]
    for name, value in invocation.flags.items():
        if not value:
            continue
        if isinstance(value, tuple):
            parts.append(f"--{name} {','.join(value)}")
        elif value is True:
            parts.append(f"--{name}")
        else:
            parts.append(f"--{name} {_quoted(str(value))}")
    return " ".join(parts)


def _is(token: Token, wrong: str) -> bool:
    """Whether the token is wrong, or its value is: `--parallel=mx`."""
    return token.text == wrong or (token.is_flag and token.text.partition("=")[2] == wrong)


def _replaced(token: Token, right: str, *, whole: bool) -> Token:
    """If only the name before the equals sign is replaced, the value after it stays as written."""
    head, equals, _ = right.partition("=")
    value = token.prose.partition("=")[2] if equals and whole else ""
    return Token(right, f"{head}{equals}{value}" if value else right, token.quoted)


def _with(invocation: Invocation, wrong: str, right: str) -> Invocation:
    def swap(each: str) -> str:
        return right if each == wrong else each

    return replace(
        invocation,
        jobs=tuple(map(swap, invocation.jobs)),
        words=tuple(map(swap, invocation.words)),
        filters={key: _in_list(value, wrong, right) for key, value in invocation.filters.items()},
        flags={name: _flag(value, wrong, right) for name, value in invocation.flags.items()},
    )


def _flag(value: FlagValue, wrong: str, right: str) -> FlagValue:
    if isinstance(value, tuple):
        return tuple(right if each == wrong else each for each in value)
    return right if value == wrong else value


def _in_list(value: str, wrong: str, right: str) -> str:
    """With one item of a list with commas or bars replaced."""
    parts = re.split(r"([|,])", value)
    return "".join(right if each.strip() == wrong else each for each in parts)


def _job(name: str) -> str:
    return name.rpartition("/")[2] if name.startswith("projects/") else _quoted(name)


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text else text
