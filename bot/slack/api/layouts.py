"""Which layout of a message or view a workspace takes: the one with newer blocks, or the classic one.

A payload may carry the same content in classic blocks under the key `classic`, which Slack never gets. Where
Slack refuses the newer blocks, the classic ones go out at once; a refusal posts nothing, so nothing comes
twice. What the workspace lacks is remembered for a day.

Source: `chat.postMessage` answers `invalid_blocks` with `unsupported type: X` in `errors`, `views.*` answers
`invalid_arguments` with the same words in `response_metadata.messages`, and a response URL may say
`invalid_blocks` alone (https://docs.slack.dev/reference/methods, https://docs.slack.dev/reference/block-kit).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar

import structlog
from slack_sdk.errors import SlackApiError

from bot.slack.api.messages import INVALID_CONTENT, InvalidContent
from bot.store import StoreError

log = structlog.get_logger(__name__)

Surface = Literal["message", "modal", "home"]
Payload = Mapping[str, Any]
Sent = TypeVar("Sent")

CLASSIC = "classic"
"""The key of a payload under which the same content is in classic blocks."""
_REMEMBERED = timedelta(days=1)
_UNSUPPORTED = re.compile(r"unsupported type: (\w+)")


class SmallValues(Protocol):
    """What is remembered of a workspace; the store has it."""

    def value(self, key: str) -> str | None: ...

    def put_value(self, key: str, value: str) -> None: ...


class Layouts:
    """Sends each payload in the layout that its workspace takes. `clock` tells the time."""

    def __init__(
        self, values: SmallValues, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._values = values
        self._clock = clock

    def chosen(self, team: str, surface: Surface, content: Payload) -> dict[str, Any]:
        """The layout to try first."""
        full, classic = _layouts(content)
        if classic is None or not self._lacking(team, surface) & block_types(full):
            return full
        return dict(classic)

    def deliver(
        self, team: str, surface: Surface, content: Payload, send: Callable[[dict[str, Any]], Sent]
    ) -> Sent:
        """Call `send` with the layout to try first, and with the classic one if Slack refuses that.

        Raises:
            SlackApiError, InvalidContent: Slack refuses the classic layout, or there is none.
        """
        first = self.chosen(team, surface, content)
        full, classic = _layouts(content)
        try:
            return send(first)
        except (SlackApiError, InvalidContent) as error:
            if classic is None or first == classic or not _is_of_content(error):
                raise
            named = _unsupported(error)
            # A response URL may not say which type it is; another refusal without one is about this content.
            guessed = isinstance(error, InvalidContent) and error.unnamed
            lacking = named or (block_types(full) - block_types(classic) if guessed else frozenset())
            log.warning("classic_blocks_sent", team=team, surface=surface, lacking=sorted(lacking))
            self._remember(team, surface, lacking)
        return send(dict(classic))

    def _lacking(self, team: str, surface: Surface) -> frozenset[str]:
        now = self._clock()
        return frozenset(name for name, until in self._remembered(team, surface).items() if until > now)

    def _remembered(self, team: str, surface: Surface) -> dict[str, datetime]:
        try:
            kept = json.loads(self._values.value(_key(team, surface)) or "{}")
            return {str(name): datetime.fromisoformat(until) for name, until in kept.items()}
        except (StoreError, ValueError, TypeError, AttributeError) as error:
            log.warning("layouts_not_known", error=str(error))
            return {}

    def _remember(self, team: str, surface: Surface, lacking: frozenset[str]) -> None:
        if not lacking:
            return
        until = self._clock() + _REMEMBERED
        known = self._remembered(team, surface) | dict.fromkeys(lacking, until)
        try:
            kept = {name: at.isoformat() for name, at in known.items() if at > self._clock()}
            self._values.put_value(_key(team, surface), json.dumps(kept))
        except StoreError as error:
            log.warning("layouts_not_kept", error=str(error))


def block_types(payload: Payload) -> frozenset[str]:
    """The types of a payload's blocks, also of those in containers, and of the cells of tables."""
    blocks = list(payload.get("blocks") or ())
    inside = [child for block in blocks for child in block.get("child_blocks") or ()]
    cells = [cell for block in blocks for row in block.get("rows") or () for cell in row]
    return frozenset(str(each.get("type")) for each in (*blocks, *inside, *cells))


def classic_of(content: Payload) -> dict[str, Any]:
    """The classic layout, or the only one."""
    full, classic = _layouts(content)
    return full if classic is None else dict(classic)


def _layouts(content: Payload) -> tuple[dict[str, Any], Payload | None]:
    """The classic one is not read here, as it may be made only then."""
    return {key: value for key, value in content.items() if key != CLASSIC}, content.get(CLASSIC)


def _key(team: str, surface: Surface) -> str:
    return f"lacks:{team}:{surface}"


def _is_of_content(error: SlackApiError | InvalidContent) -> bool:
    return isinstance(error, InvalidContent) or error.response.get("error") in INVALID_CONTENT


def _unsupported(error: SlackApiError | InvalidContent) -> frozenset[str]:
    """The types of blocks that Slack says it does not support."""
    cause = error.__cause__ if isinstance(error, InvalidContent) else error
    said = error.said if isinstance(error, InvalidContent) else ()
    if isinstance(cause, SlackApiError):
        said = (*said, *(cause.response.get("errors") or ()), *_messages(cause))
    return frozenset(name for each in said for name in _UNSUPPORTED.findall(str(each)))


def _messages(error: SlackApiError) -> tuple[str, ...]:
    metadata = error.response.get("response_metadata") or {}
    return tuple(metadata.get("messages") or ())
