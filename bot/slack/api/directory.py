"""People and user groups of the workspace, asked of Slack and cached for minutes.

Methods: https://docs.slack.dev/reference/methods/users.info and `users.list` (`users:read`),
`conversations.members` (`channels:read`, `groups:read`), and those of `user_groups`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.policy.access import Access
from bot.policy.model import Policy
from bot.policy.principal import DirectoryUnavailable
from bot.slack.api.client import SLACK_ERRORS
from bot.slack.api.handles import HandleReader, Handles
from bot.slack.api.installation import Installation, is_workspace
from bot.slack.api.lookups import CachedValue, SlackLookup, lacks_method
from bot.slack.api.membership import first_members, has_member
from bot.slack.api.user_groups import GroupPlaces, Groups, UserGroups, group_places

GROUPS_S = 120.0
"""Seconds that groups are cached: somebody removed from a group keeps its permissions for so long."""
MEMBERS_S = 60.0
"""Seconds that somebody's membership in the workspace or in a channel is cached: somebody who was
deactivated or removed keeps their permissions for so long."""
HANDLES_S = 600.0
_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_NOT_FROM_HERE = ("user_not_found", "user_not_visible")
_NOT_FULL = ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted")
_CHANNELS = ("C", "G")
MAX_READERS = 50
"""Members of a channel that are looked up, one by one, to say whether there is a guest among them."""
_MAX_CACHED = 10_000
"""Size of each cache of people."""

_ANYWHERE = Installation()
_NO_PLACES = GroupPlaces()


@dataclass(frozen=True, slots=True)
class _Account:
    """What Slack says of a person."""

    is_member: bool
    workspaces: frozenset[str] = frozenset()
    name: str = ""


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
        places: GroupPlaces = _NO_PLACES,
        local_server: bool = False,
    ) -> None:
        self._client = client
        self._clock = clock
        self._home = home
        self._local_server = local_server
        self._user_groups = UserGroups(client, home, places)
        self._groups = CachedValue(self._read_groups, GROUPS_S, clock)
        self._handles: dict[str, CachedValue[Handles]] = {}
        self._people: dict[str, CachedValue[_Account]] = {}
        self._in_channels: dict[tuple[str, str], CachedValue[bool]] = {}
        self._with_guests: dict[str, CachedValue[bool]] = {}
        self._logged: set[str] = set()

    def groups_of(self, user: str) -> frozenset[str]:
        """A person's user groups, each by its id and by its `@handle`; where the app is installed org-wide,
        also by `T…/id` and `T…/@handle`.

        Raises:
            DirectoryUnavailable: Slack did not say, or the policy does not say of which workspace they are.
        """
        known = self._groups.get()
        mine = known.of(user)
        if known.unplaced and not mine:
            raise DirectoryUnavailable(known.unplaced, lasts=True)
        return mine

    def group_id(self, group: str) -> str:
        """The id of a user group, from its id or `@handle`; empty where there is none.

        Raises:
            DirectoryUnavailable: Slack did not say.
        """
        return self._groups.get().id(group)

    def user_id(self, text: str, workspace: str = "") -> str:
        """The id of a person, from an id, or from a `@handle` of this workspace; empty where there is none.

        Raises:
            DirectoryUnavailable: Slack did not say.
        """
        if _USER.fullmatch(text):
            return text if self._exists(text) else ""
        reader = HandleReader(self._client, self._clock)
        unread = CachedValue(lambda: self._read_handles(reader, workspace), HANDLES_S, self._clock)
        known = self._handles.setdefault(workspace if self._home.org_wide else "", unread).get()
        if not known.complete:
            raise DirectoryUnavailable("There are too many people here to find one by a name.", lasts=True)
        return known.ids.get(text.lower().removeprefix("@"), "")

    def is_member(self, user: str) -> bool:
        """Whether a person is a full, active member of this workspace, or of this organisation where the app
        is installed org-wide: no guest, not from another one, and not deactivated.

        Raises:
            DirectoryUnavailable: Slack did not say.
        """
        return self._account(user).is_member

    def workspaces_of(self, user: str) -> frozenset[str]:
        """The ids of the workspaces that a person is in.

        Raises:
            DirectoryUnavailable: Slack did not say.
        """
        return self._account(user).workspaces

    def members_of(self, group: str) -> frozenset[str]:
        """The ids of the members of a user group, by its id; empty where it is not known.

        Raises:
            DirectoryUnavailable: Slack did not say.
        """
        return self._groups.get().members.get(group, frozenset())

    def name_of(self, user: str) -> str:
        """What Slack shows people as this person's name; the id where it does not say."""
        try:
            return self._account(user).name or user
        except DirectoryUnavailable:
            return user

    def in_channel(self, channel: str, user: str) -> bool:
        """Whether a person is a member of a channel; False for a direct message, and without a channel.

        Raises:
            DirectoryUnavailable: Slack did not say.
        """
        if not channel.startswith(_CHANNELS):
            return False
        if len(self._in_channels) > _MAX_CACHED:
            self._in_channels.clear()
        unread = CachedValue(lambda: self._read_in_channel(channel, user), MEMBERS_S, self._clock)
        return self._in_channels.setdefault((channel, user), unread).get()

    def has_guests(self, channel: str) -> bool:
        """Whether a channel has members who are no full members of the workspace (see `is_member`). A channel
        of more than `MAX_READERS` is taken to have some, as each member takes a call.

        Raises:
            DirectoryUnavailable: Slack did not say.
        """
        if len(self._with_guests) > _MAX_CACHED:
            self._with_guests.clear()
        unread = CachedValue(lambda: self._read_has_guests(channel), MEMBERS_S, self._clock)
        return self._with_guests.setdefault(channel, unread).get()

    def _account(self, user: str) -> _Account:
        if len(self._people) > _MAX_CACHED:
            self._people.clear()
        unread = CachedValue(lambda: self._read_account(user), MEMBERS_S, self._clock)
        return self._people.setdefault(user, unread).get()

    def _read_in_channel(self, channel: str, user: str) -> bool:
        with self._lookup("who is in this channel", "channels:read` and `groups:read"):
            try:
                return has_member(self._client, channel, user)
            except SlackApiError as error:
                if self._local_server and lacks_method(error):
                    return True
                raise

    def _read_has_guests(self, channel: str) -> bool:
        with self._lookup("who is in this channel", "channels:read` and `groups:read"):
            try:
                readers = first_members(self._client, channel, MAX_READERS + 1)
            except SlackApiError as error:
                if self._local_server and lacks_method(error):
                    return False
                raise
        return len(readers) > MAX_READERS or not all(map(self.is_member, readers))

    def _read_account(self, user: str) -> _Account:
        with self._lookup("who is a member here", "users:read"):
            try:
                person = self._client.users_info(user=user)["user"]
            except SlackApiError as error:
                if error.response.get("error") in _NOT_FROM_HERE:
                    return _Account(is_member=False)
                if self._local_server and lacks_method(error):
                    return _Account(is_member=True)
                raise
            return _Account(self._is_full(person), _workspaces(person), _name(person))

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
        homes = _workspaces(person)
        if not homes:
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
            return self._user_groups.read()

    def _read_handles(self, reader: HandleReader, workspace: str) -> Handles:
        with self._lookup("who is who", "users:read"):
            return reader.read((workspace or self._user_groups.main()) if self._home.org_wide else "")

    def _lookup(self, what: str, scope: str) -> SlackLookup:
        return SlackLookup(what, scope, self._logged)


