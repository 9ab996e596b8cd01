"""What people type, as Slack stores it: mentions and links become tokens, and the rest is escaped.
Source: https://docs.slack.dev/messaging/formatting-message-text"""

import re
from urllib.parse import urlsplit

from sandbox.slack.manifest import Manifest
from sandbox.slack.world import JSON, Channel, User, World

_PARTS = re.compile(
    r"(?P<token><(?:[@#!]|https?://|mailto:)[^<>\n]+>)"
    r"|(?P<url>https?://[^\s<>|]*[^\s<>|.,;:!?)\]'\"])"
    r"|(?<!\S)@(?P<person>[a-z0-9._-]*[a-z0-9])"
    r"|(?<!\S)\#(?P<channel>[a-z0-9_-]+)"
)
_LINK = re.compile(r"<(https?://[^<>|\n]+)(?:\|[^<>\n]*)?>")
_GROUPS_OF_ALL = {"here", "channel", "everyone"}


def stored(world: World, author: User, typed: str) -> str:
    """Tokens that are there already stay as they are."""
    shown, at = [], 0
    for part in _PARTS.finditer(typed):
        shown.append(_escaped(typed[at : part.start()]))
        shown.append(_token(world, author, part))
        at = part.end()
    return "".join(shown) + _escaped(typed[at:])


def _token(world: World, author: User, part: re.Match[str]) -> str:
    if part["token"]:
        return part["token"]
    if part["url"]:
        return f"<{_escaped(part['url'])}>"
    if part["person"]:
        return _mention(world, part["person"]) or part[0]
    channel = world.channel(part["channel"])
    return f"<#{channel.id}|{channel.name}>" if channel and _sees(channel, author) else part[0]


def _sees(channel: Channel, author: User) -> bool:
    return not channel.is_private or author.id in channel.members


def _mention(world: World, handle: str) -> str:
    if handle in _GROUPS_OF_ALL:
        return f"<!{handle}>"
    user = world.user(handle)
    if user is not None:
        return f"<@{user.id}>"
    group = next((each for each in world.groups.values() if each.handle == handle), None)
    return f"<!subteam^{group.id}>" if group else ""


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def addresses(text: str) -> list[str]:
    """The links of a stored text, each once."""
    found = (link.replace("&amp;", "&") for link in _LINK.findall(text))
    return list(dict.fromkeys(found))


def links_in(text: str, manifest: Manifest) -> list[JSON]:
    """Those to domains that the app unfurls, as `link_shared` names them."""
    named = [(urlsplit(url).hostname or "", url) for url in addresses(text)]
    return [{"domain": host, "url": url} for host, url in named if manifest.unfurls(host)]
