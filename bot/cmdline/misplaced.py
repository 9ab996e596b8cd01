"""Flags and filters that are not written in their own form: `at 02:00`, `reason="x"`, `--state failed`.

Each function raises a UsageError with what was probably meant, and does nothing where that is not known.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.cmdline import examples
from bot.cmdline.invocation import Flag, Syntax, UsageError
from bot.cmdline.lexer import Token, short, unshield
from bot.cmdline.token_values import with_head

_SYNONYMS = {"status": "state"}
"""Words for filters that are not like them."""


def synonym(typed: str) -> str:
    """The filter that the word stands for; empty if it stands for none."""
    return _SYNONYMS.get(typed.lower(), "")


def refuse_word(verb: str, syntax: Syntax, token: Token, jobs: Sequence[str]) -> None:
    """Refuse a word that is none of the verb's, where it or the one before lacks its dashes. `jobs` are the
    words before that were taken for jobs."""
    word = unshield(token.text)
    flag = _named(word, syntax)
    if flag is not None:
        raise _without_dashes(verb, syntax, token.text, flag)
    refuse_value(verb, syntax, jobs)


def refuse_value(verb: str, syntax: Syntax, jobs: Sequence[str]) -> None:
    """Refuse a word that is no job, behind `jobs` of which one names a flag with a value."""
    named = ((each, _named(each, syntax)) for each in reversed(jobs))
    typed, flag = next((each for each in named if each[1] is not None), ("", None))
    if flag is not None and flag.kind != "switch":
        raise _without_dashes(verb, syntax, typed, flag)


def refuse_filter(verb: str, syntax: Syntax, token: Token) -> None:
    """Refuse a flag that is written as a filter."""
    typed = token.text.partition("=")[0]
    flag = _named(typed, syntax)
    if flag is not None and flag.kind != "switch":
        raise UsageError(
            f"`{short(typed)}=` needs two dashes: write for example "
            f"`{examples.with_flag(verb, syntax, flag)}`.",
            corrections=[{token.text: with_head(token, f"--{flag.name}")}],
        )


def refuse_colon(verb: str, syntax: Syntax, token: Token) -> None:
    """Refuse a filter with a colon: taken for text, it would match nothing, as if there were nothing."""
    head, _, value = token.text.partition(":")
    key = synonym(head) or head.lower()
    if value and not token.quoted and key in syntax.filters:
        raise UsageError(
            f"`{short(unshield(token.text))}` needs an equals sign: write for example "
            f"`{examples.with_filter(verb, syntax, key)}`.",
            corrections=[{token.text: f"{key}={value}"}],
        )


def refuse_flag(verb: str, syntax: Syntax, name: str, tokens: Sequence[Token]) -> None:
    """Refuse a filter that is written as a flag, and a flag in two words. `tokens` begin with it."""
    token, *rest = tokens
    head, _, value = token.text[2:].partition("=")
    if head.partition(".")[0].lower() in syntax.filters:
        shown = examples.with_filter(verb, syntax, head)
        raise UsageError(
            f"`--{short(head)}` is a filter, which has no dashes: write for example `{shown}`.",
            corrections=[{token.text: f"{head}={value}"}],
        )
    whole = f"{name}-{rest[0].text.lower()}" if rest else ""
    flag = _named(whole, syntax)
    if flag is not None:
        raise UsageError(
            f"`{verb}` has no flag `--{short(name)}`: did you mean `--{whole}`, as in "
            f"`{examples.with_flag(verb, syntax, flag)}`?",
            corrections=[{token.text: f"--{whole}", rest[0].text: ""}],
        )


def _named(word: str, syntax: Syntax) -> Flag | None:
    """The flag that the word names. Not `all`: nobody is offered more than they asked for."""
    name = word.lower().replace("_", "-")
    return next((each for each in syntax.flags if each.name == name != "all"), None)


def _without_dashes(verb: str, syntax: Syntax, typed: str, flag: Flag) -> UsageError:
    return UsageError(
        f"`{short(unshield(typed))}` needs two dashes: did you mean `--{flag.name}`, as in "
        f"`{examples.with_flag(verb, syntax, flag)}`?",
        corrections=[{typed: f"--{flag.name}"}],
    )
