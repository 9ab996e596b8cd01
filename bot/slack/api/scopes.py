"""The scopes that the bot needs, and the Web API methods that need them.

Source: the page of each method in Slack's Web API reference, under "Required scopes". `manifest.yml`
has exactly these scopes; a test compares it, this table and the code.
"""

from __future__ import annotations

SCOPES = {
    "commands": "the slash command and the shortcuts",
    "app_mentions:read": "to answer mentions of the app, also in threads, where no command can be typed",
    "chat:write": "answers, status messages, requests for approval and their updates",
    "channels:read": "whether the app is a member of the channels that it is to post in",
    "groups:read": "the same for private channels, and who is in one that --channel names",
    "channels:history": "after a crash, whether a message was posted already, so that none is doubled",
    "groups:history": "the same for private channels",
    "im:history": "the same for direct messages of people who watch jobs with --dm, and what they ask there",
    "im:write": "to open the direct message of a person who watches jobs with --dm",
    "users:read": "whom a name in the policy or in --by means, and who is a guest",
    "usergroups:read": "who is in a user group that the policy names",
    "links:read": "which links to jobs in the console a message holds",
    "links:write": "to unfold them into short cards",
    "dnd:read": "whether somebody who is needed in a cutover will be muted then",
    "files:write": "charts of the replication delay and exports of the audit",
}
"""Bot scopes, each with what it is for."""
OPTIONAL = {
    "app_mentions:read": "mentions of the app are not answered",
    "dnd:read": "who is muted in a cutover is not known",
    "links:read": "links to jobs stay links",
    "links:write": "links to jobs stay links",
}
"""Scopes that installations of earlier versions lack, and what does not work without them; all else does."""

_READ = ("channels:read", "groups:read")
_HISTORY = ("channels:history", "groups:history", "im:history")

METHODS: dict[str, tuple[str, ...]] = {
    "auth.test": (),
    "auth.teams.list": (),
    "apps.connections.open": (),
    "chat.postMessage": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.getPermalink": (),
    "chat.update": ("chat:write",),
    "chat.delete": ("chat:write",),
    "chat.unfurl": ("links:write",),
    "chat.scheduleMessage": ("chat:write",),
    "chat.deleteScheduledMessage": ("chat:write",),
    "dnd.info": ("dnd:read",),
    "conversations.info": _READ,
    "conversations.members": _READ,
    "conversations.history": _HISTORY,
    "conversations.replies": _HISTORY,
    "conversations.open": ("im:write",),
    "users.conversations": _READ,
    "users.info": ("users:read",),
    "users.list": ("users:read",),
    "usergroups.list": ("usergroups:read",),
    "usergroups.users.list": ("usergroups:read",),
    "files.getUploadURLExternal": ("files:write",),
    "files.completeUploadExternal": ("files:write",),
    "views.open": (),
    "views.push": (),
    "views.update": (),
    "views.publish": (),
}
"""By Web API method: its scopes for every kind of conversation that the bot uses it on."""

SUBSCRIBED = {
    "commands": ("slash command",),
    "app_mentions:read": ("app_mention",),
    "links:read": ("link_shared",),
    "im:history": ("message.im",),
    "chat:write": ("response_url",),
    "channels:read": ("member_joined_channel",),
    "groups:read": ("member_joined_channel",),
}
"""Scopes that are needed for something other than a method."""
