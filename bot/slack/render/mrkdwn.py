"""Text for Slack's mrkdwn: escaped, so that it formats and mentions nothing, and clipped to a length.

Source: https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from bot.cmdline.answers import (
    Channel,
    CodeBlock,
    Group,
    RichPart,
    RichText,
    TextLink,
    Time,
    User,
    Verbatim,
    rich_parts,
)
from bot.util.command import COMMAND, hidden_width
from bot.util.lookalikes import visible
from bot.util.redact import redact
from bot.util.utc_times import split_times, utc_text

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, and those that change the direction of text, which could disguise a name."""
_LOOKALIKES = str.maketrans({"*": "\u2217", "`": "\u02cb", "~": "\u223c"})
"""Slack has no escape for its formatting characters, so lookalikes replace them."""
_EDGE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
"""Underscores that could start or end italics; those within a word (`orders_db`) are kept."""
_EMOJI = re.compile(r":(?=[a-z0-9_+'-]+:)")
_QUOTE = re.compile(r"^(\s*)&gt;", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_UNIT = re.compile(r"<[^<>]*>|&(?:amp|lt|gt);|`[^`\n]*`|[\s\S]")
_BLANK = "\u200b"
"""A zero-width space, which breaks up what Slack would show as an emoji or a quote."""
_MARKUP = re.compile(r"`([^`\n]+)`|(?<!\w)\*([^*\n]+)\*(?!\w)")


def clean(text: str) -> str:
    """`text` without control and direction characters, and with secrets redacted."""
    return redact(_CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def escape(text: str) -> str:
    """Escape only `&`, `<` and `>`: formatting characters still format."""
    return clean(text).translate(_ENTITIES)


def verbatim(text: str) -> str:
    """Text from the service or a person, shown exactly as it is."""
    shown = clean(text).translate(_LOOKALIKES).translate(_ENTITIES)
    shown = _EDGE.sub("\u02cd", shown)
    shown = _EMOJI.sub(f":{_BLANK}", shown)
    return _QUOTE.sub(rf"\1{_BLANK}&gt;", shown)


def name(text: str) -> str:
    """A name that somebody chose, shown as it is, with everything marked that could disguise it."""
    return verbatim(visible(text))


@lru_cache(maxsize=1024)
def format_own(text: str) -> str:
    """A sentence of ours: `code` and *bold* format, and times are in the reader's zone (`in_readers_zone`);
    everything else is shown literally."""
    parts = _CODE.split(redact(text))
    return "".join(_own_code(part) if index % 2 else _own_plain(part) for index, part in enumerate(parts))


def code(text: str) -> str:
    """An identifier in code type; nothing in it formats, and nothing hides in it. An empty one is a dash."""
    return _in_code(visible(text))


def to_type(words: str) -> str:
    """What people can type: the slash command and these words of ours."""
    return format_own(f"`{COMMAND} {words}`")


def code_block(text: str) -> str:
    """Lines in code type; nothing in them formats or ends the block."""
    shown = clean(text).replace("```", "\u02cb\u02cb\u02cb").strip("\n").translate(_ENTITIES)
    return f"\n```\n{shown}\n```\n" if shown.strip() else ""


def date(at: datetime, form: str = "{date_short_pretty} {time}") -> str:
    """A time in the reader's time zone. `at` without a zone is UTC."""
    moment = at if at.tzinfo else at.replace(tzinfo=UTC)
    return f"<!date^{int(moment.timestamp())}^{form}|{utc_text(moment)}>"


def in_readers_zone(shown: str) -> str:
    """mrkdwn in which times that are given in UTC (`2026-11-20 10:00 UTC`) are in the reader's zone."""
    return "".join(each if isinstance(each, str) else date(each) for each in split_times(shown))


def link(url: str, text: str) -> str:
    """A link; any URL but an `http(s)` one is shown as text, as Slack has other kinds of links."""
    if not re.match(r"https?://\S+$", url):
        return verbatim(text)
    target = url.translate(_ENTITIES).replace("|", "%7C")
    return f"<{target}|{verbatim(text).replace('|', '/') or 'link'}>"


def mention(sigil: str, id: str) -> str:
    """`<@U…>`, `<#C…>` or `<!subteam^S…>`; an invalid id is shown as code, as it could be another command."""
    return f"<{sigil}{id}>" if re.fullmatch(r"[A-Z0-9]+", id) else code(id)


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, as browsers count: characters outside the basic plane count twice.

    Where the slash command stands, room for the longest one is counted.
    """
    if text.isascii():
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + hidden_width(text)


def clip(text: str, limit: int) -> str:
    """Cut mrkdwn to `limit` characters, with `…` at the end; never within a link, an entity or code."""
    if utf16_length(text) <= limit:
        return text
    kept: list[str] = []
    room = limit - 1
    for unit in _UNIT.findall(text):
        room -= utf16_length(unit)
        if room < 0:
            break
        kept.append(unit)
    return "".join(kept).rstrip() + "…"


def clip_plain(text: str, limit: int) -> str:
    """Plain text in one line of at most `limit` characters, with `…` if it was cut; never empty."""
    line = " ".join(clean(text).split()) or "\u2014"
    if utf16_length(line) <= limit:
        return line
    kept = line[: limit - 1]
    while utf16_length(kept) > limit - 1:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def _own_code(text: str) -> str:
    """Code in a sentence of ours, which may name the slash command."""
    return _in_code(visible(text, keep=COMMAND))


def _own_plain(text: str) -> str:
    return in_readers_zone(_plain(clean(text)))


def _in_code(text: str) -> str:
    shown = clean(text).replace("`", "\u02cb")
    return f"`{shown.translate(_ENTITIES)}`" if shown else "\u2014"


def _plain(text: str) -> str:
    shown = text.replace("`", "\u02cb").replace("~", "\u223c").translate(_ENTITIES)
    shown = _EDGE.sub("\u02cd", shown)
    return _QUOTE.sub(rf"\1{_BLANK}&gt;", shown)


def rich_text(rich: RichText) -> str:
    """Rich text for a `mrkdwn` text object."""
    return "".join(_part(part) for part in rich_parts(rich))


def to_plain_text(rich: RichText) -> str:
    """Rich text for a `plain_text` text object: ids for mentions, times in UTC, no formatting."""
    return "".join(_part_to_plain_text(part) for part in rich_parts(rich))


def _part(part: RichPart) -> str:
    match part:
        case str():
            return format_own(part)
        case User(id):
            return mention("@", id)
        case Group(id):
            return mention("!subteam^", id)
        case Channel(id):
            return mention("#", id)
        case Time(at):
            return date(at)
        case TextLink(url, text):
            return link(url, text)
        case Verbatim(text):
            return verbatim(text)
        case CodeBlock(text):
            return code_block(text)


def _part_to_plain_text(part: RichPart) -> str:
    match part:
        case str():
            return _MARKUP.sub(lambda match: match[1] or match[2], part)
        case User(id) | Group(id) | Channel(id):
            return id
        case Time(at):
            return utc_text(at)
        case TextLink(_, text) | Verbatim(text) | CodeBlock(text):
            return text
