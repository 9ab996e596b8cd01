"""users.*, usergroups.*, bots.info, team.info, auth.test, reactions.add."""

from sandbox.slack.errors import SlackError
from sandbox.slack.shapes import group_json, user_json
from sandbox.slack.webapi.access import team_meant
from sandbox.slack.webapi.args import Args
from sandbox.slack.webapi.paging import page
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON, UserGroup


def auth_test(ws: Workspace, _args: Args) -> JSON:
    world = ws.world
    common = {
        "url": f"{ws.base_url}/",
        "user": world.app.name,
        "user_id": world.app.bot_user,
        "bot_id": world.app.bot_id,
    }
    if world.enterprise is None:
        own = {"team": world.team.name, "team_id": world.team.id}
        return common | own | {"is_enterprise_install": False}
    organisation = {"team": world.enterprise.name, "team_id": None, "enterprise_id": world.enterprise.id}
    return common | organisation | {"is_enterprise_install": True}


def team_list(ws: Workspace, args: Args) -> JSON:
    """auth.teams.list: the workspaces that the app was added to."""
    shown, cursor = page(sorted(ws.world.granted), args)
    teams = [{"id": id, "name": ws.world.teams[id].name} for id in shown]
    return {"teams": teams, "response_metadata": {"next_cursor": cursor}}


def api_test(_ws: Workspace, args: Args) -> JSON:
    if args.text("error"):
        raise SlackError(args.text("error"))
    return {"args": {name: value for name, value in args.values.items() if name != "token"}}


def user_info(ws: Workspace, args: Args) -> JSON:
    user = ws.world.users.get(args.need("user", "user_not_found"))
    if user is None:
        raise SlackError("user_not_found", detail=args.text("user"))
    return {"user": user_json(ws, user)}


def user_list(ws: Workspace, args: Args) -> JSON:
    team = team_meant(ws, args)
    here = [u for u in ws.world.users.values() if team in ws.world.teams_of(u)]
    shown, cursor = page(here, args, most=ws.settings.people_per_page)
    return {
        "members": [user_json(ws, user) for user in shown],
        "cache_ts": 1_700_000_000,
        "response_metadata": {"next_cursor": cursor},
    }


def group_list(ws: Workspace, args: Args) -> JSON:
    with_users = args.flag("include_users")
    here = [g for g in ws.world.groups.values() if (g.team or ws.world.team.id) == team_meant(ws, args)]
    return {"usergroups": [group_json(ws, g, with_users=with_users) for g in here]}


def group_users(ws: Workspace, args: Args) -> JSON:
    group: UserGroup | None = ws.world.groups.get(args.need("usergroup", "no_such_subteam"))
    if group is None or (group.team or ws.world.team.id) != team_meant(ws, args):
        raise SlackError("no_such_subteam", detail=args.text("usergroup"))
    return {"users": list(group.users)}


def dnd_info(ws: Workspace, args: Args) -> JSON:
    """Source: https://docs.slack.dev/reference/methods/dnd.info"""
    key = args.text("user") or ws.world.app.bot_user
    user = ws.world.users.get(key)
    if user is None:
        raise SlackError("user_not_found", detail=key)
    start, end = user.quiet or (1, 1)
    return {"dnd_enabled": user.quiet is not None, "next_dnd_start_ts": start, "next_dnd_end_ts": end}


def bot_info(ws: Workspace, args: Args) -> JSON:
    app = ws.world.apps.find(args.text("bot", ws.world.app.bot_id))
    if app is None:
        raise SlackError("bot_not_found", detail=args.text("bot"))
    return {
        "bot": {
            "id": app.bot_id,
            "deleted": False,
            "name": app.name,
            "updated": 1_700_000_000,
            "app_id": app.id,
            "user_id": app.bot_user,
            "icons": {},
        }
    }


def team_info(ws: Workspace, _args: Args) -> JSON:
    team = ws.world.team
    return {
        "team": {
            "id": team.id,
            "name": team.name,
            "url": f"{ws.base_url}/",
            "domain": team.domain,
            "email_domain": "",
            "icon": {},
        }
    }


def add_reaction(ws: Workspace, args: Args) -> JSON:
    channel = ws.world.channels.get(args.need("channel", "channel_not_found"))
    if channel is None:
        raise SlackError("channel_not_found", detail=args.text("channel"))
    message = channel.find(args.need("timestamp"))
    if message is None:
        raise SlackError("message_not_found", detail=args.text("timestamp"))
    name = args.need("name", "invalid_name").strip(":")
    people = message.reactions.setdefault(name, [])
    if ws.world.app.bot_user in people:
        raise SlackError("already_reacted")
    people.append(ws.world.app.bot_user)
    ws.changes.note()
    return {}
