"""Trigger IDs: each opens one view, within a few seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.slack.errors import SlackError
from sandbox.slack.ids import secret
from sandbox.slack.settings import Settings


@dataclass
class Trigger:
    """`view_id` names the modal in which the person acted, if they acted in one."""

    user: str
    issued: float
    app: str
    channel: str = ""
    view_id: str = ""
    used: bool = False


class Triggers:
    def __init__(self, app: Callable[[], str]) -> None:
        self._app = app
        self._issued: dict[str, Trigger] = {}
        self._count = 0

    def issue(self, user: str, channel: str = "", view_id: str = "") -> str:
        self._count += 1
        trigger_id = f"{int(time.time() * 1000)}.{1000 + self._count}.{secret(32).lower()}"
        self._issued[trigger_id] = Trigger(user, time.monotonic(), self._app(), channel, view_id)
        return trigger_id

    def look(self, trigger_id: str, settings: Settings) -> Trigger:
        """Raises SlackError `invalid_trigger_id`, `exchanged_trigger_id` or `expired_trigger_id`."""
        trigger = self._issued.get(trigger_id)
        if trigger is None or trigger.app != self._app():
            raise SlackError("invalid_trigger_id", breach=True, detail=f"never issued: {trigger_id[:80]}")
        if trigger.used:
            raise SlackError("exchanged_trigger_id", breach=True, detail="a trigger id opens one view only")
        age = time.monotonic() - trigger.issued
        if age > settings.trigger_seconds:
            detail = f"used {age:.1f} s after it was issued; it lives {settings.trigger_seconds:g} s"
            raise SlackError("expired_trigger_id", breach=True, detail=detail)
        return trigger
