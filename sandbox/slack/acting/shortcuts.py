"""Using a shortcut: a global one, or one of a message.
Source: https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload"""

from sandbox.slack import payloads
from sandbox.slack.delivery import Delivery, deliver
from sandbox.slack.errors import ControlError
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import Message, User


async def use_global(ws: Workspace, user: User, callback_id: str) -> Delivery:
    """Raises ControlError for one that the manifest does not have, or without the scope `commands`."""
    ws.manifest.shortcut(callback_id, "global")
    _check(ws, user)
    return await deliver(ws, "interactive", payloads.global_shortcut(ws, user, callback_id))


async def use_on_message(ws: Workspace, user: User, message: Message, callback_id: str) -> Delivery:
    """Raises ControlError as `use_global` does, and for a message that only one person sees."""
    ws.manifest.shortcut(callback_id, "message")
    _check(ws, user)
    if message.ephemeral_for is not None:
        raise ControlError("messages that only one person sees have no shortcuts")
    channel = ws.world.channels[message.channel]
    if user.id not in channel.members:
        raise ControlError(f"{user.name} is not in {channel.name}")
    url = ws.response_urls.issue("app", ws.world.installed_in, user.id, channel.id)
    payload = payloads.message_shortcut(ws, user, message, callback_id, ws.base_url + url.path)
    result = await deliver(ws, "interactive", payload)
    if not result.acked:
        name = ws.world.app.name
        ws.tell_privately(channel, user, f"The app {name} did not respond to this shortcut.")
    return result


def _check(ws: Workspace, user: User) -> None:
    if "commands" not in ws.scopes:
        raise ControlError("the app has no `commands` scope, so it has no shortcuts")
    if user.enterprise:
        # https://docs.slack.dev/apis/slack-connect
        raise ControlError(f"{user.name} is from elsewhere: shortcuts are for those who installed the app")
