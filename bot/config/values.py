"""Parses the text of one setting. Each reader returns the value or raises `BadValue`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from bot.util.command import MAX_LENGTH
from bot.util.durations import parse_seconds, seconds_as_typed

Reader = Callable[[str], Any]

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOG_FORMATS = ("auto", "json", "console")
METRICS_READERS = ("local", "open")

_PROJECT = re.compile(r"(?:[a-z0-9.-]+:)?[a-z0-9][a-z0-9-]{0,62}")
_LOCATION = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]")
_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{2,}")
_CHANNEL_NAME = re.compile(r"#?[^\s#@,<>A-Z]{1,80}")
_HOST_PORT = re.compile(r"(?:https?://)?(?P<host>[^\s/:]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})/?")
_NO_PATH = re.compile(r"postgres(?:ql)?:|[^/]*:[^/]*@|.*\bpassword\s*=", re.IGNORECASE | re.DOTALL)
"""A connection in another form than a URL. As a path, it would show its password in error messages."""
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_WITH_AT = frozenset({"user", "password", "sslpassword", "options", "application_name"})
"""Parameters of the query that may hold an @. Elsewhere an @ ends a password that was not encoded."""
_SECRETS = frozenset({"password", "sslpassword"})
_SHOWN = frozenset(
    {"host", "hostaddr", "port", "dbname", "user", "sslmode", "sslrootcert", "application_name"}
    | {"connect_timeout", "target_session_attrs", "channel_binding", "gssencmode"}
)
"""Parameters of the query that may be shown.

Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
"""
_COMMAND = re.compile(r"/[\w.-]+")
_LOCAL_API = "http://localhost:3000/api/"
_TIME_OF_DAY = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d")


class BadValue(Exception):
    """`str()` says what is wrong and gives an example. It completes a sentence: "NAME " + `str()` + "."."""


def project(text: str) -> str:
    if not _PROJECT.fullmatch(text):
        raise BadValue(f"must be a Google Cloud project id, not {text!r}; for example: acme-databases")
    return text


def projects(text: str) -> str:
    """Projects from a comma-separated list, without duplicates and spaces."""
    return ",".join(dict.fromkeys(project(each.strip()) for each in text.split(",")))


def locations(text: str) -> tuple[str, ...]:
    """Regions from a comma-separated list, without duplicates; none if the text is `*`, which means all."""
    if text.strip() == "*":
        return ()
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    wrong = [each for each in found if not _LOCATION.fullmatch(each)]
    example = "for example: europe-west3,us-central1, or * for all"
    if not found:
        raise BadValue(f"must name at least one region; {example}")
    if wrong:
        none = "is not one" if len(wrong) == 1 else "are none"
        raise BadValue(
            f"must be a comma separated list of regions; {', '.join(map(repr, wrong))} {none}; {example}"
        )
    return found


def channel(text: str) -> str:
    if not (_CHANNEL_ID.fullmatch(text) or _CHANNEL_NAME.fullmatch(text)):
        raise BadValue(
            f"must be a channel's id (in Slack: the channel's name, About, at the very end), not {text!r}; "
            "for example: C0123ABCDEF"
        )
    return text


def slash_command(text: str) -> str:
    """The name of a slash command.

    Sources: https://docs.slack.dev/reference/app-manifest (a slash, and 32 characters with it);
    https://docs.slack.dev/interactivity/implementing-slash-commands (the text of a command begins after the
    first space). Slack's page for slash commands takes lower case alone.
    """
    if not _COMMAND.fullmatch(text) or text != text.lower() or len(text) > MAX_LENGTH:
        raise BadValue(
            f"must be a slash and then lower case letters, digits, -, _ and . without spaces, {MAX_LENGTH} "
            f"characters at most, not {text[:60]!r}; for example: /dms-staging"
        )
    return text


def bot_token(text: str) -> str:
    return _token(text, prefix="xoxb-", other="xapp-", what="the bot user's OAuth token")


def app_token(text: str) -> str:
    return _token(text, prefix="xapp-", other="xoxb-", what="an app-level token with connections:write")


def secret(text: str) -> str:
    if re.search(r"\s", text):
        raise BadValue("must be one word, but there is white space in it; copy the value alone")
    return text


def _token(text: str, *, prefix: str, other: str, what: str) -> str:
    # Only the prefix may be shown: never repeat the value.
    if re.search(r"\s", text):
        raise BadValue(f"must be one word, but there is white space in it; for example: {prefix}…")
    if text.startswith(other):
        raise BadValue(f"must be {what}, but what is there starts with {other}; for example: {prefix}…")
    return text


def api_url(text: str) -> str:
    """The URL with a slash at its end, which the Slack client requires. It is shown as it is, so it
    must not hold a password."""
    if "@" in text:
        raise BadValue(f"must not have a user or a password in it; for example: {_LOCAL_API}")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadValue(f"must be an http(s) URL with its /api/, not {text!r}; for example: {_LOCAL_API}")
    return text if text.endswith("/") else text + "/"


def host_port(text: str) -> str:
    match = _HOST_PORT.fullmatch(text)
    if match is None or not 0 < int(match["port"]) < 65536:
        raise BadValue(f"must be HOST:PORT, not {text!r}; for example: localhost:8470")
    return text


def database(text: str) -> str:
    """A file's path or a PostgreSQL URL. Errors never repeat it, as it may hold a password."""
    scheme, mark, rest = text.partition("://")
    if not mark:
        if text == ":memory:":
            raise BadValue(
                "must outlive the process, so not ':memory:'; for example: /var/lib/dms-bot/bot.db"
            )
        if _NO_PATH.match(text):
            raise _no_database("what is there")
        return text
    if scheme in ("postgresql", "postgres"):
        return _postgres(f"postgresql://{rest}")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return rest[1:]
    raise _no_database(f"a {scheme}:// URL" if _SCHEME.fullmatch(scheme) else "what is there")


