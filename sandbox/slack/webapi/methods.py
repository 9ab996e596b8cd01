"""Every method by its name."""

from collections.abc import Callable

from sandbox.slack.webapi import (
    blocks,
    chat,
    conversations,
    files,
    people,
    scheduling,
    sockets,
    unfurling,
    views,
)
from sandbox.slack.webapi.args import Args
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON

Method = Callable[[Workspace, Args], JSON]

METHODS: dict[str, Method] = {
    "api.test": people.api_test,
    "apps.connections.open": sockets.open_connection,
    "auth.teams.list": people.team_list,
    "auth.test": people.auth_test,
    "blocks.validate": blocks.validate,
    "bots.info": people.bot_info,
    "chat.delete": chat.delete,
    "chat.deleteScheduledMessage": scheduling.unschedule,
    "chat.getPermalink": chat.get_permalink,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.postMessage": chat.post_message,
    "chat.scheduleMessage": scheduling.schedule,
    "chat.scheduledMessages.list": scheduling.scheduled,
    "chat.unfurl": unfurling.unfurl,
    "chat.update": chat.update,
    "conversations.history": conversations.history,
    "conversations.info": conversations.info,
    "conversations.join": conversations.join,
    "conversations.list": conversations.list_channels,
    "conversations.members": conversations.members,
    "conversations.open": conversations.open_conversation,
    "conversations.replies": conversations.replies,
    "dnd.info": people.dnd_info,
    "files.completeUploadExternal": files.complete,
    "files.getUploadURLExternal": files.get_upload_url,
    "files.info": files.info,
    "reactions.add": people.add_reaction,
    "team.info": people.team_info,
    "usergroups.list": people.group_list,
    "usergroups.users.list": people.group_users,
    "users.conversations": conversations.of_user,
    "users.info": people.user_info,
    "users.list": people.user_list,
    "views.open": views.open_view,
    "views.publish": views.publish_view,
    "views.push": views.push_view,
    "views.update": views.update_view,
}
