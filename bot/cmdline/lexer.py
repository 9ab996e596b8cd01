"""Splits the text of a slash command into words.

Slack's clients change what people type: quotes and dashes become typographic ones, and with
`should_escape` mentions, channels and links arrive as `<@U1|name>`, `<#C1|name>`,
`<https://…|label>`. Source: https://docs.slack.dev/interactivity/implementing-slash-commands
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.cmdline.invocation import UsageError
from bot.util.command import COMMAND

CONSOLE = "https://console.cloud.google.com/"
_DOUBLE = "“”„‟«»″＂"
_SINGLE = "‘’‚‛′＇"
_QUOTES = str.maketrans({**dict.fromkeys(_DOUBLE, '"'), **dict.fromkeys(_SINGLE, "'")})
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad\ue000\ue001\x00-\x08\x0e-\x1f\x7f\ud800-\udfff]")
_REFERENCE = re.compile(r"<((?:[@#!]|https?:|mailto:)[^<>|]*)(?:\|([^<>]*))?>")
_ENTITY = re.compile(r"&(?:amp|lt|gt);")
_DASHES = re.compile(r"^[\u2010-\u2015\u2212-]+(?=[A-Za-z])")
_COMMA, _EQUALS = "\ue000", "\ue001"
"""Placeholders for a quoted comma and a quoted equals sign until the words are parsed."""
_SHIELD = str.maketrans({",": _COMMA, "=": _EQUALS})
_UNSHIELD = str.maketrans({_COMMA: ",", _EQUALS: "="})


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the command line."""

    text: str
    """The meaning: ids for mentions, labels for links, addresses of the console's pages. Quoted commas and
    `=` are placeholders."""
    prose: str
    """The text as people see it: names for mentions."""
    quoted: bool
    """Whether it began with a quote: then it is neither flag nor filter."""

    @property
    def is_flag(self) -> bool:
        return not self.quoted and self.text.startswith("--") and len(self.text) > 2


def split(text: str) -> tuple[Token, ...]:
    """Split at spaces, except within quotes and references.

    Raises:
        UsageError: a quote is not closed.
    """
    rest = _INVISIBLE.sub("", text).translate(_QUOTES)
    tokens: list[Token] = []
    while rest := rest.lstrip():
        token, rest = _next(rest)
        if token is not None:
            tokens.append(token)
    return tuple(tokens)


def unshield(text: str) -> str:
    """Put quoted commas and equals signs back."""
    return text.translate(_UNSHIELD)


def items(text: str) -> tuple[str, ...]:
    """Split at the commas that are not quoted, without empty items."""
    return tuple(unshield(each.strip()) for each in text.split(",") if each.strip())


def in_code(text: str) -> str:
    """Text that can stand between backticks: one line, and no backtick in it."""
    return " ".join(text.replace("`", "'").split())


def short(text: str, limit: int = 60) -> str:
    """The same in at most `limit` characters."""
    line = in_code(text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _next(rest: str) -> tuple[Token | None, str]:
    text: list[str] = []
    prose: list[str] = []
    at, quoted = 0, rest[0] in "\"'"
    while at < len(rest) and not rest[at].isspace():
        one, other, at = _piece(rest, at)
        text.append(one)
        prose.append(other)
    word, read = "".join(text), unshield("".join(prose))
    if not quoted:
        word, read = _DASHES.sub("--", word), _DASHES.sub("--", read)
    if not word and not quoted:
        return None, rest[at:]
    return Token(word, read, quoted), rest[at:]


def _piece(rest: str, at: int) -> tuple[str, str, int]:
    """A quoted text, a reference, or one character: its meaning, its text, and where it ends."""
    if rest[at] in "\"'" and (at == 0 or rest[at - 1] in "=,"):
        end = rest.find(rest[at], at + 1)
        if end < 0:
            raise UsageError(
                f"The closing quote is missing: write for example `{COMMAND} freeze orders-db --reason "
                '"month end"`.'
            )
        inside = _unescape(_REFERENCE.sub(_as_read, rest[at + 1 : end]))
        return inside.translate(_SHIELD), inside, end + 1
    match = _REFERENCE.match(rest, at)
    if match:
        return *_reference(match[1], match[2] or ""), match.end()
    if rest[at] == "`":
        return "", "", at + 1
    entity = _ENTITY.match(rest, at)
    if entity:
        shown = _unescape(entity[0])
        return shown, shown, entity.end()
    return rest[at], rest[at], at + 1


def _reference(target: str, label: str) -> tuple[str, str]:
    if target.startswith(("http", "mailto:")):
        # Slack turns text such as `orders.db` into a link; the label is what was typed. A link into the
        # console names a job by its address, and its label is a title, or shortened.
        typed = target if target.startswith(CONSOLE) else label or target.removeprefix("mailto:")
        shown = _unescape(typed)
        return shown.translate(_SHIELD), shown
    if target.startswith("!subteam^"):
        return target.removeprefix("!subteam^"), label or target[1:]
    if target.startswith("!"):
        return f"@{label or target[1:]}", f"@{label or target[1:]}"
    return target[1:], f"{target[0]}{label}" if label else target


def _as_read(match: re.Match[str]) -> str:
    return _reference(match[1], match[2] or "")[1]


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
