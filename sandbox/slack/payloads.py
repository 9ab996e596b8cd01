"""What Slack sends to an app: slash commands, interactions and events.
Source: https://docs.slack.dev/reference/interaction-payloads and …/reference/events"""

import time
from typing import Any

from sandbox.slack.ids import new_id
from sandbox.slack.rules.walk import flat
from sandbox.slack.shapes import message_json, view_json
from sandbox.slack.views import View
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, Channel, Message, StateValues, Team, User


def channel_name(channel: Channel) -> str:
    """Slack does not send names of private conversations."""
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def command(ws: Workspace, user: User, channel: Channel, words: str, response_url: str) -> JSON:
    app, team, organisation = ws.world.app, ws.world.acting_team(user, channel), ws.world.enterprise
    named = {"enterprise_id": organisation.id, "enterprise_name": organisation.name} if organisation else {}
    return named | {
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
        "is_enterprise_install": "true" if organisation else "false",
        "response_url": response_url,
        "trigger_id": ws.triggers.issue(user.id, channel.id),
    }


def _common(ws: Workspace, kind: str, user: User) -> JSON:
    """What all interactions have. `team` is null where the app is installed org-wide, and `enterprise` is the
    organisation of the installation."""
    app, team, organisation = ws.world.app, ws.world.acting_team(user), ws.world.enterprise
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": team.id},
        "api_app_id": app.id,
        "token": app.verification_token,
        "team": None if organisation else {"id": team.id, "domain": team.domain},
        "enterprise": {"id": organisation.id, "name": organisation.name} if organisation else None,
        "is_enterprise_install": organisation is not None,
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
    unfurled = _app_unfurl(message, action)
    if unfurled is not None:
        container = _unfurl_container(message, unfurled)
        return payload | {"container": container, "app_unfurl": unfurled}
    if message.ephemeral_for is None:
        payload["message"] = message_json(ws, message, with_metadata=True)
    return payload


def _app_unfurl(message: Message, action: JSON) -> JSON | None:
    """The unfurled link that a pressed element belongs to, if it does."""
    for attachment in message.attachments:
        ids = {block.get("block_id") for block in flat(attachment.get("blocks") or [])}
        if attachment.get("is_app_unfurl") and action["block_id"] in ids:
            return attachment
    return None


def _unfurl_container(message: Message, attachment: JSON) -> JSON:
    return message_container(message) | {
        "type": "message_attachment",
        "attachment_id": attachment["id"],
        "is_app_unfurl": True,
        "app_unfurl_url": attachment["app_unfurl_url"],
    }


def global_shortcut(ws: Workspace, user: User, callback_id: str) -> JSON:
    """A global shortcut knows no conversation."""
    return _shortcut(ws, "shortcut", user, callback_id) | {"trigger_id": ws.triggers.issue(user.id)}


def message_shortcut(
    ws: Workspace, user: User, message: Message, callback_id: str, response_url: str
) -> JSON:
    channel = ws.world.channels[message.channel]
    return _shortcut(ws, "message_action", user, callback_id) | {
        "trigger_id": ws.triggers.issue(user.id, channel.id),
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "message_ts": message.ts,
        "message": message_json(ws, message),
        "response_url": response_url,
    }


def _shortcut(ws: Workspace, kind: str, user: User, callback_id: str) -> JSON:
    common = _common(ws, kind, user)
    del common["api_app_id"]
    return common | {"callback_id": callback_id, "action_ts": ws.world.clock.next()}


def view_action(ws: Workspace, user: User, view: View, action: JSON) -> JSON:
    return _common(ws, "block_actions", user) | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": ws.triggers.issue(user.id, view_id=view.id),
        "view": view_json(ws, view),
        "actions": [action],
    }


def view_submission(ws: Workspace, user: User, view: View, response_urls: list[JSON]) -> JSON:
    return _common(ws, "view_submission", user) | {
        "trigger_id": ws.triggers.issue(user.id, view_id=view.id),
        "view": view_json(ws, view),
        "response_urls": response_urls,
    }


def view_closed(ws: Workspace, user: User, view: View, *, cleared: bool) -> JSON:
    return _common(ws, "view_closed", user) | {
        "view": view_json(ws, view),
        "is_cleared": cleared,
    }


def suggestion(
    ws: Workspace, user: User, where: View | Message, block_id: str, action_id: str, query: str
) -> JSON:
    payload = _common(ws, "block_suggestion", user) | _suggested_to(ws, user)
    payload |= {"action_id": action_id, "block_id": block_id, "value": query}
    if isinstance(where, View):
        container: JSON = {"type": "view", "view_id": where.id}
        return payload | {"container": container, "view": view_json(ws, where)}
    channel = ws.world.channels[where.channel]
    payload |= {
        "container": message_container(where),
        "channel": {"id": channel.id, "name": channel_name(channel)},
    }
    return payload | {"message": message_json(ws, where)}


def _suggested_to(ws: Workspace, user: User) -> JSON:
    """In an organisation, `user.team_id` is the organisation's ID in this payload, and `team` names both."""
    organisation, team = ws.world.enterprise, ws.world.acting_team(user)
    if organisation is None:
        return {}
    home = user.enterprise or organisation.id
    return {
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": home},
        "team": {
            "id": team.id,
            "domain": team.domain,
            "enterprise_id": organisation.id,
            "enterprise_name": organisation.name,
        },
    }


def _team_of(ws: Workspace, body: dict[str, Any]) -> Team:
    """The workspace of an event: the person's, or the channel's where it is about the app."""
    user, channel = ws.world.users.get(body.get("user", "")), ws.world.channels.get(body.get("channel", ""))
    if user is not None and not user.is_bot:
        return ws.world.acting_team(user, channel)
    return ws.world.teams[ws.world.teams_of(channel)[0]] if channel is not None else ws.world.team


def event(ws: Workspace, body: dict[str, Any]) -> JSON:
    if "team_ids" in body:
        return _access_event(ws, body)
    app, organisation = ws.world.app, ws.world.enterprise
    team = _team_of(ws, body)
    enterprise = organisation.id if organisation else None
    named = {"enterprise_id": enterprise} if organisation else {}
    return named | {
        "token": app.verification_token,
        "team_id": team.id,
        "context_team_id": team.id,
        "context_enterprise_id": enterprise,
        "api_app_id": app.id,
        "event": body,
        "type": "event_callback",
        "event_id": new_id("Ev", 10),
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": enterprise,
                "team_id": None if organisation else team.id,
                "user_id": app.bot_user,
                "is_bot": True,
                "is_enterprise_install": organisation is not None,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": new_id("4-", 20),
    }


def _access_event(ws: Workspace, body: dict[str, Any]) -> JSON:
    """`team_access_granted` and `team_access_revoked`: of the installation, so no workspace is named."""
    app, organisation = ws.world.app, ws.world.enterprise
    return {
        "token": app.verification_token,
        "enterprise_id": organisation.id if organisation else None,
        "api_app_id": app.id,
        "event": body,
        "type": "event_callback",
        "event_id": new_id("Ev", 10),
        "event_time": int(time.time()),
    }
