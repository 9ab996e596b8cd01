"""Messages that Slack posts by itself later: they come even if the bot is dead by then.

Sources: https://docs.slack.dev/reference/methods/chat.scheduleMessage (at most 120 days ahead; 30 messages in
five minutes and a channel) and https://docs.slack.dev/reference/methods/chat.deleteScheduledMessage.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from slack_sdk import WebClient

from bot.slack.api.client import SLACK_ERRORS
from bot.slack.render import mrkdwn

log = structlog.get_logger(__name__)


def schedule_message(client: WebClient, channel: str, text: str, at: datetime) -> str:
    """Have Slack post `text` (mrkdwn) at `at`. Returns what `cancel_message` takes; empty if Slack
    refuses."""
    shown = mrkdwn.in_readers_zone(text)
    try:
        answer = client.chat_scheduleMessage(channel=channel, text=shown, post_at=int(at.timestamp()))
    except SLACK_ERRORS as error:
        log.warning("message_not_scheduled", channel=channel, error=str(error))
        return ""
    return f"{answer.get('channel') or channel}:{answer['scheduled_message_id']}"


def cancel_message(client: WebClient, scheduled: str) -> bool:
    """Take it back; False where Slack refuses, as it does for the last 60 seconds and afterwards."""
    channel, _, id = scheduled.partition(":")
    try:
        client.chat_deleteScheduledMessage(channel=channel, scheduled_message_id=id)
    except SLACK_ERRORS as error:
        log.warning("message_not_cancelled", channel=channel, error=str(error))
        return False
    return True
