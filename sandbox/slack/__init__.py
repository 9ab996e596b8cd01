"""A local Slack: Web API, Socket Mode, signed HTTP delivery, people to act as, and a page.

with SlackServer(port=0) as slack:
    app = App(token=slack.bot_token, client=WebClient(slack.bot_token, base_url=slack.api_url))
    slack.control.command("list", user="dana")
"""

from sandbox.slack.control import SandboxError, SlackControl
from sandbox.slack.plaintext import pings, plain
from sandbox.slack.server import PortTaken, SlackServer
from sandbox.slack.settings import Settings

__all__ = ["PortTaken", "SandboxError", "Settings", "SlackControl", "SlackServer", "pings", "plain"]
