"""The organisation that the sandbox can start with: the default workspace, a second one, and an outsider.

Source: https://docs.slack.dev/enterprise/developing-for-enterprise-orgs
"""

from sandbox.slack.seed import seed
from sandbox.slack.world import Channel, Enterprise, Team, User, UserGroup, World

WEST = Team("T0SANDBOX2", "Sandbox West", "sandbox-west")
WEST_CHANNEL = "C0WESTDMS1"
SHARED_CHANNEL = "C0SHARED01"
WEST_GROUP = "S0WESTDBA1"

_PEOPLE = (
    ("W0WESTDBA1", "west-dba", "DBA of West", False),
    ("W0WESTLOOK", "west-viewer", "Viewer of West", False),
    ("W0WESTGUES", "west-guest", "Guest of West", True),
)


def seed_organisation(world: World) -> World:
    """Fill an empty world with both workspaces; the app was added to both."""
    seed(world)
    home = world.team
    world.enterprise = Enterprise()
    world.teams[WEST.id] = WEST
    world.granted.add(WEST.id)
    for id, name, real_name, guest in _PEOPLE:
        world.add_user(User(id, name, real_name, is_guest=guest, teams=(WEST.id,)))
    both = world.add_user(User("W0BOTHDBA1", "both-dba", "DBA of both", teams=(home.id, WEST.id)))
    # Of another organisation, and here through Slack Connect.
    partner = User("U0PARTNER1", "partner", "Partner", teams=("T0ELSEWHER",), enterprise="E0ELSEWHER")
    world.add_user(partner)
    west = [*(id for id, *_ in _PEOPLE), both.id]
    for channel in world.channels.values():
        if channel.name in ("general", "dms"):
            channel.members.append(both.id)
    app = world.app.bot_user
    world.add_channel(Channel(WEST_CHANNEL, "west-dms", [*west, app], teams=(WEST.id,)))
    everyone = [*world.channels["C0DMS00001"].members, *west, partner.id]
    shared = list(dict.fromkeys(everyone))
    world.add_channel(Channel(SHARED_CHANNEL, "shared", shared, teams=(home.id, WEST.id, "T0ELSEWHER")))
    # The same handle as in the other workspace: handles are unique in their workspace alone.
    group = UserGroup(WEST_GROUP, "dba-team", "Database team of West", ["W0WESTDBA1"], team=WEST.id)
    world.groups[group.id] = group
    for id in (*west, partner.id):
        world.direct_message(id)
    return world
