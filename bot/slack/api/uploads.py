"""Files in answers. Source: https://docs.slack.dev/reference/methods/files.completeUploadExternal (errors)"""

from __future__ import annotations

from slack_sdk.errors import SlackApiError

from bot.cmdline.answers import Upload
from bot.slack.api.client import reason_of
from bot.slack.api.lookups import ADD_THE_APP, NOT_GRANTED
from bot.slack.api.messages import NOT_A_MEMBER
from bot.slack.api.outages import outage
from bot.util.command import with_command

_TEXTS = (".md", ".json")
"""Ends of the names of files that are texts of the bot."""


def file_content(answer: Upload, command: str) -> bytes:
    """The file's content; a text names the slash command, as messages do."""
    if not answer.filename.endswith(_TEXTS):
        return answer.content
    return with_command(answer.content.decode(), command).encode()


def why_no_file(error: Exception) -> str:
    """What Slack says, and what to do about it, if anything helps."""
    reason = reason_of(error)
    if reason == NOT_GRANTED:
        return f"I am not in this workspace (`{reason}`): {ADD_THE_APP}."
    if reason == "is_archived":
        return f"this channel is archived (`{reason}`)."
    if reason in NOT_A_MEMBER:
        return f"I am not in this channel (`{reason}`). Type `/invite` and my name here, and try again."
    if reason == "missing_scope" and isinstance(error, SlackApiError):
        scope = error.response.get("needed") or "files:write"
        return f"the app lacks the scope `{scope}`. Whoever installed it adds that."
    passing = outage(error)
    return f"{passing.reason}. Try again in a minute." if passing else f"Slack says `{reason}`."