def _workspaces(person: Mapping[str, Any]) -> frozenset[str]:
    """Those of a user object. Its `team_id` may be the organisation's."""
    organisation = person.get("enterprise_user") or {}
    named = (person.get("team_id"), *(organisation.get("teams") or ()))
    return frozenset(str(each) for each in named if each and is_workspace(str(each)))


def _name(person: Mapping[str, Any]) -> str:
    """Source: https://docs.slack.dev/reference/objects/user-object (`profile.display_name` may be empty)."""
    profile = person.get("profile") or {}
    own = (profile.get("display_name"), profile.get("real_name"))
    return next((str(each) for each in (*own, person.get("name")) if each), "")


def slack_access(client: WebClient, home: Installation, policy: Policy, *, local_server: bool) -> Access:
    """Judges people by the policy, and by what Slack says of them; see `Directory`."""
    directory = Directory(client, home=home, places=group_places(policy), local_server=local_server)
    return Access(
        groups_of=directory.groups_of,
        policy=policy,
        group_id=directory.group_id,
        user_id=directory.user_id,
        is_member=directory.is_member,
        in_channel=directory.in_channel,
        has_guests=directory.has_guests,
        workspaces_of=directory.workspaces_of,
        members_of=directory.members_of,
        name_of=directory.name_of,
        home=home.kind,
    )


def time_zone(client: WebClient, user: str) -> str:
    """A person's time zone, an IANA name from their Slack profile; empty where Slack does not say.

    Source: https://docs.slack.dev/reference/objects/user-object (`tz`)
    """
    try:
        found = client.users_info(user=user)["user"].get("tz")
    except (*SLACK_ERRORS, KeyError, AttributeError):
        return ""
    return found if isinstance(found, str) else ""
