"""Slack lets the bot in: its workspace, and the Bolt app, set up so that acknowledgements leave at once.

Both wait while Slack has a fault or limits calls. `pause` waits so many seconds, and returns True to stop.

Source: https://docs.slack.dev/tools/bolt-python/reference
"""

from __future__ import annotations

from collections.abc import Callable

from slack_bolt import App
from slack_bolt.error import BoltError
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack.api.client import SlackError
from bot.slack.api.outages import through_outages

Pause = Callable[[float], object]


def team_of(client: WebClient, pause: Pause) -> str:
    """The id of the workspace that the bot token belongs to (method `auth.test`).

    Raises:
        SlackError: Slack refuses the token.
    """
    try:
        return str(through_outages(client.auth_test, pause)["team_id"])
    except SlackApiError as error:
        raise _refused(error) from None


def make_bolt_app(client: WebClient, pause: Pause) -> App:
    """The app without listeners.

    Raises:
        SlackError: Slack refuses the token.
    """
    try:
        return through_outages(lambda: _make(client), pause)
    except SlackApiError as error:
        raise _refused(error) from None


def _make(client: WebClient) -> App:
    try:
        return App(
            client=client,
            # Check the token now, not before the first acknowledgement.
            token_verification_enabled=True,
            # `HttpReceiver` checks the signature before anything is parsed.
            request_verification_enabled=False,
            # Without this, Bolt runs listeners in a thread and polls every 10 ms for their acknowledgement.
            # Our listeners are short, so they run in Bolt's own thread.
            process_before_response=True,
        )
    except BoltError as error:
        # Bolt calls every refusal of Slack's a wrong token.
        if isinstance(error.__context__, SlackApiError):
            raise error.__context__ from None
        raise


def _refused(error: SlackApiError) -> SlackError:
    return SlackError(
        f"Slack does not accept SLACK_BOT_TOKEN ({error.response['error']}): take the bot token "
        "from the app's page “OAuth & Permissions”; it begins with xoxb-."
    )
