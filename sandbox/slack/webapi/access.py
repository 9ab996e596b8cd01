"""Who may call what: tokens and scopes. The scopes are those that Slack's method pages name."""

from sandbox.slack.apps import act_as
from sandbox.slack.errors import SlackError
from sandbox.slack.webapi.args import Args
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import Channel

SCOPES: dict[str, str] = {
    "chat.postMessage": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "chat.deleteScheduledMessage": "chat:write",
    "chat.scheduleMessage": "chat:write",
    "chat.unfurl": "links:write",
    "dnd.info": "dnd:read",
    "conversations.join": "channels:join",
    "conversations.open": "im:write",
    "users.info": "users:read",
    "users.list": "users:read",
    "bots.info": "users:read",
    "usergroups.list": "usergroups:read",
    "usergroups.users.list": "usergroups:read",
    "team.info": "team:read",
    "files.getUploadURLExternal": "files:write",
    "files.completeUploadExternal": "files:write",
    "reactions.add": "reactions:write",
}

NEED_TEAM = frozenset(
    {
        "bots.info",
        "chat.scheduledMessages.list",
        "conversations.list",
        "usergroups.list",
        "usergroups.users.list",
        "users.conversations",
        "users.list",
    }
)
"""Of the methods here, those that need `team_id` with a token of an organisation."""


def check_token(ws: Workspace, method: str, token: str) -> None:
    """`blocks.validate` needs no token. Raises SlackError `not_authed`, `invalid_auth` or
    `not_allowed_token_type`. From here on, the call is of the token's app."""
    if method == "blocks.validate":
        return
    if not token:
        raise SlackError("not_authed", detail="no token")
    app = ws.world.apps.find(token)
    if app is None or token not in (app.bot_token, app.app_token):
        raise SlackError("invalid_auth", detail="unknown token")
    act_as(app)
    for_app = method == "apps.connections.open"
    if for_app != (token == app.app_token) and method not in ("auth.test", "api.test"):
        raise SlackError("not_allowed_token_type", breach=True, detail=f"wrong kind of token for {method}")


def check_scope(ws: Workspace, method: str) -> None:
    """Raises SlackError `missing_scope` with `needed` and `provided`."""
    scope = SCOPES.get(method)
    if scope is not None:
        need_scope(ws, scope)


def check_team(ws: Workspace, method: str, args: Args) -> None:
    """Raises SlackError `missing_argument` or `team_access_not_granted`: a token of an organisation does not
    say which workspace is meant. A token of one workspace does, so that `team_id` is ignored.

    Source: https://docs.slack.dev/enterprise/developing-for-enterprise-orgs
    """
    if ws.world.enterprise is None or method not in NEED_TEAM:
        return
    team = args.text("team_id")
    if not team:
        raise SlackError("missing_argument", breach=True, detail=f"{method} of an organisation needs team_id")
    if team not in ws.world.granted:
        raise SlackError("team_access_not_granted", detail=team)


def check_granted(ws: Workspace, channel: Channel) -> None:
    """Raises SlackError `team_access_not_granted` for a channel of workspaces without the app."""
    if not ws.world.granted.intersection(ws.world.teams_of(channel)):
        raise SlackError("team_access_not_granted", detail=channel.id)


def team_meant(ws: Workspace, args: Args) -> str:
    """The workspace that a call is about."""
    return ws.world.team.id if ws.world.enterprise is None else args.text("team_id")


def need_scope(ws: Workspace, scope: str) -> None:
    if scope not in ws.scopes:
        provided = ",".join(sorted(ws.scopes))
        raise SlackError("missing_scope", detail=f"needs {scope}", needed=scope, provided=provided)


def need_channel_scope(ws: Workspace, channel: Channel, action: str) -> None:
    """`action` is "read" or "history"; the scope's first half is the kind of channel."""
    need_scope(ws, f"{kind_of(channel)}:{action}")


def kind_of(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "groups" if channel.is_private else "channels"
