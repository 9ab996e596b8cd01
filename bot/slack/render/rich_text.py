"""`bot.cmdline.answers.Rich` as mrkdwn, or as plain text."""

from __future__ import annotations

import re
from datetime import UTC

from bot.cmdline.answers import Channel, Group, Link, Outside, Part, Rich, Time, User, parts_of
from bot.slack.render import mrkdwn as escape

_MARKS = re.compile(r"`([^`\n]+)`|(?<!\w)\*([^*\n]+)\*(?!\w)")


def mrkdwn(rich: Rich) -> str:
    """For a `mrkdwn` text object."""
    return "".join(_part(part) for part in parts_of(rich))


def plain(rich: Rich) -> str:
    """For a `plain_text` text object: mentions are ids, times are UTC, marks are gone."""
    return "".join(_plain_part(part) for part in parts_of(rich))


def _part(part: Part) -> str:
    match part:
        case str():
            return escape.own(part)
        case User(id):
            return escape.mention("@", id)
        case Group(id):
            return escape.mention("!subteam^", id)
        case Channel(id):
            return escape.mention("#", id)
        case Time(at):
            return escape.date(at)
        case Link(url, text):
            return escape.link(url, text)
        case Outside(text):
            return escape.outside(text)


def _plain_part(part: Part) -> str:
    match part:
        case str():
            return _MARKS.sub(lambda match: match[1] or match[2], part)
        case User(id) | Group(id) | Channel(id):
            return id
        case Time(at):
            return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        case Link(_, text) | Outside(text):
            return text
