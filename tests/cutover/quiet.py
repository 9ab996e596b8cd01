"""What a cutover can do without: no checks, and no messages that Slack posts later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.cutover.alarm import Scheduled
from bot.store.cutover import CheckLine, Cutover


def no_checks(_cutover: Cutover) -> Sequence[CheckLine]:
    return ()


def _refuse(_channel: str, _text: str, _at: datetime) -> str:
    return ""


NOTHING_SCHEDULED = Scheduled(leave=_refuse, take_back=lambda _id: False)
