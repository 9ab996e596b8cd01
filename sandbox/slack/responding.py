"""Answers to commands and interactions: through the response URL, or in the acknowledgement."""

from typing import Any

from sandbox.slack.errors import SlackError
from sandbox.slack.posting import content_from, edit, post
from sandbox.slack.responseurls import ResponseUrl
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import Message


def use(ws: Workspace, path: str, values: dict[str, Any]) -> tuple[int, str]:
    """One POST to a response URL. Returns the HTTP status and Slack's error code."""
    url = ws.response_urls.find(path)
    if url is None:
        return 404, "invalid_url"
    ws.act_as(url.app)
    refusal = url.refusal(ws.settings)
    if refusal is not None:
        detail = f"{url.uses} of {ws.settings.response_url_uses} uses, {ws.settings.response_url_seconds:g} s"
        ws.violations.record(refusal, detail, method="response_url")
        ws.changes.note()
        return 404, refusal
    try:
        place(ws, url, values)
    except SlackError as wrong:
        ws.violations.record(wrong.code, wrong.detail, method="response_url", notice=not wrong.breach)
        ws.changes.note()
        return 400, wrong.code
    url.uses += 1
    return 200, "ok"


def place(ws: Workspace, url: ResponseUrl, values: dict[str, Any]) -> Message | None:
    """Post, replace or delete, as the answer says. Raises SlackError if Slack would refuse it.

    Only what all see goes into a thread:
    https://docs.slack.dev/interactivity/handling-user-interaction#publishing_in_thread
    """
    original = _original(ws, url)
    if values.get("delete_original"):
        _delete(ws, original)
        return None
    content = content_from(ws.settings, values)
    if values.get("replace_original") and original is not None:
        changes = {"text": content.text, "blocks": content.blocks, "attachments": content.attachments}
        edit(ws, original, mark=original.ephemeral_for is None, **changes)
        return original
    private = values.get("response_type", "ephemeral") != "in_channel"
    return post(
        ws,
        ws.world.channels[url.channel],
        content,
        thread_ts=None if private else values.get("thread_ts") or None,
        ephemeral_for=url.user if private else None,
    )


def _original(ws: Workspace, url: ResponseUrl) -> Message | None:
    channel = ws.world.channels.get(url.channel)
    return channel.find(url.original) if channel and url.original else None


def _delete(ws: Workspace, original: Message | None) -> None:
    if original is not None:
        original.deleted = True
        ws.changes.note()
