"""apps.connections.open: where to connect for Socket Mode."""

from sandbox.slack.errors import SlackError
from sandbox.slack.webapi.args import Args
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import JSON


def open_connection(ws: Workspace, _args: Args) -> JSON:
    if ws.sockets.refusing:
        raise SlackError("internal_error", detail="connections are refused on purpose")
    ticket = ws.sockets.issue_ticket()
    host = ws.base_url.partition("://")[2]
    return {"url": f"ws://{host}/link/?ticket={ticket}&app_id={ws.world.app.id}"}
