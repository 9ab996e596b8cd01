"""Asks Slack where the bot is installed, and makes the Bolt app, whose acknowledgements leave at once.

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
from bot.slack.api.installation import Installation, installation
from bot.slack.api.outages import through_outages

Pause = Callable[[float], object]
_IDENTITY = ("team_id", "enterprise_id", "is_enterprise_install", "user_id")


def installation_of(client: WebClient, pause: Pause) -> Installation:
    """What the bot token belongs to (method `auth.test`).

    Raises:
        SlackError: Slack refuses the token, or does not say what it belongs to.
    """
    try:
        answer = through_outages(client.auth_test, pause)
    except SlackApiError as error:
        raise _refused(error) from None
    try:
        return installation({key: answer.get(key) for key in _IDENTITY})
    except ValueError as error:
        raise SlackError(f"Slack does not say what SLACK_BOT_TOKEN belongs to: {error}.") from None


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
            # Without a name, Bolt asks which file this is, for which Python looks through all modules.
            name="dms-bot",
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
