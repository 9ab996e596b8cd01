"""The verb that a line begins with, or that goes without saying."""

from __future__ import annotations

from collections.abc import Mapping

from bot.cmdline import examples, job_refs
from bot.cmdline.invocation import Syntax, UsageError
from bot.cmdline.lexer import Token, short, unshield
from bot.cmdline.token_values import job_text
from bot.util.command import COMMAND
from bot.util.suggest import nearest

_ALIASES = {"h": "help", "?": "help", "ls": "list", "status": "show", "info": "show"}
"""What people type out of habit."""


def named_alone(tokens: tuple[Token, ...], syntaxes: Mapping[str, Syntax]) -> tuple[Token, ...]:
    """Puts `show` before a job without a verb, and `list` in place of a `status` without a job."""
    if len(tokens) != 1 or not {"show", "list"} <= syntaxes.keys():
        return tokens
    typed = unshield(tokens[0].text)
    word = typed.lower().lstrip("/-")
    if _ALIASES.get(word) == "show" and word not in syntaxes:
        return (Token("list", "list", False),)
    known = word in syntaxes or word in _ALIASES
    # No verb has a hyphen or a digit, and a word that is nearly a verb may be meant as one.
    if known or tokens[0].is_flag or (word.isalpha() and nearest(word, syntaxes)):
        return tokens
    if not job_refs.is_job_in_a_sentence(unshield(job_text(tokens[0]))):
        return tokens
    return (Token("show", "show", False), tokens[0])


def is_command(typed: str, command: str, syntaxes: Mapping[str, Syntax]) -> bool:
    """Whether a word is the slash command itself, typed once more; a verb of that name goes first."""
    bare = command.removeprefix("/")
    return bare not in syntaxes and typed in (command, bare)


def verb_of(token: Token, syntaxes: Mapping[str, Syntax], title: str = "") -> str:
    """The verb that a token names; `title` is the display name that the line may be instead.

    Raises:
        UsageError: it names none.
    """
    typed = unshield(token.text)
    verb = typed.lower().lstrip("/-") if len(typed) <= 40 else typed
    if verb in syntaxes:
        return verb
    if _ALIASES.get(verb) in syntaxes:
        return _ALIASES[verb]
    near = nearest(verb, syntaxes)
    if near:
        raise UsageError(
            f"Unknown command `{short(typed)}`: did you mean `{near}`, "
            f"as in `{examples.line(near, syntaxes[near])}`?",
            corrections=[{token.text: near}],
        )
    raise UsageError(
        f"Unknown command `{short(typed)}`: `{COMMAND} help` lists all, for example `{COMMAND} list`.",
        lines=(f"show {title}",) if title and "show" in syntaxes else (),
    )
