"""chat.unfurl. Source: https://docs.slack.dev/reference/methods/chat.unfurl"""

from typing import Any
from urllib.parse import urlsplit

from sandbox.slack.errors import SlackError
from sandbox.slack.events import unfurl_id
from sandbox.slack.links import addresses
from sandbox.slack.posting import attachments_from, edit
from sandbox.slack.webapi.args import Args
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Message


def unfurl(ws: Workspace, args: Args) -> JSON:
    """A second call for the same link replaces what the first one showed.

    Raises SlackError `missing_unfurls`, `invalid_unfurls_format`, `cannot_unfurl_url`,
    `cannot_unfurl_message`, and those of `_message`.
    """
    message = _message(ws, args)
    unfurls = args.values.get("unfurls")
    if not unfurls:
        raise SlackError("missing_unfurls", breach=True, detail="neither unfurls nor metadata")
    if not isinstance(unfurls, dict) or not all(isinstance(each, dict) for each in unfurls.values()):
        raise SlackError("invalid_unfurls_format", breach=True, detail="not a map of links to attachments")
    there = addresses(message.text)
    for url in unfurls:
        if not ws.manifest.unfurls(urlsplit(url).hostname or ""):
            raise SlackError("cannot_unfurl_url", breach=True, detail=f"not of a registered domain: {url}")
        if url not in there:
            raise SlackError("cannot_unfurl_message", breach=True, detail=f"not in the message: {url}")
    _show(ws, message, unfurls)
    return {}


def _message(ws: Workspace, args: Args) -> Message:
    """Raises SlackError `missing_channel`, `missing_ts`, `cannot_find_channel`, `cannot_find_message`."""
    if args.text("unfurl_id"):
        return _by_unfurl_id(ws, args)
    channel = ws.world.channels.get(args.need("channel", "missing_channel"))
    if channel is None:
        raise SlackError("cannot_find_channel", detail=args.text("channel"))
    message = channel.find(args.need("ts", "missing_ts"))
    if message is None:
        raise SlackError("cannot_find_message", detail=args.text("ts"))
    return message


def _by_unfurl_id(ws: Workspace, args: Args) -> Message:
    if args.text("source") not in ("composer", "conversations_history"):
        raise SlackError("invalid_source", breach=True, detail=args.text("source") or "none")
    name, _, rest = args.text("unfurl_id").partition(".")
    channel = ws.world.channels.get(name)
    message = channel.find(rest.removesuffix(".sandbox")) if channel else None
    if message is None or unfurl_id(message) != args.text("unfurl_id"):
        raise SlackError("invalid_unfurl_id", breach=True, detail=args.text("unfurl_id"))
    return message


def _show(ws: Workspace, message: Message, unfurls: dict[str, Any]) -> None:
    app = ws.world.app
    fresh = []
    for url, given in unfurls.items():
        (attachment,) = attachments_from(ws.settings, [given])
        fresh.append(
            attachment
            | {
                "from_url": url,
                "app_unfurl_url": url,
                "is_app_unfurl": True,
                "app_id": app.id,
                "bot_id": app.bot_id,
            }
        )
    kept = [each for each in message.attachments if each.get("app_unfurl_url") not in unfurls]
    together = [*kept, *fresh]
    for number, attachment in enumerate(together, 1):
        attachment["id"] = number
    edit(ws, message, mark=False, attachments=together)