def _no_database(found: str) -> BadValue:
    return BadValue(
        f"must be a file's path or a PostgreSQL URL, not {found}; for example: "
        "/var/lib/dms-bot/bot.db or postgresql://bot@db.internal/dmsbot"
    )


def _postgres(url: str) -> str:
    try:
        sound = _is_sound(urlsplit(url)) and not re.search(r"[\t\r\n]", url)
    except ValueError:
        sound = False
    if not sound:
        raise BadValue(
            "is not a well formed URL (characters such as @, : and / in the password are written as %40, "
            "%3A and %2F); for example: postgresql://bot:…@db.internal:5432/dmsbot"
        )
    return url


def _is_sound(parts: SplitResult) -> bool:
    """Whether PostgreSQL's client splits the URL at the same places as Python.

    libpq ends a password at the first @. The rest becomes part of the host or of the database's name, and
    errors show these.

    Raises:
        ValueError: the port is not a number.
    """
    strays = [each for each in parts.query.split("&") if "@" in each and _name(each) not in _WITH_AT]
    alone = parts.netloc.count("@") <= 1 and "@" not in parts.path + parts.fragment
    return alone and not strays and parts.port != 0


def _name(parameter: str) -> str:
    return parameter.partition("=")[0]


def passwords(url: str) -> tuple[str, ...]:
    """The passwords in a database URL, encoded and decoded; empty if there is none."""
    if "://" not in url:
        return ()
    parts = urlsplit(url)
    given = [each.partition("=")[2] for each in parts.query.split("&") if _name(each) in _SECRETS]
    found = {parts.password or "", *given}
    return tuple(filter(None, found | {unquote(each) for each in found}))


def without_password(url: str) -> str:
    """The URL without its password, for logs and messages."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    netloc = parts.netloc
    if parts.password is not None:
        user, _, host = netloc.rpartition("@")
        netloc = f"{user.partition(':')[0]}:…@{host}"
    query = "&".join(map(_parameter_shown, parts.query.split("&")))
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def _parameter_shown(parameter: str) -> str:
    name = _name(parameter)
    return parameter if name in _SHOWN or not name else f"{name}=…"


def path_shown(path: str) -> str:
    """The path in quotes; `a file` if it may be a secret that was set instead of its file."""
    return repr(path) if re.fullmatch(r"[\w.~+-]*/[\w.~+/ -]*", path) else "a file"


OPEN: Final = "open"
"""Instead of a policy file: every member may do everything."""


def policy(text: str) -> Path | Literal["open"]:
    """A policy file, or the word `open`. A file with this name is written as `./open`."""
    if text == OPEN:
        return OPEN
    path = Path(os.path.expanduser(text))
    if not path.is_file():
        raise BadValue(
            f"names the file {text!r}, which does not exist; for example: /etc/dms-bot/policy.toml, or the "
            "word open, with which every member may do everything"
        )
    return path


def duration(low: float, high: float) -> Reader:
    """A reader of seconds from `90`, `90s`, `15m`, `2h`, `1d` or `500ms`."""

    def read(text: str) -> float:
        try:
            seconds = parse_seconds(text)
        except ValueError:
            raise BadValue(f"must be a duration, not {text!r}; for example: 90s, 15m or 2h") from None
        if not low <= seconds <= high:
            raise BadValue(
                f"must be between {seconds_as_typed(low)} and {seconds_as_typed(high)}, not {text!r}"
            )
        return seconds

    return read


def integer(low: int, high: int) -> Reader:
    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,9}", text) or not low <= int(text) <= high:
            raise BadValue(f"must be a whole number between {low} and {high}, not {text!r}")
        return int(text)

    return read


def choice(words: tuple[str, ...]) -> Reader:
    def read(text: str) -> str:
        for word in words:
            if word.lower() == text.lower():
                return word
        raise BadValue(f"must be one of {', '.join(words)}, not {text!r}")

    return read


def address(text: str) -> str:
    if re.search(r"[\s/]", text):
        raise BadValue(f"must be an address to listen on, not {text!r}; for example: 127.0.0.1")
    return text


def time_of_day(text: str) -> str:
    if not _TIME_OF_DAY.fullmatch(text):
        raise BadValue(f"must be a time of day as HH:MM, not {text!r}; for example: 08:30")
    return text


def time_of_day_or_off(text: str) -> str:
    """A time of day; an empty text for `off`."""
    if text.lower() == "off":
        return ""
    if not _TIME_OF_DAY.fullmatch(text):
        raise BadValue(f"must be a time of day as HH:MM, or off, not {text!r}; for example: 08:30")
    return text


def zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        raise BadValue(f"must be a time zone's name, not {text!r}; for example: Europe/Berlin") from None
    return text
