"""Users, channels, messages and files in the format of Slack's API."""

import copy
from typing import Any

from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, File, Message, User, UserGroup


def user_json(ws: Workspace, user: User) -> JSON:
    profile: JSON = {
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "title": user.title,
        "team": ws.world.teams_of(user)[0],
    }
    if user.is_bot:
        app = ws.world.apps.find(user.id) or ws.world.app
        profile |= {"bot_id": app.bot_id, "api_app_id": app.id}
    if "users:read.email" in ws.scopes:
        profile["email"] = user.email
    return {
        "id": user.id,
        "team_id": ws.world.teams_of(user)[0],
        "name": user.name,
        "deleted": user.deleted,
        "color": user.color,
        "real_name": user.real_name,
        "tz": user.tz,
        "tz_label": "Central European Time",
        "tz_offset": user.tz_offset,
        "profile": profile,
        "is_admin": False,
        "is_owner": False,
        "is_restricted": user.is_guest,
        "is_ultra_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": 1_700_000_000,
    } | _organisation(ws, user)


def view_json(ws: Workspace, view: View) -> JSON:
    world = ws.world
    app = world.apps.find(view.app) or world.app
    return view.payload(world.acting_team(world.users[view.user]), app, world.installed_in)


def _organisation(ws: Workspace, user: User) -> JSON:
    """`enterprise_user` of a user object: https://docs.slack.dev/reference/objects/user-object."""
    own = ws.world.enterprise
    if own is None:
        return {}
    id = user.enterprise or own.id
    return {
        "enterprise_user": {
            "id": user.id,
            "enterprise_id": id,
            "enterprise_name": "Elsewhere" if user.enterprise else own.name,
            "is_admin": False,
            "is_owner": False,
            "teams": list(ws.world.teams_of(user)),
        }
    }


def channel_json(ws: Workspace, channel: Channel) -> JSON:
    common: JSON = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": False,
        "is_im": channel.is_im,
        "is_org_shared": len([each for each in channel.teams if each in ws.world.teams]) > 1,
        "context_team_id": ws.world.teams_of(channel)[0],
    }
    if channel.is_im:
        return common | {"user": channel.im_user, "is_user_deleted": False, "priority": 0}
    return common | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_general": channel.name == "general",
        "is_shared": len(channel.teams) > 1,
        "shared_team_ids": list(ws.world.teams_of(channel)),
        "is_member": ws.world.bot_is_in(channel),
        "creator": "U0ALEX0001",
        "topic": {"value": channel.topic, "creator": "U0ALEX0001", "last_set": channel.created},
        "purpose": {"value": channel.topic, "creator": "U0ALEX0001", "last_set": channel.created},
        "num_members": len(channel.members),
    }


def group_json(ws: Workspace, group: UserGroup, *, with_users: bool) -> JSON:
    shown: JSON = {
        "id": group.id,
        "team_id": group.team or ws.world.team.id,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "description": "",
        "is_external": False,
        "date_delete": 0,
        "user_count": len(group.users),
    }
    return shown | {"users": list(group.users)} if with_users else shown


def file_json(ws: Workspace, file: File) -> JSON:
    link = f"{ws.base_url}/files-pri/{ws.world.team.id}-{file.id}/{file.name}"
    shown: JSON = {
        "id": file.id,
        "created": 1_700_000_000,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.mimetype,
        "filetype": file.name.rpartition(".")[2],
        "size": len(file.content),
        "user": file.user,
        "mode": "hosted",
        "channels": list(file.channels),
        "url_private": link,
        "url_private_download": link,
        "permalink": link,
        "alt_txt": file.alt_text,
    }
    return shown


def message_json(ws: Workspace, message: Message, *, with_metadata: bool = False) -> JSON:
    shown: JSON = {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": ws.world.team.id,
    }
    shown |= _from_app(ws, message)
    shown |= _body(ws, message)
    shown |= _threading(ws, message)
    if message.edited:
        shown["edited"] = {"user": message.user, "ts": message.edited}
    if with_metadata and message.metadata:
        shown["metadata"] = copy.deepcopy(message.metadata)
    return shown


def _from_app(ws: Workspace, message: Message) -> JSON:
    if not message.from_app:
        return {}
    app = ws.world.apps.find(message.user) or ws.world.app
    profile = {"id": app.bot_id, "app_id": app.id, "name": app.name, "team_id": ws.world.team.id}
    return {"bot_id": app.bot_id, "app_id": app.id, "bot_profile": {**profile, "deleted": False}}


def _body(ws: Workspace, message: Message) -> JSON:
    body: dict[str, Any] = {}
    if message.broadcast and message.is_reply:
        body["subtype"] = "thread_broadcast"
    if message.subtype:
        body["subtype"] = message.subtype
    if message.blocks:
        body["blocks"] = copy.deepcopy(message.blocks)
    if message.attachments:
        body["attachments"] = copy.deepcopy(message.attachments)
    if message.files:
        body["files"] = [file_json(ws, ws.world.files[file_id]) for file_id in message.files]
    if message.reactions:
        body["reactions"] = [
            {"name": name, "users": list(users), "count": len(users)}
            for name, users in message.reactions.items()
        ]
    return body


def _threading(ws: Workspace, message: Message) -> JSON:
    if message.is_reply:
        return {"thread_ts": message.thread_ts}
    replies = ws.replies(ws.world.channels[message.channel], message.ts)
    if not replies:
        return {}
    people = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": people,
        "reply_users_count": len(people),
        "latest_reply": replies[-1].ts,
    }
