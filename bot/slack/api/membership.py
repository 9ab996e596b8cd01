"""Whether the app is a member of a channel and so can post there, and whether a person can read it.

Source: `conversations.info` and `conversations.members` of Slack's Web API, which show a private channel to
its members alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.policy.principal import DirectoryUnavailable
from bot.policy.subscriptions import Membership
from bot.slack.api.client import SLACK_ERRORS
from bot.slack.api.lookups import NOT_GRANTED

_PAGE = 1000
"""Slack's maximum of members per call."""
_BY_ERROR = {
    "channel_not_found": Membership.NOT_VISIBLE,
    "not_in_channel": Membership.NOT_VISIBLE,
    NOT_GRANTED: Membership.NOT_GRANTED,
}


def lookup_membership(web: WebClient, channel: str) -> Membership:
    """The app's membership in the channel with this id, as Slack says; never raises."""
    try:
        info = web.conversations_info(channel=channel)["channel"]
    except SlackApiError as error:
        return _BY_ERROR.get(str(error.response.get("error")), Membership.UNKNOWN)
    except SLACK_ERRORS:
        return Membership.UNKNOWN
    return membership_of(info)


def membership_of(info: Mapping[str, Any]) -> Membership:
    """The same from a channel object of the Web API."""
    if info.get("is_archived"):
        return Membership.ARCHIVED
    return Membership.MEMBER if info.get("is_member") else Membership.OUTSIDE


def readable(
    web: WebClient, channel: str, user: str, workspaces_of: Callable[[str], frozenset[str]] | None = None
) -> bool | None:
    """Whether a person can read the channel: it is public, or they are in it. None if Slack does not say.

    A public channel is public in its workspaces; `workspaces_of` a person counts where there are several.
    """
    try:
        info = web.conversations_info(channel=channel)["channel"]
        public = info.get("is_private") is False
        if public and workspaces_of is not None:
            public = not _workspaces(info).isdisjoint(workspaces_of(user))
        return public or has_member(web, channel, user)
    except (*SLACK_ERRORS, DirectoryUnavailable):
        return None


def _workspaces(info: Mapping[str, Any]) -> frozenset[str]:
    """Those of a channel object; none if Slack does not name them."""
    shared = (*(info.get("shared_team_ids") or ()), *(info.get("internal_team_ids") or ()))
    return frozenset(str(each) for each in (info.get("context_team_id"), *shared) if each)


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


def first_members(web: WebClient, channel: str, count: int) -> tuple[str, ...]:
    """The ids of the members of the channel, `count` at most. Raises what the client raises."""
    found: list[str] = []
    cursor = ""
    while True:
        page = web.conversations_members(channel=channel, limit=_PAGE, cursor=cursor)
        found += page.get("members", ())
        cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor or len(found) >= count:
            return tuple(found[:count])
