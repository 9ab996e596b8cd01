"""The Bolt app, set up so that acknowledgements leave at once.

Source: https://docs.slack.dev/tools/bolt-python/reference
"""

from __future__ import annotations

from slack_bolt import App
from slack_bolt.error import BoltError
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot.slack.api.client import SlackError


def make_bolt_app(client: WebClient) -> App:
    """The app without listeners.

    Raises:
        SlackError: Slack does not answer, or does not accept the bot token.
    """
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
    except (BoltError, SlackClientError, OSError) as error:
        raise SlackError(f"Slack at {client.base_url} does not answer: {error}") from None
