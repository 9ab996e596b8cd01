"""Uploading files in three steps: ask for a URL, send the bytes, complete.
Source: https://docs.slack.dev/messaging/working-with-files"""

import mimetypes
from typing import Any

from sandbox.slack.errors import SlackError
from sandbox.slack.ids import new_id
from sandbox.slack.posting import content_from, post
from sandbox.slack.shapes import file_json
from sandbox.slack.webapi.args import Args
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, File


def get_upload_url(ws: Workspace, args: Args) -> JSON:
    name = args.need("filename")
    length = args.number("length", 0)
    if length <= 0:
        raise SlackError("invalid_arguments", breach=True, detail="length must be positive")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    file = File(new_id("F", 10), name, length, mimetype=kind, user=ws.world.app.bot_user)
    file.alt_text = args.text("alt_txt")
    ws.world.files[file.id] = file
    return {"upload_url": f"{ws.base_url}/upload/v1/{file.id}", "file_id": file.id}


def receive(ws: Workspace, file_id: str, content: bytes) -> tuple[int, str]:
    """The bytes arrive. Returns the HTTP status and the text of the answer."""
    file = ws.world.files.get(file_id)
    if file is None:
        return 404, "no such upload"
    if len(content) != file.length:
        detail = f"{len(content)} bytes came, {file.length} were announced"
        ws.violations.record("file_length_mismatch", detail, method="upload")
        return 400, "length mismatch"
    file.content = content
    file.uploaded = True
    return 200, f"OK - {len(content)}"


def complete(ws: Workspace, args: Args) -> JSON:
    files = [_uploaded(ws, entry) for entry in args.values.get("files") or []]
    if not files:
        raise SlackError("invalid_arguments", breach=True, detail="no files")
    for channel_id in [args.text("channel_id"), *args.listed("channels")]:
        if channel_id:
            _share(ws, files, _writable(ws, channel_id), args)
    ws.changes.note()
    return {"files": [file_json(ws, file) for file in files]}


def info(ws: Workspace, args: Args) -> JSON:
    file = ws.world.files.get(args.need("file"))
    if file is None:
        raise SlackError("file_not_found", detail=args.text("file"))
    return {"file": file_json(ws, file)}


def _uploaded(ws: Workspace, entry: Any) -> File:
    file = ws.world.files.get(entry.get("id", "")) if isinstance(entry, dict) else None
    if file is None or not file.uploaded:
        raise SlackError("file_not_found", breach=True, detail="completed before its bytes were sent")
    file.title = entry.get("title") or file.name
    return file


def _writable(ws: Workspace, channel_id: str) -> Channel:
    if channel_id in ws.world.users:
        return ws.world.direct_message(channel_id)
    channel = ws.world.channels.get(channel_id)
    if channel is None or (channel.is_private and not ws.world.bot_is_in(channel)):
        raise SlackError("channel_not_found", detail=channel_id)
    if not ws.world.bot_is_in(channel):
        raise SlackError("not_in_channel", detail=channel.name)
    return channel


def _share(ws: Workspace, files: list[File], channel: Channel, args: Args) -> None:
    values = {"text": args.text("initial_comment"), "blocks": args.values.get("blocks")}
    content = content_from(ws.settings, values, required=False)
    message = post(ws, channel, content, thread_ts=args.text("thread_ts") or None)
    message.files = [file.id for file in files]
    for file in files:
        file.channels.append(channel.id)
