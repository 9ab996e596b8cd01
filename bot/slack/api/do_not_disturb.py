"""Whether Slack mutes a person at a time.

Source: https://docs.slack.dev/reference/methods/dnd.info, which names the current or next session alone, in
Unix seconds. Of a snooze it tells only the person who set it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from slack_sdk import WebClient

from bot.slack.api.client import SLACK_ERRORS

log = structlog.get_logger(__name__)

_DAY_S = timedelta(days=1).total_seconds()


def is_muted(client: WebClient, user: str, at: datetime) -> bool | None:
    """Whether do-not-disturb mutes this person at `at`; None where Slack does not say."""
    try:
        answer = client.dnd_info(user=user)
    except SLACK_ERRORS as error:
        log.warning("do_not_disturb_not_read", user=user, error=str(error))
        return None
    return muted_at(answer.data if isinstance(answer.data, dict) else {}, at)


def muted_at(answer: Mapping[str, Any], at: datetime) -> bool | None:
    """The same, from an answer of `dnd.info`. A session of every night comes again a day later."""
    if answer.get("dnd_enabled") is False:
        return False
    start, end = _number(answer.get("next_dnd_start_ts")), _number(answer.get("next_dnd_end_ts"))
    if end <= 1:
        return False if "next_dnd_end_ts" in answer else None
    later = max(0.0, (at.timestamp() - start) // _DAY_S) * _DAY_S
    return start + later <= at.timestamp() < end + later


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
