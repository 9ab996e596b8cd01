"""Why a file could not be posted, and what helps. Source: the errors of files.completeUploadExternal."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.slack.api.uploads import why_no_file


@pytest.mark.parametrize(
    ("code", "way"),
    [
        ("not_in_channel", "Type `/invite` and my name here, and try again."),
        ("channel_not_found", "Type `/invite` and my name here, and try again."),
        ("is_archived", "this channel is archived (`is_archived`)."),
        ("team_access_not_granted", "an admin of the organisation adds the app to it."),
        ("missing_scope", "Whoever installed it adds that."),
        ("ratelimited", "Try again in a minute."),
        ("internal_error", "Try again in a minute."),
        ("storage_limit_reached", "Slack says `storage_limit_reached`."),
        ("posting_to_channel_denied", "Slack says `posting_to_channel_denied`."),
    ],
)
def test_only_what_helps_is_advised(code: str, way: str) -> None:
    refused = SlackApiError("refused", {"ok": False, "error": code})  # type: ignore[no-untyped-call]
    told = why_no_file(refused)
    assert told.endswith(way)


def test_what_slack_answers_without_a_code_may_end_soon() -> None:
    """The SDK makes an error of any answer that is no JSON, whose text helps nobody."""
    words = "Received a response in a non-JSON format: <html>"
    failed: Any = SlackResponse(
        client=None,
        http_verb="POST",
        api_url="https://slack.com/api/files.completeUploadExternal",
        req_args={},
        data={"ok": False, "error": words},
        headers={},
        status_code=503,
    )
    told = why_no_file(SlackApiError(words, failed))  # type: ignore[no-untyped-call]
    assert told == "Slack has a fault (HTTP 503). Try again in a minute."


def test_a_network_that_fails_may_be_back_soon() -> None:
    assert why_no_file(OSError("no route to host")).endswith("Try again in a minute.")
