"""What a person can do in Slack. A dead bot costs only patience: what could not be done is told as False."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.local_http import NoAnswer
from sandbox.slack import SlackControl
from sandbox.slack.control import SandboxError
from sandbox.slack.seed import APPROVAL_CHANNEL
from tests.crash.env import COMMAND_CHANNEL
from tests.e2e.env import asks_first

JSON = dict[str, Any]
_RECENT = 60
_VIEW_S = 2.5
"""How long a view is waited for where the bot that opens it may have been killed."""
_STEPS = ("confirm", "cancel", "approve", "deny")
_SURE = "you confirm too"
_AWAY = (NoAnswer, SandboxError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Card:
    """A message with buttons of a request."""

    message: JSON
    request: str
    steps: dict[str, str]
    """Step → action id of its button."""


class SlackDriver:
    """Typing, pressing and filling in, as any of the personas."""

    def __init__(self, base_url: str, *, view_s: float = _VIEW_S) -> None:
        self._slack = SlackControl(base_url)
        self._view_s = view_s

    def type(self, text: str, user: str, *, wait: bool = True) -> bool:
        """`/dms text`; whether the bot acknowledged it (always True without `wait`)."""
        try:
            answer = self._slack.command(text, user=user, channel=COMMAND_CHANNEL, wait=wait)
        except _AWAY:
            return False
        return bool(answer.get("ok", True))

    def press(self, card: Card, step: str, user: str, *, wait: bool = True) -> bool:
        """A button of a card; False when it is gone by now, or was not acknowledged."""
        try:
            answer = self._slack.press(card.message, card.steps[step], user=user, wait=wait)
            if step == "approve" and asks_first(card.message):
                answer = self._slack.submit(
                    self._slack.wait_view(user, _SURE, timeout=self._view_s), user=user
                )
        except _AWAY:
            return False
        return bool(answer.get("ok", answer.get("submitted", True)))

    def view(self, user: str, contains: str) -> JSON | None:
        """The modal that opens for this person."""
        try:
            return self._slack.wait_view(user, contains, timeout=self._view_s)
        except _AWAY:
            return None

    def fill(self, view: JSON, text: str, user: str) -> bool:
        """Write into the view's first input and submit; False when that was not accepted."""
        field = next(block["element"]["action_id"] for block in view["blocks"] if block["type"] == "input")
        try:
            answer = self._slack.submit(view, {field: text}, user=user)
        except _AWAY:
            return False
        return bool(answer["submitted"])

    def close_views(self, user: str) -> None:
        try:
            for view in reversed(self._slack.views(user)):
                self._slack.close_view(view, user=user, everything=True)
        except _AWAY:
            return

    def cards(self) -> Iterator[Card]:
        """Requests that can still be confirmed or decided, as far as people scroll back."""
        for channel in (COMMAND_CHANNEL, APPROVAL_CHANNEL):
            try:
                messages = self._slack.messages(channel=channel, include_ephemeral=False, limit=_RECENT)
            except _AWAY:
                continue
            for message in messages:
                card = _card(message)
                if card is not None:
                    yield card


def _card(message: JSON) -> Card | None:
    buttons = [
        element
        for block in message.get("blocks") or []
        if block["type"] == "actions"
        for element in block["elements"]
    ]
    steps: dict[str, str] = {}
    request = ""
    for button in buttons:
        parts = str(button.get("action_id", "")).split(":")
        if len(parts) >= 3 and parts[2] in _STEPS:
            steps[parts[2]] = button["action_id"]
            request = str(button["value"])
    return Card(message, request, steps) if {"confirm", "approve"} & set(steps) else None
