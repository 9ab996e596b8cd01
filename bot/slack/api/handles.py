"""The people of a workspace by their names, listed page by page.

Source: https://docs.slack.dev/reference/methods/users.list ("fewer than the requested number of items may be
returned, even if the end of the users list hasn't been reached")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slack_sdk import WebClient

from bot.slack.api.client import SLACK_ERRORS
from bot.slack.api.outages import outage

MOST_PEOPLE = 20_000
"""So many are read at least, before there are too many; a last page may make it more."""
_PAGE = 999
"""The most people that Slack lists in one call (`limit`). Source:
https://docs.slack.dev/tools/node-slack-sdk/reference/web-api/interfaces/UsersListArguments"""
_MOST_CALLS = 100
"""`MOST_PEOPLE` in pages of the 200 that Slack recommends. It ends lists without an end, too."""
_RESUMED_S = 600.0
"""Seconds after its beginning that a list that was broken off is still read on."""


@dataclass(frozen=True, slots=True)
class Handles:
    """The ids of people by their handle, in lower case; none where there are too many people."""

    ids: Mapping[str, str]
    complete: bool = True


@dataclass(slots=True)
class _Reading:
    place: str
    began: float
    cursor: str = ""
    calls: int = 0
    people: int = 0
    accounts: dict[str, str] = field(default_factory=dict)
    displayed: dict[str, str] = field(default_factory=dict)

    def add(self, members: Iterable[Mapping[str, Any]]) -> None:
        for each in members:
            self.people += 1
            if not each.get("deleted"):
                display = (each.get("profile") or {}).get("display_name") or ""
                self.displayed.setdefault(display.lower(), each["id"])
                self.accounts[str(each.get("name", "")).lower()] = each["id"]

    def handles(self) -> Handles:
        """Account names win over display names: only they are unique."""
        found = self.displayed | self.accounts
        found.pop("", None)
        return Handles(found)


class HandleReader:
    """Lists the people of one workspace.

    Slack allows about 20 of these calls a minute, which may be fewer than there are pages: where it limits
    them or does not answer, the next look reads on. Source:
    https://docs.slack.dev/apis/web-api/rate-limits (tier 2)
    """

    def __init__(self, client: WebClient, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._unfinished: _Reading | None = None

    def read(self, place: str) -> Handles:
        """Everybody in the workspace `place`; empty for the token's own. One thread at a time.

        Raises:
            SLACK_ERRORS: Slack did not list them to the end.
            KeyError, TypeError, AttributeError: its answer cannot be read.
        """
        reading, self._unfinished = self._unfinished, None
        now = self._clock()
        if reading is None or reading.place != place or now - reading.began >= _RESUMED_S:
            reading = _Reading(place, now)
        while reading.people < MOST_PEOPLE and reading.calls < _MOST_CALLS:
            try:
                page = self._client.users_list(
                    limit=_PAGE, cursor=reading.cursor or None, team_id=place or None
                )
            except SLACK_ERRORS as error:
                if outage(error) is not None:
                    self._unfinished = reading
                raise
            reading.calls += 1
            reading.add(page.get("members") or [])
            reading.cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not reading.cursor:
                return reading.handles()
        return Handles({}, complete=False)
