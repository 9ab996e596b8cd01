"""What a message may contain, and posting it to a channel."""

import copy
from typing import Any

from sandbox.slack.content import Content
from sandbox.slack.errors import SlackError
from sandbox.slack.events import changed, posted, tell_soon
from sandbox.slack.inputs import fill_ids
from sandbox.slack.rules import check_attachments, check_known, check_message_blocks, check_totals
from sandbox.slack.rules.walk import flat
from sandbox.slack.settings import Settings
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, Message

TEXT_LIMIT = 40_000


def content_from(settings: Settings, values: dict[str, Any], *, required: bool = True) -> Content:
    """Check the parts of a message as Slack does.

    Raises SlackError: `msg_too_long`, `invalid_blocks`, `invalid_blocks_format`, `invalid_attachments`,
    `invalid_metadata_format`, `no_text`.
    """
    text = values.get("text") or ""
    if not isinstance(text, str):
        raise SlackError("invalid_arguments", breach=True, detail="text must be a string")
    if len(text) > TEXT_LIMIT:
        raise SlackError("msg_too_long", breach=True, detail=f"text has {len(text)} characters")
    blocks = _blocks(settings, values.get("blocks"))
    attachments = attachments_from(settings, values.get("attachments"))
    within = [block for attachment in attachments for block in attachment["blocks"]]
    faults = check_totals([*blocks, *within])
    if faults:
        raise refuse("invalid_blocks", faults)
    if required and not (text or blocks or attachments):
        raise SlackError("no_text", breach=True, detail="neither text, blocks nor attachments")
    return Content(text, fill_ids(blocks), attachments, _metadata(values.get("metadata")))


def refuse(code: str, faults: list[str], *, breach: bool = True) -> SlackError:
    """The refusal of invalid blocks, with the errors where Slack's API has them."""
    return SlackError(
        code,
        breach=breach,
        detail="; ".join(faults[:5]),
        errors=faults,
        response_metadata={"messages": [f"[ERROR] {fault}" for fault in faults]},
    )


def _blocks(settings: Settings, blocks: Any) -> list[JSON]:
    if blocks is None or blocks == "":
        return []
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format", breach=True, detail="blocks is not a list")
    faults = check_message_blocks(blocks)
    if faults:
        raise refuse("invalid_blocks", faults)
    _check_known(settings, blocks, "/blocks")
    return list(copy.deepcopy(blocks))


def _check_known(settings: Settings, blocks: Any, pointer: str) -> None:
    """That a workspace lacks a type of block is nothing that the app does wrong."""
    faults = check_known(blocks, frozenset(settings.lacks_in_messages), pointer)
    if faults:
        raise refuse("invalid_blocks", faults, breach=False)


def attachments_from(settings: Settings, attachments: Any) -> list[JSON]:
    """Raises SlackError `invalid_attachments`, and `invalid_blocks` for types that the workspace lacks."""
    if attachments is None or attachments == "":
        return []
    faults = check_attachments(attachments)
    if faults:
        raise refuse("invalid_attachments", faults)
    for index, attachment in enumerate(attachments):
        _check_known(settings, attachment.get("blocks"), f"/attachments/{index}/blocks")
    tidy = copy.deepcopy(attachments)
    for number, attachment in enumerate(tidy, 1):
        attachment["id"] = number
        attachment["blocks"] = fill_ids(attachment.get("blocks") or [])
        attachment.setdefault("fallback", "[no preview available]")
    return list(tidy)


def _metadata(metadata: Any) -> JSON | None:
    if metadata is None or metadata == "":
        return None
    shape = isinstance(metadata, dict) and set(metadata) <= {"event_type", "event_payload", "entities"}
    if not shape or not isinstance(metadata.get("event_type"), str):
        raise SlackError("invalid_metadata_format", breach=True, detail="needs event_type and event_payload")
    if not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format", breach=True, detail="event_payload must be an object")
    return dict(copy.deepcopy(metadata))


def check_files(ws: Workspace, blocks: list[JSON]) -> None:
    """Images that are named by ID must have been uploaded. Raises SlackError `invalid_blocks`."""
    faults = []
    for index, block in enumerate(flat(blocks)):
        named = (block.get("slack_file") or (block.get("accessory") or {}).get("slack_file") or {}).get("id")
        if named and not (named in ws.world.files and ws.world.files[named].uploaded):
            faults.append(f"invalid slack file [json-pointer:/blocks/{index}/slack_file]")
    if faults:
        raise refuse("invalid_blocks", faults)


def post(
    ws: Workspace,
    channel: Channel,
    content: Content,
    *,
    thread_ts: str | None = None,
    broadcast: bool = False,
    ephemeral_for: str | None = None,
) -> Message:
    """The app's own message. Raises SlackError `thread_not_found`-like refusals for a wrong `thread_ts`."""
    check_files(ws, content.blocks)
    message = Message(
        ts=ws.world.clock.next(),
        channel=channel.id,
        user=ws.world.app.bot_user,
        text=content.text,
        blocks=content.blocks,
        attachments=content.attachments,
        from_app=True,
        thread_ts=_thread_root(channel, thread_ts),
        broadcast=broadcast,
        ephemeral_for=ephemeral_for,
        metadata=content.metadata,
    )
    ws.add_message(message)
    tell_soon(ws, lambda: posted(ws, channel, message))
    return message


def edit(ws: Workspace, message: Message, *, mark: bool = True, **changes: Any) -> None:
    ws.edit_message(message, mark=mark, **changes)
    channel = ws.world.channels[message.channel]
    tell_soon(ws, lambda: changed(ws, channel, message))


def _thread_root(channel: Channel, thread_ts: str | None) -> str | None:
    """A reply to a reply belongs to the thread's first message."""
    if not thread_ts:
        return None
    parent = channel.find(thread_ts)
    if parent is None:
        raise SlackError("thread_not_found", breach=True, detail=f"no message {thread_ts} in {channel.name}")
    return parent.thread_ts or parent.ts


def all_blocks(message: Message) -> list[JSON]:
    """The message's blocks and those of its attachments."""
    nested = [block for attachment in message.attachments for block in attachment.get("blocks") or []]
    return [*message.blocks, *nested]
