"""The workspace that the sandbox starts with: personas, groups and channels."""

from sandbox.slack.world import Channel, User, UserGroup, World

_PEOPLE = (
    ("U0DANA0001", "dana", "Dana", "Database engineer", "1f7a8c"),
    ("U0SAM00001", "sam", "Sam", "Site reliability", "b5651d"),
    ("U0ALEX0001", "alex", "Alex", "Team lead", "6b4fbb"),
    ("U0RILEY001", "riley", "Riley", "Analyst, looks only", "2e8b57"),
    ("U0QUINN001", "quinn", "Quinn", "Guest", "8a8a8a"),
)

NOTIFY_CHANNEL = "C0DBMIGRAT"
APPROVAL_CHANNEL = "C0DMSAPPRV"

_CHANNELS = (
    ("C0GENERAL1", "general", "Company-wide", False, True),
    ("C0DMS00001", "dms", "Type /dms here", False, True),
    (APPROVAL_CHANNEL, "dms-approvals", "Approvals for dangerous actions", False, True),
    (NOTIFY_CHANNEL, "db-migrations", "Status changes of migration jobs", False, True),
    ("C0RANDOM01", "random", "The app is not a member here", False, False),
    ("G0DBLEADS1", "db-leads", "Private, the app is a member", True, True),
)


def seed(world: World) -> World:
    """Fill an empty world with the default team."""
    app = world.app
    world.add_user(User(app.bot_user, app.name, "DMS", "App", is_bot=True, color="1264a3"))
    for user_id, name, real_name, title, color in _PEOPLE:
        guest = title == "Guest"
        world.add_user(User(user_id, name, real_name, title, is_guest=guest, color=color))
    _add_groups(world)
    _add_channels(world)
    return world


def _add_groups(world: World) -> None:
    for group in (
        UserGroup("S0DBATEAM1", "dba-team", "Database team", ["U0DANA0001", "U0SAM00001"]),
        UserGroup("S0LEADS001", "leads", "Leads", ["U0ALEX0001"]),
    ):
        world.groups[group.id] = group


def _add_channels(world: World) -> None:
    staff = [user_id for user_id, *_, title, _color in _PEOPLE if title != "Guest"]
    everyone = [user_id for user_id, *_ in _PEOPLE]
    for channel_id, name, topic, private, with_bot in _CHANNELS:
        people = everyone if name in ("general", "dms") else list(staff)
        members = ["U0DANA0001", "U0ALEX0001"] if private else list(people)
        if with_bot:
            members.append(world.app.bot_user)
        world.add_channel(Channel(channel_id, name, members, is_private=private, topic=topic))
    for user_id in everyone:
        world.direct_message(user_id)
