"""The Slack client that the bot calls with, and the workspace that its token belongs to."""

from __future__ import annotations

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError


class SlackError(Exception):
    """Slack does not let the bot in. `str()` says why and what to do."""


def team_of(client: WebClient) -> str:
    """The id of the workspace that the bot token belongs to (method `auth.test`).

    Raises:
        SlackError.
    """
    try:
        return str(client.auth_test()["team_id"])
    except SlackApiError as error:
        raise SlackError(
            f"Slack does not accept SLACK_BOT_TOKEN ({error.response['error']}): take the bot token "
            "from the app's page “OAuth & Permissions”; it begins with xoxb-."
        ) from None
    except (SlackClientError, OSError) as error:
        raise SlackError(f"Slack at {client.base_url} does not answer: {error}") from None
