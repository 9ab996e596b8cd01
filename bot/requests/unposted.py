"""Channels in which Slack did not take the bot's last news, so that nobody reads it there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.runtime.one_by_one import pass_over
from bot.store import Store
from bot.store.records import OutMessage

_INVITED = "the app is invited there"
POSTED_ONCE = {
    "not_in_channel": _INVITED,
    "channel_not_found": _INVITED,
    "is_archived": f"that channel is unarchived and {_INVITED}",
    "team_access_not_granted": "an admin of the organisation adds the app to its workspace",
}
"""What has a message posted that Slack has refused, by its error; with any other, it is given up for good.

A private channel is not found before the app is invited, and an archived one that is opened again may have
lost the app. It is invited to none of a workspace that it is not in."""
_LOOK_BACK = timedelta(days=1)
_CHANNELS = ("C", "G")
_NEWS_KINDS = (
    *("alert", "approval", "cutover", "cutover_news", "digest", "escalation", "failure", "flapping"),
    *("freeze", "mass_failure", "planned_freeze", "reminder", "settled", "summary", "timeline"),
)
"""What goes to a channel whoever asks; an answer that cannot be posted finds its person another way."""


@dataclass(frozen=True, slots=True)
class Unposted:
    """The last news for a channel, which could not be posted."""

    channel: str
    error: str
    """Slack's error code."""
    at: datetime


def unposted(store: Store, now: datetime) -> list[Unposted]:
    """Channels whose last news could not be posted, of the last day, the latest first.

    Raises:
        StoreError.
    """
    last: dict[str, OutMessage] = {}
    for each in store.given_up(_NEWS_KINDS, now - _LOOK_BACK, skip=pass_over):
        # Slack's codes are one word; other reasons, as that there is nothing to show, are sentences.
        if each.channel.startswith(_CHANNELS) and " " not in each.error:
            last[each.channel] = each
    found = [
        Unposted(channel, each.error, each.created)
        for channel, each in last.items()
        if each.created is not None and each.id > store.last_posted(channel)
    ]
    told = (each for each in found if not _invited_since(store, each))
    return sorted(told, key=lambda each: each.at, reverse=True)


def note_invited(store: Store, channel: str, now: datetime) -> None:
    """The app can post in this channel from now on. Raises: StoreError."""
    store.put_value(_key(channel), now.isoformat())


def _invited_since(store: Store, unposted: Unposted) -> bool:
    invited = store.value(_key(unposted.channel))
    return invited is not None and datetime.fromisoformat(invited) >= unposted.at


def _key(channel: str) -> str:
    return f"invited:{channel}"
