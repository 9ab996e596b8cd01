"""People and user groups of the workspace, asked of Slack and cached for minutes.

Methods: https://docs.slack.dev/reference/methods/usergroups.list (`usergroups:read`),
`usergroups.users.list`, `users.info` and `users.list` (`users:read`), `conversations.members`
(`channels:read`, `groups:read`).
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.policy.principal import DirectoryUnavailable
from bot.slack.api.client import SLACK_ERRORS
from bot.slack.api.installation import Installation
from bot.slack.api.membership import has_member

T = TypeVar("T")

GROUPS_S = 120.0
"""Seconds that groups are cached: somebody removed from a group keeps its permissions for so long."""
MEMBERS_S = 60.0
"""Seconds that somebody's membership in the workspace or in a channel is cached: somebody who was
deactivated or removed keeps their permissions for so long."""
HANDLES_S = 600.0
RETRY_S = 5.0
"""Seconds that a failure is cached, as each try may take the client's whole time-out."""
_LASTING_ERRORS = frozenset(
    {"missing_scope", "unknown_method", "not_allowed_token_type", "paid_teams_only", "no_permission"}
)
"""Errors that last until somebody changes the app or the workspace."""
_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_NOT_FROM_HERE = ("user_not_found", "user_not_visible")
_NOT_FULL = ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted")
_CHANNELS = ("C", "G")
_MAX_MEMBERS = 10_000
"""Size of the cache of members."""
_PAGE = 200
_MAX_PAGES = 100

_ANYWHERE = Installation()

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Groups:
    """The active user groups: members by group id, and group ids by `@handle`."""

    members: Mapping[str, frozenset[str]]
    handles: Mapping[str, str]

    def of(self, user: str) -> frozenset[str]:
        """The groups that `user` is in, each by its id and by its `@handle`."""
        mine = {group for group, users in self.members.items() if user in users}
        return frozenset(mine | {handle for handle, group in self.handles.items() if group in mine})


class Directory:
    """Looks people and groups up. People wait for it, so the client's `timeout` must be short.

    `local_server`: a local server stands in for Slack. If it has no `users.info`, it has no guests either,
    and everybody counts as a member.
    """

    def __init__(
        self,
        client: WebClient,
        clock: Callable[[], float] = time.monotonic,
        home: Installation = _ANYWHERE,
        *,
        local_server: bool = False,
    ) -> None:
        self._client = client
        self._clock = clock
        self._home = home
        self._local_server = local_server
        self._groups = _CachedValue(self._read_groups, GROUPS_S, clock)
        self._handles = _CachedValue(self._read_handles, HANDLES_S, clock)
        self._members_known: dict[tuple[str, str], _CachedValue[bool]] = {}
        self._logged: set[str] = set()

    def groups_of(self, user: str) -> frozenset[str]:
        """A person's user groups, each by its id and by its `@handle`.

        Raises:
            DirectoryUnavailable: Slack did not say.
        """
        return self._groups.get().of(user)

    def group_id(self, group: str) -> str:
        """The id of a user group, from its id or `@handle`; empty where there is none.

        Raises:
            DirectoryUnavailable: Slack did not say.
        """
        known = self._groups.get()
        return group if group in known.members else known.handles.get(group.lower(), "")

    def user_id(self, text: str) -> str:
        """The id of a person, from an id or a `@handle`; empty where there is none.

        Raises:
            DirectoryUnavailable: Slack did not say.
        """
        if _USER.fullmatch(text):
            return text if self._exists(text) else ""
        return self._handles.get().get(text.lower().removeprefix("@"), "")

    def is_member(self, user: str) -> bool:
        """Whether a person is a full, active member of this workspace, or of this organisation where the app
        is installed org-wide: no guest, not from another one, and not deactivated.

        Raises:
            DirectoryUnavailable: Slack did not say.
        """
        return self._cached("", user, lambda: self._read_member(user))

    def in_channel(self, channel: str, user: str) -> bool:
        """Whether a person is a member of a channel; of a direct message and of no channel, nobody is.

        Raises:
            DirectoryUnavailable: Slack did not say.
        """
        if not channel.startswith(_CHANNELS):
            return False
        return self._cached(channel, user, lambda: self._read_in_channel(channel, user))

    def _cached(self, place: str, user: str, read: Callable[[], bool]) -> bool:
        if len(self._members_known) > _MAX_MEMBERS:
            self._members_known.clear()
        unread = _CachedValue(read, MEMBERS_S, self._clock)
        return self._members_known.setdefault((place, user), unread).get()

    def _read_in_channel(self, channel: str, user: str) -> bool:
        with self._lookup("who is in this channel", "channels:read` and `groups:read"):
            try:
                return has_member(self._client, channel, user)
            except SlackApiError as error:
                if self._local_server and _lacks_method(error):
                    return True
                raise

    def _read_member(self, user: str) -> bool:
        with self._lookup("who is a member here", "users:read"):
            try:
                person = self._client.users_info(user=user)["user"]
            except SlackApiError as error:
                if error.response.get("error") in _NOT_FROM_HERE:
                    return False
                if self._local_server and _lacks_method(error):
                    return True
                raise
            return self._is_full(person)

    def _is_full(self, person: Mapping[str, Any]) -> bool:
        """Flags of a user: https://docs.slack.dev/reference/objects/user-object.

        Where the app is installed org-wide, everybody of the organisation is a member, whatever workspaces
        they are in. Nobody is whose organisation or workspaces Slack does not name.
        """
        if any(person.get(flag) for flag in _NOT_FULL):
            return False
        organisation = person.get("enterprise_user") or {}
        if self._home.org_wide:
            return bool(organisation.get("enterprise_id") == self._home.enterprise)
        homes = {person.get("team_id"), *(organisation.get("teams") or ())}
        if homes == {None}:
            return self._local_server
        return self._home.team in homes or not self._home.team

    def _exists(self, user: str) -> bool:
        try:
            self._client.users_info(user=user)
        except SlackApiError as error:
            # Any other error says nothing about the person, so the id is accepted.
            return error.response.get("error") not in _NOT_FROM_HERE
        except SLACK_ERRORS as error:
            raise DirectoryUnavailable("Slack does not say who that is at the moment.") from error
        return True

    def _read_groups(self) -> Groups:
        with self._lookup("which user groups there are", "usergroups:read"):
            answer = self._client.usergroups_list(include_users=True)
            found = [each for each in answer.get("usergroups") or [] if not each.get("date_delete")]
            members = {each["id"]: frozenset(self._members(each)) for each in found}
        return Groups(members, {f"@{each.get('handle', '')}".lower(): each["id"] for each in found})

    def _members(self, group: Mapping[str, Any]) -> list[str]:
        if group.get("users") is not None:
            return list(group["users"])
        return list(self._client.usergroups_users_list(usergroup=group["id"]).get("users") or [])

    def _read_handles(self) -> dict[str, str]:
        with self._lookup("who is who", "users:read"):
            people = [each for each in self._people() if not each.get("deleted")]
        handles: dict[str, str] = {}
        for each in people:
            display = (each.get("profile") or {}).get("display_name") or ""
            handles.setdefault(display.lower(), each["id"])
        # Account names win over display names: only they are unique.
        handles.update({str(each.get("name", "")).lower(): each["id"] for each in people})
        handles.pop("", None)
        return handles

    def _people(self) -> Iterator[Mapping[str, Any]]:
        cursor = ""
        for _ in range(_MAX_PAGES):
            answer = self._client.users_list(limit=_PAGE, cursor=cursor or None)
            yield from answer.get("members") or []
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    def _lookup(self, what: str, scope: str) -> _SlackLookup:
        return _SlackLookup(what, scope, self._logged)


