"""What Slack sends to an app: slash commands, interactions and events.
Source: https://docs.slack.dev/reference/interaction-payloads and …/reference/events"""

import time
from typing import Any

from sandbox.slack.ids import new_id
from sandbox.slack.shapes import message_json
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, Message, StateValues, User


def channel_name(channel: Channel) -> str:
    """Slack does not send names of private conversations."""
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def command(ws: Workspace, user: User, channel: Channel, words: str, response_url: str) -> JSON:
    app, team = ws.world.app, ws.world.team
    return {
        "token": app.verification_token,
        "team_id": team.id,
        "team_domain": team.domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": app.command,
        "text": words,
        "api_app_id": app.id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": ws.triggers.issue(user.id, channel.id),
    }


def _common(ws: Workspace, kind: str, user: User) -> JSON:
    app, team = ws.world.app, ws.world.team
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": team.id},
        "api_app_id": app.id,
        "token": app.verification_token,
        "team": {"id": team.id, "domain": team.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def message_container(message: Message) -> JSON:
    container: JSON = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": message.ephemeral_for is not None,
    }
    if message.is_reply:
        container["thread_ts"] = message.thread_ts
    return container


def message_action(
    ws: Workspace, user: User, message: Message, action: JSON, state: StateValues, response_url: str
) -> JSON:
    """block_actions from a message. For an ephemeral message, Slack does not include the message."""
    channel = ws.world.channels[message.channel]
    payload = _common(ws, "block_actions", user) | {
        "container": message_container(message),
        "trigger_id": ws.triggers.issue(user.id, channel.id),
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "state": {"values": state},
        "response_url": response_url,
        "actions": [action],
    }
    if message.ephemeral_for is None:
        payload["message"] = message_json(ws, message, with_metadata=True)
    return payload


def view_action(ws: Workspace, user: User, view: View, action: JSON) -> JSON:
    return _common(ws, "block_actions", user) | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": ws.triggers.issue(user.id, view_id=view.id),
        "view": view.payload(ws.world.team, ws.world.app),
        "actions": [action],
    }


def view_submission(ws: Workspace, user: User, view: View, response_urls: list[JSON]) -> JSON:
    return _common(ws, "view_submission", user) | {
        "trigger_id": ws.triggers.issue(user.id, view_id=view.id),
        "view": view.payload(ws.world.team, ws.world.app),
        "response_urls": response_urls,
    }


def view_closed(ws: Workspace, user: User, view: View, *, cleared: bool) -> JSON:
    return _common(ws, "view_closed", user) | {
        "view": view.payload(ws.world.team, ws.world.app),
        "is_cleared": cleared,
    }


def suggestion(
    ws: Workspace, user: User, where: View | Message, block_id: str, action_id: str, query: str
) -> JSON:
    payload = _common(ws, "block_suggestion", user) | {
        "action_id": action_id,
        "block_id": block_id,
        "value": query,
    }
    if isinstance(where, View):
        container: JSON = {"type": "view", "view_id": where.id}
        return payload | {"container": container, "view": where.payload(ws.world.team, ws.world.app)}
    channel = ws.world.channels[where.channel]
    payload |= {
        "container": message_container(where),
        "channel": {"id": channel.id, "name": channel_name(channel)},
    }
    return payload | {"message": message_json(ws, where)}


def event(ws: Workspace, body: dict[str, Any]) -> JSON:
    app, team = ws.world.app, ws.world.team
    return {
        "token": app.verification_token,
        "team_id": team.id,
        "context_team_id": team.id,
        "context_enterprise_id": None,
        "api_app_id": app.id,
        "event": body,
        "type": "event_callback",
        "event_id": new_id("Ev", 10),
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": team.id,
                "user_id": app.bot_user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": new_id("4-", 20),
    }
