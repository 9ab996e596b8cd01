"""Whether the app is a member of a channel and so can post there, and whether a person can read it.

Source: `conversations.info` and `conversations.members` of Slack's Web API, which show a private channel to
its members alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.policy.subscriptions import Membership
from bot.slack.api.client import SLACK_ERRORS

_PAGE = 1000
"""Slack's maximum of members per call."""
_NOT_VISIBLE = ("channel_not_found", "not_in_channel")


def lookup_membership(web: WebClient, channel: str) -> Membership:
    """How the app stands to the channel with this id, asked of Slack; never raises."""
    try:
        info = web.conversations_info(channel=channel)["channel"]
    except SlackApiError as error:
        return Membership.NOT_VISIBLE if error.response.get("error") in _NOT_VISIBLE else Membership.UNKNOWN
    except SLACK_ERRORS:
        return Membership.UNKNOWN
    return membership_of(info)


def membership_of(info: Mapping[str, Any]) -> Membership:
    """The same from a channel object of the Web API."""
    if info.get("is_archived"):
        return Membership.ARCHIVED
    return Membership.MEMBER if info.get("is_member") else Membership.OUTSIDE


def readable(web: WebClient, channel: str, user: str) -> bool | None:
    """Whether a person can read the channel: it is public, or they are in it. None if Slack does not say."""
    try:
        info = web.conversations_info(channel=channel)["channel"]
        return info.get("is_private") is False or has_member(web, channel, user)
    except SLACK_ERRORS:
        return None


def has_member(web: WebClient, channel: str, user: str) -> bool:
    """Whether a person is a member of the channel. Raises what the client raises."""
    cursor = ""
    while True:
        page = web.conversations_members(channel=channel, limit=_PAGE, cursor=cursor)
        if user in page.get("members", ()):
            return True
        cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            return False