class _SlackLookup:
    """Turns Slack's errors into DirectoryUnavailable, and logs each lasting one once."""

    def __init__(self, what: str, scope: str, logged: set[str]) -> None:
        self._what = what
        self._scope = scope
        self._logged = logged

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SlackApiError):
            raise DirectoryUnavailable(self._log_lasting(str(error.response.get("error", "")))) from error
        if isinstance(error, (*SLACK_ERRORS, KeyError, TypeError, AttributeError)):
            raise DirectoryUnavailable(f"Slack does not say {self._what} at the moment.") from error

    def _log_lasting(self, code: str) -> str:
        if code not in _LASTING_ERRORS:
            return f"Slack does not say {self._what} ({code or 'no reason given'})."
        why = f"the app lacks the scope `{self._scope}`" if code == "missing_scope" else f"`{code}`"
        if self._what not in self._logged:
            self._logged.add(self._what)
            _log.warning(
                "Slack does not say %s: %s. Until it does, this counts for nothing.", self._what, why
            )
        return f"Slack does not say {self._what}: {why}."


def _lacks_method(error: SlackApiError) -> bool:
    """Whether the local server has no such method. From Slack or a proxy, the errors say nothing."""
    answer = error.response
    return bool(answer.get("error") == "unknown_method" or answer.status_code == 404)


class _CachedValue(Generic[T]):
    """A value that is read on demand, by one thread at a time, and cached for `seconds`."""

    def __init__(self, read: Callable[[], T], seconds: float, clock: Callable[[], float]) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._value: T | None = None
        self._fault: DirectoryUnavailable | None = None
        self._until = float("-inf")

    def get(self) -> T:
        """The value; never an expired one.

        Raises:
            DirectoryUnavailable: it cannot be read, or could not less than `RETRY_S` ago.
        """
        with self._lock:
            if self._clock() >= self._until:
                self._refresh()
            if self._value is None:
                raise DirectoryUnavailable(str(self._fault))
            return self._value

    def _refresh(self) -> None:
        try:
            self._value, self._fault = self._read(), None
        except DirectoryUnavailable as fault:
            self._value, self._fault = None, fault
        self._until = self._clock() + (RETRY_S if self._value is None else self._seconds)
